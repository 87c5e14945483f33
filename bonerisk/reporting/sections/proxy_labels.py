"""What a trained model has labelled, and how far its confidence can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES, CONFIDENCE
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Section
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, number
from bonerisk.reporting.wording.rows import Row, rows_of
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
    runs = [run for run in page.runs.labelled if FILE in run.written]
    suffixes = [f"_{place}" if len(runs) > 1 else "" for place in range(1, len(runs) + 1)]
    yield Section("Proxy labels", [table(run, suffix) for run, suffix in zip(runs, suffixes, strict=True)])


def table(run: StoredRun, suffix: str) -> Table:
    """A row for each class: films labelled, and the teacher on its tuning split."""
    films, marks = pd.read_parquet(run.path("cohort.parquet")), Footnotes()
    found = pd.read_csv(run.path(FILE), keep_default_na=False, na_values={"estimate": "", "lower": "", "upper": ""})
    cutoffs = run.config["cutoffs"]
    asked = [name for name in BONE_CLASSES if cutoffs.get(name) is not None]
    rows = [_row(name, cutoffs[name], films, found, marks) for name in asked]
    heads = ["Class", "Cut-off", "Films labelled", "Confidence, median (range)", *HEADS.values()]
    notes = (
        "Tuning: the teacher on measured labels of its tuning split, which also chose its epoch. Confidence: the "
        "teacher's probability of the class that a film got.",
        *marks.notes(),
    )
    title = f"Labels that a model gave to films of {run.config['dataset'].get('name', run.name)}"
    return Table(f"proxy_labels{suffix}", title, pd.DataFrame(rows, columns=heads), notes)


def _row(name: str, cutoff: float, films: pd.DataFrame, found: pd.DataFrame, marks: Footnotes) -> list[str]:
    given = films.loc[films["bone_class"] == name, CONFIDENCE]
    spread = f"{number(given.median())} ({number(given.min())}–{number(given.max())})" if len(given) else MISSING
    of = {row.metric: row for row in rows_of(found[found["class"] == name])}
    cells = [_cell(of[metric], marks) if metric in of else MISSING for metric in HEADS]
    return [words.BONE_CLASSES[name], f"{cutoff:g}", count(len(given)), spread, *cells]


def _cell(row: Row, marks: Footnotes) -> str:
    """A number with its interval; before a share its counts, which are all there is if no film reached the cut-off."""
    if row.metric != "ppv":
        return marks.mark(value(row), row.note)
    counts = f"{count(row.n_events)} of {count(row.n)}"
    return marks.mark(f"{counts}, {value(row)}", row.note) if row.n else counts
