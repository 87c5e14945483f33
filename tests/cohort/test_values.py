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


@pytest.mark.parametrize("cell", ["2024-05-31", "20240531", "2024-05-31 00:00:00.000", "2024-05-31T08:00:00Z"])
def test_iso_dates_may_bear_a_time(cell: str) -> None:
    assert values.date(text(cell)).tolist() == [pd.Timestamp(2024, 5, 31)]


@pytest.mark.parametrize(
    "cell", ["20240531120000", "2024-05-31 or so", "20240531 20240601", "２０２４0531", "2024-5-31"]
)
def test_what_only_starts_like_a_date_is_none(cell: str) -> None:
    assert values.date(text(cell)).isna().all()


@pytest.mark.parametrize(
    ("cell", "layout", "day"),
    [
        ("31.05.2024", "%d.%m.%Y", (2024, 5, 31)),
        ("1.5.2024", "%d.%m.%Y", (2024, 5, 1)),
        ("05/01/2024", "%m/%d/%Y", (2024, 5, 1)),
        ("01-MAY-2024", "%d-%b-%Y", (2024, 5, 1)),
        ("01122024", "%d%m%Y", (2024, 12, 1)),
        ("1122024", "%d%m%Y", None),
        ("31.05.24", "%d.%m.%Y", None),
        ("2024-05-31", "%d.%m.%Y", None),
        ("29.02.2023", "%d.%m.%Y", None),
        ("31.05.2024 08:00", "%d.%m.%Y", None),
    ],
)
def test_dates_as_the_user_says_they_are_written(cell: str, layout: str, day: tuple[int, int, int] | None) -> None:
    found = values.date(text(cell, None), layout)
    assert found.dtype == "datetime64[ns]" and found.isna().tolist() == [day is None, True]
    if day:
        assert found[0] == pd.Timestamp(*day)


def test_codes_lose_case_dots_and_marks_and_keep_their_zeros() -> None:
    assert values.code(text("008.45", "v58.65", "e885.9", "250."), "icd9").tolist() == [
        "00845",
        "V5865",
        "E8859",
        "250",
    ]
    assert values.code(text("m80.08xa", "E11.-", "M90.0*", "U07.1!"), "icd10").tolist() == [
        "M8008XA",
        "E11",
        "M900",
        "U071",
    ]
    assert values.code(text("H02", "A10BA02", "M"), "atc").fillna("none").tolist() == ["H02", "A10BA02", "none"]


def test_cells_keep_their_index_and_repeats_their_value() -> None:
    cells = pd.Series(["1", None, "x", "1"], index=[7, 3, 9, 4], dtype="object")
    found = values.number(cells)
    assert found.index.tolist() == [7, 3, 9, 4] and found[[7, 4]].tolist() == [1, 1] and found[[3, 9]].isna().all()
    assert values.present(cells).tolist() == ["1", None, "x", "1"]


def test_classes_by_their_common_names() -> None:
    found = values.bone_class(text("Normal", "low bone mass", "osteopenia", "Osteoporosis", "1"))
    assert found.tolist()[:4] == ["normal", "low_bone_mass", "low_bone_mass", "osteoporosis"] and pd.isna(found[4])


def test_a_covariate_is_numeric_where_all_of_it_is() -> None:
    assert values.covariate(text("1,5", None, "2")).dtype == "float64"
    assert values.covariate(text("007", "008")).tolist() == ["007", "008"]
    assert values.covariate(text("1", "GE")).tolist() == ["1", "GE"]


def test_a_bound_of_a_t_score_is_no_number_and_the_reason_says_what_to_write() -> None:
    parser, reason = values.PARSERS["t_score"]
    assert parser(text("<-2.5")).isna().all() and "bone_class" in reason
