from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.heads import proportional_hazards
from bonerisk.survival import cox

COLUMNS = ["age_years", "sex"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 2000
    age, male = rng.uniform(50, 80, n), rng.random(n) < 0.4
    rates = np.exp(np.column_stack([0.04 * (age - 65) - 0.5 * male, 0.1 * (age - 65) + 0.3 * male])) * [0.05, 0.12]
    causes, end = rng.exponential(1 / rates), rng.uniform(3, 10, n)
    first = causes.min(axis=1)
    which = np.where(first < end, causes.argmin(axis=1), -1)
    events = {"event": (which == 0).astype(float), "competing_event": (which == 1).astype(float)}
    columns = {"age_years": age, "sex": np.where(male, "M", "F"), "time_years": np.minimum(first, end)}
    return pd.DataFrame(columns | events)


def test_probabilities_add_up_to_what_is_observed(table: pd.DataFrame) -> None:
    """Fracture and death together are the incidence of either, in every row and on the whole."""
    swapped = table.rename(columns={"event": "competing_event", "competing_event": "event"})
    fracture, death = (proportional_hazards.fit(of, COLUMNS).predicted(of, [2.0])[2.0] for of in (table, swapped))
    assert (fracture + death < 1.01).all()
    either = (table["event"] + table["competing_event"])[table["time_years"] <= 2].sum() / len(table)  # none censored
    assert np.mean(fracture + death) == pytest.approx(either, abs=0.005)


def test_the_risk_is_that_of_the_event(table: pd.DataFrame) -> None:
    model = proportional_hazards.fit(table, COLUMNS)
    x = np.column_stack([table["age_years"], table["sex"] == "M"])
    np.testing.assert_array_equal(model.risk(table), cox.fit(x, table["time_years"], table["event"]).risk(x))
    assert model.notes == ()


@pytest.mark.parametrize("without", ["no column", "no event"])
def test_without_competing_events_survival_is_that_of_the_cox_model(table: pd.DataFrame, without: str) -> None:
    alone = table.drop(columns="competing_event") if without == "no column" else table.assign(competing_event=np.nan)
    model = proportional_hazards.fit(alone, COLUMNS)
    x = np.column_stack([table["age_years"], table["sex"] == "M"])
    survival = cox.fit(x, table["time_years"], table["event"]).survival(x, [5])[:, 0]
    predicted = model.predicted(alone, [5.0, 50.0])
    assert list(predicted) == [5.0]  # nobody is followed for 50 years
    np.testing.assert_allclose(predicted[5.0], 1 - survival, rtol=1e-12)  # another order of the same products
    assert model.notes == ()


def test_probabilities_need_no_outcome_and_miss_where_a_value_does(table: pd.DataFrame) -> None:
    model = proportional_hazards.fit(table, COLUMNS)
    new = table.loc[:4, COLUMNS].copy()
    new.loc[2, "age_years"] = np.nan
    new.loc[3, "sex"] = "X"
    predicted = model.predicted(new, [5.0])[5.0]
    np.testing.assert_array_equal(np.isnan(predicted), [False, False, True, True, False])
    np.testing.assert_allclose(predicted[[0, 1, 4]], model.predicted(table, [5.0])[5.0][[0, 1, 4]], rtol=1e-12)
    assert np.isnan(model.predicted(new[2:4], [5.0])[5.0]).all()


def test_an_absent_column_is_told(table: pd.DataFrame) -> None:
    model = proportional_hazards.fit(table, COLUMNS)
    for column in COLUMNS:
        with pytest.raises(DataError, match=f"no column {column}"):
            model.risk(table.drop(columns=column))
        with pytest.raises(DataError, match=f"no column {column}"):
            model.predicted(table.drop(columns=column), [5.0])
