from __future__ import annotations

import math

import pandas as pd
import pytest

from bonerisk.reporting.wording.numbers import count, interval, listed, mean_sd, number, p_value, percent, plural, share
from bonerisk.reporting.wording.values import value


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (0.854, False, "0.85"),
        (-0.02, False, "−0.02"),
        (0.02, True, "+0.02"),
        (-0.001, True, "0.00"),
        (math.nan, False, "–"),
    ],
)
def test_number(value: float, sign: bool, text: str) -> None:
    assert number(value, sign=sign) == text


@pytest.mark.parametrize(
    ("values", "sign", "text"),
    [
        ((0.85, 0.82, 0.88), False, "0.85 (0.82–0.88)"),
        ((0.08, -0.02, 0.17), True, "+0.08 (−0.02 to +0.17)"),
        ((0.1, -0.02, 0.17), False, "0.10 (−0.02 to 0.17)"),
        ((0.1, -0.001, 0.17), False, "0.10 (0.00–0.17)"),
        ((0.85, math.nan, math.nan), False, "0.85"),
        ((math.nan, math.nan, math.nan), False, "–"),
    ],
)
def test_interval(values: tuple[float, float, float], sign: bool, text: str) -> None:
    assert interval(*values, sign=sign) == text


def test_counts() -> None:
    assert share(12, 35) == "12 (34%)"
    assert share(592, 1326) == "592 (44.6%)"
    assert share(0, 0) == "0"
    assert count(12294) == "12,294"
    assert count(math.nan) == "–"
    assert plural(1, "film") == "1 film"
    assert plural(1204, "film") == "1,204 films"


def test_mean_sd_is_over_what_is_there() -> None:
    assert mean_sd(pd.Series([1.0, 3.0, math.nan])) == "2.0 ± 1.4"
    assert mean_sd(pd.Series([2.0])) == "2.0"
    assert mean_sd(pd.Series([math.nan])) == "–"


def test_listed() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_percent_and_p() -> None:
    assert percent(0.0862, 0.069, 0.106) == "8.6% (6.9–10.6)"
    assert percent(0.0862, math.nan, math.nan) == "8.6%"
    assert [p_value(p) for p in (0.0004, 0.0123, 0.24, math.nan)] == ["<0.001", "0.012", "0.24", "–"]


@pytest.mark.parametrize(
    ("metric", "sign", "text"),
    [
        ("c_index", False, "0.01 (0.01–0.02)"),
        ("brier", False, "0.012 (0.006–0.021)"),
        ("brier", True, "+0.012 (+0.006 to +0.021)"),
        ("net_benefit", False, "12.1 (6.0–21.0)"),
        ("incidence", False, "1.2% (0.6–2.1)"),
    ],
)
def test_value_has_the_decimals_of_its_metric(metric: str, sign: bool, text: str) -> None:
    row = pd.Series({"metric": metric, "estimate": 0.0121, "lower": 0.006, "upper": 0.021})
    assert value(row, sign) == text
