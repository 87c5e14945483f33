"""What messages tell to type: keys that exist, options of groups, and lists in quotes (some shells expand brackets)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

import bonerisk
from bonerisk.config.signature import argument_types, is_open
from bonerisk.config.tree import config_dir

GROUPS = sorted(path.name for path in config_dir().iterdir() if path.is_dir())
TYPED = re.compile(rf"(?<![\w./])((?:{'|'.join(GROUPS)})(?:[./][a-z_]+)*)=([a-z_]+\b)?")
UNQUOTED = re.compile(r"(?<![\w'.])[a-z_][a-z_.]*=\[[^\]]")


def texts() -> Iterator[tuple[str, str]]:
    """Place and content of the package's texts, docstrings excepted; what is filled in is written as …."""
    for file in Path(bonerisk.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text())
        skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        skipped |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            where = f"{file.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                yield where, "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                yield where, node.value


@cache
def keys(group: str) -> set[str]:
    """Every key of the options of a group, of their own groups, too; * stands for a user's own key."""
    files = (config_dir() / group).rglob("*.yaml")
    return {
        key
        for file in files
        for key in _keys(yaml.safe_load(file.read_text()) or {}, ".".join(file.parent.relative_to(config_dir()).parts))
    }


def _keys(node: dict, place: str) -> Iterator[str]:
    yield place
    types = argument_types(node["_target_"]) if "_target_" in node else {}
    for key, value in node.items():
        if key not in ("defaults", "_target_"):
            yield f"{place}.{key}"
            if is_open(types.get(key)):
                yield f"{place}.{key}.*"
            if isinstance(value, dict):
                yield from _keys(value, f"{place}.{key}")


def known(key: str, option: str | None) -> bool:
    parts = re.split(r"[./]", key)
    if (config_dir() / "/".join(parts)).is_dir():  # group=option
        options = {file.stem for file in (config_dir() / "/".join(parts)).glob("*.yaml")}
        return option is None or option in ("null", *options)
    own = {".".join([*parts[:depth], "*"]) for depth in range(2, len(parts))}
    return bool({".".join(parts), *own} & keys(parts[0]))


def test_keys_and_options_exist() -> None:
    found = [(where, *match.groups()) for where, text in texts() for match in TYPED.finditer(text)]
    assert len(found) > 60
    assert [item for item in found if not known(item[1], item[2])] == []


def test_lists_are_quoted() -> None:
    assert [item for item in texts() if UNQUOTED.search(item[1])] == []


@pytest.mark.parametrize(
    ("key", "option", "right"),
    [
        ("dataset.split", "external", True),
        ("dataset.columns.t_score", None, True),
        ("dataset.rules.pair.window_days", None, True),
        ("dataset.splitt", None, False),
        ("training.logger", None, False),
        ("head", "logistic", True),
        ("head", "logistics", False),
    ],
)
def test_the_test_itself_knows_right_from_wrong(key: str, option: str | None, right: bool) -> None:
    assert known(key, option) == right
