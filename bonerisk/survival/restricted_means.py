"""The difference between the restricted means of two groups: how much more event-free time one of them has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from bonerisk.errors import DataError
from bonerisk.survival import kaplan_meier
from bonerisk.survival.curve import shortened
from bonerisk.survival.interval import quantile_of
from bonerisk.survival.life_table import labels
from bonerisk.survival.outcome import outcome

Array = np.ndarray


@dataclass(frozen=True)
class MeansCompared:
    """Restricted means of two groups, the second minus the first, and divided by it.

    Parameters
    ----------
    horizon : float
        At most the shorter follow-up of the two; `note` says if that is less than asked.
    groups : tuple of two
        Sorted.
    means : array (2,)
    difference, ratio : array (3,)
        Estimate, lower and upper limit; the ratio's limits are on the log scale.
    p : float
        Test of a difference of 0 (Wald, two-sided).
    level : float
    note : str
    """

    horizon: float
    groups: tuple[object, ...]
    means: Array
    difference: Array
    ratio: Array
    p: float
    level: float
    note: str


def compare(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    horizon: float,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> MeansCompared:
    """Difference and ratio of the restricted means of two groups.

    Parameters
    ----------
    time, event, group : array (n,)
    horizon : float
    cluster : array (n,), optional
        Patient of each row. A patient may have films in both groups: the variance allows for it.
    level : float

    Raises
    ------
    DataError
        The outcome is not valid, or there are not exactly two groups.

    References
    ----------
    Royston & Parmar 2013, BMC Med Res Methodol 13:152.

    Examples
    --------
    >>> found = compare([1, 2, 3, 4, 2, 4, 6, 8], [1, 1, 1, 1, 1, 1, 0, 1], ["a"] * 4 + ["b"] * 4, horizon=4)
    >>> found.groups, found.means, round(float(found.difference[0]), 3)
    (('a', 'b'), array([2.5, 3.5]), 1.0)
    """
    checked = outcome(time, event)
    names, code = labels(group, len(checked), "group")
    if len(names) != 2:
        raise DataError(f"two groups are needed, not {len(names)}", "restricted means", "compare two at a time")
    units = np.arange(len(checked)) if cluster is None else labels(cluster, len(checked), "cluster")[1]
    for k, name in enumerate(names):
        if len(np.unique(units[code == k])) < 2:
            raise DataError(f"one patient only in group {name}", "restricted means", "a variance needs two or more")
    used, note = shortened(min(checked.time[code == k].max() for k in range(2)), horizon)
    means, influence = np.zeros(2), np.zeros((2, units.max() + 1))
    for k in range(2):
        rows = code == k
        curve = kaplan_meier.fit(checked.time[rows], checked.event[rows], level=level)
        means[k] = curve.restricted_mean(used).estimate
        influence[k] = np.bincount(units[rows], curve.influence_on_mean(used), minlength=units.max() + 1)
    z = quantile_of(level)
    gap, error = means[1] - means[0], np.sqrt(np.sum((influence[1] - influence[0]) ** 2))
    of_log = np.sqrt(np.sum((influence[1] / means[1] - influence[0] / means[0]) ** 2))
    around = np.array([0.0, -z, z])
    if not error:
        note = "; ".join(filter(None, [note, "no event up to the horizon, or both groups the same, so no interval"]))
        around[1:] = np.nan
    return MeansCompared(
        used,
        tuple(names.tolist()),
        means,
        gap + around * error,
        means[1] / means[0] * np.exp(around * of_log),
        float(2 * ndtr(-abs(gap) / error)) if error else np.nan,
        level,
        note,
    )
