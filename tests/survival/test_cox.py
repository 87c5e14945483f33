from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import cox
from bonerisk.survival.outcome import outcome
from bonerisk.survival.risk_sets import risk_sets

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/cox.json").read_text())
DATA = {name: np.array(values) for name, values in GOLDEN["data"].items()}
X, TIME, EVENT = np.column_stack([DATA[name] for name in GOLDEN["columns"]]), DATA["time"], DATA["event"]
CASES: dict[str, dict[str, Any]] = {
    "efron": {},
    "breslow": {"ties": "breslow"},
    "weights": {"weights": DATA["weight"]},
    "entry": {"entry": DATA["entry"]},
    "cluster_efron": {"cluster": DATA["patient"]},
    "cluster_breslow": {"cluster": DATA["patient"], "ties": "breslow"},
    "ridge": {"penalty": 7.0},
    "strata": {"strata": DATA["site"]},
    "everything": {
        "entry": DATA["entry"],
        "strata": DATA["site"],
        "weights": DATA["weight"],
        "cluster": DATA["patient"],
    },
}


def agrees(model: cox.CoxFit, golden: dict[str, Any], rtol: float = 1e-9) -> None:
    np.testing.assert_allclose(model.coefficients, golden["coefficients"], rtol=rtol)
    np.testing.assert_allclose([model.log_likelihood_null, model.log_likelihood], golden["loglik"], rtol=1e-12)
    for ours, theirs in ((model.covariance, "covariance"), (model.model_covariance, "model_covariance")):
        np.testing.assert_allclose(ours, golden[theirs], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_a_fit_is_that_of_coxph(case: str) -> None:
    agrees(cox.fit(X, TIME, EVENT, **CASES[case]), GOLDEN[case])


@pytest.mark.parametrize("case", [case for case in CASES if "survival" in GOLDEN[case]])
def test_survival_is_that_of_survfit(case: str) -> None:
    survival = cox.fit(X, TIME, EVENT, **CASES[case]).survival(GOLDEN["at"], GOLDEN["times"])
    np.testing.assert_allclose(survival, GOLDEN[case]["survival"], rtol=1e-9)


@pytest.mark.parametrize("site", ["A", "B", "C"])
def test_each_stratum_has_the_baseline_of_survfit(site: str) -> None:
    golden = GOLDEN["strata"]["by_site"]["ABC".index(site)]
    survival = cox.fit(X, TIME, EVENT, strata=DATA["site"]).survival(GOLDEN["at"], golden["times"], [site] * 2)
    np.testing.assert_allclose(survival, golden["survival"], rtol=1e-9, atol=1e-12)


def test_float32_is_that_of_coxph_on_the_rounded_values() -> None:
    model = cox.fit(X.astype(np.float32), TIME, EVENT)
    agrees(model, GOLDEN["rounded"])
    np.testing.assert_allclose(model.survival(GOLDEN["at"], GOLDEN["times"]), GOLDEN["rounded"]["survival"], rtol=1e-9)


def test_one_event_is_enough() -> None:
    golden = GOLDEN["one_event"]
    agrees(cox.fit(X[:, :1], TIME, golden["event"]), golden)


def uniform(row: Any, column: Any) -> np.ndarray:
    value = np.sin(12.9898 * row + 78.233 * column) * 43758.5453
    return value - np.floor(value)


def test_many_columns_and_few_events_reach_the_maximum_of_coxph() -> None:
    row = np.arange(1, 20001)
    x = np.sqrt(12) * (uniform(row[:, None], np.arange(1, 65)) - 0.5)
    latent = -np.log(uniform(row, 101)) / (0.0064 * np.exp(0.3 * x[:, :16].sum(axis=1)))
    end = 0.5 + uniform(row, 102)
    model, golden = cox.fit(x, np.ceil(365 * np.minimum(latent, end)), latent <= end), GOLDEN["wide"]
    assert model.n_events == golden["n_events"]
    np.testing.assert_allclose([model.log_likelihood_null, model.log_likelihood], golden["loglik"], rtol=1e-12)
    np.testing.assert_allclose(model.coefficients, golden["coefficients"], atol=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_rows_changes_nothing(case: str) -> None:
    order = np.random.default_rng(1).permutation(len(TIME))
    options = {key: value[order] if isinstance(value, np.ndarray) else value for key, value in CASES[case].items()}
    one, other = cox.fit(X, TIME, EVENT, **CASES[case]), cox.fit(X[order], TIME[order], EVENT[order], **options)
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-9)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_chunks_change_nothing(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cox.fit(X, TIME, EVENT, **CASES[case])
    monkeypatch.setattr("bonerisk.survival.rows.CHUNK_VALUES", 21)  # 7 rows, so that patients span chunks
    monkeypatch.setattr("bonerisk.survival.partial_likelihood.TERM_BLOCK", 5)
    parts = cox.fit(X, TIME, EVENT, **CASES[case])
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, rtol=1e-9)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(parts.risk(X), whole.risk(X), rtol=1e-9)


def test_a_row_twice_is_a_row_of_weight_two() -> None:
    twice = cox.fit(np.repeat(X, 2, axis=0), np.repeat(TIME, 2), np.repeat(EVENT, 2), ties="breslow")
    heavy = cox.fit(X, TIME, EVENT, ties="breslow", weights=np.full(len(X), 2.0))
    np.testing.assert_allclose(twice.coefficients, heavy.coefficients, rtol=1e-9)
    np.testing.assert_allclose(twice.model_covariance, heavy.model_covariance, rtol=1e-9)


def test_a_row_of_weight_0_is_as_if_not_there() -> None:
    weights = (np.arange(len(X)) % 4 > 0).astype(float)
    kept = weights > 0
    with_it = cox.fit(X, TIME, EVENT, weights=weights, cluster=DATA["patient"])
    without = cox.fit(X[kept], TIME[kept], EVENT[kept], cluster=DATA["patient"][kept])
    np.testing.assert_allclose(with_it.coefficients, without.coefficients, rtol=1e-9)
    np.testing.assert_allclose(with_it.covariance, without.covariance, rtol=1e-8, atol=1e-12)
    assert (with_it.n, with_it.n_events) == (without.n, without.n_events)


def test_units_and_the_clock_are_no_matter() -> None:
    model, other = cox.fit(X, TIME, EVENT), cox.fit(X * 1e6 + 1e9, TIME**3, EVENT)
    np.testing.assert_allclose(other.coefficients * 1e6, model.coefficients, rtol=1e-6)
    np.testing.assert_allclose(model.survival(X, [2.0, 9.0]), other.survival(X * 1e6 + 1e9, [8.0, 729.0]), rtol=1e-6)


def test_hazard_ratios_are_of_one_unit_and_wald() -> None:
    model = cox.fit(X, TIME, EVENT, names=GOLDEN["columns"])
    ratios = model.hazard_ratios(0.9)
    assert ratios.names == ("age", "male", "score")
    np.testing.assert_allclose(np.log(ratios.upper / ratios.lower), 2 * 1.6448536269514722 * model.standard_errors)
    np.testing.assert_allclose(ratios.estimate, np.exp(GOLDEN["efron"]["coefficients"]), rtol=1e-9)
    assert ratios.p_value[0] < 1e-5 < 0.05 < ratios.p_value[1]


def test_risk_is_higher_where_events_are_earlier_and_survival_falls() -> None:
    model = cox.fit(X, TIME, EVENT)
    survival = model.survival(X, [0, 1, 3, 9])
    assert (survival[:, 0] == 1).all()
    assert (np.diff(survival, axis=1) < 0).all()
    assert (np.argsort(model.risk(X)) == np.argsort(-survival[:, 2])).all()


def arm_without_events() -> tuple[np.ndarray, np.ndarray]:
    arm = (np.arange(len(X)) % 2).astype(float)
    return np.column_stack([X, arm]), EVENT * (arm == 0)


def test_an_arm_without_events_has_no_maximum_and_a_penalty_gives_it_one() -> None:
    x, event = arm_without_events()
    with pytest.raises(DataError, match="coefficient of arm goes to infinity"):
        cox.fit(x, TIME, event, names=[*GOLDEN["columns"], "arm"])
    sets = risk_sets(outcome(TIME, event), np.ones(len(x)))

    def objective(beta: np.ndarray) -> float:
        point = sets.at(x @ beta)
        assert point is not None
        return point.log_likelihood - penalty / 2 * beta[3] ** 2

    for penalty in (0.1, 1e-4, 1e-7):  # the weaker, the longer the climb looks as if it had no end
        beta = cox.fit(x, TIME, event, penalty=[0, 0, 0, penalty]).coefficients
        around = [beta + sign * away for away in 0.03 * np.eye(4) for sign in (-1, 1)]
        assert objective(beta) > max(objective(other) for other in around)


def test_a_column_that_orders_all_events_has_no_maximum() -> None:
    with pytest.raises(DataError, match="goes to infinity"):
        cox.fit(-TIME[:, None], TIME, EVENT)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("column", "names"),
    [(X[:, 0] - 2 * X[:, 1], "x3 is constant or determined"), (np.full(len(X), 0.1), "x3 is constant")],
    ids=["determined", "constant"],
)
def test_columns_that_say_nothing_new_are_named(column: np.ndarray, names: str, dtype: Any) -> None:
    x = np.column_stack([X, column]).astype(dtype)
    with pytest.raises(DataError, match=names):
        cox.fit(x, TIME, EVENT)
    assert np.isfinite(cox.fit(x, TIME, EVENT, penalty=1.0).standard_errors).all()


def test_a_column_constant_within_strata_is_named() -> None:
    x = np.column_stack([DATA["site"] == "B", X[:, 0]])
    with pytest.raises(DataError, match="within risk sets, x0"):
        cox.fit(x, TIME, EVENT, strata=DATA["site"])


def test_nearly_collinear_columns_reach_the_maximum() -> None:
    noise = np.random.default_rng(2).normal(size=len(X))
    plain = cox.fit(np.column_stack([X, noise]), TIME, EVENT)
    turned = cox.fit(np.column_stack([X, X[:, 0] + 1e-3 * noise]), TIME, EVENT)
    assert turned.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)
    assert turned.coefficients[3] == pytest.approx(1e3 * plain.coefficients[3], rel=1e-5)


def test_fewer_events_than_columns_are_noted() -> None:
    x = np.random.default_rng(3).normal(size=(len(X), 60))
    assert "53 events for 60 columns" in cox.fit(x, TIME, EVENT, penalty=[0] * 59 + [1]).notes[0]
    assert cox.fit(x, TIME, EVENT, penalty=1.0).notes == ()


def broken(row: int, column: int, value: float) -> np.ndarray:
    x = X.copy()
    x[row, column] = value
    return x


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": broken(70, 1, np.nan)}, "x1 is nan\n  where: row 70"),
        ({"x": broken(70, 2, -np.inf)}, "x2 is -inf\n  where: row 70"),
        ({"x": X[:-1]}, "149 rows of covariates, 150 times"),
        ({"x": X[:, 0]}, "must be \\(rows, columns\\)"),
        ({"x": X.astype(str)}, "must be real numbers"),
        ({"event": 0 * EVENT}, "no events"),
        ({"names": ["age"]}, "1 names for 3 columns"),
        ({"weights": np.where(np.arange(150) == 4, -1.0, 1.0)}, "weight -1.0 is not 0 or more\n  where: row 4"),
        ({"strata": np.where(np.arange(150) == 4, np.nan, 1.0)}, "strata is missing\n  where: row 4"),
        ({"cluster": np.ones(150)}, "all rows are in one cluster"),
        ({"cluster": np.ones(149)}, "cluster must be \\(150,\\)"),
    ],
)
def test_wrong_data_are_told(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        cox.fit(**{"x": X, "time": TIME, "event": EVENT, **change})


@pytest.mark.parametrize("change", [{"ties": "exact"}, {"penalty": -1.0}, {"penalty": [1.0, 2.0]}, {"penalty": np.nan}])
def test_wrong_settings_are_told(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        cox.fit(X, TIME, EVENT, **change)


def test_nothing_is_predicted_of_what_is_not_known() -> None:
    model, by_site = cox.fit(X, TIME, EVENT), cox.fit(X, TIME, EVENT, strata=DATA["site"])
    for predict, message in (
        (lambda: model.survival(X, [9.5]), "no survival at 9.5: follow-up ends at 9"),
        (lambda: model.risk(X[:, :2]), "2 columns, but the model has 3"),
        (lambda: model.risk(broken(3, 0, np.nan)), "missing or infinite\n  where: row 3"),
        (lambda: by_site.survival(X, [1.0]), "the model has the strata"),
        (lambda: by_site.survival(X, [1.0], strata=["D"] * len(X)), "stratum 'D' was not fitted"),
    ):
        with pytest.raises(DataError, match=message):
            predict()


def test_a_flat_maximum_is_reached_and_not_taken_for_none() -> None:
    """Five events, and a standard error of 6: the steps are long to the end. The values are R's coxph's."""
    time = [1.0, 1.25, 1.5, 2.0, 2.25, 2.75, 4.0, 4.0, 4.25, 5.0, 5.0, 5.0]
    event = [1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0]
    a = [0.39276755, 0.18502513, 0.39276755, 0.18502513, -2.17747141, 0.18502513]
    a += [0.55350306, 0.60001939, 0.50595726, 0.31286741, 1.04198523, -2.17747141]
    b = [-0.3524029944, -1.0977014393, -0.3524029944, -1.0977014393, 0.5075883722, -1.0977014393]
    b += [0.3533700066, 0.5662112061, 0.1379233178, -0.6658426148, 2.5910716466, 0.5075883722]
    model = cox.fit(np.column_stack([a, b]), time, event)
    assert model.coefficients == pytest.approx([1.66577672, -1.75619969], abs=1e-5)
