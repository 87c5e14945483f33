"""Example films of an evaluation: for each outcome the film with the surest prediction, and a borderline one."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import FilmGrid, Part, Section, Text
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import number
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.runs.find import StoredRun

ORDER = 42
FOLDER = "figures/films"
OUTCOMES = ("true positive", "false negative", "false positive", "true negative")


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation; empty without example films."""
    for evaluation in page.runs.evaluations:
        films = _examples(evaluation.run)
        yield Section(f"Example films{evaluation.place}", films, evaluation.number)


def _examples(run: StoredRun) -> list[Part]:
    """Films of an evaluation that drew some, by split and outcome."""
    if f"{FOLDER}/examples.csv" not in run.written:
        return []
    table = pd.read_csv(run.path(f"{FOLDER}/examples.csv"), dtype={"file": str, "image_id": str})
    outcome = table["group"].str.partition(",")[0]
    intro = (
        "Called positive at threshold 0.5. For each outcome the film that the model was surest of, and the one nearest "
        "the threshold."
    )
    parts: list[Part] = [Text(intro)]
    for split in table["split"].unique():
        for name in OUTCOMES:
            chosen = table[(table["split"] == split) & (outcome == name)]
            if len(chosen):
                films = tuple(
                    (run.path(f"{FOLDER}/{row.file}"), _caption(row.group, row.risk, row.t_score, row.image_id))
                    for row in rows_of(chosen)
                )
                parts.append(FilmGrid(f"{words.split(split)}: {name}s", films))
    return parts


def _caption(group: str, risk: float, t_score: float, image_id: str) -> str:
    kind = group.partition(", ")[2].capitalize()
    reading = "" if pd.isna(t_score) else f", T-score {number(t_score, 1)}"
    return f"{kind}\nrisk {number(risk)}{reading}\n{image_id}"
