from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.cohort import slips, values


def text(*cells: str | None) -> pd.Series:
    return pd.Series(cells, range(2, len(cells) + 2), dtype="object")


def ambiguous(*cells: str | None, highest: float | None = 43_830) -> bool:
    return bool([*slips.thousands(text(*cells), "t.csv", highest)])


def stops(cells: pd.Series, parse=values.number) -> str:
    return " ".join(map(str, slips.unread(cells, parse(cells), "t.csv, column days", "no number")))


@pytest.mark.parametrize("sign", [",", "."])
def test_a_thousands_sign_that_nothing_tells_from_a_decimal_one(sign: str) -> None:
    assert ambiguous("876", None, f"1{sign}746", "12")
    assert ambiguous(f"1{sign}746", f"2{sign}012")
    assert ambiguous(f"1{sign}746", f"1{sign}746{sign}000")


@pytest.mark.parametrize("other", ["0.433", "2.5", "1746", "12.0", "2.1234", "1e3"])
def test_one_cell_tells_that_the_sign_is_a_decimal_one(other: str) -> None:
    assert not ambiguous("1.746", other)


def test_bounds_tell_that_the_sign_is_a_decimal_one() -> None:
    assert not ambiguous("4.936", "2.812", "3", highest=120)
    assert ambiguous("4.936", "2.812", "99.999", highest=43_830)  # one time too long is a slip


def test_a_feature_of_three_decimals_in_all_rows_is_no_number_of_thousands() -> None:
    assert not ambiguous("2.345", "2.410", highest=None) and ambiguous("2.345", "3", highest=None)


@pytest.mark.parametrize("odd", ["1'746", "1\u202f746", "1\u00a0746", "(2.5)", "2.5-"])
def test_more_than_a_twentieth_of_a_column_that_cannot_be_read_stops(odd: str) -> None:
    assert "4 of 34 cells can't be read" in stops(text(*["7"] * 30, *[odd] * 4))
    assert not stops(text(*["7", "9000", "-9"] * 20, *[odd] * 2, None))


@pytest.mark.parametrize(
    ("odd", "side"), [("1'746", "above"), ("1\u202f746", "above"), ("(2.5)", "below"), ("2.5-", "below")]
)
def test_cells_that_lie_all_on_one_side_stop_however_few(odd: str, side: str) -> None:
    assert f"3 of 203 cells can't be read (all {side} those that can), the first in row 202" in stops(
        text(*["0", "999"] * 100, *[odd] * 3)
    )


def test_a_few_odd_words_are_slips() -> None:
    assert not stops(text(*["0", "999"] * 100, "lost", "soon", "?"))
    assert not stops(text("1", "x", "y"))
    assert not stops(text(*["normal"] * 110, *["odd"] * 5), values.bone_class)
