"""How well points are found: average precision by the similarity of points (OKS), distances, and films set aside."""

from __future__ import annotations

import numpy as np

from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.located import DrawnPoints
from bonerisk.keypoints.oks import RECALLS, THRESHOLDS

Array = np.ndarray

NOBODY = "no film has its first and last point marked"
UNKNOWN = "the spacing is known of no film"
FRACTION = 0.05  # of the distance from the first to the last point, for the PCK
OKS = "the similarity of points (OKS) weighs distances by 5 % of half the distance from the first to the last point"


@described(
    About(
        "OKS-AP",
        "ranking",
        decimals=3,
        lower=0,
        upper=1,
        higher_is_better=True,
        meaning=f"OKS-AP: COCO's average precision over similarities of 0.50 to 0.95; {OKS}; 1 is perfect.",
    )
)
def oks_ap(drawn: DrawnPoints) -> Values:
    """COCO's average precision over the thresholds 0.50:0.05:0.95 of the OKS, with one annotation a film.

    As pycocotools gives it for films repeated as often as they are drawn.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.located import Located
    >>> true = np.tile([[10.0, 10.0], [10.0, 110.0]], (4, 1, 1))
    >>> found = true + np.array([0.0, 1.0, 2.0, 9.0])[:, None, None]
    >>> facts = np.arange(4) / 10, np.zeros(4, bool), np.full((4, 2), 0.2), np.arange(4)
    >>> oks_ap(Located(found, true, np.ones((4, 2), bool), *facts).drawn()).value.round(3)
    array([0.703])
    """
    return Values(_precision(drawn, THRESHOLDS).mean(axis=0), NOBODY)


@described(About("AP at OKS 0.50", "ranking", decimals=3, lower=0, upper=1, higher_is_better=True))
def oks_ap50(drawn: DrawnPoints) -> Values:
    """Average precision where a similarity of 0.50 is a hit."""
    return Values(_precision(drawn, THRESHOLDS[:1])[0], NOBODY)


@described(About("AP at OKS 0.75", "ranking", decimals=3, lower=0, upper=1, higher_is_better=True))
def oks_ap75(drawn: DrawnPoints) -> Values:
    """Average precision where a similarity of 0.75 is a hit."""
    return Values(_precision(drawn, THRESHOLDS[5:6])[0], NOBODY)


@described(
    About("Mean OKS", "ranking", decimals=3, lower=0, upper=1, higher_is_better=True, meaning=f"Mean OKS: {OKS}.")
)
def mean_oks(drawn: DrawnPoints) -> Values:
    """Mean similarity of the points of a film."""
    return Values(divide(drawn.weights @ drawn.sample.similarity, drawn.weights.sum(axis=1)), NOBODY)


@described(
    About(
        "PCK",
        "ranking",
        lower=0,
        upper=1,
        higher_is_better=True,
        percent=True,
        decimals=1,
        meaning="PCK: the share of points within 5 % of the distance from the first to the last.",
    )
)
def pck(drawn: DrawnPoints) -> Values:
    """Share of marked points found within 5 % of the distance from the first to the last point."""
    near = drawn.sample.error_px <= FRACTION * drawn.sample.length[:, None]
    values, weights = drawn.of_points(np.where(drawn.sample.marked, near, np.nan))
    return Values(divide(weights @ values, weights.sum(axis=1)), NOBODY)


@described(
    About("Median error (mm)", "error", lower=0, higher_is_better=False, meaning="Errors in mm are at the detector.")
)
def median_mm(drawn: DrawnPoints) -> Values:
    """Median distance of points in mm at the detector, over the films whose spacing is known."""
    return Values(_median(*drawn.of_points(drawn.sample.error_mm)), UNKNOWN)


@described(About("Mean error (mm)", "error", lower=0, higher_is_better=False))
def mean_mm(drawn: DrawnPoints) -> Values:
    """Mean distance of points in mm at the detector, over the films whose spacing is known."""
    values, weights = drawn.of_points(drawn.sample.error_mm)
    return Values(divide(weights @ values, weights.sum(axis=1)), UNKNOWN)


@described(About("Median error (pixels)", "error", decimals=1, lower=0, higher_is_better=False))
def median_px(drawn: DrawnPoints) -> Values:
    """Median distance of points in pixels of the film."""
    return Values(_median(*drawn.of_points(drawn.sample.error_px)), NOBODY)


@described(About("Mean error (pixels)", "error", decimals=1, lower=0, higher_is_better=False))
def mean_px(drawn: DrawnPoints) -> Values:
    """Mean distance of points in pixels of the film."""
    values, weights = drawn.of_points(drawn.sample.error_px)
    return Values(divide(weights @ values, weights.sum(axis=1)), NOBODY)


@described(
    About(
        "Set aside",
        "other",
        decimals=1,
        lower=0,
        upper=1,
        percent=True,
        meaning="Set aside: films with a point's score under the model's limit. They count in all other numbers.",
    )
)
def set_aside(drawn: DrawnPoints) -> Values:
    """Share of films that the model sets aside."""
    total = drawn.weights.sum(axis=1)
    return Values(divide(drawn.weights @ drawn.sample.aside.astype(float), total), NOBODY, trials=total)


def _precision(drawn: DrawnPoints, thresholds: Array) -> Array:
    """Average precision (t, draws): at 101 recalls the highest precision at this recall or above."""
    order = np.argsort(drawn.sample.risk, kind="stable")
    weights, similar = drawn.weights[:, order], drawn.sample.similarity[order]
    total, seen = weights.sum(axis=1, keepdims=True), np.cumsum(weights, axis=1)
    found = []
    for threshold in thresholds:
        hits = np.cumsum(weights * (similar >= threshold), axis=1)
        precision = divide(hits, seen)
        highest = np.maximum.accumulate(np.nan_to_num(precision)[:, ::-1], axis=1)[:, ::-1]
        reached = np.searchsorted(RECALLS, divide(hits, np.broadcast_to(total, hits.shape)), side="right")
        new = np.diff(reached, axis=1, prepend=0)  # recalls that this film reaches first
        found.append((new * highest).sum(axis=1) / len(RECALLS))
    return np.where(total[:, 0] > 0, found, np.nan)


def _median(values: Array, weights: Array) -> Array:
    """Weighted median (draws,) of values (m,): the mean of both middle ones, where there are two; NaN of none."""
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    values, below = values[order], np.cumsum(weights[:, order], axis=1)
    half = below[:, -1:] / 2
    low, high = (values[np.argmax(reached, axis=1)] for reached in (below >= half, below > half))
    return np.where(half[:, 0] > 0, (low + high) / 2, np.nan)
