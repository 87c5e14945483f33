from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from bonerisk.evaluation.intervals import resampling
from bonerisk.evaluation.intervals.interval import interval, resampled, wilson
from bonerisk.evaluation.intervals.resampling import Distribution, Draws, distributions, map_draws
from bonerisk.evaluation.metrics.calibration.binary import o_e
from bonerisk.evaluation.metrics.discrimination import auc
from bonerisk.evaluation.samples.sample import Sample


def normal_scores(n: int, seed: int, separation: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.random(n) < 0.4
    return rng.normal(size=n) + separation * label, label


def test_a_draw_takes_as_many_patients_as_there_are_and_repeats_with_its_seed() -> None:
    draws = Draws.of(50, 20, seed=3)
    assert (draws.counts.sum(axis=1) == 50).all()
    assert (draws.counts == Draws.of(50, 20, seed=3).counts).all()
    assert (draws.counts != Draws.of(50, 20, seed=4).counts).any()


def test_chunks_bound_the_memory_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, draws = Sample.of(*normal_scores(60, 0)), Draws.of(60, 50)
    whole = distributions(sample, {"auc": auc}, draws)["auc"].drawn
    monkeypatch.setattr(resampling, "CHUNK", 200)
    assert max(map_draws(lambda drawn: drawn.weights.size, sample, draws)) <= 200
    assert (distributions(sample, {"auc": auc}, draws)["auc"].drawn == whole).all()


def test_bootstrap_is_a_neighbour_of_delong(golden: dict[str, Any]) -> None:
    sample = Sample.of(golden["data"]["risk"], golden["data"]["label"])
    found = interval(distributions(sample, {"auc": auc}, Draws.of(len(sample), 2000))["auc"])
    assert found.lower == pytest.approx(golden["auc"]["delong_lower"], abs=0.01)
    assert found.upper == pytest.approx(golden["auc"]["delong_upper"], abs=0.01)


def test_films_twice_leave_the_interval_by_patient_as_it_is() -> None:
    risk, label = normal_scores(100, 1)
    patient, draws = np.arange(100), Draws.of(100, 300)
    once = distributions(Sample.of(risk, label, patient), {"auc": auc}, draws)["auc"]
    sample = Sample.of(np.tile(risk, 2), np.tile(label, 2), np.tile(patient, 2))
    twice = distributions(sample, {"auc": auc}, draws)["auc"]
    assert interval(twice) == interval(once)


def test_order_of_rows_changes_nothing() -> None:
    risk, label = normal_scores(100, 2)
    risk, patient, draws = risk.round(1), np.arange(100) // 2, Draws.of(50, 100)
    shuffled = np.random.default_rng(0).permutation(100)
    plain = distributions(Sample.of(risk, label, patient), {"auc": auc}, draws)["auc"]
    other = distributions(Sample.of(risk[shuffled], label[shuffled], patient[shuffled]), {"auc": auc}, draws)["auc"]
    assert other.estimate == plain.estimate
    assert (other.drawn == plain.drawn).all()


def test_wilson_is_that_of_hmisc(golden: dict[str, Any]) -> None:
    cases = zip(*(golden["wilson"][name] for name in ("x", "n", "lower", "upper")), strict=True)
    for x, n, lower, upper in cases:
        assert wilson(x, n) == pytest.approx((lower, upper), abs=1e-9)
        found = interval(Distribution(x / n, np.empty(0), "", trials=n))
        assert (found.lower, found.upper, found.method) == (*wilson(x, n), "Wilson")


def test_draws_that_cannot_be_computed_are_counted() -> None:
    found = resampled(Distribution(0.5, np.array([0.4, np.nan, 0.6, np.nan]), "no case"))
    assert found.note == "2 of 4 draws left out: no case"
    assert (found.lower, found.upper) == pytest.approx((0.405, 0.595))
    assert np.isnan(resampled(Distribution(np.nan, np.full(3, np.nan), "no case")).lower)


def test_an_interval_of_no_width_says_so() -> None:
    found = interval(distributions(Sample.of([1, 2, 3, 4], [0, 0, 1, 1]), {"auc": auc}, Draws.of(4, 50))["auc"])
    assert (found.lower, found.upper) == (1, 1)
    assert "all draws agree" in found.note


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = norm.cdf(1 / np.sqrt(2))
    draws = Draws.of(200, 500)
    bounds = [
        interval(distributions(Sample.of(*normal_scores(200, seed)), {"auc": auc}, draws)["auc"])
        for seed in range(1000)
    ]
    covered = np.mean([found.lower <= truth <= found.upper for found in bounds])
    assert 0.925 <= covered <= 0.97


@pytest.mark.parametrize("cores", [1, 3])
def test_the_number_of_cores_changes_no_bit(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sample, draws = Sample.of(*normal_scores(2000, 0)), Draws.of(2000, 300)
    metrics = {"auc": auc, "o_e": o_e}
    plain = distributions(sample, metrics, draws)
    monkeypatch.setattr(resampling, "cores", lambda: cores)
    for key, of in distributions(sample, metrics, draws).items():
        assert (of.drawn == plain[key].drawn).all()


def test_strata_keep_their_sizes() -> None:
    stratum = np.repeat([0, 1, 2], [5, 20, 75])
    counts = Draws.of(100, 50, strata=stratum).counts
    for one, size in enumerate([5, 20, 75]):
        assert (counts[:, stratum == one].sum(axis=1) == size).all()


def test_bca_of_a_mean_is_that_of_its_definition() -> None:
    """Acceleration of a mean is its skewness over 6√n (Efron 1987), whether one or a block of patients is left out."""
    skewed = np.random.default_rng(0).exponential(size=400)
    away = skewed - skewed.mean()
    expected = np.mean(away**3) / np.mean(away**2) ** 1.5 / (6 * np.sqrt(400))
    draws = Draws.of(400, 2000)
    drawn = draws.counts @ skewed / 400
    left_out = draws.leaving_out.counts @ skewed / 399
    found = resampled(Distribution(skewed.mean(), drawn, "", left_out=left_out), bca=True)
    bias = norm.ppf(np.mean(drawn < skewed.mean()))
    z = bias + norm.ppf([0.025, 0.975])
    at = norm.cdf(bias + z / (1 - expected * z))
    assert (found.lower, found.upper) == pytest.approx(tuple(np.quantile(drawn, at)), rel=1e-9)
    plain = resampled(Distribution(skewed.mean(), drawn, ""))
    assert found.upper > plain.upper  # a skewed mean's interval reaches further to its long tail
    assert "BCa" in found.method


def test_left_out_blocks_cover_every_patient_once() -> None:
    for n in (7, 2500):
        left_out = Draws.of(n, 1).leaving_out.counts
        assert len(left_out) == min(n, resampling.BLOCKS)
        assert ((left_out == 0).sum(axis=0) == 1).all()
