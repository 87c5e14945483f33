"""Examples in docstrings run, each module's in a folder of its own."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import bonerisk

ROOT = Path(bonerisk.__file__).parent
FILES = sorted(path.relative_to(ROOT.parent) for path in ROOT.rglob("*.py") if ">>> " in path.read_text("utf-8"))


def test_there_are_some() -> None:
    assert Path("bonerisk/models/load.py") in FILES


@pytest.mark.parametrize("path", FILES, ids=str)
def test_examples_give_what_they_say(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    assert doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS).failed == 0
