from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.heads import linear


def films(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age, sex = rng.uniform(50, 80, n), rng.choice(["F", "M"], n)
    t_score = 1.0 - 0.04 * age + 0.5 * (sex == "M")
    return pd.DataFrame({"age_years": age, "sex": sex, "t_score": t_score})


def test_a_line_is_found_and_a_lower_estimate_is_a_higher_risk() -> None:
    table = films()
    model = linear.fit(table, ["age_years", "sex"], "t_score")
    np.testing.assert_allclose(model.risk(table), -table["t_score"], atol=1e-9)
    assert model.coefficients["sex", "M"] == pytest.approx(0.5)


def test_a_row_with_a_missing_value_has_no_risk() -> None:
    table = films()
    table.loc[3, "age_years"] = np.nan
    model = linear.fit(table, ["age_years"], "t_score")
    assert (model.n_fitted, model.n_missing) == (39, 1)
    assert np.flatnonzero(np.isnan(model.risk(table))).tolist() == [3]


@pytest.mark.parametrize(
    ("table", "columns", "what"),
    [
        (films().assign(again=lambda t: 2 * t["age_years"]), ["age_years", "again"], "some determine others"),
        (films(2), ["age_years"], "too few for 2 coefficients"),
        (films(), ["height_cm"], "no column height_cm"),
    ],
)
def test_what_cannot_be_fitted_is_refused(table: pd.DataFrame, columns: list[str], what: str) -> None:
    with pytest.raises(DataError, match=what):
        linear.fit(table, columns, "t_score")
