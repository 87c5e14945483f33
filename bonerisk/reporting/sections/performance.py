"""Performance of a model: tables and curves of one evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import nan

from bonerisk.errors import override
from bonerisk.reporting.contents import Context
from bonerisk.reporting.drawings import CURVES, of_kinds
from bonerisk.reporting.page import Section
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.classes import by_class
from bonerisk.reporting.tables.clinical_scores import clinical_scores
from bonerisk.reporting.tables.models import differences, models, net_benefit
from bonerisk.reporting.tables.performance import by_split
from bonerisk.reporting.tables.reclassification import reclassification
from bonerisk.reporting.tables.table import Table

ORDER = 40


def sections(page: Context) -> Iterator[Section]:
    """One section per evaluation."""
    for evaluation in page.runs.evaluations:
        tables = [replace(table, name=table.name + evaluation.suffix) for table in _tables(evaluation)]
        curves = of_kinds(page.drawings(evaluation), CURVES, evaluation.splits)
        yield Section(f"Performance{evaluation.place}", [*tables, *curves], evaluation.number)
    if not page.runs.evaluations:
        trainings = page.runs.trainings
        yield Section(
            "Performance",
            missing=[
                "Performance, subgroups and example films: no evaluate run was given. "
                f"`bonerisk evaluate {override('run', trainings[-1].folder if trainings else 'RUN')}` makes one; "
                "then `bonerisk report 'runs=[latest]'`."
            ],
        )


def _tables(evaluation: EvaluationRun) -> Iterator[Table]:
    compared = evaluation.tested or len(evaluation.result.models) > 1  # else the section “Validation” says it all
    yield from [by_split(evaluation)] if evaluation.tested else []
    yield from filter(None, [by_class(evaluation)])
    for horizon in evaluation.horizons or [nan]:
        yield from [models(evaluation, horizon)] if compared else []
        yield from filter(None, [differences(evaluation, horizon)])
    yield from filter(None, [clinical_scores(evaluation), net_benefit(evaluation), reclassification(evaluation)])
