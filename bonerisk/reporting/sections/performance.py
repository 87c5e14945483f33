"""One evaluation: performance, subgroups and example films."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from math import nan
from pathlib import Path

from bonerisk.reporting.drawings import CURVES, FORESTS
from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.page import Section
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.sections.examples import examples
from bonerisk.reporting.tables.models import differences, models, net_benefit
from bonerisk.reporting.tables.performance import by_split
from bonerisk.reporting.tables.reclassification import reclassification
from bonerisk.reporting.tables.subgroups import by_subgroup, gaps


def drawings(evaluation: EvaluationRun, figures: Path, suffix: str) -> dict[str, Drawing]:
    """Its figures by name, copied into the report."""
    found = sorted((evaluation.run.folder / "figures").glob("*.svg"))
    return {path.stem: _copied(path, figures, suffix) for path in found}


def evaluate(evaluation: EvaluationRun, drawn: Mapping[str, Drawing], suffix: str, place: str) -> list[Section]:
    """Performance, subgroups and example films of one evaluation."""
    horizons = evaluation.horizons or [nan]
    of_models = [table for at in horizons for table in (models(evaluation, at), differences(evaluation, at))]
    tables = [by_split(evaluation), *filter(None, [*of_models, net_benefit(evaluation), reclassification(evaluation)])]
    thresholds = evaluation.thresholds.items()
    in_subgroups = [by_subgroup(evaluation, name, value, at) for name, value in thresholds for at in horizons]
    in_subgroups += filter(None, [gaps(evaluation)])
    named = [[replace(table, name=table.name + suffix) for table in group] for group in (tables, in_subgroups)]
    curves, forests = (
        [drawn[name] for kind in kinds for split in evaluation.splits for name in drawn if _shows(name, kind, split)]
        for kinds in (CURVES, [f"subgroups_{metric}" for metric in FORESTS])
    )
    films = examples(evaluation.run.folder / "figures" / "films")
    sections = [Section(f"Performance{place}", [*named[0], *curves])]
    sections.append(Section(f"Subgroups{place}", [*forests, *(table for table in named[1] if len(table.frame))]))
    sections.append(Section(f"Example films{place}", films))
    return [section for section in sections if section.parts]


def _shows(name: str, kind: str, split: str) -> bool:
    """Whether a figure's name is of a kind and split: ``roc_test``, ``roc_test_5y``, ``incidence_test_youden``."""
    return name == f"{kind}_{split}" or name.startswith(f"{kind}_{split}_")


def _copied(path: Path, figures: Path, suffix: str) -> Drawing:
    """A figure of an evaluation, copied into the report under a name of its own."""
    figures.mkdir(parents=True, exist_ok=True)
    for file in (path, path.with_suffix(".png")):
        shutil.copyfile(file, figures / f"{path.stem}{suffix}{file.suffix}")
    return Drawing.read(figures / f"{path.stem}{suffix}.svg")
