"""What a metric is: a function of a drawn sample that gives one value a bootstrap draw.

To add one, write that function and name it in ``configs/evaluation/`` as "module.function". It takes a `Drawn` (binary
outcome), a `DrawnFollowUp`, or a `DrawnFollowUp` and a ``horizon`` in years. A metric of a binary outcome serves at a
horizon, too, where "the event by then" is one, with weights.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from bonerisk.errors import ConfigError

Array = np.ndarray


@dataclass(frozen=True)
class Values:
    """One metric over draws.

    Parameters
    ----------
    value : array (draws,)
        NaN if it can't be computed.
    undefined : str
        What a NaN means, for the note.
    trials : array (draws,), optional
        Denominator of a binomial proportion, for which Wilson's interval holds.
    note : str
        What a reader must know of the value.
    """

    value: Array
    undefined: str
    trials: Array | None = None
    note: str = ""


DrawnSample = TypeVar("DrawnSample")
Metric = Callable[[DrawnSample], Values]  # of a Drawn or DrawnFollowUp, by the outcome it is for
Function = Callable[..., Values]  # a metric as it is written and named: a `Metric`, or one that takes a horizon, too


class Key(NamedTuple):
    """Which number: the metric, at which threshold and horizon, where it has them."""

    metric: str
    threshold: str = ""
    horizon: float = np.nan


def divide(numerator: Array, denominator: Array) -> Array:
    """Quotient, NaN if the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator != 0)


class Weighed(Protocol):
    """A drawn sample of any kind."""

    @property
    def weights(self) -> Array:
        """Weight of each film in each draw, (draws, n)."""
        ...


def unfitted(note: str) -> Metric[Weighed]:
    """A metric that has no value, whatever the draw, and says why."""
    return lambda drawn: Values(np.full(len(drawn.weights), np.nan), note)


def at_horizon(metric: Function, horizon: float, predicted: bool = False) -> Metric:
    """A metric at `horizon` years: of follow-up where it takes a horizon, else of the binary outcome "by then".

    The binary one is taken by risk, or by the predicted probability of that horizon where `predicted`.

    Examples
    --------
    >>> from bonerisk.evaluation.metrics.discrimination import auc
    >>> from bonerisk.evaluation.samples.followed import Followed
    >>> films = Followed.of(risk=[2.0, 1.5, 0.3, 0.9, -0.5], time=[1.0, 2.0, 3.0, 4.0, 5.0], status=[1, 0, 1, 2, 0])
    >>> at_horizon(auc, 3.5)(films.drawn()).value.round(3)
    array([0.714])
    """
    if takes_horizon(metric):
        return partial(metric, horizon=horizon)
    # Weighted counts are no binomial trials.
    return lambda drawn: replace(metric(drawn.at(horizon, predicted)), trials=None)


def at_any_time(metric: Function) -> Metric:
    """A metric of a binary outcome, which is the event at any time, however long a film was followed."""
    return lambda drawn: metric(drawn.whole)


def takes_horizon(metric: Function) -> bool:
    """Whether a metric is one of follow-up at a horizon."""
    return "horizon" in inspect.signature(metric).parameters


def of_follow_up(metric: Function) -> bool:
    """Whether a metric is one of films followed up, not of a binary outcome, by what it says it takes."""
    taken = next(iter(inspect.signature(metric).parameters.values()))
    return str(taken.annotation) == "DrawnFollowUp"


def named(names: Sequence[str]) -> dict[str, Function]:
    """Metric functions by their own names, from "module.function" in `bonerisk.evaluation`.

    Raises
    ------
    ConfigError
        There is no such function, or two have one name, by which they would be one row of the table.
    """
    found: dict[str, Function] = {}
    for name in names:
        own, function = _function(name)
        if found.setdefault(own, function) is not function:
            raise ConfigError(f"two metrics are called {own}", "evaluation", f"give {name} a name of its own")
    return found


def _function(name: str) -> tuple[str, Function]:
    module, _, function = name.rpartition(".")
    try:
        return function, getattr(importlib.import_module(f"{__package__}.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"no metric {name}", "evaluation", 'name it "module.function", such as discrimination.auc'
        ) from error
