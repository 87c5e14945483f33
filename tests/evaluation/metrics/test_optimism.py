from __future__ import annotations

import numpy as np
import pytest

from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics import thresholds
from bonerisk.evaluation.metrics.optimism import optimism
from bonerisk.evaluation.metrics.rules import rule
from bonerisk.evaluation.metrics.thresholds import at
from bonerisk.evaluation.samples.followed import AtHorizon, Followed
from bonerisk.evaluation.samples.sample import Sample


def simulated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    return rng.normal(size=n) + label, label


def test_it_is_the_mean_fall_from_a_draw_to_the_films_themselves() -> None:
    risk, label = simulated(40, 1)
    draws, whole = Draws.of(40, 50), Sample.of(risk, label).drawn()
    falls = []
    for counts in draws.counts:
        rows = np.repeat(np.arange(40), counts)
        drawn = Sample.of(risk[rows], label[rows]).drawn()
        chosen = rule("youden").fit(drawn)
        falls.append(
            [
                at(chosen, metric)(drawn).value[0] - at(chosen, metric)(whole).value[0]
                for metric in (thresholds.sensitivity, thresholds.specificity)
            ]
        )
    table = optimism(rule("youden"), whole.sample, draws).set_index("metric")
    expected = np.mean(falls, axis=0)
    np.testing.assert_allclose(table["optimism"], [*expected, expected.sum()], atol=1e-12)
    np.testing.assert_allclose(table["corrected"], table["estimate"] - table["optimism"])
    chosen = rule("youden").fit(whole)
    assert table.loc["sensitivity", "estimate"] == at(chosen, thresholds.sensitivity)(whole).value[0]


def test_the_correction_comes_nearer_to_what_new_patients_show() -> None:
    fresh = Sample.of(*simulated(20_000, 0)).drawn()
    found = []
    for seed in range(1, 31):
        sample = Sample.of(*simulated(60, seed))
        index = optimism(rule("youden"), sample, Draws.of(60, 100)).set_index("metric").loc["youden"]
        chosen = rule("youden").fit(sample.drawn())
        truth = sum(at(chosen, of)(fresh).value[0] for of in (thresholds.sensitivity, thresholds.specificity)) - 1
        found.append((index["estimate"] - truth, index["corrected"] - truth))
    apparent, corrected = np.mean(found, axis=0)
    assert apparent > 0.05
    assert abs(corrected) < apparent / 2


def test_without_censoring_a_horizon_is_a_binary_outcome() -> None:
    risk, label = simulated(100, 3)
    patient = np.arange(100) // 2
    draws = Draws.of(50, 30)
    followed = Followed.of(risk, np.where(label == 1, 2.0, 9.0), label, patient)
    at_five = optimism(rule("f1"), AtHorizon(followed, 5.0), draws)
    binary = optimism(rule("f1"), Sample.of(risk, label, patient), draws)
    np.testing.assert_allclose(at_five.iloc[:, 1:4].astype(float), binary.iloc[:, 1:4].astype(float), atol=1e-12)


def test_missing_thresholds_are_told() -> None:
    never = optimism(rule("youden"), Sample.of([0.5] * 6, [0, 1] * 3), Draws.of(6, 10))
    assert never[["estimate", "optimism", "corrected"]].isna().all(axis=None)
    assert never["note"].str.startswith("not fitted").all()
    few, draws = Sample.of([0.9, 0.6, 0.5, 0.4], [1, 0, 1, 0]), Draws.of(4, 200)
    lost = np.isnan(rule("youden").values(few.drawn(draws.counts[:, few.patient].astype(float)))).sum()
    table = optimism(rule("youden"), few, draws)
    assert table["corrected"].notna().all()
    assert (table["note"] == f"{lost} of 200 draws left out: the rule finds no threshold in them").all()


@pytest.mark.parametrize("text", ["sensitivity=0.8", "net_benefit=0.4"])
def test_every_rule_can_be_judged(text: str) -> None:
    table = optimism(rule(text), Sample.of(*simulated(200, 5)), Draws.of(200, 50))
    assert table["corrected"].between(0, 1).all()
    assert (table["note"] == "").all()
