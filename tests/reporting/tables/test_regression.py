from __future__ import annotations

import pandas as pd

from bonerisk.reporting.tables.regression import coefficients
from bonerisk.reporting.tables.table import Table

UNPENALISED = pd.DataFrame({"log_likelihood_null": [-281.2], "log_likelihood": [-259.4]})


def told(table: Table) -> str:
    return " ".join(table.notes)


def test_hazard_ratios_with_enough_decimals() -> None:
    learnt = {
        "feature": ["x7", "sex=M"],
        "coefficient": [-0.00265, 0.182],
        "hazard_ratio": [0.99735, 1.2],
        "lower": [0.9962, 0.9],
        "upper": [0.9985, 1.6],
    }
    table = coefficients(pd.DataFrame({**learnt, "p": [6e-6, 0.21]}), None, UNPENALISED)
    assert table.title == "Cox regression"
    assert table.frame.iloc[0].tolist() == ["x7", "0.997 (0.996–0.999)", "<0.001"]
    assert table.frame.iloc[1].tolist() == ["Male", "1.200 (0.900–1.600)", "0.21"]  # a run without references
    assert "Partial log-likelihood −259.4, without features −281.2." in table.notes


def test_odds_ratios_have_their_intercept_in_a_note() -> None:
    learnt = {"feature": ["intercept", "age_years"], "coefficient": [-4.991, 0.046], "term": [None, "age_years"]}
    learnt |= {"reference": [None, ""], "odds_ratio": [0.0068, 1.047], "lower": [0.001, 1.02], "upper": [0.04, 1.07]}
    table = coefficients(pd.DataFrame({**learnt, "p": [1e-9, 2e-4]}), None, UNPENALISED)
    assert (table.title, list(table.frame)) == ("Logistic regression", ["Feature", "Odds ratio (95% CI)", "p"])
    assert table.frame.to_numpy().tolist() == [["Age, years", "1.047 (1.020–1.070)", "<0.001"]]
    assert "Intercept (log odds): −4.991. Log-likelihood −259.4" in told(table)


def test_levels_stand_under_their_reference_and_a_spline_is_one_effect() -> None:
    learnt = pd.DataFrame(
        {
            "feature": ["smoker=former", "smoker=now", "age_years", "age_years'"],
            "term": ["smoker", "smoker", "age_years", "age_years"],
            "reference": ["smoker=never", "smoker=never", "", ""],
            "coefficient": [0.1, 0.7, 0.02, 0.3],
            "hazard_ratio": [1.1, 2.0, 1.02, 1.35],
            "lower": [0.9, 1.5, 1.0, 0.8],
            "upper": [1.3, 2.7, 1.04, 2.2],
            "p": [0.3, 1e-5, 0.04, 0.2],
        }
    )
    tested = {"term": ["smoker", "age_years"], "chi2": [20, 9], "df": [2, 2], "p": [4e-5, 0.011]}
    tested |= {"nonlinear_p": [None, 0.2], "knots": [None, "55 64 81"], "low": [None, 58.0], "high": [None, 72.5]}
    tested |= {"ratio": [None, 1.6], "lower": [None, 1.1], "upper": [None, 2.3]}
    table = coefficients(learnt, pd.DataFrame(tested), UNPENALISED)
    assert table.frame.to_numpy().tolist() == [
        ["Smoker never", "1 (reference)", "<0.001"],
        ["Smoker former", "1.100 (0.900–1.300)", "0.30"],
        ["Smoker now", "2.000 (1.500–2.700)", "<0.001"],
        ["Age, years: 72.5 against 58", "1.600 (1.100–2.300)", "0.011"],
        ["– departure from a straight line", "", "0.20"],
    ]
    assert "restricted cubic spline with knots at 55, 64, 81" in told(table)


def test_a_penalty_leaves_no_intervals() -> None:
    learnt = pd.DataFrame({"feature": ["x1", "x2"], "coefficient": [0.18, 0.0], "hazard_ratio": [1.2, 1.0]})
    learnt = learnt.assign(lower=float("nan"), upper=float("nan"), p=float("nan"))
    table = coefficients(learnt, None, pd.DataFrame({"penalty": [1.0]}))
    assert table.frame.iloc[0].tolist() == ["x1", "1.200", "–"]
    assert "they have no intervals" in told(table) and "the feature is not used" in told(table)
    assert "Wald" not in told(table)
    ridge = coefficients(learnt.assign(coefficient=[0.18, 0.01]), None, pd.DataFrame({"penalty": [1.0]}))
    assert "not used" not in told(ridge)
