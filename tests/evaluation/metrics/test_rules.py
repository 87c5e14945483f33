from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics.rules import given_or_rule, rule
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/thresholds.json").read_text())
DATA, HORIZON = GOLDEN["data"], GOLDEN["data"]["horizon"]
RULES = list(GOLDEN["binary"]["chosen"])
STATUS = np.array(DATA["status"])


def films(seed: int = 2, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    return np.round(rng.normal(size=n) + label, 1), label


@pytest.mark.parametrize("text", RULES)
def test_on_a_binary_outcome_the_threshold_is_that_of_proc(text: str) -> None:
    fitted = rule(text).fit(Sample.of(DATA["marker"], DATA["label"]).drawn())
    assert fitted.label == text
    assert fitted.value == pytest.approx(GOLDEN["binary"]["chosen"][text], abs=1e-12)


def test_youden_is_that_of_proc_on_probabilities(golden: dict[str, Any]) -> None:
    fitted = rule("youden").fit(Sample.of(golden["data"]["risk"], golden["data"]["label"]).drawn())
    assert fitted.value == pytest.approx(golden["youden"]["threshold"])


@pytest.mark.parametrize("text", RULES)
@pytest.mark.parametrize(("outcome", "status"), [("censored", np.where(STATUS == 2, 0, STATUS)), ("competing", STATUS)])
def test_at_a_horizon_the_threshold_is_the_best_by_the_definitions_of_timeroc(
    text: str, outcome: str, status: np.ndarray
) -> None:
    drawn = Followed.of(DATA["marker"], DATA["time"], status).drawn().at(HORIZON)
    assert rule(text).fit(drawn).value == pytest.approx(GOLDEN[outcome]["chosen"][text], abs=1e-12)


@pytest.mark.parametrize("text", RULES)
@pytest.mark.parametrize("n_cases", [2, 12])  # of 2, many a draw holds none
def test_a_draw_chooses_as_if_its_rows_were_all_there_is(text: str, n_cases: int) -> None:
    risk, _ = films(n=25)
    label = (np.argsort(np.argsort(-risk + np.arange(25) % 7)) < n_cases).astype(int)
    draws = Draws.of(25, 60, seed=1)
    sample = Sample.of(risk, label, np.arange(25))
    together = rule(text).values(sample.drawn(draws.counts[:, sample.patient].astype(float)))
    rows = [np.repeat(np.arange(25), counts) for counts in draws.counts]
    alone = [rule(text).fit(Sample.of(risk[i], label[i]).drawn()).value for i in rows]
    np.testing.assert_array_equal(together, np.array(alone, dtype=float))


def test_rounding_parts_no_equals() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        label = rng.integers(0, 2, 20)
        tp, fp = np.cumsum(label[::-1]), np.cumsum(1 - label[::-1])
        index = (tp * fp[-1] - fp * tp[-1])[:-1]  # whole numbers: Youden's index times cases times others
        expected = 18.5 - np.flatnonzero(index == index.max())[-1] if index.max() > 0 else None
        assert rule("youden").fit(Sample.of(np.arange(20.0), label).drawn()).value == expected


@pytest.mark.parametrize("text", RULES)
def test_order_and_doubling_of_films_change_nothing_and_a_rising_transform_moves_the_threshold_along(text: str) -> None:
    risk, label = films()
    plain = Sample.of(risk, label)
    threshold = rule(text).fit(plain.drawn()).value
    order = np.random.default_rng(0).permutation(len(risk))
    assert rule(text).fit(Sample.of(risk[order], label[order]).drawn()).value == threshold
    assert rule(text).fit(Sample.of(np.repeat(risk, 2), np.repeat(label, 2)).drawn()).value == threshold
    bent = Sample.of(np.exp(risk), label)
    moved = rule(text).fit(bent.drawn()).value
    assert threshold is not None and moved is not None
    assert vars(bent.drawn().counts(moved)) == vars(plain.drawn().counts(threshold))


def test_of_equals_the_most_sensitive_is_taken() -> None:
    sample = Sample.of([0.8, 0.6, 0.4, 0.2], [1, 0, 1, 0])  # J is 1/2 between 0.8 and 0.6, and between 0.4 and 0.2
    assert rule("youden").fit(sample.drawn()).value == pytest.approx(0.3)


def test_a_sensitivity_or_specificity_is_held_and_no_more() -> None:
    risk, label = np.arange(20.0), np.tile([0, 1], 10)  # 10 cases: a sensitivity of 0.9 is 9 of them
    sample = Sample.of(risk, label)
    sensitive, specific = rule("sensitivity=0.9").fit(sample.drawn()), rule("specificity=0.9").fit(sample.drawn())
    assert sensitive.value == 2.5  # the case at 1 is given up, and the film at 2 with it
    assert specific.value == 16.5


def test_a_calibrated_model_is_best_treated_from_the_threshold_probability_on() -> None:
    risk = np.repeat([0.05, 0.15, 0.25, 0.35], 100)
    label = np.concatenate([np.arange(100) < 100 * p for p in (0.05, 0.15, 0.25, 0.35)])
    assert rule("net_benefit=0.2").fit(Sample.of(risk, label).drawn()).value == pytest.approx(0.2)


@pytest.mark.parametrize("text", RULES)
@pytest.mark.parametrize(
    ("risk", "label", "why"),
    [
        ([0.1, 0.2], [1, 1], "with and without"),
        ([0.1, 0.2], [0, 0], "with and without"),
        ([], [], "with and without"),
        ([0.5] * 4, [0, 1, 0, 1], "every film positive, or none"),
        ([0.9, 0.1], [0, 1], "every film positive, or none"),
    ],
)
def test_what_cannot_be_fitted_says_why(text: str, risk: list[float], label: list[int], why: str) -> None:
    fitted = rule(text).fit(Sample.of(risk, label).drawn())
    assert (fitted.label, fitted.value) == (text, None)
    assert why in fitted.note


def test_neighbouring_floats_have_no_midpoint_and_the_upper_is_taken() -> None:
    upper = np.nextafter(0.5, 1)
    assert rule("youden").fit(Sample.of([0.5, upper], [0, 1]).drawn()).value == upper


@pytest.mark.parametrize("text", ["", "jouden", "f", "f0", "sensitivity", "sensitivity=1", "net_benefit=0", "f1=2"])
def test_an_unknown_rule_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        given_or_rule(text)
    assert repr(text) in caught.value.what
    assert "net_benefit=0.1" in caught.value.mend


def test_a_number_is_a_threshold_as_it_is() -> None:
    assert given_or_rule("0.5") == Threshold("0.5", 0.5)
    assert given_or_rule("youden") == rule("youden")


def test_a_sensitivity_to_be_near_may_be_lower_and_then_has_the_fewest_positive() -> None:
    sample = Sample.of(risk=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], label=[1, 0, 1, 0, 1, 1, 0])
    assert rule("sensitivity=0.55").fit(sample.drawn()).value == pytest.approx(0.45)  # 3 of 4
    assert rule("sensitivity_near=0.55").fit(sample.drawn()).value == pytest.approx(
        0.65
    )  # 2 of 4, before one more control
