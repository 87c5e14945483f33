"""The share of Grad-CAM's maps that lies on each organ, against the organ's share of the image.

A share is summed over the map's own grid, of whose cells an organ covers a part. Organs overlap on a film, so shares of
several don't add up to 1. *Enrichment* is the mean share over the mean area: 1 means as much attention as the organ
would get from a map that is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import cv2
import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Distribution, Draws
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.plan import Plan
from bonerisk.evaluation.split import patients_and_strata
from bonerisk.explain.directions import DIRECTIONS, part
from bonerisk.imaging.organs import FULL, Covered

FILM = {"dataset": str, "split": str, "model": str, "image_id": str, "patient_id": str}
SHARES = {**FILM, "score": str, "direction": str, "organ": str, "share": float, "area": float}
ATTENTION = {
    **{"dataset": str, "split": str, "model": str, "score": str, "direction": str, "organ": str, "group": str},
    **{"metric": str, "estimate": float, "lower": float, "upper": float, "level": float, "n": int, "method": str},
    "note": str,
}
KEY = ["dataset", "split", "model", "score", "direction", "organ"]
DIFFERENCE = "difference"  # of a metric: with the outcome less without it
NOWHERE = "maps of nothing: no place moves the score this way"


def shares(films: pd.DataFrame, maps: Mapping[str, np.ndarray], covered: Iterable[Covered]) -> pd.DataFrame:
    """The share of each film's maps on each organ.

    Parameters
    ----------
    films : DataFrame
        n rows of a predictions table.
    maps : mapping
        Score → signed maps (n, rows, columns).
    covered : iterable of Covered
        Organs of the n films; those without masks give no rows.

    Returns
    -------
    DataFrame
        Columns `SHARES`. `share` is NaN if a map has nothing in a direction.
    """
    grid = next(iter(maps.values())).shape[1:]
    rows = (row for number, film in enumerate(covered) for row in _of_film(number, film, maps, grid))
    found = pd.DataFrame(rows, columns=["film", *list(SHARES)[len(FILM) :]])
    own = films[list(FILM)].iloc[found["film"].to_numpy(int)].reset_index(drop=True)
    return pd.concat([own, found.drop(columns="film")], axis=1)


def _of_film(
    number: int, film: Covered, maps: Mapping[str, np.ndarray], grid: tuple[int, ...]
) -> Iterator[tuple[int, str, str, str, float, float]]:
    cells = {organ: _on_grid(of, grid) for organ, of in film.organs.items()}
    for score, of_films in maps.items():
        for direction in DIRECTIONS:
            weight = part(of_films[number], direction).astype(float)
            total = weight.sum()
            for organ, cell in cells.items():
                share = float((weight * cell).sum() / total) if total > 0 else np.nan
                yield number, score, direction, organ, share, float(cell.mean())


def laid_out(image: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """An image (h, w) or (k, h, w) as a map of it lies, (h, w) or (k · h, w) float or of its type.

    Planes are of one place, so that their mean is shown; unless the map is as high for its width as all of them, one
    below the other: then they are patches (`bonerisk.encoders.patches`).

    >>> laid_out(np.ones((5, 8, 8)), grid=(4, 4)).shape, laid_out(np.ones((5, 8, 8)), grid=(20, 4)).shape
    ((8, 8), (40, 8))
    """
    if image.ndim == 2:
        return image
    below = image.reshape(-1, image.shape[2])
    return below if below.shape[0] * grid[1] == below.shape[1] * grid[0] else image.mean(axis=0)


def _on_grid(covered: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Mean cover (rows, columns) of each cell."""
    plane = laid_out(covered, grid)
    return cv2.resize(plane.astype(np.float32), grid[::-1], interpolation=cv2.INTER_AREA) / FULL


def attention(table: pd.DataFrame, films: pd.DataFrame, plan: Plan, outcome: str) -> Iterator[Row]:
    """Mean share, area and enrichment of each organ by outcome, and differences, with intervals by patient.

    Parameters
    ----------
    table : DataFrame
        As `shares` gives it.
    films : DataFrame
        The explained films of the predictions table, with `site` and the outcome's column.
    plan : Plan
        Draws and level of the evaluation.
    outcome : str
        Column of the outcome, 1 or 0.

    Yields
    ------
    dict
        Columns `ATTENTION`. `group` is "all", "1" or "0" by outcome, or `DIFFERENCE`: of 1 less of 0.
    """
    for _, of_split in films.groupby(["dataset", "split"], sort=False):
        there = of_split[of_split["image_id"].isin(table["image_id"])].reset_index(drop=True)
        if there.empty:
            continue
        patient, strata = patients_and_strata(there, plan, outcome)
        weights = Draws.of(patient.max() + 1, plan.n_draws, plan.seed, strata).counts[:, patient].astype(float)
        place = pd.Series(np.arange(len(there)), there["image_id"])
        label = there[outcome].to_numpy(float)
        own = table[table["image_id"].isin(there["image_id"])]
        for key, rows in own.groupby(KEY, sort=False):
            share, area = (np.full(len(there), np.nan) for _ in range(2))
            at = place[rows["image_id"]].to_numpy()
            share[at], area[at] = rows["share"], rows["area"]
            if not (area > 0).any():  # no film has it, as a pacemaker
                continue
            known = np.isfinite(share)
            lost = int((np.isnan(share) & np.isfinite(area)).sum())
            yield from _of_organ(
                dict(zip(KEY, key, strict=True)), share, area, known, label, patient, weights, plan, lost
            )


def _of_organ(
    where: Row,
    share: np.ndarray,
    area: np.ndarray,
    known: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    weights: np.ndarray,
    plan: Plan,
    lost: int,
) -> Iterator[Row]:
    said = f"{lost} films left out, {NOWHERE}" if lost else ""
    groups = {"all": known, "1": known & (label == 1), "0": known & (label == 0)}
    found = {name: _estimates(share, area, keep, patient, weights, plan) for name, keep in groups.items()}
    found[DIFFERENCE] = {metric: found["1"][metric] - found["0"][metric] for metric in found["all"]}
    for group, metrics in found.items():
        n = int(groups[group].sum()) if group in groups else int(known.sum())
        for metric, of in metrics.items():
            bounds = interval(of, plan.level)
            about = {"group": group, "metric": metric, "estimate": of.estimate, "lower": bounds.lower}
            about |= {"upper": bounds.upper, "level": plan.level, "n": n, "method": bounds.method}
            yield where | about | {"note": "; ".join(filter(None, [bounds.note, said]))}


def _estimates(
    share: np.ndarray, area: np.ndarray, keep: np.ndarray, patient: np.ndarray, weights: np.ndarray, plan: Plan
) -> dict[str, Distribution]:
    few = len(np.unique(patient[keep])) < plan.min_n
    if few or not area[keep].any():
        why = f"under {plan.min_n} patients" if few else "the organ lies on none of the images"
        return dict.fromkeys(("share", "area", "enrichment"), Distribution(np.nan, np.empty(0), why))
    once = np.ones((1, int(keep.sum())))
    drawn = {}
    for name, of in (("whole", once), ("drawn", weights[:, keep])):
        n = of.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):  # a draw without any of these patients
            means = {"share": of @ share[keep] / n, "area": of @ area[keep] / n}
            drawn[name] = means | {"enrichment": means["share"] / means["area"]}
    undefined = "none of these films"
    return {name: Distribution(float(of[0]), drawn["drawn"][name], undefined) for name, of in drawn["whole"].items()}
