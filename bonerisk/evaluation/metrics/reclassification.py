"""What a new model changes on the films of an old one: net reclassification (NRI), integrated discrimination (IDI).

Both compare the mean change of risk in films with the outcome and without. The change therefore takes the place of the
risk in a sample, ``Sample.of(nri(old, new), label, patient)`` or ``Followed.of(idi(old, new), time, status, patient)``,
and the metrics below are metrics of that sample, with draws, intervals and horizons as for any other.

References
----------
Pencina et al. 2008, Stat Med 27:157 (NRI, IDI) and 2011, Stat Med 30:11 (category-free, and with censoring);
Pepe et al. 2015, Stat Biosci 7:282, Hilden & Gerds 2014, Stat Med 33:3405 and Kerr et al. 2014, Epidemiology 25:114
(why not to rely on them).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.metric import Values, divide
from bonerisk.evaluation.samples.sample import Array, Drawn

WARNING = (
    "NRI and IDI can be positive for a new model that adds nothing, where it is miscalibrated or overfitted: "
    "read them beside calibration, the difference in AUC and net benefit, and event and non-event parts apart "
    "(Pepe 2015, Hilden & Gerds 2014, Kerr 2014)."
)


def nri(old: ArrayLike, new: ArrayLike, threshold: float | None = None) -> Array:
    """Whether a film moves up (1), down (−1) or stays (0), as in ``Hmisc::improveProb`` where category-free.

    Parameters
    ----------
    old, new : array (n,)
        Risks of the same films by either model; higher is worse.
    threshold : float, optional
        Border of two categories: a film moves where one risk is at or above it and the other under it. The NRI is then
        the gain in sensitivity plus the gain in specificity. None: any change of risk is a move (category-free).

    Raises
    ------
    DataError
        Films of different number, or a risk is missing.

    Examples
    --------
    >>> nri(old=[0.2, 0.4, 0.3], new=[0.3, 0.3, 0.3])
    array([ 1., -1.,  0.])
    >>> nri(old=[0.2, 0.4, 0.3], new=[0.3, 0.3, 0.3], threshold=0.25)
    array([1., 0., 0.])
    """
    before, after = _paired(old, new)
    if threshold is None:
        return np.sign(after - before)
    return (after >= threshold).astype(float) - (before >= threshold)


def idi(old: ArrayLike, new: ArrayLike) -> Array:
    """New less old probability of a film; see `nri` for what goes in."""
    before, after = _paired(old, new)
    return after - before


def improvement(drawn: Drawn) -> Values:
    """NRI or IDI: mean change in films with the outcome less that in those without; over 0, the new model is better."""
    return Values(_mean(drawn, 1) - _mean(drawn, 0), "needs films with and without the outcome")


def event_part(drawn: Drawn) -> Values:
    """Mean change in films with the outcome; over 0, the new model is better for them."""
    return Values(_mean(drawn, 1), "no film has the outcome")


def nonevent_part(drawn: Drawn) -> Values:
    """Mean change in films without the outcome, its sign turned; over 0, the new model is better."""
    return Values(-_mean(drawn, 0), "every film has the outcome")


def _mean(drawn: Drawn, label: int) -> Array:
    """Mean change (draws,) in the films of a label."""
    films = (drawn.sample.label == label).astype(float)
    return divide(drawn.weights @ (films * drawn.sample.risk), drawn.weights @ films)


def _paired(old: ArrayLike, new: ArrayLike) -> tuple[Array, Array]:
    before, after = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
    if before.shape != after.shape:
        raise DataError(f"{len(before)} risks of the old model, {len(after)} of the new", "reclassification", "")
    missing = np.flatnonzero(np.isnan(before + after))
    if len(missing):
        mend = "keep the films for which both models give a risk"
        raise DataError("a risk is missing", f"row {missing[0]}, counted from 0; {len(missing)} such rows", mend)
    return before, after
