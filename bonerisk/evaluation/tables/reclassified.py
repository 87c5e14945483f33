"""NRI and IDI of each film model against each baseline, for the metrics table, on request."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About
from bonerisk.evaluation.metrics.metric import Key, at_horizon
from bonerisk.evaluation.metrics.reclassification import WARNING, event_part, idi, improvement, nonevent_part, nri
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.split import Split

PARTS = {"": improvement, "_events": event_part, "_nonevents": nonevent_part}
ABOUT = {
    f"{name}{part}": About(
        f"{name.upper()}{said}",
        "reclassification",
        lower=-reach,
        upper=reach,
        higher_is_better=True,
        paired=False,  # it is a difference between two models already
    )
    for name in ("nri", "idi")
    for part, said, reach in (
        ("", "", 2),
        ("_events", ", with the outcome", 1),
        ("_nonevents", ", without the outcome", 1),
    )
}


def reclassified_rows(split: Split) -> Iterator[Row]:
    """Rows of the metrics table over the whole split: category-free NRI, NRI at each threshold probability, and IDI."""
    graded = split.comparison.graded
    for pair in split.comparison.pairs:
        if set(pair) <= set(graded):
            for horizon in split.horizons or [np.nan]:
                yield from _rows(split, pair, horizon)


def _rows(split: Split, pair: tuple[str, str], horizon: float) -> Iterator[Row]:
    new, old = (split.probabilities(model, horizon) for model in pair)
    known = ~np.isnan(new + old)
    changes = {("nri", ""): nri(old[known], new[known]), ("idi", ""): idi(old[known], new[known])}
    changes |= {("nri", share): nri(old[known], new[known], float(share)) for share in split.kind.net_benefit}
    for (name, threshold), change in changes.items():
        sample = split.kind.sample(split.films[known], change, split.patient[known], {})
        metrics = {
            Key(f"{name}{part}", threshold, horizon): of if np.isnan(horizon) else at_horizon(of, horizon)
            for part, of in PARTS.items()
        }
        found = split.found(sample, metrics, split.everyone, pair)
        yield from split.rows((sample, found), split.everyone, pair, WARNING)
