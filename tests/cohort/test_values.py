from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort import values


def text(*cells: str | None) -> pd.Series:
    return values.present(pd.Series(cells, dtype="object"))


def test_numbers_with_comma_typographic_minus_and_nothing() -> None:
    found = values.number(text("−2,5", "–1.5", "-0.3", "+.5", "1e2", "", "NA", None))
    np.testing.assert_array_equal(found, [-2.5, -1.5, -0.3, 0.5, 100, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("cell", ["1.234,5", "1,234.5", "inf", "0x1F", "<-2.5", "-2.5 SD", "1_000"])
def test_what_is_no_number_is_not_guessed(cell: str) -> None:
    assert values.number(text(cell)).isna().all()


def test_ages_in_all_units() -> None:
    found = values.age(text("58", "058Y", "58,5", "8M", "12W", "400D", "-3", "58 y", "old", "Y"))
    np.testing.assert_allclose(found, [58, 58, 58.5, 8 / 12, 84 / 365.25, 400 / 365.25, -3, 58, np.nan, np.nan])


def test_sexes_by_word_and_numbers_only_by_the_users_own_code() -> None:
    cells = text("F", "female", "m", "Male", "1", "2", "2.0", "x")
    assert values.sex(cells, {}).tolist()[:4] == ["F", "F", "M", "M"]
    assert values.sex(cells, {}).isna().tolist()[4:] == [True] * 4
    assert values.sex(cells, {"1": "M", "2": "F"}).tolist()[4:7] == ["M", "F", "F"]


def test_dates_year_first_alone() -> None:
    found = values.date(text("2024-05-31", "20240531", "2024-05-31T08:00", "31.05.2024", "2024-02-30", "2024-0531"))
    assert found.isna().tolist() == [False, False, False, True, True, True]
    assert (found[:3] == pd.Timestamp(2024, 5, 31)).all()


def test_classes_by_their_common_names() -> None:
    found = values.bone_class(text("Normal", "low bone mass", "osteopenia", "Osteoporosis", "1"))
    assert found.tolist()[:4] == ["normal", "low_bone_mass", "low_bone_mass", "osteoporosis"] and pd.isna(found[4])


def test_a_covariate_is_numeric_where_all_of_it_is() -> None:
    assert values.covariate(text("1,5", None, "2")).dtype == "float64"
    assert values.covariate(text("007", "008")).tolist() == ["007", "008"]
    assert values.covariate(text("1", "GE")).tolist() == ["1", "GE"]
