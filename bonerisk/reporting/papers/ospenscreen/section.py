"""OsPenScreen's tables and figures: where an evaluation of low bone mass was made by hospital."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from bonerisk.cohort.recorded import LEARNT
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.papers.ospenscreen.figures import FIGURES
from bonerisk.reporting.papers.ospenscreen.places import Place, cut_off, places
from bonerisk.reporting.papers.ospenscreen.table_characteristics import characteristics
from bonerisk.reporting.papers.ospenscreen.table_performance import performance
from bonerisk.reporting.papers.ospenscreen.table_subgroups import subgroups
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.numbers import listed

ORDER = 44
TITLE = "As OsPenScreen's tables and figures"
SHOWN = {
    "accuracy_by_severity": "Figure 2, accuracy by severity, which needs T-scores",
    "precision_recall_by_site": "Figure S3, precision–recall curves, which needs films of both outcomes",
}


def sections(page: Context) -> Iterator[Section]:
    """One an evaluation that was made by hospital."""
    for evaluation in page.runs.evaluations:
        found = places(evaluation.metrics, evaluation.model)
        if found and evaluation.thresholds and evaluation.result.outcome == "binary":
            yield _section(page, evaluation, found)


def _section(page: Context, evaluation: EvaluationRun, found: list[Place]) -> Section:
    vocabulary, metrics = evaluation.vocabulary, evaluation.metrics
    threshold = cut_off(evaluation.thresholds)
    cut = evaluation.thresholds[threshold]
    parts: list[Part] = [Text(_introduction(evaluation, found))]
    drawn = page.drawings(evaluation)
    parts += characteristics(_films(evaluation), vocabulary)
    parts.append(performance(metrics, evaluation.result.confusion, found, threshold, cut, vocabulary))
    parts += [drawn[name] for name in FIGURES if name in drawn]
    by_group = subgroups(metrics, evaluation.result.gaps, found, threshold, cut, vocabulary)
    parts += [by_group] if len(by_group.frame) else []
    named = [replace(part, name=part.name + evaluation.suffix) if isinstance(part, Table) else part for part in parts]
    lacking = [text for name, text in SHOWN.items() if name not in drawn]
    run = evaluation.run.folder.name
    missing = [f"{TITLE}: {what}: the evaluation {run} has no data for it." for what in lacking]
    return Section(f"{TITLE}{evaluation.place}", named, evaluation.number, missing)


def _films(evaluation: EvaluationRun) -> pd.DataFrame:
    """Those evaluated and those learnt from, which a merged cohort records under another dataset."""
    training = evaluation.training
    if training is None:
        return evaluation.cohort
    films = pd.read_parquet(training.path("cohort.parquet"))
    return pd.concat([films[films["split"].isin(LEARNT)], evaluation.cohort], ignore_index=True)


def _introduction(evaluation: EvaluationRun, found: list[Place]) -> str:
    """What the section sets side by side, and where there is no T-score."""
    films, scored = evaluation.cohort, []
    for place in found:
        here = films[(films["split"] == place.split) & (films["site"].astype(str) == place.site)]
        if "t_score" in here and here["t_score"].notna().any():
            scored.append(place.site)
    without = [place.site for place in found if place.site not in scored]
    text = (
        "The paper judges its model in one internal test set and in each external hospital by itself, at one cut-off. "
    )
    text += f"Intervals are by patient, and those of the {evaluation.vocabulary.rows.lower()} of one hospital alone."
    return text + (f" Without T-scores, and so without severities: {listed(without)}." if without else "")
