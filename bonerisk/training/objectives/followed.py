"""What the objectives of time to an event share: films that must be comparable, and the score of an epoch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bonerisk.errors import ConfigError, DataError, raise_together
from bonerisk.evaluation.metrics.concordance import c_index
from bonerisk.evaluation.samples.followed import Followed

COLUMNS: Mapping[str, str] = {"tune_loss": "loss", "tune_c_index": "C-index"}
BEST_BY = (("tune_c_index", 1), ("tune_loss", -1))
MEND = "bring patients who had the event and others followed for longer, or split them otherwise (dataset.split_seed)"


def check(train: np.ndarray, tune: np.ndarray) -> None:
    """Refuse splits without a pair of films whose order is known.

    Equal times of all films are no reason to refuse if some have the event and others don't: an event precedes a
    censoring at the same time, so that the former rank before the latter.

    Parameters
    ----------
    train, tune : array (n, 2)
        Time, and whether the event ended it.

    Raises
    ------
    DataError
        A split has no event, or no film outlives one.
    """
    found = [_incomparable(split, *targets.T) for split, targets in (("train", train), ("tune", tune))]
    raise_together([DataError(what, "event, time_years", MEND) for what in found if what])


def _incomparable(split: str, time: np.ndarray, event: np.ndarray) -> str:
    had = event == 1
    if not had.any():
        return f"none of the {len(time)} films of the split {split!r} has the event"
    outlived = time.max() > time[had].min() or (time[~had] >= time[had].min()).any()
    return "" if outlived else f"no film of the split {split!r} is followed for longer than one with the event"


def score(risk: np.ndarray, targets: np.ndarray) -> float:
    """Harrell's C (`bonerisk.evaluation.metrics.concordance.c_index`) of risks (n,), for targets (n, 2)."""
    return float(c_index(Followed.of(risk, *targets.T).drawn()).value[0])


def unfit(objective: str, takes: str, head: str) -> ConfigError:
    """The error for outputs of a head that an objective is no function of."""
    return ConfigError(f"{objective} takes {takes}, which this head does not give", "head", f"choose {head}")
