"""Columns of a cohort as features: patterns, imputation from the training split alone, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.tables.characteristics import columns_of
from bonerisk.features.columns import Columns


def table(**changes: object) -> pd.DataFrame:
    found = {"age_years": [50.0, 60.0, 71.0, 80.0], "sex": ["F", "M", "M", None], "t_score": [-1.0, np.nan, -2.0, -3.0]}
    found |= {"finding_a": [0.0, 1.0, np.nan, 1.0], "finding_b": [1.0, 0.0, 1.0, 0.0], "event": [1.0, 0.0, 0.0, 1.0]}
    return pd.DataFrame(found | changes)


def fitted(columns: list[str] | None, named: tuple[str, ...] = (), **how: object) -> Columns:
    found = Columns(columns, **how)  # type: ignore[arg-type]
    found.fit(table(), named)
    return found


def test_a_pattern_takes_the_columns_it_matches_and_leaves_out_those_said() -> None:
    assert fitted(["age_years", "finding_*"]).names == ["age_years", "finding_a", "finding_b"]
    assert fitted(["finding_*"], without=["finding_a"]).names == ["finding_b"]
    assert fitted(["finding_a", "finding_*"]).names == ["finding_a", "finding_b"]  # each once
    assert fitted(["age_years", "finding_b"], without=["age_years"]).names == ["finding_b"]  # named in full, too
    assert "event" not in fitted(["*e*"], impute=True).used  # what is foretold can't foretell
    with pytest.raises(DataError, match=r"finding_c is not among the columns[\s\S]*did you mean finding_"):
        fitted(["finding_*"], without=["finding_c"])


def test_a_name_in_brackets_is_a_name_before_it_is_a_pattern() -> None:
    rows = table(**{"BMD [g/cm2]": [1.0, 0.9, 0.8, 0.7], "x[1]": [1.0, 2.0, 3.0, 4.0], "x1": [4.0, 3.0, 2.0, 1.0]})
    found = Columns(None)
    found.fit(rows, ("BMD [g/cm2]", "x[1]"))
    assert found.names == ["BMD [g/cm2]", "x[1]"] and columns_of(rows, ["x[1]"]) == ["x[1]"]


def test_rows_that_lack_a_value_are_not_complete() -> None:
    found = fitted(["sex", "finding_a"])
    assert found.complete(table()).tolist() == [True, True, False, False]
    assert found.lacking(table()) == ["sex missing 1", "finding_a missing 1"]
    assert not found.imputed(table())


def test_missing_values_are_those_of_training_and_a_t_score_is_never_invented() -> None:
    found = fitted(["age_years", "sex", "t_score", "finding_a"], impute=True)
    new = table(age_years=[np.nan, 20.0, 20.0, 20.0], finding_a=[np.nan] * 4)
    assert found.complete(new).tolist() == [True, False, True, True]
    kept = new[found.complete(new)]
    assert found.matrix(kept)[[0, 2]].tolist() == [[65.5, 0.0, -1.0, 1.0], [20.0, 1.0, -3.0, 1.0]]
    assert found.imputed(kept) == {"age_years": 1, "sex": 1, "finding_a": 3}
    other = Columns(["age_years", "sex", "t_score", "finding_a"], impute=True)
    other.restore(json.loads(json.dumps(found.state())))
    np.testing.assert_array_equal(other.matrix(kept), found.matrix(kept))


def test_a_column_that_is_empty_elsewhere_is_missing_there() -> None:
    new = table(age_years=pd.Series([None] * 4, dtype=object))
    assert not fitted(["age_years"]).complete(new).any()
    assert fitted(["age_years"], impute=True).complete(new).all()


def test_a_level_that_was_not_learnt_is_told() -> None:
    found = Columns(["sex"])
    found.fit(table(sex=["F", "M", "F", "M"]), ())
    new = table(sex=["F", "X", "M", "F"])
    assert found.complete(new).tolist() == [True, False, True, True]
    assert found.lacking(new) == ["sex with a level not learnt, as X, 1"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["nothing"], "no column nothing"),
        (["nothing_*"], "no column matches 'nothing_\\*'"),
        (["age_years", "finding_x*", "sex"], r"leave it out, as 'features.columns=\[age_years,sex\]'"),
        (None, "names no features"),
        (["empty"], "no film of the train split has a value in empty"),
        (["half", "other_half"], "has a value in all of half, other_half"),
        (["same"], "same have one value"),
    ],
)
def test_columns_that_tell_nothing_are_refused(columns: list[str] | None, said: str) -> None:
    found = table(same=1.0, empty=np.nan, half=[1, 2, np.nan, np.nan], other_half=[np.nan, np.nan, 1, 2])
    with pytest.raises((ConfigError, DataError), match=said):
        Columns(columns).fit(found, ())


@pytest.mark.parametrize("name", ["event", "label", "patient_id", "oracle_fracture_truth"])
def test_what_can_be_no_feature_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="can't be a feature"):
        Columns(["age_years", name])


def test_a_table_without_the_columns_is_refused() -> None:
    with pytest.raises(DataError, match="no column finding_b"):
        fitted(["finding_b"]).complete(table().drop(columns="finding_b"))


def test_an_identifier_or_free_text_is_no_feature() -> None:
    def of(levels: int) -> pd.DataFrame:
        return pd.DataFrame({"ward": [f"w{place % levels}" for place in range(300)], "age_years": np.arange(300.0)})

    few = Columns(["ward", "age_years"])
    few.fit(of(100), [])
    assert len(few.names) == 100
    with pytest.raises(DataError, match=r"101 levels, of at most 100[\s\S]*column ward"):
        Columns(["ward", "age_years"]).fit(of(101), [])
    without = Columns(["ward", "age_years"], without=["ward"])
    without.fit(of(300), [])
    assert without.names == ["age_years"]
