"""What a trained model has labelled, and how far its confidence can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort.table import CONFIDENCE
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Section
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, number
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value
from bonerisk.runs.find import StoredRun

ORDER = 35
FILE = "reliability.csv"
HEADS = {
    "ppv": "Right at or above the cut-off, tuning (95% CI)",
    "o_e": "Observed / expected, tuning",
    "calibration_slope": "Calibration slope, tuning",
    "ici": "ICI, tuning",
}


def sections(page: Context) -> Iterator[Section]:
    """One table for each run of `bonerisk pseudolabel`."""
    runs = [run for run in page.runs.labelled if (run.folder / FILE).is_file()]
    suffixes = [f"_{place}" if len(runs) > 1 else "" for place in range(1, len(runs) + 1)]
    yield Section("Proxy labels", [table(run, suffix) for run, suffix in zip(runs, suffixes, strict=True)])


def table(run: StoredRun, suffix: str) -> Table:
    """A row for each class: films labelled, and the teacher on its tuning split."""
    films, marks = pd.read_parquet(run.folder / "cohort.parquet"), Footnotes()
    found = pd.read_csv(run.folder / FILE, keep_default_na=False, na_values={"estimate": "", "lower": "", "upper": ""})
    rows = [_row(name, cutoff, films, found, marks) for name, cutoff in _cutoffs(run)]
    heads = ["Class", "Cut-off", "Films labelled", "Confidence, median (range)", *HEADS.values()]
    notes = (
        "Tuning: the teacher on measured labels of its tuning split, which also chose its epoch. Confidence: the "
        "teacher's probability of the class that a film got.",
        *marks.notes(),
    )
    title = f"Labels by a model of {run.name}"
    return Table(f"proxy_labels{suffix}", title, pd.DataFrame(rows, columns=heads), notes)


def _cutoffs(run: StoredRun) -> Iterator[tuple[str, float]]:
    yield from ((name, cutoff) for name, cutoff in run.config["cutoffs"].items() if cutoff is not None)


def _row(name: str, cutoff: float, films: pd.DataFrame, found: pd.DataFrame, marks: Footnotes) -> list[str]:
    given = films.loc[films["bone_class"] == name, CONFIDENCE]
    spread = f"{number(given.median())} ({number(given.min())}–{number(given.max())})" if len(given) else MISSING
    of = {row.metric: row for row in rows_of(found[found["class"] == name])}
    cells = [MISSING if metric not in of else marks.mark(value(of[metric]), of[metric].note) for metric in HEADS]
    if "ppv" in of:
        right = of["ppv"]
        cells[0] = f"{count(right.n_events)} of {count(right.n)}" + (f", {cells[0]}" if right.n else "")
    return [words.BONE_CLASSES[name], number(cutoff), count(len(given)), spread, *cells]
