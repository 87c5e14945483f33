from __future__ import annotations

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import cox, ridge
from bonerisk.survival.newton import climb
from bonerisk.survival.outcome import outcome
from bonerisk.survival.partial_likelihood import prepare
from bonerisk.survival.risk_sets import codes, risk_sets
from bonerisk.survival.robust import meat

RNG = np.random.default_rng(4)
N, P = 400, 30
PATIENT = RNG.integers(0, 150, N)
X = RNG.normal(size=(N, P)) * np.geomspace(0.1, 10, P) + RNG.normal(size=(150, 1))[PATIENT]
RISK = X[:, :4] @ [2.0, 1.5, -1.0, 1.0]
LATENT, END = RNG.exponential(size=N) * 40 / np.exp(RISK), RNG.uniform(1, 20, N)
TIME, EVENT = np.ceil(np.minimum(LATENT, END)), LATENT <= END
SCALE = X.std(axis=0)


def test_a_path_is_cox_fits_of_standardised_columns() -> None:
    path = ridge.path(X, TIME, EVENT, [1.0, 100.0, 10.0])
    assert path.penalties.tolist() == [100, 10, 1]
    for penalty, coefficients, loglik in zip(path.penalties, path.coefficients, path.log_likelihood, strict=True):
        model = cox.fit((X - X.mean(axis=0)) / SCALE, TIME, EVENT, penalty=penalty)
        np.testing.assert_allclose(coefficients * SCALE, model.coefficients, atol=1e-8)
        assert loglik == pytest.approx(model.log_likelihood, abs=1e-8)


def test_default_penalties_span_from_next_to_nothing_to_next_to_no_penalty() -> None:
    path = ridge.path(X, TIME, EVENT)
    size = np.linalg.norm(path.coefficients * SCALE, axis=1)
    free = np.linalg.norm(cox.fit(X, TIME, EVENT).coefficients * SCALE)
    assert len(path.penalties) == 20
    assert (np.diff(size) > 0).all()
    assert size[0] < 0.1 * free < 0.8 * free < size[-1]


def test_the_score_is_that_of_verweij_and_van_houwelingen() -> None:
    found = ridge.cross_validate(X, TIME, EVENT, patient=PATIENT, penalties=[300.0, 3.0], folds=3)
    for penalty, score in zip(found.penalties, found.score, strict=True):
        expected = 0.0
        for k in range(3):
            kept = found.fold != k
            model = cox.fit(X[kept], TIME[kept], EVENT[kept], penalty=penalty * SCALE**2)
            whole = risk_sets(outcome(TIME, EVENT), np.ones(N)).at(model.risk(X))
            assert whole is not None
            expected += whole.log_likelihood - model.log_likelihood
        assert score == pytest.approx(expected, abs=1e-4)


def test_folds_hold_whole_patients_and_even_events_whatever_the_order_of_rows() -> None:
    found = ridge.cross_validate(X, TIME, EVENT, patient=PATIENT, penalties=[10.0])
    assert all(len(np.unique(found.fold[one == PATIENT])) == 1 for one in np.unique(PATIENT))
    ill = [len(np.unique(PATIENT[EVENT & (found.fold == k)])) for k in range(5)]
    assert max(ill) - min(ill) <= 1
    order = RNG.permutation(N)
    again = ridge.cross_validate(X[order], TIME[order], EVENT[order], patient=PATIENT[order], penalties=[10.0])
    np.testing.assert_array_equal(again.fold, found.fold[order])
    np.testing.assert_allclose(again.score, found.score, rtol=1e-9)
    other = ridge.cross_validate(X, TIME, EVENT, patient=PATIENT, penalties=[10.0], seed=1)
    assert (other.fold != found.fold).any()


def test_the_choice_is_the_best_or_the_simplest_within_a_standard_error() -> None:
    found = ridge.cross_validate(X, TIME, EVENT, patient=PATIENT)
    best = int(np.argmax(found.score))
    assert found.best == found.penalties[best]
    within = found.score >= found.score[best] - found.standard_error[best]
    assert found.one_se == found.penalties[within].max() > found.best
    model = cox.fit(X, TIME, EVENT, penalty=found.best * SCALE**2, cluster=PATIENT)
    np.testing.assert_allclose(found.model.coefficients, model.coefficients, rtol=1e-6)
    np.testing.assert_allclose(found.model.covariance, model.covariance, rtol=1e-6)
    simple = ridge.cross_validate(X, TIME, EVENT, patient=PATIENT, choice="one_se").model
    assert np.abs(simple.coefficients * SCALE).sum() < np.abs(model.coefficients * SCALE).sum()


def test_a_choice_at_the_edge_is_noted() -> None:
    assert "smallest" in ridge.cross_validate(X, TIME, EVENT, penalties=[1e6, 1e5]).notes[0]


def test_noise_is_shrunk_and_signal_is_not() -> None:
    noise = ridge.cross_validate(RNG.normal(size=(N, P)), TIME, EVENT)
    signal = ridge.cross_validate(X, TIME, EVENT)
    assert noise.best > 10 * signal.best


def test_wrong_settings_are_told() -> None:
    for wrong in ({"penalties": 0}, {"penalties": [0.0, 1.0]}, {"choice": "median"}):
        with pytest.raises(ConfigError):
            ridge.cross_validate(X, TIME, EVENT, **wrong)
    with pytest.raises(DataError, match="5 folds for 4 patients with an event"):
        ridge.cross_validate(X, TIME, np.arange(N) < 4)


WIDE = np.column_stack([X[:60], RNG.normal(size=(60, 90)), X[:60, :3], np.ones(60)])  # duplicates, and a constant
FEW = WIDE, TIME[:60], EVENT[:60]


def test_more_columns_than_rows_are_fitted_in_the_space_of_the_rows_to_the_same_numbers() -> None:
    likelihood, _ = prepare(*FEW)
    path = ridge.path(*FEW, [30.0, 2.0])
    for penalty, coefficients in zip(path.penalties, path.coefficients, strict=True):
        direct = climb(likelihood, np.full(WIDE.shape[1], penalty))
        np.testing.assert_allclose(coefficients * likelihood.moments.scale, direct.beta, atol=1e-9)
    grid = ridge.path(*FEW).penalties
    largest = np.trace(likelihood.information(likelihood.null)[0])
    np.testing.assert_allclose(grid[[0, -1]], [largest, ridge.SPAN * largest], rtol=1e-9)


def test_covariances_of_more_columns_than_rows_are_those_of_the_whole_information() -> None:
    likelihood, _ = prepare(*FEW)
    scale, penalty = likelihood.moments.scale, np.linspace(3, 9, WIDE.shape[1])
    model = cox.fit(*FEW, penalty=penalty, cluster=PATIENT[:60])
    top = climb(likelihood, penalty / scale**2)
    np.testing.assert_allclose(model.coefficients * scale, top.beta, atol=1e-9)
    bread = np.linalg.inv(likelihood.information(top.point)[0] + np.diag(penalty / scale**2))
    unit = np.outer(1 / scale, 1 / scale)
    np.testing.assert_allclose(model.model_covariance, bread * unit, rtol=1e-7, atol=1e-10)
    robust = bread @ meat(likelihood, top.point, codes(PATIENT[:60], 60, "patient")) @ bread * unit
    np.testing.assert_allclose(model.covariance, robust, rtol=1e-6, atol=1e-10)


def test_thousands_of_columns_take_no_time() -> None:
    x = np.random.default_rng(0).normal(size=(80, 3000)).astype(np.float32)
    found = ridge.path(x, TIME[:80], EVENT[:80], 5)
    assert found.coefficients.shape == (5, 3000)
    assert (np.diff(np.linalg.norm(found.coefficients, axis=1)) > 0).all()
