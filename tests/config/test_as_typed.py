from __future__ import annotations

from typing import Any

import pytest

from bonerisk.config.as_typed import as_typed

Texts = list[str] | None
ByTable = dict[str, dict[str, str | None]]


@pytest.mark.parametrize(
    ("value", "hint", "typed"),
    [
        ("2024_11", str, "'2024_11'"),
        ("1.10", str | None, "'1.10'"),
        ("1e3", str, "'1e3'"),
        ("-.5", str, "'-.5'"),
        ("nan", str, "'nan'"),
        ("True", str, "'True'"),
        ("null", str | None, "null"),
        ("films/2015_06", str, "films/2015_06"),
        ("'1.10'", str, "'1.10'"),
        ("1.10", str | float, "1.10"),
        ("1.10", Any, "1.10"),
        ("1.10", None, "1.10"),
        ("[1.10, a, '2']", Texts, "['1.10', a, '2']"),
        ("1.10,1.20", str, "'1.10','1.20'"),
        ("choice(1.10,b)", str, "choice('1.10',b)"),
        ("range(1,3)", str, "range(1,3)"),
        ("{dxa: {date: 1.10, 2: null}, x: {a: '3'}}", ByTable, "{dxa: {date: '1.10', 2: null}, x: {a: '3'}}"),
        ("[0.8,0,0.2]", list[float] | str, "[0.8,0,0.2]"),
        ("0.8", list[float] | str, "'0.8'"),
        (r"a\,1.10", str, r"a\,1.10"),
        ('"T (a,1.10)"', str, '"T (a,1.10)"'),
        ("", str, ""),
    ],
)
def test_only_numbers_where_text_is_wanted_get_quotes(value, hint, typed):
    assert as_typed(f"key={value}", hint) == f"key={typed}"


def test_an_override_without_value_stays():
    assert as_typed("~encoder", str) == "~encoder"
