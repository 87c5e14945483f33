"""One look for all figures, and how they are saved: as SVG that is the same byte for byte, and as PNG."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from bonerisk.reporting.figures import letters
from bonerisk.reporting.figures.fit import fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

COLUMN_IN = 3.5  # width of a journal's column, and of a phone at 96 px an inch
DPI = 300

# Okabe & Ito's colours, distinct with any colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#6B6B6B"

Look = dict[str, Any]  # arguments by which matplotlib draws something

_STYLE: Any = {  # Any: matplotlib types its settings key by key
    "font.family": "sans-serif",
    "font.sans-serif": list(letters.FAMILY),
    "font.size": 8,
    "text.hinting": "no_hinting",  # letters as wide in a PNG as in an SVG, and as `letters` measures them
    "text.parse_math": False,  # a $ in somebody's column name is a $
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.unicode_minus": True,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.3,
    "svg.fonttype": "path",  # the same letters on every machine
    "svg.hashsalt": "bonerisk",
}


@dataclass(frozen=True)
class Drawing:
    """A figure on disk.

    Attributes
    ----------
    path : Path
        Its SVG; the PNG lies beside it.
    title : str
        What it shows, a caption's first sentence.
    alt : str
        The same for someone who can't see it.
    """

    path: Path
    title: str
    alt: str

    @property
    def broad(self) -> bool:
        """Whether it is wider than a journal's column, and gets a page's width."""
        width = ET.parse(self.path).getroot().get("width", "0pt").removesuffix("pt")
        return float(width) > 1.5 * 72 * COLUMN_IN

    @classmethod
    def read(cls, path: Path) -> Drawing:
        """Read title and alt text from an SVG that `save` wrote."""
        root = ET.parse(path).getroot()
        found = {tag: root.find(f".//{{http://purl.org/dc/elements/1.1/}}{tag}") for tag in ("title", "description")}
        texts = {tag: node.text if node is not None and node.text else path.stem for tag, node in found.items()}
        return cls(path, texts["title"], texts["description"])


@contextmanager
def panels(
    width: float, height: float, rows: int = 1, columns: int = 1, gap: float = 0.02
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield a new figure in our style (inches) and its axes, row by row; what is drawn inside keeps the style.

    `gap` is that between rows, as a share of the axes' height.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    letters.install()
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(hspace=gap))
        FigureCanvasAgg(figure)
        yield figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def head(panel: Axes, title: str, below: str) -> None:
    """Write a panel's title, and under it a line in plain letters."""
    panel.set_title(title, fontsize=8, pad=3 + 8.5 * (1 + below.count("\n")))
    panel.text(0, 1, below, transform=panel.transAxes, va="bottom", fontsize=7)


def in_percent(*axes: Axis) -> None:
    """Write proportions on these axes as percentages, with no more digits than they need."""
    from matplotlib.ticker import FuncFormatter

    for axis in axes:
        axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))


def save(figure: Figure, folder: Path, name: str, title: str, alt: str) -> Drawing:
    """Write ``name.svg`` and ``name.png`` into `folder`, which is made; title and alt text go into both.

    Texts are made to fit. Where one can't, the picture is larger than the canvas, so that nothing is cut.
    """
    from matplotlib import rc_context

    folder.mkdir(parents=True, exist_ok=True)
    texts = {"Title": title, "Description": alt}
    with rc_context(_STYLE):
        fit(figure)
        whole = _whole(figure)
        figure.savefig(folder / f"{name}.svg", bbox_inches=whole, metadata={**texts, "Date": None, "Creator": None})
        figure.savefig(folder / f"{name}.png", bbox_inches=whole, dpi=DPI, metadata={**texts, "Software": None})
    return Drawing(folder / f"{name}.svg", title, alt)


def _whole(figure: Figure) -> Bbox:
    """The canvas and whatever stands over its edges, in inches; the layout found for it is kept."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or each file would find it again, which takes as long as drawing
    return Bbox.union([figure.bbox_inches, figure.get_tightbbox()])
