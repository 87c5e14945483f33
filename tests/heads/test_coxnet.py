from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.coxnet import Coxnet
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import cox

NAMES = ["worse", "better", "product"]


def wide(simulate: Any, n: int = 400) -> tuple[Any, Any]:
    """Three features that matter, 20 that don't, in units of their own."""
    x, target, _ = simulate(n)
    noise = np.random.default_rng(5).normal(size=(n, 20))
    return np.column_stack([x, noise]) * np.geomspace(0.1, 100, 23) + 7, target


def fitted(x: Any, target: Any, **settings: Any) -> Coxnet:
    head = Coxnet([f"x{j}" for j in range(x.shape[1])], **settings)
    head.fit(x, target, (x[:0], target[:0]), seed=0)
    return head


def test_coefficients_are_those_of_scikit_survival_at_the_penalty(simulate: Any) -> None:
    x, target = wide(simulate)
    head = fitted(x, target, l1_ratio=0.7)
    penalty = head.history["penalty"][head.history["score"].argmax()]
    theirs = CoxnetSurvivalAnalysis(l1_ratio=0.7, alphas=[penalty], tol=1e-15)
    theirs.fit((x - x.mean(axis=0)) / x.std(axis=0), Surv.from_arrays(target.event, target.time))
    ours = head.table()["coefficient"] * x.std(axis=0)
    np.testing.assert_allclose(ours, theirs.coef_[:, 0], atol=1e-6)
    assert "features have a coefficient" in head.notes[-1]


def test_features_that_say_nothing_are_left_out(simulate: Any) -> None:
    x, target = wide(simulate, 2000)
    coefficients = fitted(x, target, l1_ratio=1.0, choice="one_se").table()["coefficient"]
    assert (coefficients[:3] != 0).all()
    assert not coefficients[3:].any()


def test_almost_without_a_penalty_it_is_the_cox_model(simulate: Any) -> None:
    x, target, _ = simulate(1000)
    alone = target[:]
    head = Coxnet(NAMES, smallest=1e-6)
    head.fit(x, alone, (x[:0], alone[:0]), seed=0)
    plain = cox.fit(x, target.time, target.event, ties="breslow")
    assert head.hazard.coefficients == pytest.approx(plain.coefficients, abs=0.02)
    if head.history["score"].argmax() == len(head.history) - 1:
        assert "lower head.smallest" in head.notes[-1]


def test_a_patient_is_in_one_fold(simulate: Any) -> None:
    """Every film five times over: five folds by film would find no penalty worth its while."""
    x, target = wide(simulate, 150)
    rows = np.repeat(np.arange(150), 5)
    once, often = fitted(x, target), fitted(x[rows], target[rows])
    best = [head.history["features"][head.history["score"].argmax()] for head in (once, often)]
    assert abs(best[0] - best[1]) <= 5
    by_film = fitted(x[rows], type(target)(np.arange(750), None, target.time[rows], target.event[rows]))
    assert by_film.history["features"][by_film.history["score"].argmax()] > best[1] + 5


@pytest.mark.parametrize(("settings", "what"), [({"l1_ratio": 0}, "l1_ratio=0"), ({"smallest": 1}, "no path")])
def test_what_is_no_penalty_is_refused(settings: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Coxnet(NAMES, **settings)


def test_fewer_events_than_folds_and_nothing_that_varies_are_refused(simulate: Any) -> None:
    x, target, _ = simulate(30)
    with pytest.raises(DataError, match="every feature is constant"):
        fitted(np.ones((30, 2)), target)
    with pytest.raises(DataError, match="30 folds"):
        fitted(x, target, folds=30)


def test_a_fold_whose_path_ends_early_keeps_its_last_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path ends where smaller penalties explain no more, in a fold before it does in all rows."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3))
    until, end = rng.exponential(5 * np.exp(-x @ [1, -0.5, 0])), rng.uniform(1, 9, 200)
    target = RowOutcomes(np.arange(200), None, np.minimum(until, end), (until <= end).astype(int))
    asked_and_given, path, empty = [], Coxnet._path, np.empty

    def watched(self: Coxnet, z: Any, observed: Any, tolerance: float, **penalties: Any) -> Any:
        found = path(self, z, observed, tolerance, **penalties)
        asked_and_given.append((len(penalties.get("alphas", ())), found.coef_.shape[1]))
        return found

    def used_before(*args: Any, **kwargs: Any) -> Any:
        memory = empty(*args, **kwargs)
        if memory.dtype.kind == "f":
            memory.fill(1e27)
        return memory

    monkeypatch.setattr(Coxnet, "_path", watched)
    monkeypatch.setattr(np, "empty", used_before)
    score = fitted(x, target).history["score"]
    assert (48, 47) in asked_and_given
    assert np.abs(np.diff(score[-5:])).max() < 0.1
    assert score.argmax() < 47
