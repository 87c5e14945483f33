from __future__ import annotations

from typing import Any, Literal

import pytest

from bonerisk.config.signature import argument_types, conforms, describe, is_open


def test_types_are_read_without_importing(tmp_path, monkeypatch):
    source = "import nowhere\nclass A:\n    def __init__(self, n: int, x: float | None = None, y=1, z: T = 0): ...\n"
    (tmp_path / "unimportable.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    assert argument_types("unimportable.A") == {"n": int, "x": float | None, "y": Any, "z": Any}


def test_fields_of_a_dataclass_are_its_arguments(tmp_path, monkeypatch):
    (tmp_path / "plain.py").write_text("class B:\n    size: int = 3\n    mode: Literal['a', 'b'] = 'a'\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert argument_types("plain.B") == {"size": int, "mode": Literal["a", "b"]}


def test_a_head_may_be_for_targets_of_two_kinds(tmp_path, monkeypatch):
    (tmp_path / "both.py").write_text("class C:\n    def __init__(self, target: OrdinalTarget | AmountTarget): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    hint = argument_types("both.C")["target"]
    assert conforms("bone_class", hint) and conforms("t_score", hint) and not conforms("fracture", hint)


def test_a_head_of_yes_or_no_takes_a_column_of_the_users_own():
    hint = argument_types("bonerisk.heads.fitted_logistic.LogisticHead")["target"]
    assert conforms("any_fracture", hint) and conforms("covid", hint) and conforms("hip_fracture", hint)
    assert not any(conforms(name, hint) for name in ("fracture", "fractures", "t_score", "low_bone", 1))
    assert describe(hint).endswith("or a column of your own")
    assert not conforms("covid", argument_types("bonerisk.heads.cox.Cox")["target"])


@pytest.mark.parametrize("target", ["bonerisk.nowhere.A", "bonerisk.errors.Nothing"])
def test_an_unknown_target_is_said(target):
    with pytest.raises(LookupError):
        argument_types(target)


@pytest.mark.parametrize(
    ("value", "hint", "fits"),
    [
        (1, int, True),
        (1, float, True),
        (1.5, int, False),
        (True, int, False),
        (1, bool, False),
        ("a", float, False),
        (None, float | None, True),
        (None, float, False),
        (7, str, False),
        (True, str | None, False),
        ([7], list[str], False),
        ({1: "a"}, dict[str, str], False),
        ({"a": {"b": 7.5}}, dict[str, dict[str, str]], False),
        (7, str | float, True),
        ("a", Literal["a", "b"], True),
        ("c", Literal["a", "b"], False),
        (["a", "b"], list[str], True),
        ("a", list[str], False),
        ([1, "x"], list[int], False),
        ({"a": "b"}, dict[str, str], True),
        ("anything", Any, True),
    ],
)
def test_conforms(value, hint, fits):
    assert conforms(value, hint) is fits


def test_words_for_types():
    assert describe(float | None) == "float or null"
    assert describe(dict[str, int] | None) == "{name: int} or null"
    assert describe(Literal["a", "b"] | list[str]) == "a | b or list of str"
    assert is_open(dict[str, str])
    assert is_open(dict[str, str] | None)
    assert not is_open(list[str])
