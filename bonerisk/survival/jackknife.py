"""The infinitesimal jackknife of a whole curve, without a matrix of rows by times.

The influence of a unit on the curve at time t is θ(t)·b(t), where the basis b is common to all units and θ changes only
when a row of the unit comes under risk or leaves it. So Σ (θ·b)² = bᵀ (Σ θθᵀ) b, and the inner sum is a step function
with at most two steps per row: n log n work, whereas a matrix of influences takes n times T.
"""

from __future__ import annotations

import numpy as np

from bonerisk.survival.life_table import LifeTable

Array = np.ndarray


def curve_variance(table: LifeTable, at_risk: Array, ended: Array, basis: Array) -> Array:
    """Variance of a curve at each time, (T,); NaN if there is only one unit.

    Parameters
    ----------
    table : LifeTable
    at_risk, ended : array (n, p)
        θ of each row while it is at risk, and after that.
    basis : array (T, p)

    References
    ----------
    Therneau & Grambsch 2000, Modeling Survival Data, ch. 7.
    """
    size = len(table.time)
    if table.units < 2:
        return np.full(size, np.nan)
    inside, outside = table.share[:, None] * at_risk, table.share[:, None] * ended
    position = np.concatenate([table.start, np.maximum(table.stop - 1, 0)])
    unit = np.concatenate([table.unit, table.unit])
    order = np.lexsort([position, unit])
    position, unit = position[order], unit[order]
    state = np.cumsum(np.concatenate([inside, outside - inside])[order], axis=0)
    first = np.flatnonzero(np.append(True, unit[1:] != unit[:-1]))
    before = np.vstack([np.zeros(state.shape[1]), state[:-1]])
    # The running sum goes through all units: subtract what the units before have left in it.
    left_over = np.repeat(before[first], np.diff(np.append(first, len(unit))), axis=0)
    state, before = state - left_over, before - left_over
    variance = np.zeros(size)
    for i in range(state.shape[1]):
        for j in range(i + 1):
            step = state[:, i] * state[:, j] - before[:, i] * before[:, j]
            inner = np.cumsum(np.bincount(position, step, minlength=size))
            variance += (1 if i == j else 2) * inner * basis[:, i] * basis[:, j]
    return np.maximum(variance, 0.0)
