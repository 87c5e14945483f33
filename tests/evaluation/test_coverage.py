"""How often intervals hold the truth, in cohorts whose true linear predictor is the risk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics import concordance, error, influence
from bonerisk.evaluation.metrics.calibration import at_horizon as calibration_at_horizon
from bonerisk.evaluation.metrics.metric import at_horizon
from bonerisk.evaluation.samples.followed import Followed

COHORTS, PATIENTS, HORIZON, RATE = 500, 500, 3.0, 0.06
METRICS = {
    "c_index": concordance.c_index,
    "uno_c": at_horizon(concordance.uno_c, HORIZON),
    "auc_t": at_horizon(concordance.auc_t, HORIZON),
    "brier": at_horizon(error.brier, HORIZON, predicted=True),
    "o_e": at_horizon(calibration_at_horizon.o_e, HORIZON),
    "calibration_slope": at_horizon(calibration_at_horizon.calibration_slope, HORIZON),
}


def cohort(n: int, seed: int) -> Followed:
    """A Cox model that is true: hazard RATE·exp(risk), censored on the way, times in days."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    event, censored = rng.exponential(1 / (RATE * np.exp(risk))), rng.uniform(0.5, 8, n)
    time = np.ceil(np.minimum(event, censored) * 365.25) / 365.25
    predicted = {HORIZON: 1 - np.exp(-RATE * HORIZON * np.exp(risk))}
    return Followed.of(risk, time, (event <= censored).astype(int), predicted=predicted)


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    """By a cohort so large that its own error is a hundredth of an interval; calibration is 1 by construction."""
    drawn = cohort(1_000_000, 0).drawn()
    known = {name: float(METRICS[name](drawn).value[0]) for name in ("c_index", "uno_c", "auc_t", "brier")}
    return known | {"o_e": 1.0, "calibration_slope": 1.0}


def test_in_a_large_cohort_the_true_model_is_calibrated_and_ranks_as_it_must() -> None:
    drawn = cohort(40_000, 1).drawn()
    found = {name: metric(drawn).value[0] for name, metric in METRICS.items()}
    assert found["o_e"] == pytest.approx(1, abs=0.04)
    assert found["calibration_slope"] == pytest.approx(1, abs=0.04)
    assert calibration_at_horizon.ici(drawn, HORIZON).value[0] < 0.01
    other = cohort(40_000, 2).drawn()
    assert found["auc_t"] == pytest.approx(concordance.auc_t(other, HORIZON).value[0], abs=0.015)


@pytest.mark.slow
def test_intervals_of_95_percent_hold_the_truth_in_93_to_97_percent(
    truth: dict[str, float], record_property: Callable[[str, object], None]
) -> None:
    """Percentiles of 1,000 draws, and the infinitesimal jackknife of the C-indices, over 500 cohorts."""
    draws = Draws.of(PATIENTS, 1000)
    rows = []
    for seed in range(COHORTS):
        sample = cohort(PATIENTS, 1000 + seed)
        found = distributions(sample, METRICS, draws)
        row = {name: interval(of) for name, of in found.items()}
        own = {"c_index": influence.c_index(sample, PATIENTS), "uno_c": influence.uno_c(sample, HORIZON, PATIENTS)}
        row |= {f"{k}, jackknife": interval(replace(found[k], influence=v), kind="analytic") for k, v in own.items()}
        rows.append({k: of.lower <= truth[k.partition(",")[0]] <= of.upper for k, of in row.items()})
    covered = pd.DataFrame(rows).mean()
    print(covered)
    for name, share in covered.items():
        record_property(str(name), share)
    assert covered.between(0.93, 0.97).all(), covered.to_dict()
