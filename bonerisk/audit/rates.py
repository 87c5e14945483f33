"""What a confusion matrix, or rates and class sizes, make the other rates be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bonerisk.audit.measures import RATES
from bonerisk.audit.numbers import Number
from bonerisk.audit.tables import Unit

MOST_PAIRS = 4_000_000  # of counts that sensitivity and specificity may have been rounded from


def of_matrix(tp: np.ndarray, fn: np.ndarray, fp: np.ndarray, tn: np.ndarray) -> dict[str, np.ndarray]:
    """Each rate, of counts that may be arrays; NaN where its denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "ppv": tp / (tp + fp),
            "npv": tn / (tn + fn),
            "accuracy": (tp + tn) / (tp + fn + fp + tn),
            "f1": 2 * tp / (2 * tp + fp + fn),
        }


def printed(unit: Unit) -> dict[str, Number]:
    """The rates that a unit has, as shares."""
    found = {name: unit.said[name].number for name in RATES if name in unit.said}
    return {name: each.over(unit.scale) for name, each in found.items() if each}


def counts_of(rate: Number, of: int) -> np.ndarray:
    """The whole numbers of `of` whose share may have been printed as `rate`; float, shape (m,)."""
    low, high = max(np.ceil(rate.low * of), 0), min(np.floor(rate.high * of), of)
    return np.arange(low, min(high, low + MOST_PAIRS) + 1)


def matrices(unit: Unit) -> dict[str, np.ndarray] | None:
    """The rates that each matrix would have that gives the unit's sensitivity and specificity; None: not told."""
    rates = printed(unit)
    if unit.classes is None or not {"sensitivity", "specificity"} <= rates.keys():
        return None
    with_it, without = unit.classes
    tp, tn = counts_of(rates["sensitivity"], with_it), counts_of(rates["specificity"], without)
    if not 0 < len(tp) * len(tn) <= MOST_PAIRS:
        return None
    tp, tn = (grid.ravel() for grid in np.meshgrid(tp, tn))
    return of_matrix(tp, with_it - tp, without - tn, tn)


def prevalences(rates: dict[str, Number]) -> Iterator[tuple[str, float, float]]:
    """The least and greatest share with the condition that each rate beside sensitivity and specificity allows."""
    s, c = (np.array([rates[name].low, rates[name].high]).clip(0, 1) for name in ("sensitivity", "specificity"))
    s, c = (grid.ravel() for grid in np.meshgrid(s, c))
    for name in ("ppv", "npv", "f1"):
        if name not in rates:
            continue
        odds = []
        for value in np.clip([rates[name].low, rates[name].high], 0, 1):
            with np.errstate(divide="ignore", invalid="ignore"):
                if name == "ppv":
                    odds.append(value * (1 - c) / ((1 - value) * s))
                elif name == "npv":
                    odds.append((1 - value) * c / (value * (1 - s)))
                else:
                    below = 2 * s - value * s - value
                    odds.append(np.where(below > 0, value * (1 - c) / below, np.inf))
        every = np.concatenate(odds)
        every = np.where(np.isnan(every), np.inf, every)
        share_low, share_high = (edge / (1 + edge) if np.isfinite(edge) else 1.0 for edge in (every.min(), every.max()))
        yield name, (0.0 if np.isnan(np.concatenate(odds)).any() else float(share_low)), float(share_high)
    if "accuracy" in rates and (c.max() < s.min() or s.max() < c.min()):
        edges = np.concatenate([(value - c) / (s - c) for value in (rates["accuracy"].low, rates["accuracy"].high)])
        yield "accuracy", float(edges.min()), float(edges.max())
