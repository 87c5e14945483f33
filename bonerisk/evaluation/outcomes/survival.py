"""How time to an event is evaluated: risk ranks, probabilities are of the event by a horizon, with censoring weights.

A competing event ends the follow-up in the C-indices and in the linear predictor of Cox baselines (cause-specific
hazard). Their probabilities allow for it; at a horizon it makes a film one without the event, and observed incidence is
Aalen and Johansen's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics import curves, decision, influence
from bonerisk.evaluation.metrics.calibration import curves as calibration_curves
from bonerisk.evaluation.metrics.calibration import recalibration
from bonerisk.evaluation.metrics.discrimination import auc
from bonerisk.evaluation.metrics.metric import (
    Function,
    Key,
    Metric,
    at_any_time,
    at_horizon,
    named,
    of_follow_up,
    takes_horizon,
    unfitted,
)
from bonerisk.evaluation.metrics.rules import Rule, given_or_rule
from bonerisk.evaluation.metrics.thresholds import Threshold, at, at_prevalence
from bonerisk.evaluation.models.clinical_scores import ClinicalScore, ranking_alone
from bonerisk.evaluation.outcomes.outcome import Recalibrate
from bonerisk.evaluation.samples.followed import AtHorizon, Followed
from bonerisk.evaluation.samples.risk_table import refuse
from bonerisk.heads import proportional_hazards
from bonerisk.survival.outcome import COMPETING, EVENT

Array = np.ndarray


class Survival:
    """The outcome `event` at `time_years`, beside it `competing_event` where there is one.

    Parameters
    ----------
    horizons_years : list of float
        At which incidence, probabilities and thresholds are judged.
    ranking, error, calibration, at_threshold : list of str
        Metrics of every model; of models with probabilities (error, calibration); and of these at each threshold. Each
        is "module.function" in `bonerisk.evaluation`: of follow-up, of follow-up at a horizon, or of the binary outcome
        at a horizon. Models are compared by ranking and error.
    thresholds : list of str
        Rules by which one is fitted on tuning at the last horizon, such as "youden", or numbers on the scale of the
        risk, which for a Cox model is the linear predictor, not a probability.
    net_benefit : list of float
        Threshold probabilities at which net benefit is given.
    baselines : list of list of str
        Columns of each Cox baseline.
    adjusted : list of str
        Columns for which the hazard ratio of high risk is adjusted.
    subgroups : list of str
        Columns, "age_decade" and crossings of them (`bonerisk.evaluation.samples.subgroups`).
    prevalence : float, optional
        A prevalence of the event by the horizon, for which PPV and NPV are given besides those of the films.
    gains : list of list of str, optional
        Columns of each clinical model to which the film's risk is added, to see what it gains; None: of the last
        baseline of which all columns are there.
    strata : list of str
        Subgroups, as in `subgroups`, within which high and low risk are compared, too, and probabilities are judged by
        their calibration and decision curves.
    dxa_groups : bool
        Whether those with a T-score are also parted by it (T ≤ −2.5), beside the film's groups.
    characteristics : list of str
        Columns, or patterns such as "finding_*", of which high and low risk are compared.
    incidence_years : list of float
        At which the incidence of high and low risk is given within strata; empty: at the horizons.
    regardless_of_time : bool
        Whether the event at any time is judged, too, as a yes-or-no outcome, however long a film was followed: by the
        AUC and the metrics at thresholds, without a horizon. Thresholds are then chosen by it. Films that were followed
        for a shorter time had less time for an event: published tables have it (spine DeepSurv, Table 2).
    rules : list of str, optional
        Scores that are judged beside the film by their ranking alone: clinical scores of
        `bonerisk.evaluation.models.clinical_scores`, and columns of the cohort, as "frax_major" (higher is worse). One
        that the cohort lacks is left out.
    """

    outcome: tuple[str, ...] = ("event", "time_years")
    ranking: Mapping[str, Function]
    at_threshold: Mapping[str, Function]
    thresholds: Sequence[Threshold | Rule]
    baselines: Sequence[Sequence[str]]
    gains: Sequence[Sequence[str]] | None
    subgroups: Sequence[str]
    net_benefit: Mapping[str, Metric]
    rules: Mapping[str, ClinicalScore]

    def __init__(
        self,
        horizons_years: list[float],
        ranking: list[str],
        error: list[str],
        calibration: list[str],
        at_threshold: list[str],
        thresholds: list[str | float],
        net_benefit: list[float],
        baselines: list[list[str]],
        adjusted: list[str],
        subgroups: list[str],
        prevalence: float | None = None,
        gains: list[list[str]] | None = None,
        strata: Sequence[str] = (),
        dxa_groups: bool = False,
        characteristics: Sequence[str] = (),
        incidence_years: Sequence[float] = (),
        regardless_of_time: bool = False,
        rules: Sequence[str] = (),
    ) -> None:
        if not horizons_years or min(horizons_years) <= 0 or not ranking:
            what = f"horizons_years {horizons_years}, ranking {ranking}"
            raise ConfigError(
                what,
                "evaluation.survival",
                "name one at least, horizons over 0, as 'evaluation.survival.horizons_years=[5]'",
            )
        self.adjusted = adjusted
        self.horizons_years = horizons_years
        self.ranking, self.error, self.calibration, self.at_threshold = map(
            named, (ranking, error, calibration, at_threshold)
        )
        self.thresholds = [given_or_rule(str(each)) for each in thresholds]
        self.net_benefit = {f"{share:g}": decision.net_benefit(share) for share in net_benefit}
        self.baselines, self.gains, self.subgroups = baselines, gains, subgroups
        self.strata, self.dxa_groups, self.characteristics = strata, dxa_groups, characteristics
        self.incidence_years, self.regardless_of_time = incidence_years, regardless_of_time
        self.rules = ranking_alone(rules)
        self.at_threshold |= at_prevalence(prevalence)

    def check(self, predictions: pd.DataFrame) -> None:
        """Refuse risks that are missing, and outcomes that are none."""
        time, event = predictions["time_years"], predictions["event"]
        refuse(predictions, {"a risk that is no number": ~np.isfinite(predictions["risk"])})
        refuse(predictions, {"a time_years that is not over 0": ~(np.isfinite(time) & (time > 0))})
        refuse(predictions, {"an event other than 0 and 1": ~event.isin([0, 1])})
        if "competing_event" in predictions:
            unknown = ~predictions["competing_event"].isin([0, 1]) & (event == 0)
            refuse(predictions, {"a competing_event other than 0 and 1": unknown})

    def fit(self, table: pd.DataFrame, columns: Sequence[str]) -> proportional_hazards.ProportionalHazards:
        """Fit a baseline."""
        return proportional_hazards.fit(table, columns)

    def predicted(
        self, model: proportional_hazards.ProportionalHazards, table: pd.DataFrame, horizons: Sequence[float]
    ) -> dict[float, Array]:
        """Probabilities of a baseline by horizon: those that the films' model gives, and ours."""
        return model.predicted(table, sorted({*horizons, *self.horizons_years}))

    def classes(self, model: proportional_hazards.ProportionalHazards, table: pd.DataFrame) -> dict[str, Array]:
        """Probabilities of classes: there is none."""
        return {}

    def term(self, risk: Array) -> Array:
        """A film's risk as it enters a combined model: as it is."""
        return risk

    def aligned(self, risk: Array, learnt: Array) -> Array:
        """Risks of different models on one scale: log hazards have an origin of their own, their mean where fitted."""
        return risk - np.nanmean(learnt)

    def sample(self, films: pd.DataFrame, risk: Array, patient: Array, predicted: Mapping[float, Array]) -> Followed:
        """Films with what one model predicts of them; a horizon at which it lacks a value is left out."""
        whole = {horizon: values for horizon, values in predicted.items() if not np.isnan(values).any()}
        if films.empty:
            return Followed(risk, risk, risk.astype(int), patient)
        return Followed.of(risk, films["time_years"], status_of(films), patient, whole)

    def horizons(self, sample: Followed, predicted: Sequence[float]) -> dict[float, str]:
        """Horizons in years within the films' follow-up, and what a reader must know of them.

        A horizon beyond the follow-up is replaced by the longest one within it for which there are predictions, or
        else by the end of the follow-up.
        """
        end = sample.time[-1]
        found = {float(asked): "" for asked in self.horizons_years if asked <= end}
        for asked in (asked for asked in self.horizons_years if asked > end):
            used = max([h for h in predicted if h <= end], default=end)
            found.setdefault(
                float(used), f"horizon shortened from {asked:g} years, since the follow-up ends at {end:.3g}"
            )
        return found

    def choose(self, tuning: Followed) -> list[Threshold]:
        """Thresholds, those that are rules fitted on tuning at the last horizon."""
        drawn = self.as_binary(tuning).drawn()
        horizon, said = self.chosen_at(tuning)
        said = f"threshold chosen on tuning at {horizon:g} years: {said}" if said else ""
        fitted = [each if isinstance(each, Threshold) else each.fit(drawn) for each in self.thresholds]
        return [each if each.note or each in self.thresholds else replace(each, note=said) for each in fitted]

    def chosen_at(self, sample: Followed) -> tuple[float, str]:
        """The horizon in years at which thresholds are chosen, the last, and what must be said of it; NaN: any time."""
        return (np.nan, "") if self.regardless_of_time else max(self.horizons(sample, list(sample.predicted)).items())

    def positive(self, films: pd.DataFrame) -> Array:
        """Whether the event was seen, at any time."""
        return films["event"].to_numpy() == 1

    def as_binary(self, sample: Followed) -> AtHorizon:
        """The sample on which thresholds are chosen: at the last horizon within its follow-up, or at any time."""
        return AtHorizon(sample, self.chosen_at(sample)[0])

    def recalibrations(self, sample: Followed, how: recalibration.Kind) -> dict[float | None, Recalibrate]:
        """What fits the recalibrated probability of each horizon, where there is one, on tuning films."""
        return {horizon: partial(recalibration.fit_at_horizon, sample, horizon, how) for horizon in sample.predicted}

    def compared(self, sample: Followed, horizons: Sequence[float], graded: bool) -> dict[Key, Metric]:
        """Metrics by which two models are compared; `graded` where both give probabilities."""
        whole = [name for name, metric in self.ranking.items() if of_follow_up(metric) and not takes_horizon(metric)]
        found = {Key(name): self.ranking[name] for name in whole}
        found |= {Key("auc"): at_any_time(auc)} if self.regardless_of_time else {}
        for horizon in horizons:
            found |= {
                Key(name, "", horizon): at_horizon(metric, horizon)
                for name, metric in self.ranking.items()
                if name not in whole
            }
            found |= self._probability(self.error, sample, horizon) if graded else {}
        return found

    def metrics(
        self, sample: Followed, horizons: Sequence[float], thresholds: Sequence[Threshold] | None
    ) -> dict[Key, Metric]:
        """Metrics of one model; one without `thresholds` is judged by its ranking alone."""
        found = self.compared(sample, horizons, graded=thresholds is not None)
        if self.regardless_of_time:
            found |= {
                Key(name, threshold.label): at_any_time(at(threshold, metric))
                for threshold in thresholds or ()
                for name, metric in self.at_threshold.items()
            }
        for horizon in horizons if thresholds is not None else ():
            found |= self._probability(self.calibration, sample, horizon)
            for threshold in thresholds or ():
                found |= {
                    Key(name, threshold.label, horizon): at_horizon(at(threshold, metric), horizon)
                    for name, metric in self.at_threshold.items()
                }
            for share, metric in self.net_benefit.items():
                [of] = self._probability({"net_benefit": metric}, sample, horizon).values()
                found[Key("net_benefit", share, horizon)] = of
        return found

    def _probability(self, metrics: Mapping[str, Function], sample: Followed, horizon: float) -> dict[Key, Metric]:
        """Metrics of the probabilities at a horizon, without value where the model gives none."""
        none = unfitted(f"the model gives no probability at {horizon:g} years")
        there = horizon in sample.predicted
        return {
            Key(name, "", horizon): at_horizon(metric, horizon, predicted=True) if there else none
            for name, metric in metrics.items()
        }

    def influence(self, key: Key, sample: Followed, n_patients: int) -> Array | None:
        """What each patient adds to a metric, where that is known."""
        if key.metric == "c_index":
            return influence.c_index(sample, n_patients)
        return influence.uno_c(sample, key.horizon, n_patients) if key.metric == "uno_c" else None

    def curves(
        self, sample: Followed, draws: Draws, level: float, horizons: Sequence[float], graded: bool
    ) -> Iterator[tuple[str, Mapping[str, float | str], pd.DataFrame]]:
        """Points of each curve of a model: its name, further columns, the points."""
        for horizon in horizons:
            where = {"horizon_years": horizon}
            # As its area, `auc_t`: by the probability where there is one.
            films = AtHorizon(sample, horizon, predicted=horizon in sample.predicted)
            yield "roc", where, curves.roc(films, draws, level)
            if graded and horizon in sample.predicted:
                yield "calibration", where, calibration_curves.groups(sample, horizon, draws, level)
                yield "smooth_calibration", where, calibration_curves.smooth(sample, horizon, draws, level)
                highest = np.clip(np.quantile(sample.predicted[horizon], 0.99), 0.001, 0.99)
                shares = np.linspace(0, highest, 51)[1:]
                yield "decision", where, decision.decision_curve(films, shares, draws, level)


def status_of(films: pd.DataFrame) -> Array:
    """0 censored, 1 event, 2 competing event, (n,), from `event` and, where there is one, `competing_event`."""
    event = films["event"].to_numpy() == 1
    competing = films["competing_event"].to_numpy() == 1 if "competing_event" in films else np.zeros(len(films), bool)
    return np.select([event, competing], [EVENT, COMPETING], 0)
