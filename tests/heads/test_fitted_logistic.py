from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from bonerisk.errors import DataError
from bonerisk.heads.fitted_logistic import LogisticHead, LogisticRidge
from bonerisk.heads.row_outcomes import RowOutcomes

NAMES = ["worse", "better", "product"]


def fitted(head: Any, x: Any, target: RowOutcomes) -> Any:
    head.fit(x, target, (x[:0], target[:0]), seed=0)
    return head


def test_coefficients_and_errors_are_those_of_statsmodels(simulate: Any) -> None:
    x, target, _ = simulate(300)
    x = x.astype(float) * [1, 100, 0.01] + [5, 0, 1]
    table = fitted(LogisticHead(NAMES), x, target).table()
    theirs = sm.Logit(target.label, sm.add_constant(x)).fit(disp=False, tol=1e-12)
    for ours, expected in (("coefficient", theirs.params), ("standard_error", theirs.bse), ("p", theirs.pvalues)):
        np.testing.assert_allclose(table[ours], expected, rtol=1e-6)
    np.testing.assert_allclose(np.log(table[["lower", "upper"]]), theirs.conf_int(), rtol=1e-6)
    assert table["feature"].tolist() == ["intercept", *NAMES]


def test_errors_are_robust_to_several_films_of_a_patient(simulate: Any) -> None:
    x, target, _ = simulate(300)
    patient = np.random.default_rng(0).integers(0, 90, 300)
    table = fitted(LogisticHead(NAMES), x, RowOutcomes(patient, target.label)).table()
    model = sm.Logit(target.label, sm.add_constant(x.astype(float)))
    theirs = model.fit(disp=False, cov_type="cluster", cov_kwds={"groups": patient, "use_correction": False})
    np.testing.assert_allclose(table["standard_error"], theirs.bse, rtol=1e-6)


def test_films_twice_over_are_no_more_patients(simulate: Any) -> None:
    x, target, _ = simulate(300)
    rows = np.tile(np.arange(300), 2)
    once, twice = (fitted(LogisticHead(NAMES), x[of], target[of]) for of in (rows[:300], rows))
    np.testing.assert_allclose(twice.coefficients, once.coefficients, rtol=1e-7)
    assert (twice.table()["standard_error"] / once.table()["standard_error"]).min() > 0.85  # by film it would be 0.71


def test_glow500_gives_the_published_coefficients(real_data: Path) -> None:
    table = pd.read_csv(real_data / "glow/glow500.csv")
    levels = [table["raterisk"] == level for level in ("Same", "Greater")]
    x = np.column_stack([table["age"], table["priorfrac"] == "Yes", *levels]).astype(float)
    target = RowOutcomes(np.arange(500), (table["fracture"] == "Yes").to_numpy(dtype=int))
    head = fitted(LogisticHead(["age", "priorfrac", "raterisk=Same", "raterisk=Greater"]), x, target)
    assert head.coefficients == pytest.approx([-4.991, 0.046, 0.700, 0.549, 0.866], abs=5e-4)
    # R 4.2.2: exp(cbind(coef(fit), confint.default(fit))), and Wald's p
    of_r = [[1.04698, 1.02176, 1.07283, 0.00022], [2.01422, 1.25554, 3.23135, 0.00369]]
    of_r += [[1.73075, 1.00960, 2.96703, 0.04608], [2.37681, 1.35636, 4.16497, 0.00249]]
    found = head.table()[["odds_ratio", "lower", "upper", "p"]].to_numpy()[1:]
    np.testing.assert_allclose(found, of_r, atol=6e-6)


@pytest.mark.parametrize(
    ("column", "what"),
    [(lambda x, y: x[:, 0] * 2, "no maximum"), (lambda x, y: y * 1.0, "no maximum"), (lambda x, y: 0 * y, "constant")],
    ids=["collinear", "separated", "constant"],
)
def test_what_has_no_maximum_is_refused(column: Any, what: str, simulate: Any) -> None:
    x, target, _ = simulate(200)
    x = np.column_stack([x, column(x, target.label)])
    with pytest.raises(DataError, match=what):
        fitted(LogisticHead([*NAMES, "other"]), x, target)


def test_ridge_predicts_better_where_features_are_many(simulate: Any) -> None:
    (x, target, _), (new, of_new, _) = simulate(250), simulate(5000, seed=1)
    noise = np.random.default_rng(5)
    wide, new_wide = (np.column_stack([part, noise.normal(size=(len(part), 60))]) for part in (x, new))
    names = [f"x{j}" for j in range(63)]
    risks = [fitted(make(names), wide, target).risk(new_wide) for make in (LogisticHead, LogisticRidge)]
    plain, ridge = ((of_new.label * np.log(risk) + (1 - of_new.label) * np.log1p(-risk)).mean() for risk in risks)
    assert ridge > plain + 0.05


def test_ridge_at_its_penalty_has_no_slope(simulate: Any) -> None:
    x, target, _ = simulate(250)
    x = x * np.array([1, 10, 0.1], dtype=np.float32)
    head = fitted(LogisticRidge(NAMES), x, target)
    penalty = head.history["penalty"][head.history["score"].argmax()]
    z = (x - x.mean(axis=0, dtype=float)) / x.std(axis=0, dtype=float)
    slopes = head.coefficients[1:] * x.std(axis=0, dtype=float)
    np.testing.assert_allclose((target.label - head.risk(x)) @ z, penalty * slopes, atol=1e-5)
    table = head.table()
    assert table[["standard_error", "lower", "upper", "p"]].isna().all(axis=None)


def test_more_columns_than_rows_are_fitted_in_the_space_of_the_rows_to_the_same_numbers(simulate: Any) -> None:
    """At the maximum the gradient of the likelihood is that of the penalty, column by column."""
    x, target, _ = simulate(40)
    wide = np.column_stack([x, np.random.default_rng(0).normal(size=(40, 60)), x[:, :2], np.ones(40)])
    spread = wide.std(axis=0)
    z = (wide - wide.mean(axis=0)) / np.where(spread > 0, spread, 1)
    head = fitted(LogisticRidge([f"x{j}" for j in range(wide.shape[1])], penalties=5), wide, target)
    penalty = head.history["penalty"][head.history["score"].argmax()]
    slopes = head.coefficients[1:] * spread
    rest = target.label - head.risk(wide)
    np.testing.assert_allclose(z.T @ rest, penalty * slopes, atol=1e-4 * penalty)  # the gradient of the maximum
    assert abs(rest.sum()) < 1e-4
