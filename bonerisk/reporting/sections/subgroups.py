"""Performance in subgroups: forest plots, one table per threshold, and the gaps to the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import nan

from bonerisk.reporting.contents import Context
from bonerisk.reporting.drawings import FORESTS, of_kinds
from bonerisk.reporting.page import Section
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.subgroups import by_subgroup, gaps
from bonerisk.reporting.tables.table import Table

ORDER = 41


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation."""
    for evaluation in page.runs.evaluations:
        kinds = [f"subgroups_{metric}" for metric in FORESTS]
        forests = of_kinds(page.drawings(evaluation), kinds, evaluation.splits)
        tables = [
            replace(table, name=table.name + evaluation.suffix) for table in _tables(evaluation) if len(table.frame)
        ]
        yield Section(f"Subgroups{evaluation.place}", [*forests, *tables], evaluation.number)


def _tables(evaluation: EvaluationRun) -> Iterator[Table]:
    if evaluation.result.outcome == "ordinal":  # which has no threshold
        yield by_subgroup(evaluation, "", nan, nan)
    for threshold, cut in evaluation.thresholds.items():
        for horizon in evaluation.horizons or [nan]:
            yield by_subgroup(evaluation, threshold, cut, horizon)
    yield from filter(None, [gaps(evaluation)])
