from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.evaluation.metrics.calibration.at_horizon import o_e
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.heads.cox import Cox, CoxRidge
from bonerisk.heads.row_outcomes import RowOutcomes

Array = np.ndarray

NAMES = ["a", "b"]


def patients(n: int, seed: int = 0, death: float = 0.15) -> tuple[Array, Array, Array, Array]:
    """Features, hazards of fracture and death (n, 2), time in years and status: constant hazards, `death` a year."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    rates = np.exp(x @ [[0.6, 0.5], [-0.3, 0.7]]) * [0.05, death]
    first, end = rng.exponential(1 / rates.sum(axis=1)), rng.uniform(3, 12, n)
    status = np.where(rng.random(n) < rates[:, 0] / rates.sum(axis=1), 1, 2)
    return x, rates, np.minimum(first, end), np.where(first < end, status, 0)


def fitted(head: Any, x: Array, time: Array, status: Array, told: bool = True) -> Any:
    target = RowOutcomes(np.arange(len(x)), None, time, status == 1, status == 2 if told else None)
    head.fit(x, target, (x[:0], target[:0]), seed=0)
    return head


def test_probabilities_are_true_where_most_die() -> None:
    x, _, time, status = patients(20_000)
    others, rates, *followed = patients(20_000, seed=1)
    head = fitted(Cox(NAMES, horizons_years=[5.0]), x, time, status)
    predicted = 1 - head.survival(others)[5.0]
    both = rates.sum(axis=1)
    np.testing.assert_allclose(predicted, rates[:, 0] / both * (1 - np.exp(-5 * both)), atol=0.015)
    ratio = o_e(Followed.of(head.risk(others), *followed, predicted={5.0: predicted}).drawn(), 5.0)
    assert ratio.value == pytest.approx([1], abs=0.05)  # three standard errors
    unaware = fitted(Cox(NAMES, horizons_years=[5.0]), x, time, status, told=False)
    alone = {5.0: 1 - unaware.survival(others)[5.0]}
    assert o_e(Followed.of(unaware.risk(others), *followed, predicted=alone).drawn(), 5.0).value < 0.75


def test_the_risk_and_the_table_are_those_of_the_event() -> None:
    x, _, time, status = patients(500)
    told, unaware = (fitted(Cox(NAMES), x, time, status, told) for told in (True, False))
    np.testing.assert_array_equal(told.risk(x), unaware.risk(x))
    assert told.table().equals(unaware.table())
    assert told.history.equals(unaware.history)
    assert told.notes == ()


@pytest.mark.parametrize("told", [True, False])
def test_without_competing_events_survival_is_the_exponential(told: bool) -> None:
    x, _, time, status = patients(500)
    head = fitted(Cox(NAMES), x, time, np.where(status == 2, 0, status), told)
    assert head.notes == ()
    tensors = head.tensors()
    assert not [name for name in tensors if name.startswith("competing")]
    ratio = np.exp((x - tensors["reference"]) @ tensors["coefficients"])
    hazard = tensors["baseline_hazard"][np.searchsorted(tensors["baseline_times"], 5.0, side="right") - 1]
    np.testing.assert_array_equal(head.survival(x)[5.0], np.exp(-hazard * ratio))


@pytest.mark.parametrize("make", [Cox, CoxRidge])
def test_what_was_learnt_is_restored(make: type[Cox]) -> None:
    x, _, time, status = patients(400)
    head, again = fitted(make(NAMES), x, time, status), make(NAMES)
    again.restore(head.tensors())
    for horizon, survival in head.survival(x).items():
        np.testing.assert_array_equal(again.survival(x)[horizon], survival)
    plain = fitted(make(NAMES), x, time, status, told=False)
    again.restore(plain.tensors())
    np.testing.assert_array_equal(again.survival(x)[5.0], plain.survival(x)[5.0])


def test_a_second_fit_forgets_the_first() -> None:
    x, _, time, status = patients(400)
    head = fitted(Cox(NAMES), x, time, status)
    fitted(head, x, time, status, told=False)
    assert head.notes == ()
    assert "competing_hazard" not in head.tensors()


def test_ridge_chooses_a_penalty_for_each_cause() -> None:
    x, _, time, status = patients(400)
    head = fitted(CoxRidge(NAMES), x, time, status)
    deaths = fitted(CoxRidge(NAMES), x, time, (status == 2).astype(int))
    np.testing.assert_array_equal(head.tensors()["competing_coefficients"], deaths.tensors()["coefficients"])


def test_ridge_with_fewer_deaths_than_folds_takes_one_rate() -> None:
    x, _, time, status = patients(400, seed=2, death=0.0005)
    assert np.count_nonzero(status == 2) == 2
    head = fitted(CoxRidge(NAMES), x, time, status)
    assert "same for everybody: they have no Cox model (5 folds" in head.notes[-1]
    assert not head.tensors()["competing_coefficients"].any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("told", [True, False])
def test_a_row_far_outside_has_a_probability(told: bool) -> None:
    x, _, time, status = patients(400)
    head = fitted(Cox(NAMES), x, time, status, told)
    far = np.array([[2000.0, 0], [-2000, 0], [0, 2000], [0, -2000], [2000, 2000], [-2000, -2000]])
    for survival in head.survival(far).values():
        assert ((survival >= 0) & (survival <= 1)).all()


@pytest.mark.filterwarnings("error")
def test_a_feature_too_narrow_for_a_ratio_has_an_infinite_one() -> None:
    x, _, time, status = patients(400)
    table = fitted(Cox(NAMES), x * [1e-5, -1e-5], time, status).table()
    assert table["hazard_ratio"].tolist() == [np.inf, np.inf]
    assert table["p"][0] < 0.001


@pytest.mark.parametrize("several", [False, True], ids=["one film each", "several films"])
def test_a_model_of_embeddings_is_that_of_coxph(several: bool) -> None:
    golden = json.loads((Path(__file__).parents[1] / "golden/embedding_cox.json").read_text())
    data = {name: np.array(values) for name, values in golden["data"].items()}
    x, time = data["x"].astype(np.float32), data["days"] / 365.25
    target = RowOutcomes(data["patient"] if several else np.arange(len(x)), None, time, data["event"])
    head = Cox([f"embedding_{j:03d}" for j in range(x.shape[1])])
    head.fit(x, target, (x[:0], target[:0]), seed=0)
    table, new = head.table(), np.array(golden["new"], dtype=np.float32)
    np.testing.assert_allclose(table["coefficient"], golden["coefficients"], rtol=1e-8)
    errors = golden["robust_standard_errors" if several else "standard_errors"]
    np.testing.assert_allclose(table["standard_error"], errors, rtol=1e-8)
    fitted = head.history[["log_likelihood_null", "log_likelihood"]].to_numpy()[0]
    np.testing.assert_allclose(fitted, golden["log_likelihood"], rtol=1e-12)
    np.testing.assert_allclose(head.risk(new), golden["linear_predictor"], rtol=1e-8)
    survival = np.column_stack(list(head.survival(new).values()))
    np.testing.assert_allclose(survival, golden["survival"], rtol=1e-8)
