"""Cut Liberation Sans 2 (SIL OFL 1.1) down to the letters of European languages, under a name of our own.

Usage: python scripts/subset_fonts.py FOLDER    # of LiberationSans-Regular.ttf and LiberationSans-Bold.ttf, 2.1.5

The licence reserves the name Liberation for unchanged fonts. A name of our own also makes sure that figures never take
another version of the font that a machine happens to have.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FAMILY = "Bonerisk Sans"
TO = Path(__file__).parents[1] / "bonerisk" / "reporting" / "fonts"
# Latin with its extensions, Greek, Cyrillic, Latin for Vietnamese, punctuation, currency, arrows, mathematics, squares.
LETTERS = [(0x20, 0x24F), (0x2B0, 0x52F), (0x1E00, 0x1EFF), (0x2000, 0x20BF), (0x2100, 0x22FF), (0x25A0, 0x25FF)]


def main(folder: Path) -> None:
    """Write ``BoneriskSans-Regular.ttf`` and ``-Bold.ttf``."""
    for style in ("Regular", "Bold"):
        font = TTFont(folder / f"LiberationSans-{style}.ttf", recalcTimestamp=False)
        options = Options()
        options.hinting = False
        options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=[code for first, last in LETTERS for code in range(first, last + 1)])
        subsetter.subset(font)
        names = {1: FAMILY, 2: style, 4: f"{FAMILY} {style}", 6: f"BoneriskSans-{style}"}
        for record in font["name"].names:
            if record.nameID in names:
                record.string = names[record.nameID]
        font.save(TO / f"BoneriskSans-{style}.ttf")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
