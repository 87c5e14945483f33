"""Where a network looks: Grad-CAM over films, attention by organ, shuffled weights and hidden bones."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from pathlib import Path

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.explain.attention import ATTENTION, DIFFERENCE
from bonerisk.explain.occlusion import CONTROL, OCCLUSION, ORGAN
from bonerisk.explain.occlusion import DIFFERENCE as BEYOND
from bonerisk.reporting.contents import Context
from bonerisk.reporting.drawings import of_kinds
from bonerisk.reporting.explained import OVERLAYS
from bonerisk.reporting.figures.overlays import FILM, SHUFFLED
from bonerisk.reporting.page import FilmGrid, Part, Section, Text
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import organs, words
from bonerisk.reporting.wording.numbers import count, interval, number, percent
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary

ORDER = 43
CAM = (
    "Grad-CAM marks in red the places of a film's image that raise or lower the network's score, each relative to the "
    "film's strongest place. It shows where a network looks, on a coarse grid, and not why. For each outcome and split "
    "the films of highest and lowest risk are shown, called rightly and wrongly."
)
ATTENDED = (
    "A share is how much of a map lies on an organ. Enrichment divides it by the organ's share of the image: 1 is what a "
    "map that is the same everywhere gives. Organs overlap on a film, so that shares don't add up to 100%."
)
ALIKE = (
    "Rank correlation, over the map's cells, of each film's map with that of a network whose weights are shuffled, from "
    "the head down. Values near 1 mean that maps don't depend on the weights, and so explain nothing that was learnt."
)
OCCLUDED = (
    "Each bone is filled in from its surroundings on the image that the network sees, and, as a control, a region of "
    "the same shape elsewhere. A loss beyond the control's is due to the bone, not to its area. The network was not "
    "trained on filled images."
)
INTERVALS = "In brackets: {:.0f}% intervals, by patient bootstrap"


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation; empty where nothing was explained."""
    for evaluation in page.runs.evaluations:
        drawings, folder = page.drawings(evaluation), evaluation.run.folder
        parts: list[Part] = list(_overlays(folder / "figures" / OVERLAYS, evaluation.vocabulary))
        attention = _read(folder / "attention.csv", ATTENTION)
        if len(attention):
            parts += [Text(ATTENDED), *of_kinds(drawings, ["attention"], evaluation.splits)]
            parts.append(_attention(attention, evaluation))
        alike = _read(folder / "randomisation.csv", {"shuffled": str, "score": str, "note": str, "method": str})
        if len(alike):
            parts += [Text(ALIKE), _alike(alike, evaluation)]
        occlusion = _read(folder / "occlusion.csv", OCCLUSION)
        if len(occlusion):
            parts += [Text(OCCLUDED), *of_kinds(drawings, ["occlusion"], evaluation.splits)]
            parts.append(_occlusion(occlusion, evaluation))
        yield Section(f"Where the model looks{evaluation.place}", parts, evaluation.number)


def _read(path: Path, columns: dict[str, type]) -> pd.DataFrame:
    """A table of explanations; without rows if the evaluation has none."""
    if not path.is_file():
        return pd.DataFrame()
    text = [name for name, kind in columns.items() if kind is str]
    return pd.read_csv(path, dtype=dict.fromkeys(text, str)).fillna(dict.fromkeys(text, ""))


def _overlays(folder: Path, vocabulary: Vocabulary) -> Iterator[Part]:
    if not (folder / "overlays.csv").is_file():
        return
    table = pd.read_csv(folder / "overlays.csv", dtype={"file": str, "truth": str, "score": str, "direction": str})
    yield Text(CAM)
    by = ["split", "truth", "correct", "extreme"]
    for (split, truth, correct, extreme), rows in table.groupby(by, sort=False):
        called = "called rightly" if correct else "called wrongly"
        title = f"{words.split(split)}: {organs.group(truth, vocabulary).lower()}, {called}, {extreme} risk"
        films = tuple((folder / row.file, _caption(row, vocabulary)) for row in rows_of(rows))
        yield FilmGrid(title, films)


def _caption(row, vocabulary: Vocabulary) -> str:
    if row.score == FILM:
        reading = "" if pd.isna(row.t_score) else f", T-score {number(row.t_score, 1)}"
        return f"Film\nrisk {number(row.risk)}{reading}"
    if row.score == SHUFFLED:
        return "With all weights shuffled"
    return organs.direction(row.score, row.direction, vocabulary)


def _attention(table: pd.DataFrame, evaluation: EvaluationRun) -> Table:
    """Area, share by outcome, its difference, and enrichment of all, a row an organ."""
    marks, rows, vocabulary = Footnotes(), [], evaluation.vocabulary
    for (split, score, towards, organ), own in table.groupby(["split", "score", "direction", "organ"], sort=False):
        at = own.set_index(["group", "metric"])
        row = {"Map": f"{words.split(split)}: {organs.direction(score, towards, vocabulary).lower()}"}
        row |= {"Organ": organs.organ(organ), "Area": percent(at.loc[("all", "area"), "estimate"], nan, nan)}
        for group in ("1", "0", DIFFERENCE):
            of = at.loc[(group, "share")]
            name = "Difference" if group == DIFFERENCE else f"Share, {organs.group(group, vocabulary).lower()}"
            signed = interval(*(100 * of[["estimate", "lower", "upper"]]), sign=True, decimals=1)
            shown = signed if group == DIFFERENCE else percent(of["estimate"], of["lower"], of["upper"])
            row[name] = marks.mark(shown, of["note"])
        of = at.loc[("all", "enrichment")]
        rows.append(row | {"Enrichment": interval(of["estimate"], of["lower"], of["upper"])})
    notes = (
        f"{INTERVALS.format(100 * table['level'].iloc[0])}; the difference is in percentage points.",
        *marks.notes(),
    )
    return Table("attention", "Share of Grad-CAM's maps on each organ", pd.DataFrame(rows), notes, group="Map")


def _alike(table: pd.DataFrame, evaluation: EvaluationRun) -> Table:
    marks = Footnotes()
    rows = [
        {
            "Map": organs.direction(row.score, "towards", evaluation.vocabulary).removeprefix("Towards ").capitalize(),
            "Weights shuffled": organs.SHUFFLED.get(row.shuffled, row.shuffled).capitalize(),
            "Rank correlation": marks.mark(interval(row.estimate, row.lower, row.upper), row.note),
            evaluation.vocabulary.rows: count(row.n),
        }
        for row in rows_of(table)
    ]
    return Table("randomisation", "Maps with shuffled weights", pd.DataFrame(rows), marks.notes(), group="Map")


def _occlusion(table: pd.DataFrame, evaluation: EvaluationRun) -> Table:
    marks, rows, metric = Footnotes(), [], about(table["metric"].iloc[0]).name
    heads = {ORGAN: "Loss", CONTROL: "Loss, control", BEYOND: "Beyond the control"}
    for (split, organ), own in table.groupby(["split", "organ"], sort=False):
        at = own.set_index("region")
        row = {"Split": words.split(split), "Organ hidden": organs.organ(organ)}
        row |= {
            "Area": percent(at.loc[ORGAN, "area"], nan, nan),
            f"{metric} left": number(at.loc[ORGAN, "estimate"]),
        }
        for region, head in heads.items():
            of = at.loc[region]
            row[head] = marks.mark(interval(of["loss"], of["lower"], of["upper"], sign=True), of["note"])
        rows.append(row | {evaluation.vocabulary.rows: count(at.loc[ORGAN, "n"])})
    title = f"{metric} lost as each bone is hidden"
    notes = (f"{INTERVALS.format(100 * table['level'].iloc[0])}, paired.", *marks.notes())
    return Table("occlusion", title, pd.DataFrame(rows), notes, group="Split")
