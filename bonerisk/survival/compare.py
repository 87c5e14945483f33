"""Tests that groups have the same curve: the log-rank test, and Gray's test under competing risks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival.life_table import checked_weights, labels, ratio
from bonerisk.survival.outcome import CENSORED, COMPETING, EVENT, Outcome, outcome

Array = np.ndarray
Score = tuple[Array, Array, Array]  # observed (k,), expected (k,), variance (k, k)


@dataclass(frozen=True)
class GroupTest:
    """A test that k groups have the same curve.

    Parameters
    ----------
    chi2, p : float
        NaN if no event distinguishes groups; then `note` says so.
    df : int
        Number of groups minus one, or less if a group is never at risk together with another.
    groups : tuple, (k,)
        Sorted.
    n : array (k,)
        Sums of weights.
    observed, expected : array (k,)
        Events, weighted by the test's weight over time; `expected` if the groups have the same curve.
    note : str
    """

    chi2: float
    p: float
    df: int
    groups: tuple[object, ...]
    n: Array
    observed: Array
    expected: Array
    note: str


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    rho: float = 0.0,
) -> GroupTest:
    """Log-rank test of k groups, as ``survival::survdiff``.

    Σ S(t−)^rho · (observed − expected) over event times, with the hypergeometric variance, added up over strata.

    Parameters
    ----------
    time, event, group : array (n,)
    strata : array (n,), optional
        Groups are compared within strata only.
    weights : array (n,), optional
        Whole numbers: how many equal rows a row stands for.
    rho : float
        0 is the log-rank test; 1 is Peto and Peto's, which gives early events more weight. S is the Kaplan–Meier
        estimate in the stratum.

    Raises
    ------
    DataError
        The outcome is not valid, there is one group only, or a weight is not whole.

    References
    ----------
    Harrington & Fleming 1982, Biometrika 69:553.

    Examples
    --------
    Maintained chemotherapy or none in leukaemia; ``survdiff(Surv(time, status) ~ x, aml)`` gives 3.4, p = 0.07.

    >>> time = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> test = logrank(time, event, ["maintained"] * 11 + ["none"] * 12)
    >>> f"χ² = {test.chi2:.3f}, p = {test.p:.3f}"
    'χ² = 3.396, p = 0.065'
    """
    checked = outcome(time, event)
    weight = checked_weights(weights, len(checked))
    if np.any(weight != np.floor(weight)):
        raise DataError("a weight is not whole", "log-rank test", "weights stand for equal rows: use whole ones")

    def score(failed: Array, _: Array, at_risk: Array) -> Score:
        events, total = failed.sum(axis=1), at_risk.sum(axis=1)
        early = np.cumprod(np.append(1.0, 1 - events / total))[:-1] ** rho
        part = at_risk / total[:, None]
        spread = early**2 * events * ratio(total - events, total - 1)
        variance = np.diag(spread @ part) - (part * spread[:, None]).T @ part
        return early @ failed, (early * events) @ part, variance

    return _test(score, checked, EVENT, group, strata, weight)


def gray(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    *,
    cause: int = EVENT,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
) -> GroupTest:
    """Gray's test that k groups have the same cumulative incidence of a cause, as ``cmprsk::cuminc``.

    It compares subdistribution hazards, in which patients who died of another cause stay at risk, with weight
    (1 − F(t−))^rho, F being the pooled incidence. Without competing events its score is that of the log-rank test; its
    variance is not, since it also allows for estimating F.

    Parameters
    ----------
    time, status, group : array (n,)
        Status 0 censored, 1 the event, 2 a competing event.
    cause : int
        The cause to compare, 1 or 2.
    strata : array (n,), optional
    rho : float

    Raises
    ------
    DataError
        The outcome is not valid, or there is one group only.
    ConfigError
        There is no such cause.

    References
    ----------
    Gray 1988, Ann Stat 16:1141.

    Examples
    --------
    >>> status = [1, 1, 2, 1, 0, 2, 0, 2, 0, 1]
    >>> test = gray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], status, [0] * 5 + [1] * 5)
    >>> test.observed, test.df
    (array([3., 1.]), 1)
    """
    checked = outcome(time, status, highest=COMPETING)
    if cause not in (EVENT, COMPETING):
        raise ConfigError(f"no cause {cause}", "cause", "use 1, the event, or 2, the competing one")
    score = functools.partial(_gray_score, rho)
    return _test(score, checked, cause, group, strata, np.ones(len(checked)))


def _gray_score(rho: float, failed: Array, competing: Array, at_risk: Array) -> Score:
    """Gray's score of one stratum; names follow his paper where it has them.

    R is the number at risk in the subdistribution, h = Y / S(t−) that number over 1 − F(t−), a the derivative of the
    score at t by a group's own increment, and c its running effect on the scores through the pooled F.
    """
    events = failed.sum(axis=1)
    survival = np.cumprod(1 - ratio(failed + competing, at_risk), axis=0)
    before = np.vstack([np.ones(at_risk.shape[1]), survival[:-1]])
    incidence = np.cumsum(before * ratio(failed, at_risk), axis=0)
    h = ratio(at_risk, before)
    h_all = h.sum(axis=1)
    big_r = h * (1 - np.vstack([np.zeros(at_risk.shape[1]), incidence[:-1]]))
    pooled = np.cumsum(events / h_all)
    pooled_before = np.append(0.0, pooled[:-1])
    early = (1 - pooled_before) ** rho
    observed = early @ failed
    expected = (early * events) @ (big_r / big_r.sum(axis=1, keepdims=True))

    part = h / h_all[:, None]
    a = early[:, None, None] * (h[:, :, None] * (np.eye(h.shape[1]) - part[:, None, :]))
    c = np.cumsum(a * ratio(events, h_all * (1 - pooled_before))[:, None, None], axis=0)
    to_come = c[-1] - c
    still = 1 - pooled[:, None]
    own = np.where(survival > 0, 1 - ratio(still, survival), 1.0)
    other = ratio(still, survival)
    # Variance of an increment, corrected for ties as that of a hypergeometric count.
    tied = np.where(events[:, None] > 1, 1 - ratio(events[:, None] - 1, h_all[:, None] * before - 1), 1.0)
    of_cause = tied * before * ratio(events[:, None], h_all[:, None] * at_risk)
    tied = np.where(competing > 1, 1 - ratio(competing - 1, at_risk - 1), 1.0)
    of_other = tied * ratio(before**2 * competing, at_risk**2)
    moved = a + own[:, None, :] * to_come
    drawn = other[:, None, :] * to_come
    variance = np.einsum("tik,tjk,tk->ij", moved, moved, of_cause, optimize=True)
    variance += np.einsum("tik,tjk,tk->ij", drawn, drawn, of_other, optimize=True)
    return observed, expected, variance


def _test(
    score: Callable[[Array, Array, Array], Score],
    checked: Outcome,
    cause: int,
    group: ArrayLike,
    strata: ArrayLike | None,
    weight: Array,
) -> GroupTest:
    """Sum `score` over strata; it takes events, competing events and numbers at risk, (event times, k) each."""
    n = len(checked)
    names, code = labels(group, n, "group")
    if len(names) < 2:
        raise DataError(f"one group only, {names[0]}", "group", "a comparison needs two or more")
    stratum = np.zeros(n, dtype=int) if strata is None else labels(strata, n, "strata")[1]
    k = len(names)
    observed, expected, variance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for rows in np.split(np.argsort(stratum, kind="stable"), np.cumsum(np.bincount(stratum))[:-1]):
        distinct, position = np.unique(checked.time[rows], return_inverse=True)
        cell, status = position * k + code[rows], checked.status[rows]
        of_own, of_others, leaving = (
            np.bincount(cell, weight[rows] * mask, minlength=len(distinct) * k).reshape(-1, k)
            for mask in (status == cause, (status != cause) & (status != CENSORED), np.ones(len(rows)))
        )
        some = (of_own + of_others).sum(axis=1) > 0
        if some.any():
            at_risk = leaving[::-1].cumsum(axis=0)[::-1]
            part = score(of_own[some], of_others[some], at_risk[some])
            observed, expected, variance = observed + part[0], expected + part[1], variance + part[2]
    return _judged(observed, expected, variance, names, np.bincount(code, weight))


def _judged(observed: Array, expected: Array, variance: Array, names: Array, n: Array) -> GroupTest:
    score = observed - expected
    df = int(np.linalg.matrix_rank(variance, hermitian=True, tol=1e-10 * np.trace(variance))) if variance.any() else 0
    groups = tuple(names.tolist())
    if not df:
        note = "no event with more than one group at risk"
        return GroupTest(np.nan, np.nan, 0, groups, n, observed, expected, note)
    statistic = float(score @ np.linalg.pinv(variance, rcond=1e-10, hermitian=True) @ score)
    note = "" if df == len(names) - 1 else "some groups are never at risk together with others"
    return GroupTest(statistic, float(chdtrc(df, statistic)), df, groups, n, observed, expected, note)
