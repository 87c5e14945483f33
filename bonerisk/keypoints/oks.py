"""How well predicted points agree with true ones: COCO's keypoint similarity and average precision, errors, PCK.

The similarity (OKS) of an annotation is the mean over its labelled points of exp(−d² / (2 s² k²)), where d is the
distance in pixels, k = 2σ, and s is the object's scale in pixels. COCO's s² is the object's area. Here s is a fixed
multiple of the distance from L1 to L5, because the area of a box changes with lordosis and rotation.

References
----------
Ronchi, Perona 2017, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV.
github.com/cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py (`computeOks`, `evaluateImg`, `accumulate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIGMA = 0.05  # assumed, for each point: spine DeepSurv prints none; COCO's are 0.025 (eyes) to 0.107 (hips)
SCALE = 0.5  # of the distance from L1 to L5; assumed: the square root of the area of five bodies and four discs
THRESHOLDS = np.linspace(0.5, 0.95, 10)  # as pycocotools writes 0.50:0.05:0.95
RECALLS = np.linspace(0.0, 1.0, 101)
MOST = 20  # detections of an image that count


@dataclass(frozen=True)
class Agreement:
    """Agreement of predicted with true points.

    Parameters
    ----------
    ap, ap50, ap75 : float
        Average precision over all thresholds of the OKS, and at 0.50 and 0.75.
    mean_oks : float
        Mean OKS of the predictions.
    error_px : float
        Mean distance of labelled points.
    error_mm : float
        The same in mm, over the films whose spacing is known; NaN if it is known of none.
    pck : float
        Share of labelled points within a fraction of the distance from L1 to L5.
    films, films_mm, points : int
        How many they are of.
    """

    ap: float
    ap50: float
    ap75: float
    mean_oks: float
    error_px: float
    error_mm: float
    pck: float
    films: int
    films_mm: int
    points: int


def length(true: np.ndarray) -> np.ndarray:
    """Distance (n,) from the first to the last of the points (n, k, 2): from L1 to L5."""
    return np.asarray(np.linalg.norm(true[:, -1] - true[:, 0], axis=-1))


def similarity(
    predicted: np.ndarray, true: np.ndarray, labelled: np.ndarray, scale: np.ndarray, sigma: float | np.ndarray = SIGMA
) -> np.ndarray:
    """OKS (n,) from 0 to 1; NaN where no point is labelled.

    Parameters
    ----------
    predicted, true : array (n, k, 2)
        x and y in pixels.
    labelled : array (n, k) of bool
        COCO's visibility over 0; other points do not count.
    scale : array (n,)
        s in pixels.
    sigma : float or array (k,)

    Examples
    --------
    >>> true = np.array([[[0.0, 0.0], [0.0, 100.0]]])
    >>> float(similarity(true + [3.0, 4.0], true, np.ones((1, 2), bool), scale=np.array([50.0]))[0].round(4))
    0.6065
    """
    squared = np.where(labelled, ((predicted - true) ** 2).sum(-1), np.nan)
    deviation = 2 * (scale[:, None] * 2 * sigma) ** 2
    return _mean(np.exp(-squared / (deviation + np.spacing(1))), 1)


def average_precision(
    similarities: Sequence[np.ndarray], scores: Sequence[np.ndarray], thresholds: np.ndarray = THRESHOLDS
) -> np.ndarray:
    """COCO's average precision (t,) at each threshold of the OKS; NaN if there is no annotation.

    The detections of an image, highest score first, each take the free annotation that is most similar, if its OKS
    reaches the threshold. All detections together, ranked by their score, then give the precision at 101 recalls, each
    the highest at this recall or above. Equal scores keep their order.

    Parameters
    ----------
    similarities : sequence of array (detections, annotations)
        OKS of each detection with each annotation of an image that has a labelled point. COCO ignores the others.
    scores : sequence of array (detections,)
        Confidence: higher is surer.
    thresholds : array (t,)

    Examples
    --------
    >>> average_precision([np.array([[0.9]]), np.array([[0.6]])], [np.array([0.8]), np.array([0.7])], np.array([0.75]))
    array([0.5049505])
    """
    annotations = sum(oks.shape[1] for oks in similarities)
    if not annotations:
        return np.full(len(thresholds), np.nan)
    ranked = [np.argsort(-of, kind="stable")[:MOST] for of in scores]
    found = [_matched(oks[order], thresholds) for oks, order in zip(similarities, ranked, strict=True)]
    together = np.concatenate([of[order] for of, order in zip(scores, ranked, strict=True)])
    hits = np.concatenate(found, axis=1)[:, np.argsort(-together, kind="stable")]
    return np.array([_interpolated(hit, annotations) for hit in hits])


def agreement(
    predicted: np.ndarray,
    true: np.ndarray,
    labelled: np.ndarray,
    scores: np.ndarray,
    spacing_mm: np.ndarray,
    scale: float = SCALE,
    sigma: float = SIGMA,
    fraction: float = 0.05,
) -> Agreement:
    """Agreement of one prediction a film with one annotation a film.

    Parameters
    ----------
    predicted, true : array (n, k, 2)
        x and y in pixels, in the order from L1 to L5.
    labelled : array (n, k) of bool
        A film in which the first or the last is not labelled has no scale, and does not count.
    scores : array (n,)
        Confidence: higher is surer.
    spacing_mm : array (n, 2)
        Distance between rows and between columns, as `Film.spacing_mm`; NaN where it is unknown.
    scale : float
        s of the OKS over the distance from L1 to L5.
    sigma : float
    fraction : float
        Of the distance from L1 to L5, for the PCK.
    """
    scaled = labelled[:, 0] & labelled[:, -1]
    predicted, true, labelled = predicted[scaled], true[scaled], labelled[scaled]
    scores, spacing_mm, whole = scores[scaled], spacing_mm[scaled], length(true)
    oks = similarity(predicted, true, labelled, scale * whole, sigma)
    ap = average_precision([np.array([[one]]) for one in oks], [np.array([one]) for one in scores])
    apart = predicted - true
    error = np.where(labelled, np.linalg.norm(apart, axis=-1), np.nan)
    mm = np.where(labelled, np.linalg.norm(apart * spacing_mm[:, None, ::-1], axis=-1), np.nan)
    return Agreement(
        ap=float(ap.mean()),
        ap50=float(ap[0]),
        ap75=float(ap[5]),
        mean_oks=float(_mean(oks, 0)),
        error_px=float(_mean(error.ravel(), 0)),
        error_mm=float(_mean(mm.ravel(), 0)),
        pck=float((error <= fraction * whole[:, None])[labelled].mean()) if labelled.any() else np.nan,
        films=len(true),
        films_mm=int(np.isfinite(mm).any(1).sum()),
        points=int(labelled.sum()),
    )


def _matched(oks: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Whether each detection (ranked) takes an annotation, (t, detections) bool."""
    hits = np.zeros((len(thresholds), len(oks)), bool)
    for row, threshold in enumerate(thresholds):
        free = np.ones(oks.shape[1], bool)
        for detection, of in enumerate(oks):
            good = free & (of >= min(threshold, 1 - 1e-10))
            if good.any():
                best = np.flatnonzero(good & (of == of[good].max()))[-1]  # of equal ones COCO takes the last
                free[best], hits[row, detection] = False, True
    return hits


def _interpolated(hits: np.ndarray, annotations: int) -> float:
    """Mean over 101 recalls of the highest precision at this recall or above; 0 where it is not reached."""
    found = np.cumsum(hits, dtype=float)
    precision = found / (np.arange(1, len(hits) + 1) + np.spacing(1))
    highest = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(highest[np.searchsorted(found / annotations, RECALLS, side="left")].mean())


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean of the values that are known; NaN where there is none."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0).sum(axis) / known.sum(axis))
