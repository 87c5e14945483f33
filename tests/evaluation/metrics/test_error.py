from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.error import brier, ibs, ipa
from bonerisk.evaluation.metrics.metric import at_horizon
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

GOLDEN = json.loads((Path(__file__).resolve().parents[2] / "golden/error.json").read_text())
HORIZONS = [float(h) for h in GOLDEN["data"]["horizons"]]
PREDICTED = dict(zip(HORIZONS, map(np.array, GOLDEN["data"]["predicted"]), strict=True))


def followed(outcome: str) -> Followed:
    return Followed.of(PREDICTED[5.0], **GOLDEN["data"][outcome], predicted=PREDICTED)


@pytest.mark.parametrize("outcome", ["single", "competing"])
def test_brier_and_ipa_are_those_of_risk_regression(outcome: str) -> None:
    drawn, expected = followed(outcome).drawn(), GOLDEN[outcome]
    for metric, values in ((brier, expected["brier"]), (ipa, expected["ipa"])):
        ours = [at_horizon(metric, h, predicted=True)(drawn).value[0] for h in HORIZONS]
        np.testing.assert_allclose(ours, values, rtol=1e-12)


@pytest.mark.parametrize("outcome", ["single", "competing"])
def test_the_integral_joins_by_lines_what_risk_regression_takes_as_steps(outcome: str) -> None:
    scores, widths = np.array([0, *GOLDEN[outcome]["brier"]]), np.diff([0, *HORIZONS])
    assert GOLDEN[outcome]["ibs_steps"][-1] == pytest.approx(widths @ scores[:-1] / 5)
    ours = ibs(followed(outcome).drawn(), 5.0).value[0]
    assert ours == pytest.approx(widths @ (scores[:-1] + scores[1:]) / 2 / 5, rel=1e-12)


def test_without_censoring_a_horizon_is_a_binary_outcome() -> None:
    rng = np.random.default_rng(0)
    time, status, p = rng.exponential(5, 200), rng.integers(1, 3, 200), rng.random(200)
    films, had = Followed.of(p, time, status, predicted={5: p}), (status == 1) & (time <= 5)
    for metric in (brier, ipa):
        at = at_horizon(metric, 5.0, predicted=True)(films.drawn()).value[0]
        assert at == pytest.approx(metric(Sample.of(p, had).drawn()).value[0])
    assert brier(Sample.of(p, had).drawn()).value[0] == pytest.approx(np.mean((had - p) ** 2))


def test_each_draw_is_the_score_of_the_drawn_rows() -> None:
    films, draws = followed("competing"), Draws.of(300, 10)
    metrics = {"ibs": lambda drawn: ibs(drawn, 5.0), "ipa": at_horizon(ipa, 5.0, predicted=True)}
    found = distributions(films, metrics, draws)
    for i, counts in enumerate(draws.counts):
        again = films.where(np.repeat(np.arange(300), counts[films.patient])).drawn()
        for name, metric in metrics.items():
            assert found[name].drawn[i] == pytest.approx(metric(again).value[0], rel=1e-10)


def test_who_predicts_the_incidence_for_all_gains_nothing_and_who_knows_gains_all() -> None:
    label = np.array([0, 0, 0, 1])
    assert ipa(Sample.of(np.full(4, 0.25), label).drawn()).value[0] == pytest.approx(0)
    assert ipa(Sample.of(label.astype(float), label).drawn()).value[0] == 1
    assert ipa(Sample.of([0.9, 0.9, 0.9, 0.1], label).drawn()).value[0] < 0


def test_what_cant_be_scored_says_why() -> None:
    values = ipa(Sample.of([0.2, 0.4], [0, 0]).drawn())
    assert np.isnan(values.value[0])
    assert "with and without" in values.undefined
    films = followed("single")
    values = ibs(films.drawn(), 4.0)
    assert np.isnan(values.value[0])
    assert "two horizons" in values.undefined
    short = films.where(np.flatnonzero(films.time < 4))
    assert short.status[-1] == 0
    values = ibs(short.drawn(), 5.0)
    assert np.isnan(values.value[0])
    assert "followed up" in values.undefined
