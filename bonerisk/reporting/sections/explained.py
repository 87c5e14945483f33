"""Where a network looks: Grad-CAM over films, attention by organ, shuffled weights and hidden bones."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.explain.attention import ATTENTION
from bonerisk.explain.occlusion import OCCLUSION
from bonerisk.reporting.contents import Context
from bonerisk.reporting.drawings import of_kinds
from bonerisk.reporting.explained import OVERLAYS
from bonerisk.reporting.figures import overlays
from bonerisk.reporting.figures.overlays import FILM, SHUFFLED
from bonerisk.reporting.page import FilmGrid, Part, Section, Text
from bonerisk.reporting.tables import explained as tables
from bonerisk.reporting.wording import organs, words
from bonerisk.reporting.wording.numbers import number
from bonerisk.reporting.wording.rows import Row, rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary
from bonerisk.runs.find import StoredRun

ORDER = 43
CAM = (
    "Grad-CAM marks in red the places of a film's image that raise or lower the network's score, each relative to the "
    "film's strongest place. It shows where a network looks, on a coarse grid, and not why. For each outcome and split "
    "the films of highest and lowest risk are shown, called rightly and wrongly."
)
ATTENDED = (
    "A share is how much of a map lies on an organ. Enrichment divides it by the organ's share of the image: 1 is what "
    "a map that is the same everywhere gives. Organs overlap on a film, so that shares don't add up to 100%."
)
ALIKE = (
    "Rank correlation, over the map's cells, of each film's map with that of a network whose weights are shuffled, "
    "from the head down. Values near 1 mean that maps don't depend on the weights, and so explain nothing."
)
OCCLUDED = (
    "Each bone is filled in from its surroundings on the image that the network sees, and, as a control, a region of "
    "the same shape elsewhere. A loss beyond the control's is due to the bone, not to its area. The network was not "
    "trained on filled images."
)


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation; empty where nothing was explained."""
    for evaluation in page.runs.evaluations:
        drawings, run = page.drawings(evaluation), evaluation.run
        parts: list[Part] = list(_overlays(run, evaluation.vocabulary))
        if parts and len(evaluation.learnt) > 1:
            parts.insert(0, Text(f"The model explained is {words.model(next(iter(evaluation.learnt)))}, named first."))
        attention = _read(run, "attention.csv", ATTENTION)
        if len(attention):
            parts += [Text(ATTENDED), *of_kinds(drawings, ["attention"], evaluation.splits)]
            parts.append(tables.attention(attention, evaluation.vocabulary))
        alike = _read(run, "randomisation.csv", {"shuffled": str, "score": str, "note": str, "method": str})
        if len(alike):
            parts += [Text(ALIKE), tables.randomisation(alike, evaluation.vocabulary)]
        occlusion = _read(run, "occlusion.csv", OCCLUSION)
        if len(occlusion):
            parts += [Text(OCCLUDED), *of_kinds(drawings, ["occlusion"], evaluation.splits)]
            parts.append(tables.occlusion(occlusion, evaluation.vocabulary))
        yield Section(f"Where the model looks{evaluation.place}", parts, evaluation.number)


def _read(run: StoredRun, name: str, columns: dict[str, type]) -> pd.DataFrame:
    """A table of explanations; without rows if the evaluation has none."""
    if name not in run.written:
        return pd.DataFrame()
    text = [name for name, kind in columns.items() if kind is str]
    return pd.read_csv(run.path(name), dtype=dict.fromkeys(text, str)).fillna(dict.fromkeys(text, ""))


def read_overlays(run: StoredRun) -> pd.DataFrame:
    """What `write_overlays` wrote for an evaluation, with names of the run's artifacts; without rows if it did not."""
    folder = f"figures/{OVERLAYS}"
    if f"{folder}/overlays.csv" not in run.written:
        return pd.DataFrame(columns=list(overlays.OVERLAYS))
    text = dict.fromkeys(("file", "truth", "score", "direction"), str)
    table = pd.read_csv(run.path(f"{folder}/overlays.csv"), dtype=text)
    return table.assign(file=[f"{folder}/{name}" for name in table["file"]])


def _overlays(run: StoredRun, vocabulary: Vocabulary) -> Iterator[Part]:
    table = read_overlays(run)
    if table.empty:
        return
    yield Text(CAM)
    by = ["split", "truth", "correct", "extreme"]
    for _, rows in table.groupby(by, sort=False):
        of = next(iter(rows_of(rows)))
        called = "called rightly" if of.correct else "called wrongly"
        truth = organs.in_sentence(organs.group(of.truth, vocabulary))
        title = f"{words.split(of.split)}: {truth}, {called}, {of.extreme} risk"
        films = tuple((run.path(row.file), _caption(row, vocabulary)) for row in rows_of(rows))
        yield FilmGrid(title, films)


def _caption(row: Row, vocabulary: Vocabulary) -> str:
    if row.score == FILM:
        reading = "" if pd.isna(row.t_score) else f", T-score {number(row.t_score, 1)}"
        said = f"risk {number(row.risk)}" if pd.isna(row.estimate) else f"estimate {number(row.estimate, 1)}"
        return f"Film\n{said}{reading}"
    if row.score == SHUFFLED:
        return "With all weights shuffled"
    return organs.direction(row.score, row.direction, vocabulary)
