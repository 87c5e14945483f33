"""Whether a model is worse in a subgroup than in the rest: the gap, its interval, and its p-value among all gaps.

The family over which p-values are adjusted is fixed in advance: every gap of one dataset, split and
model in one metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.intervals.p_value import p_value
from bonerisk.evaluation.metrics.metric import Key
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.samples.subgroups import Subgroup
from bonerisk.evaluation.split import Split

GAPS = {
    **{"dataset": str, "split": str, "model": str, "subgroup": str, "metric": str, "threshold": str},
    **{"horizon_years": float, "estimate": float, "lower": float, "upper": float, "level": float},
    **{"n": int, "n_events": int, "p": float, "p_holm": float, "p_bonferroni": float, "comparisons": int},
    **{"method": str, "note": str},
}


def gaps(split: Split, models: Sequence[str], metric: str) -> Iterator[Row]:
    """Rows of the table of gaps: `metric` in a subgroup less that in the rest, for each of `models`.

    Severities have no rest and are left out; of complementary groups the first is kept. n and n_events are those of the
    subgroup.
    """
    for model in models:
        groups = _distinct([group for group in split.subgroups[1:] if group.metrics is None])
        ranking = split.kind.metrics(split.sample(split.everyone, [model]), list(split.horizons), None)
        for key in (key for key in ranking if key.metric == metric):
            family = [_gap(split, group, model, key) for group in groups]
            adjusted = adjust([row["p"] for row in family])
            for row, holm, bonferroni in zip(family, adjusted.holm, adjusted.bonferroni, strict=True):
                yield row | {"p_holm": holm, "p_bonferroni": bonferroni, "comparisons": adjusted.size}


def _distinct(groups: Sequence[Subgroup]) -> list[Subgroup]:
    """Groups without the complement of an earlier one, whose gap would only change its sign."""
    kept: list[Subgroup] = []
    for group in groups:
        if not any((group.keep == other.rest).all() for other in kept):
            kept.append(group)
    return kept


def _gap(split: Split, group: Subgroup, model: str, key: Key) -> Row:
    rest = Subgroup("rest", group.rest)
    ours, theirs = (split.ranked(each, model, key) for each in (group, rest))
    difference = ours - theirs
    [row] = split.rows((split.sample(group, [model]), {key: difference}), group, [model])
    if pd.isna(theirs.estimate):
        row["note"] = f"in the rest: {theirs.undefined}"
    row["p"] = p_value(difference, split.plan.interval)
    return {name: value for name, value in row.items() if name != "reference"}
