"""Films by their class and the class that a model calls: the confusion matrix of classes in order."""

from __future__ import annotations

from collections.abc import Iterator

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.split import Split

CLASS_COUNTS = dict.fromkeys(("dataset", "split", "model", "subgroup", "observed", "called"), str) | {"n": int}


def class_count_rows(split: Split) -> Iterator[Row]:
    """Rows of the table of classes: one for each class and class called, of models that call classes.

    A subgroup that is too small for numbers is left out.
    """
    for model in split.thresholds:
        for group in split.subgroups:
            sample = split.sample(group, [model])
            if sample.called is None or split.few(sample, float("nan"), group, [model]):
                continue
            [table] = sample.drawn().table
            for observed, row in zip(BONE_CLASSES, table, strict=True):
                for called, n in zip(BONE_CLASSES, row, strict=True):
                    where = {**split.name, "model": model, "subgroup": group.name}
                    yield where | {"observed": observed, "called": called, "n": int(n)}
