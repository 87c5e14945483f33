from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from bonerisk.features.columns import Columns
from bonerisk.features.scaling import Scaling


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"age_years": rng.normal(65, 9, 50), "sex": rng.choice(["F", "M"], 50)})


def test_numbers_are_standardised_and_indicators_are_not(table: pd.DataFrame) -> None:
    columns = Columns(["age_years", "sex"])
    columns.fit(table, [])
    x = Scaling.of(columns, table).matrix(columns, table)
    assert x.dtype == np.float32
    assert x[:, 0].mean() == pytest.approx(0, abs=1e-6)
    assert x[:, 0].std() == pytest.approx(1, abs=1e-6)
    assert set(x[:, 1]) == {0, 1}


def test_it_is_the_same_from_json(table: pd.DataFrame) -> None:
    columns = Columns(["age_years", "sex"])
    columns.fit(table, [])
    learnt = Scaling.of(columns, table)
    assert Scaling.restored(json.loads(json.dumps(asdict(learnt)))) == learnt


def test_no_columns_have_no_scaling(table: pd.DataFrame) -> None:
    columns = Columns([])
    columns.fit(table, [])
    assert Scaling.of(columns, table[:0]) == Scaling((), ())


def test_a_number_that_does_not_vary_among_the_rows_left_is_only_centred(table: pd.DataFrame) -> None:
    columns = Columns(["age_years"])
    columns.fit(table, [])
    alike = table.assign(age_years=60.0)
    assert Scaling.of(columns, alike).matrix(columns, alike).tolist() == [[0.0]] * len(table)
