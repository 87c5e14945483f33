"""What every head that is fitted to fixed features does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.metrics.calibration.at_horizon import o_e
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.heads.cox import Cox, CoxRidge
from bonerisk.heads.coxnet import Coxnet
from bonerisk.heads.deepsurv import DeepSurv
from bonerisk.heads.fine_gray import FineGray
from bonerisk.heads.fitted_logistic import LogisticHead, LogisticRidge
from bonerisk.heads.xgboost import XGBoostAFT, XGBoostBinary, XGBoostCox

NAMES = ["worse", "better", "product"]
SURVIVAL = [Cox, FineGray, CoxRidge, Coxnet, XGBoostCox, XGBoostAFT, DeepSurv]
BINARY = [LogisticHead, LogisticRidge, XGBoostBinary]
UNPENALISED = [Cox, FineGray, LogisticHead]
STOPPED = [XGBoostCox, XGBoostAFT, XGBoostBinary, DeepSurv]


@pytest.fixture(scope="module")
def fitted(simulate: Any) -> Callable[[type], Any]:
    """A head fitted to 3,000 rows where death competes, each class once."""
    known: dict[type, Any] = {}

    def fit(make: type) -> Any:
        if make not in known:
            (x, target, _), (x_tune, tuning, _) = simulate(3000), simulate(1500, seed=1)
            known[make] = make(NAMES)
            known[make].fit(x, target, (x_tune, tuning), seed=0)
        return known[make]

    return fit


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_risk_rises_with_the_danger(make: type, fitted: Any, simulate: Any) -> None:
    head, (x, _, rates) = fitted(make), simulate(1000, seed=2)
    assert np.corrcoef(head.risk(x), np.log(rates[:, 0]))[0, 1] > 0.85
    for column, sign in enumerate([1, -1, 1]):
        moved = x.copy()
        moved[:, column] += 2
        assert sign * np.mean(head.risk(moved) - head.risk(x)) > 0.1, NAMES[column]


@pytest.mark.parametrize("make", SURVIVAL)
def test_survival_falls_over_time_and_with_the_risk(make: type, fitted: Any, simulate: Any) -> None:
    head, (x, _, _) = fitted(make), simulate(1000, seed=2)
    survival = head.survival(x)
    assert list(survival) == [1, 2, 3, 4, 5]
    curves = np.column_stack(list(survival.values()))
    assert ((curves > 0) & (curves <= 1)).all()
    assert (np.diff(curves, axis=1) <= 0).all()
    assert np.corrcoef(head.risk(x), curves[:, -1])[0, 1] < -0.8


@pytest.mark.parametrize("death", [0, 0.1])
@pytest.mark.parametrize("make", SURVIVAL)
def test_probabilities_are_those_of_new_patients(make: type, death: float, fitted: Any, simulate: Any) -> None:
    head = fitted(make)
    if not death:
        (x, target, _), (x_tune, tuning, _) = simulate(3000, death=0), simulate(1500, seed=1, death=0)
        head = make(NAMES)
        head.fit(x, target, (x_tune, tuning), seed=0)
        assert "competing_times" not in head.tensors()
    x, of, rates = simulate(20_000, seed=3, death=death)
    status = of.event if of.competing is None else of.event + 2 * of.competing
    predicted = 1 - head.survival(x)[5]
    drawn = Followed.of(head.risk(x), of.time, status, predicted={5.0: predicted}).drawn()
    assert o_e(drawn, 5.0).value == pytest.approx([1], abs=0.1)
    both = rates.sum(axis=1)
    truth = rates[:, 0] / both * (1 - np.exp(-5 * both))
    high = truth > np.quantile(truth, 0.8)
    for group in (high, ~high):
        assert predicted[group].mean() == pytest.approx(truth[group].mean(), rel=0.2)


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_what_was_learnt_is_restored_from_a_file(make: type, fitted: Any, simulate: Any) -> None:
    head, again, (x, _, _) = fitted(make), make(NAMES), simulate(200, seed=2)
    again.restore(load(save(head.tensors())))
    np.testing.assert_array_equal(again.risk(x), head.risk(x))
    assert again.survival(x).keys() == head.survival(x).keys()
    for horizon, survival in head.survival(x).items():
        np.testing.assert_array_equal(again.survival(x)[horizon], survival)


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_it_says_how_it_was_fitted(make: type, fitted: Any) -> None:
    head = fitted(make)
    assert len(head.history)
    assert list(head.horizons_years) == ([1, 2, 3, 4, 5] if make in SURVIVAL else [])
    assert (head.penalised, "standard_error" in head.table()) == (make in (CoxRidge, Coxnet, LogisticRidge), True)
    if make in STOPPED:
        assert "tuning split" in head.notes[0]


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_the_seed_decides(make: type, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _), risks = simulate(400), simulate(200, seed=1), []
    for seed in (0, 0, 1):
        head = make(NAMES)
        head.fit(x, target, (x_tune, tuning), seed)
        risks.append(head.risk(x))
    np.testing.assert_array_equal(risks[0], risks[1])
    if make in (
        Cox,
        FineGray,
        DeepSurv,
        LogisticHead,
    ):  # elsewhere it deals folds, which may choose the same, or is of no use
        assert np.array_equal(risks[0], risks[2]) == (make is not DeepSurv)


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_only_heads_that_stop_early_look_at_the_tuning_rows(make: type, simulate: Any) -> None:
    """The simulated danger is linear: trees that start from a linear model are dropped, whatever the tuning rows."""
    (x, target, _), (x_tune, tuning, _), rounds, risks = simulate(1000), simulate(500, seed=1), [], []
    alone = {"start": "none"} if make in (XGBoostCox, XGBoostBinary) else {}
    for of_tuning in (tuning, tuning[np.random.default_rng(0).permutation(500)]):
        head = make(NAMES, **alone)
        head.fit(x, target, (x_tune, of_tuning), seed=0)
        rounds.append(len(head.history))
        risks.append(head.risk(x))
    assert (rounds[0] > rounds[1]) == (make in STOPPED)  # there is nothing to learn for outcomes of other rows
    assert np.array_equal(*risks) == (make not in STOPPED)


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_a_missing_feature_is_refused(make: type, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(100), simulate(100, seed=1)
    x[7, 1] = np.nan
    with pytest.raises(DataError, match="better is nan") as error:
        make(NAMES).fit(x, target, (x_tune, tuning), seed=0)
    assert "row 7" in error.value.where


@pytest.mark.parametrize("make", SURVIVAL)
def test_all_censored_is_refused(make: type, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(100), simulate(100, seed=1)
    none = replace(target, event=np.zeros(100, dtype=int))
    with pytest.raises(DataError, match="event"):
        make(NAMES).fit(x, none, (x_tune, tuning), seed=0)
    if make in STOPPED:
        for splits, named in (((none, tuning), "train"), ((target, none), "tune")):
            with pytest.raises(DataError, match=f"none of 100 rows has an event\n  where: split {named}") as refused:
                make(NAMES).fit(x, splits[0], (x_tune, splits[1]), seed=0)
            assert "another split" in refused.value.mend


@pytest.mark.parametrize("make", BINARY)
def test_one_outcome_is_refused(make: type, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(100), simulate(100, seed=1)
    with pytest.raises(DataError, match="all 100 labels are 1"):
        make(NAMES).fit(x, replace(target, label=np.ones(100)), (x_tune, tuning), seed=0)
    if make in STOPPED:
        with pytest.raises(DataError, match=r"all 100 labels are 0.*\n  where: split tune"):
            make(NAMES).fit(x, target, (x_tune, replace(tuning, label=np.zeros(100))), seed=0)


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_outcomes_of_the_other_kind_are_refused(make: type, simulate: Any) -> None:
    x, target, _ = simulate(100)
    other = replace(target, time=None, event=None) if make in SURVIVAL else replace(target, label=None)
    with pytest.raises(DataError, match="to learn from, only"):
        make(NAMES).fit(x, other, (x, other), seed=0)


@pytest.mark.parametrize("make", SURVIVAL + BINARY)
def test_a_constant_feature_is_named_or_has_no_say(make: type, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(400), simulate(200, seed=1)
    x[:, 2] = x_tune[:, 2] = 3
    head = make(NAMES)
    if make in UNPENALISED:
        with pytest.raises(DataError, match="product is constant"):
            head.fit(x, target, (x_tune, tuning), seed=0)
        return
    head.fit(x, target, (x_tune, tuning), seed=0)
    assert np.ptp(head.risk(x)) > 0
    moved = x.copy()
    moved[:, 2] = 4
    np.testing.assert_allclose(head.risk(moved), head.risk(x), atol=1e-12)


@pytest.mark.parametrize("make", [XGBoostCox, XGBoostAFT, DeepSurv])
def test_one_event_a_split_gives_an_answer(make: type, simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(100, death=0), simulate(100, seed=1, death=0)
    one = np.arange(100) == 40
    single, single_tune = (replace(of, event=one.astype(int)) for of in (target, tuning))
    head = make(NAMES)
    head.fit(x, single, (x_tune, single_tune), seed=0)
    assert np.isfinite(head.risk(x)).all()
    assert np.isfinite(head.survival(x)[5]).all()


@pytest.mark.parametrize("make", SURVIVAL)
def test_a_horizon_is_over_zero(make: type) -> None:
    with pytest.raises(ConfigError, match="horizon of -1"):
        make(NAMES, horizons_years=[-1.0, 2.0])


@pytest.mark.parametrize("module", ["deepsurv", "xgboost", "coxnet", "fitted_logistic"])
def test_a_head_is_read_without_the_libraries_of_its_fit(module: str) -> None:
    heavy = ["torch", "xgboost", "sksurv", "sklearn", "statsmodels"]
    code = f"import sys, bonerisk.heads.{module}; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
