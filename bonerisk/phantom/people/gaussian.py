"""Conditional means of some of a patient's bones given others, for the Gaussian departures of `density`.

The eight departures (three DXA sites, five filmed bones) are, in units of their SD, a loading times the patient's
factor plus an own part; the regression of one departure on others is linear.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import ndtr

from bonerisk.phantom.people.density import BONES, DXA_LOADING, FILM_LOADING, READING_SD, SITES
from bonerisk.phantom.people.disease import Array

LOADING = np.array([*DXA_LOADING.values(), *[FILM_LOADING] * len(BONES)])
COVARIANCE = np.outer(LOADING, LOADING) + np.diag(1 - LOADING**2)
MEAN_SITE = np.array([1 / len(SITES)] * len(SITES) + [0.0] * len(BONES))  # the mean of DXA's sites, without error

_F = np.linspace(-7.0, 7.0, 281)  # values of the factor
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)


@cache
def mean_site_on(observed: str, sd: float, bones: int = len(BONES)) -> tuple[Array, float]:
    """Return the regression of the mean departure of DXA's sites on what is observed, and the residual variance.

    Parameters
    ----------
    observed : str
        "readings": the three sites with DXA's error; "film": filmed bones; "nothing".
    sd : float
        Of a T-score within an age.
    bones : int
        How many filmed bones are observed; all have the same loading.

    Returns
    -------
    coefficients : array (k,)
    variance : float
        In squared T-scores.
    """
    place = {"readings": slice(0, len(SITES)), "film": slice(len(SITES), len(SITES) + bones), "nothing": slice(0, 0)}[
        observed
    ]
    within = sd**2 * COVARIANCE[place, place]
    if observed == "readings":
        within = within + np.diag(np.square(list(READING_SD.values())))
    across = sd**2 * COVARIANCE[place] @ MEAN_SITE
    coefficients = np.linalg.solve(within, across)
    return coefficients, float(sd**2 * MEAN_SITE @ COVARIANCE @ MEAN_SITE - across @ coefficients)


def lowest(filmed: Array | None, count: int) -> Array:
    """Return the expected departure of the lowest of DXA's sites, shape (count,), in SDs within an age.

    Parameters
    ----------
    filmed : array (count, bones) or None
        Departures of the filmed bones that the film shows, in those SDs; None where it shows none.
    """
    mean, variance = np.zeros(count), 1.0
    if filmed is not None:
        loading = LOADING[len(SITES) : len(SITES) + filmed.shape[1]]
        weights = loading / (1 - loading**2)
        variance = 1 / (1 + weights @ loading)
        mean = variance * filmed @ weights
    factor = mean[:, None] + np.sqrt(variance) * _NODES
    return np.asarray(np.interp(factor, _F, _lowest_given_factor()) @ _WEIGHTS / _WEIGHTS.sum())


@cache
def _lowest_given_factor() -> Array:
    """Expected lowest departure at each of `_F`: given the factor, the sites are independent.

    The mean of a variable is a lower bound plus the integral of its survival function from that bound on.
    """
    t = np.linspace(-14.0, 14.0, 2801)
    loading = LOADING[: len(SITES)]
    above = ndtr((loading * _F[:, None, None] - t[:, None]) / np.sqrt(1 - loading**2)).prod(axis=2)
    return np.asarray(t[0] + np.trapezoid(above, t, axis=1))
