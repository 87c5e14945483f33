"""A threshold on the risk, chosen on the tuning split of a model."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.targets.target import Target
from bonerisk.errors import ConfigError
from bonerisk.evaluation.metrics.rules import rule
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.outcomes.survival import status_of
from bonerisk.evaluation.samples.followed import AtHorizon, Followed
from bonerisk.evaluation.samples.risk_table import RiskTable
from bonerisk.evaluation.samples.sample import Drawn, Sample


def fit_threshold(tuning: pd.DataFrame, target: Target, text: str, horizon_years: float | None) -> Threshold:
    """The threshold that a rule chooses on predictions of the tuning split.

    Parameters
    ----------
    tuning : DataFrame
        Predictions table of one model.
    target : Target
        What it predicts.
    text : str
        Name of the rule, as `bonerisk.evaluation.metrics.rules.rule` reads it.
    horizon_years : float or None
        By when an event counts; None: the last for which there are probabilities, within the follow-up.

    Raises
    ------
    ConfigError
        There is no such rule, no row to choose by, the horizon is beyond the follow-up, or there are no thresholds for
        such a target.
    """
    if tuning.empty:
        raise ConfigError(
            "the model has no tuning split to choose a threshold on", "threshold", "give a number instead"
        )
    return rule(text).fit(_drawn(tuning, target, horizon_years))


def _drawn(tuning: pd.DataFrame, target: Target, horizon_years: float | None) -> Drawn:
    if target.kind == "binary":
        return Sample.of(tuning["risk"], tuning["label"]).drawn()
    if target.kind != "survival":
        mend = "targets of yes or no, and those with times, have some"
        raise ConfigError(f"thresholds are not defined for targets of the kind {target.kind}", "threshold", mend)
    followed = Followed.of(tuning["risk"], tuning["time_years"], status_of(tuning))
    if horizon_years is None:
        reached = [horizon for horizon in RiskTable.of(tuning).predicted if followed.reaches(horizon)]
        horizon_years = max(reached, default=float(followed.time[-1]))
    elif not (horizon_years > 0 and followed.reaches(horizon_years)):
        what = f"the tuning split is not followed up to {horizon_years:g} years"
        raise ConfigError(what, "horizon_years", f"choose one over 0, up to {followed.time[-1]:.3g}")
    return AtHorizon(followed, horizon_years).drawn()
