"""Vertebral heights from six points, their ratios, and who has a vertebral fracture by them.

A vertebra is fractured if a ratio of its heights is more than 3 SD below the normal mean of its level and the patient's
sex. The ratios are anterior to posterior, middle to posterior, and posterior to the posterior heights of the vertebrae
above and below. Genant's grade is given beside it.

The rule compares a vertebra with itself and its neighbours. Three neighbours that are crushed alike look normal, and a
vertebra above or below a crushed one looks tall, never fractured.

References
----------
Eastell et al. 1991, J Bone Miner Res 6:207 (3 SD of the level's ratios); McCloskey et al. 1993, Osteoporos Int 3:138
(ratios to neighbours); Genant et al. 1993, J Bone Miner Res 8:1137 (grades, there by eye).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bonerisk.errors import DataError
from bonerisk.keypoints.levels import PLACES, RANK, SACRUM, adjacent

KEYS = ["image_id", "level"]
RATIOS = ("anterior_posterior", "middle_posterior", "posterior_above", "posterior_below")
UNITS = ("px", "mm_detector", "mm_patient")
SD_LIMIT = 3.0
GRADES = (0.20, 0.25, 0.40)  # of the height lost: mild from 20 %, moderate over 25 %, severe over 40 %
ROUNDING = 1e-9


def heights(points: pd.DataFrame, films: pd.DataFrame | None = None) -> pd.DataFrame:
    """Measure each vertebra's three heights: the distance from the upper to the lower point.

    Parameters
    ----------
    points : DataFrame
        image_id, level, point (`levels.POINTS`), x and y in pixels of the film; as `points.read` gives it.
    films : DataFrame, optional
        A row an image: image_id; spacing_mm, the side of a pixel *at the detector* (DICOM's ImagerPixelSpacing); and
        magnification, source to detector over source to spine. Either number may be missing.

    Returns
    -------
    DataFrame
        A row a vertebra, from the top: image_id, level, and for each of anterior, middle and posterior
        ``<place>_height_px``; ``_mm_detector`` if `films` has spacings; ``_mm_patient`` (at the spine, that is at the
        detector over the magnification) if it has magnifications, too. Missing where a point, the spacing or the
        magnification is. The sacrum has no heights.
    """
    wide = points[points["level"] != SACRUM].pivot(index=KEYS, columns="point", values=["x", "y"])
    found = wide.index.to_frame(index=False)
    for place in PLACES:
        ends = [
            wide.reindex(columns=[(axis, f"{place}_{plate}") for axis in "xy"]).to_numpy(float)
            for plate in ("superior", "inferior")
        ]
        found[f"{place}_height_px"] = np.hypot(*(ends[0] - ends[1]).T)
    if films is not None:
        found = _in_mm(found, films)
    return in_order(found)


def _in_mm(found: pd.DataFrame, films: pd.DataFrame) -> pd.DataFrame:
    known = films.drop_duplicates("image_id").set_index("image_id")
    for name in ("spacing_mm", "magnification"):
        values = known[name] if name in known else pd.Series(np.nan, known.index)
        wrong = values[(values <= 0) | ((values < 1) & (name == "magnification"))]
        if len(wrong):
            what = f"{name} is {wrong.iloc[0]:g}, which can't be"
            raise DataError(what, f"film {wrong.index[0]}", "leave the cell empty where it is unknown")
        known[name] = values
    spacing, magnification = (found["image_id"].map(known[name]) for name in ("spacing_mm", "magnification"))
    for unit, factor in (("mm_detector", spacing), ("mm_patient", spacing / magnification)):
        if factor.notna().any():
            found = found.assign(**{f"{place}_height_{unit}": found[f"{place}_height_px"] * factor for place in PLACES})
    return found


def unit_of(measured: pd.DataFrame) -> str:
    """Return the first unit that all heights are in; ratios are the same in each."""
    found = [unit for unit in UNITS if f"posterior_height_{unit}" in measured]
    if not found:
        names = ", ".join(f"posterior_height_{unit}" for unit in UNITS)
        raise DataError("the table has no heights", "its columns", f"name them by their unit: {names}")
    return found[0]


def ratios(measured: pd.DataFrame) -> pd.DataFrame:
    """Add the ratios of heights to a table of them, and a note on what is missing.

    Parameters
    ----------
    measured : DataFrame
        As of `heights`.

    Returns
    -------
    DataFrame
        The same rows, from the top of each film, with columns `RATIOS`, missing where a height or a neighbour is, and
        ``note``, such as "no middle height; no vertebra below". The vertebra below T12 is T13 in a film that has one.

    Raises
    ------
    DataError
        A vertebra stands there twice.
    """
    unit = unit_of(measured)
    found = in_order(measured)
    twice = found[found.duplicated(KEYS)]
    if len(twice):
        one = twice.iloc[0]
        raise DataError("a vertebra stands there twice", f"film {one['image_id']}, level {one['level']}")
    anterior, middle, posterior = (found[f"{place}_height_{unit}"] for place in PLACES)
    found = found.assign(anterior_posterior=anterior / posterior, middle_posterior=middle / posterior)
    pairs = zip(found["level"], found["level"].shift(-1), found["image_id"] == found["image_id"].shift(-1), strict=True)
    follows = np.array([bool(same) and adjacent(upper, lower) for upper, lower, same in pairs], dtype=bool)
    under, over = posterior.shift(-1).where(follows), posterior.shift(1).where(np.roll(follows, 1))
    found["posterior_above"], found["posterior_below"] = posterior / over, posterior / under
    lacking = {f"no {place} height": found[f"{place}_height_{unit}"].isna() for place in PLACES}
    lacking |= {"no vertebra above": over.isna(), "no vertebra below": under.isna()}
    return found.assign(note=notes(lacking))


def judge(compared: pd.DataFrame, reference: pd.DataFrame, limit: float = SD_LIMIT) -> pd.DataFrame:
    """Say which vertebrae are fractured, with Genant's grade beside it.

    Parameters
    ----------
    compared : DataFrame
        As of `ratios`, with ``sex``, F or M.
    reference : DataFrame
        Normal values: level, sex, ratio, mean and sd; as `reference.fit` or `reference.read` gives them.
    limit : float
        A ratio more than so many SD below the mean is a fracture.

    Returns
    -------
    DataFrame
        The rows with ``z_<ratio>``; ``fracture``: 1, 0, or missing where no ratio could be compared; ``height_loss``:
        the largest share by which a ratio lies below its mean; ``genant_grade``: 0 to 3 by that share (`GRADES`), a
        measured counterpart of a grade that is given by eye. ``note`` adds which ratios have no reference.
    """
    table = reference.set_index(["ratio", "level", "sex"])
    found, whose = compared.copy(), pd.MultiIndex.from_frame(compared[["level", "sex"]])
    below, unknown = [], {}
    for ratio in RATIOS:
        normal = table.loc[[ratio]].droplevel("ratio") if ratio in table.index.get_level_values(0) else table[:0]
        normal = normal.reindex(whose) if len(normal) else pd.DataFrame(np.nan, whose, ["mean", "sd"])
        mean, sd = normal["mean"].to_numpy(float), normal["sd"].to_numpy(float)
        found[f"z_{ratio}"] = (found[ratio] - mean) / sd
        below.append(1 - found[ratio] / mean)
        unknown[f"no reference of {ratio}"] = found[ratio].notna() & np.isnan(mean)
    scores = found[[f"z_{ratio}" for ratio in RATIOS]]
    found["fracture"] = (scores < -limit).any(axis=1).astype(float).where(scores.notna().any(axis=1))
    found["height_loss"] = pd.concat(below, axis=1).max(axis=1).clip(lower=0)
    found["genant_grade"] = grade(found["height_loss"])
    more = notes(unknown)
    found["note"] = ["; ".join(filter(None, both)) for both in zip(found["note"], more, strict=True)]
    return found


def grade(loss: pd.Series) -> pd.Series:
    """Return Genant's grade, 0 to 3, of a share of height lost; missing where it is.

    Examples
    --------
    >>> grade(pd.Series([0.19, 0.2, 0.25, 0.26, 0.4, 0.41])).tolist()
    [0.0, 1.0, 1.0, 2.0, 2.0, 3.0]
    """
    mild, moderate, severe = GRADES
    grades = (loss >= mild - ROUNDING) * 1.0 + (loss > moderate + ROUNDING) + (loss > severe + ROUNDING)
    return grades.where(loss.notna())


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return a film's vertebrae together, from the top."""
    found = table.assign(_rank=table["level"].map(RANK)).sort_values(["image_id", "_rank"], kind="stable")
    return found.drop(columns="_rank").reset_index(drop=True)


def notes(told: Mapping[str, pd.Series]) -> list[str]:
    """Return for each row the words whose flag is set, joined."""
    words, flags = list(told), np.column_stack([np.asarray(flag, dtype=bool) for flag in told.values()])
    return ["; ".join(word for word, true in zip(words, row, strict=True) if true) for row in flags]
