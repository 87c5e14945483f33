"""What a network loses when an organ is hidden: each bone is filled in on the image that the network sees.

The image is filled, not the film: the range that a preprocessing takes from a film depends on its brightest bone, so
that hiding this bone on the film would change the whole image. A filled pixel is the mean of the pixels around the
organ, weighted by their distance. As a control, a region of the same shape and area is filled elsewhere: what an organ
loses beyond that is due to its place.

References
----------
Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", ECCV (occlusion).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Distribution, Draws, distributions
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.evaluation.plan import Plan
from bonerisk.evaluation.split import patients_and_strata
from bonerisk.imaging.masks import BONES
from bonerisk.imaging.organs import ALL_BONES, Covered

WHOLE, ORGAN, CONTROL, DIFFERENCE = "risk", "organ_hidden", "control_hidden", "difference"
OCCLUSION = {
    **{"dataset": str, "split": str, "model": str, "organ": str, "region": str, "metric": str, "area": float},
    **{"estimate": float, "loss": float, "lower": float, "upper": float, "level": float, "n": int, "n_events": int},
    **{"method": str, "note": str},
}
REACH = 16  # the filling's SD is the image's side over this
PLACES = 32  # at which a control is tried; the one that overlaps least with the organ is taken

Risks = Callable[[np.ndarray, int], np.ndarray]


def filled(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """An image, uint8 (h, w) or (k, h, w), whose `region` (bool, of its shape) is filled from around.

    >>> image = np.full((32, 32), 50, np.uint8)
    >>> image[:, 16:] = 90
    >>> region = np.zeros((32, 32), bool)
    >>> region[8:16, 4:8] = region[8:16, 24:28] = True
    >>> spoilt = np.where(region, np.uint8(255), image)
    >>> int(filled(spoilt, region)[12, 5]), int(filled(spoilt, region)[12, 26])
    (50, 90)
    """
    if image.ndim == 3:
        return np.stack([filled(*planes) for planes in zip(image, region, strict=True)])
    sd = max(image.shape) / REACH
    kept = (~region).astype(np.float64)
    around, weight = (cv2.GaussianBlur(of, (0, 0), sd) for of in (image * kept, kept))
    rest = image[~region].mean() if (~region).any() else 0.0  # deep inside, nothing around is near
    values = np.divide(around, weight, out=np.full(image.shape, rest), where=weight > 1e-6)
    return np.where(region, np.rint(values).clip(0, 255).astype(np.uint8), image)


def elsewhere(region: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same region at another place, round the image's edges: of `PLACES`, that of least overlap."""
    height, width = region.shape[-2:]
    moves = np.column_stack([random.integers(0, height, PLACES), random.integers(0, width, PLACES)])
    moved = (np.roll(region, tuple(move), axis=(-2, -1)) for move in moves)
    return min(moved, key=lambda other: int((other & region).sum()))


def occlude(images: Callable[[int], np.ndarray], covered: Iterable[Covered], risks: Risks, seed: int) -> pd.DataFrame:
    """Risks of n films with each bone hidden in turn.

    Parameters
    ----------
    images : callable
        Number of a film → its image.
    covered : iterable of Covered
        Organs of the n films.
    risks : callable
        From a film's images (m, …) and its number to risks (m,).
    seed : int
        Of the controls' places.

    Returns
    -------
    DataFrame
        A row for each film and bone on its image: `film` (number), `organ`, `area` (share of the image), and the risk
        with this `ORGAN` hidden, or the `CONTROL`.
    """
    rows = []
    for number, film in enumerate(covered):
        there = {organ: film.organs[organ] > 0 for organ in (*BONES, ALL_BONES) if organ in film.organs}
        regions = {organ: region for organ, region in there.items() if region.any()}
        if regions:
            random, image = np.random.default_rng([seed, number]), images(number)
            hidden = [*regions.values(), *(elsewhere(region, random) for region in regions.values())]
            risk = risks(np.stack([filled(image, region) for region in hidden]), number).reshape(2, -1)
            for (organ, region), of_organ, of_control in zip(regions.items(), *risk, strict=True):
                rows.append((number, organ, float(region.mean()), of_organ, of_control))
    return pd.DataFrame(rows, columns=["film", "organ", "area", ORGAN, CONTROL])


def occlusion(films: pd.DataFrame, hidden: pd.DataFrame, plan: Plan, kind: Outcome) -> Iterator[Row]:
    """What the headline metric loses with each organ hidden, paired over the evaluation's draws.

    Parameters
    ----------
    films : DataFrame
        n rows of a predictions table: risk, outcome, site, patient_id.
    hidden : DataFrame
        As `occlude` gives it for these films.
    plan : Plan
    kind : Outcome

    Yields
    ------
    dict
        Columns `OCCLUSION`: the metric with the region hidden, and its loss. Region `DIFFERENCE` is the loss by the
        organ less that by the control.
    """
    table = films.reset_index(drop=True).merge(hidden, left_index=True, right_on="film")
    for (dataset, split, organ), rows in table.groupby(["dataset", "split", "organ"], sort=False):
        where = {"dataset": dataset, "split": split, "model": rows["model"].iloc[0], "organ": organ}
        yield from _of_organ(where | {"area": float(rows["area"].mean())}, rows, plan, kind)


def _of_organ(where: Row, films: pd.DataFrame, plan: Plan, kind: Outcome) -> Iterator[Row]:
    patient, strata = patients_and_strata(films, plan, kind.outcome[0])
    draws = Draws.of(patient.max() + 1, plan.n_draws, plan.seed, strata)
    found: dict[str, Distribution] = {}
    for region in (WHOLE, ORGAN, CONTROL):
        sample = kind.sample(films, films[region].to_numpy(float), patient, {})
        key, metric = next(iter(kind.compared(sample, [], graded=False).items()))
        few = plan.too_few(sample, np.nan, both_outcomes=True)
        found[region] = (
            Distribution(np.nan, np.empty(0), few) if few else distributions(sample, {key: metric}, draws)[key]
        )
    loss = {region: found[WHOLE] - found[region] for region in (ORGAN, CONTROL)}
    loss[DIFFERENCE] = loss[ORGAN] - loss[CONTROL]
    about = {"metric": key.metric, "level": plan.level, "n": len(sample), "n_events": sample.n_events_by(np.nan)}
    for region, of in loss.items():
        bounds = interval(of, plan.level)
        after = found[region].estimate if region in found else np.nan
        yield {
            **where,
            **about,
            **{"region": region, "estimate": after, "loss": of.estimate, "lower": bounds.lower, "upper": bounds.upper},
            **{"method": bounds.method, "note": bounds.note},
        }
