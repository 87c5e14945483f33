"""Paired differences between models with their p-values, alone and among all differences of the family.

The family over which p-values are adjusted is fixed in advance: every pair of models in one dataset, split, subgroup,
metric, threshold and horizon. These are the first model against each baseline, the others against the first (or, on
request, every one against every other) and against each baseline, and what a model adds to clinical columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.metrics_table import METRICS, Row

P_VALUES = {"p": float, "p_holm": float, "p_bonferroni": float, "n_tests": int}
LAST = ("method", "note")
DIFFERENCES = (
    {name: kind for name, kind in METRICS.items() if name not in LAST}
    | P_VALUES
    | {name: METRICS[name] for name in LAST}
)
FAMILY = ("dataset", "split", "subgroup", "metric", "threshold", "horizon_years")


def difference_rows(metrics: Iterable[Row], untested: str = "") -> Iterator[Row]:
    """Rows of the table of differences, family by family.

    Parameters
    ----------
    metrics : iterable of dict
        Rows of the metrics table (`bonerisk.evaluation.metrics_table.metric_row`), those without a reference, too.
    untested : str
        Why there are no p-values, if there can't be any; it is added to the notes.
    """
    families: dict[tuple[str, ...], list[Row]] = {}
    for row in metrics:
        if row["reference"]:
            families.setdefault(tuple(str(row[name]) for name in FAMILY), []).append(row)  # NaN is one horizon as text
    for family in families.values():
        p_values = [np.nan if untested else row["p"] for row in family]
        adjusted = adjust(p_values)
        for row, p, holm, bonferroni in zip(family, p_values, adjusted.holm, adjusted.bonferroni, strict=True):
            tested = {"p": p, "p_holm": holm, "p_bonferroni": bonferroni, "n_tests": adjusted.size}
            yield row | tested | {"note": "; ".join(filter(None, [row["note"], untested]))}
