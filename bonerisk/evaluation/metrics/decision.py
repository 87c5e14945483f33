"""Whether acting on a model does more good than harm: net benefit and decision curves.

A threshold probability p says how much harm a clinician accepts for a benefit. A clinician who treats from a risk of
10 % on accepts nine films treated in vain for one case treated. Net benefit counts the cases that a model finds, less
the false positives at that rate of exchange. A model is useful where its net benefit is above that of treating all and
that of treating none, which is 0.

Risks must be probabilities. At a horizon they are those of the event by then, and the known stand for the censored
(`bonerisk.evaluation.samples.followed`); competing events count as no event. The net benefit of treating all is then
exactly that of the Kaplan–Meier or, with competing events, Aalen–Johansen incidence. For the model, ``dcurves`` and
``stdca`` instead take the share of films that are positive and the incidence among them: the same without censoring,
and nearly so where censoring does not depend on risk.

References
----------
Vickers & Elkin 2006, Med Decis Making 26:565; Vickers, Cronin, Elkin & Gönen 2008, BMC Med Inform Decis Mak 8:53
(censoring, and treatments avoided).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.intervals.resampling import Draws, map_draws
from bonerisk.evaluation.metrics.catalogue import About, described
from bonerisk.evaluation.metrics.metric import Metric, Values, divide
from bonerisk.evaluation.samples.followed import AtHorizon
from bonerisk.evaluation.samples.sample import Array, Drawn, Sample

QUANTITIES = ["net_benefit", "treat_all", "advantage", "avoided_per_100"]
ENDS = ["", "_lower", "_upper"]


@described(
    About(
        "Net benefit",
        "decision",
        decimals=1,
        upper=1,
        higher_is_better=True,
        paired=False,
        scale=1000,
        of_prevalence=True,
        meaning="Net benefit: cases found, less those treated in vain at the rate of exchange of the threshold "
        "probability.",
    )
)
def net_benefit(threshold: float) -> Metric:
    """Net benefit TP/n − FP/n · p/(1 − p) of treating films whose risk is at least `threshold`: a metric of a `Drawn`.

    Parameters
    ----------
    threshold : float
        Threshold probability p, between 0 and 1.

    Returns
    -------
    Metric
        Cases found per film, net of false positives; the prevalence at best, under 0 if the model does harm. For
        films followed up, ``at_horizon(net_benefit(p), horizon, predicted=True)``.

    Raises
    ------
    ConfigError
        `threshold` is not between 0 and 1.
    DataError
        When the metric is computed: risks are no probabilities.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> net_benefit(0.5)(sample.drawn()).value.round(3)
    array([0.167])
    """
    odds = float(_odds(np.array([threshold]))[0])

    def metric(drawn: Drawn) -> Values:
        _demand_probabilities(drawn.sample)
        counts = drawn.counts(threshold)
        films = counts.tp + counts.fp + counts.fn + counts.tn
        return Values(divide(counts.tp - odds * counts.fp, films), "no films")

    return metric


def decision_curve(
    sample: Sample | AtHorizon, thresholds: ArrayLike, draws: Draws, level: float = 0.95
) -> pd.DataFrame:
    """Net benefit over threshold probabilities, with pointwise percentile bounds over the draws.

    Parameters
    ----------
    sample : Sample or AtHorizon
        With probabilities as risk; at a horizon, those `predicted` for it.
    thresholds : array (k,)
        Threshold probabilities, between 0 and 1.
    draws : Draws
    level : float
        Level of the bounds.

    Returns
    -------
    DataFrame
        One row per threshold: threshold; net_benefit of the model; treat_all, that of treating everybody (treating none
        has 0); advantage of the model over the better of the two; avoided_per_100, treatments per 100 films that the
        model saves against treating all, at no loss of cases. Each of the four with ``_lower`` and ``_upper``. Empty if
        no film is known.

    Raises
    ------
    ConfigError
        A threshold is not between 0 and 1.
    DataError
        Risks are no probabilities.

    Examples
    --------
    >>> from bonerisk.evaluation.samples.sample import Sample
    >>> sample = Sample.of(risk=[0.9, 0.8, 0.4, 0.7, 0.2, 0.1], label=[1, 1, 1, 0, 0, 0])
    >>> curve = decision_curve(sample, [0.1, 0.5], Draws.of(6, n_draws=100))
    >>> curve[["threshold", "net_benefit", "treat_all"]].round(3)
       threshold  net_benefit  treat_all
    0        0.1        0.444      0.444
    1        0.5        0.167      0.000
    """
    grid = np.asarray(thresholds, dtype=float)
    odds = _odds(grid)

    def curves(drawn: Drawn) -> Array:  # of QUANTITIES, (4, draws, k)
        tp, fp = drawn.cumulated
        n, column = tp[:, -1:] + fp[:, -1:], drawn.sample.column(grid)
        model = divide(tp[:, column] - odds * fp[:, column], n)
        everyone = divide(tp[:, -1:] - odds * fp[:, -1:], n)
        return np.stack([model, everyone, model - np.maximum(everyone, 0), 100 * (model - everyone) / odds])

    whole = sample.drawn()
    _demand_probabilities(whole.sample)
    estimate = curves(whole)[:, 0]
    if np.isnan(estimate).any():
        return pd.DataFrame(columns=["threshold", *(name + end for name in QUANTITIES for end in ENDS)], dtype=float)
    drawn = np.concatenate(map_draws(curves, sample, draws), axis=1)
    lower, upper = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
    found = zip(QUANTITIES, zip(estimate, lower, upper, strict=True), strict=True)
    columns = {name + end: values for name, three in found for end, values in zip(ENDS, three, strict=True)}
    return pd.DataFrame({"threshold": grid, **columns})


def _odds(threshold: Array) -> Array:
    wrong = threshold[~((threshold > 0) & (threshold < 1))]
    if len(wrong):
        raise ConfigError(f"threshold probability {wrong[0]}", "evaluation", "take one between 0 and 1, such as 0.1")
    return threshold / (1 - threshold)


def _demand_probabilities(sample: Sample) -> None:
    if len(sample) and not (sample.risk[-1] >= 0 and sample.risk[0] <= 1):
        wrong = sample.risk[0] if sample.risk[0] > 1 else sample.risk[-1]
        raise DataError(
            f"risk {wrong} is no probability", "predictions", "net benefit needs a model that gives probabilities"
        )
