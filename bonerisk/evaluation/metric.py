"""What a metric is: a function of a drawn sample that gives one value a bootstrap draw.

To add one, write that function and name it in ``configs/evaluation/`` as "module.function".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Values:
    """One metric over draws.

    Parameters
    ----------
    value : array (draws,)
        NaN where it can't be computed.
    undefined : str
        What a NaN means, for the note.
    trials : array (draws,), optional
        Denominator of a binomial proportion, for which Wilson's interval holds.
    """

    value: Array
    undefined: str
    trials: Array | None = None


Metric = Callable[[Any], Values]  # of a Drawn or DrawnFollowUp, by the outcome it is for


def divide(numerator: Array, denominator: Array) -> Array:
    """Quotient, NaN where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator != 0)


def at_horizon(metric: Metric, horizon: float) -> Metric:
    """A metric of a binary outcome, for "the event by `horizon` years" of films followed up (`DrawnFollowUp.at`)."""
    return lambda drawn: replace(metric(drawn.at(horizon)), trials=None)  # weighted counts are no binomial trials


def unfitted(note: str) -> Metric:
    """A metric that has no value, whatever the draw, and says why."""
    return lambda drawn: Values(np.full(len(drawn.weights), np.nan), note)
