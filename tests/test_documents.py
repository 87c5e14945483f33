from __future__ import annotations

import os
import time

import pytest

from bonerisk.documents import read_json, read_yaml
from bonerisk.errors import DataError

LAUGHS = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "more than 100000 values"),
        ("a: &a [*a]", "holds itself"),
        ("[" * 100 + "]" * 100, "deeper than 50"),
        ("[" * 100_000, "nested too deeply"),
        ("x: " + "y" * 2**20, "of at most 1048576"),
        ("a: [1", "no YAML"),
        ("!!python/object/apply:os.system [true]", "could not determine a constructor"),
    ],
)
def test_yaml_that_would_fill_the_memory_or_never_end_is_refused_at_once(tmp_path, text, words):
    (tmp_path / "x.yaml").write_text(text)
    start = time.monotonic()
    with pytest.raises(DataError, match=words) as caught:
        read_yaml(tmp_path / "x.yaml")
    assert time.monotonic() - start < 5
    assert "\n" not in caught.value.what


def test_anchors_in_measure_are_read(tmp_path):
    (tmp_path / "x.yaml").write_text("a: &a {icd10: [S72]}\nb: *a\nc: {<<: *a, name: hip}\n")
    assert read_yaml(tmp_path / "x.yaml")["c"] == {"icd10": ["S72"], "name": "hip"}
    (tmp_path / "x.yaml").write_text("")
    assert read_yaml(tmp_path / "x.yaml") is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": 1', ""])
def test_json_that_is_none_or_nested_too_deeply_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match="no JSON"):
        read_json(tmp_path / "x.json")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(DataError, match="a pipe or a device"):
        read_json(tmp_path / "x.json")


def test_json_that_would_fill_the_memory_is_refused_before_it_is_parsed(tmp_path):
    (tmp_path / "x.json").write_bytes(b"[" + b"[]," * 25_000_000 + b"[]]")
    with pytest.raises(DataError, match="GiB in memory, of at most 2"):
        read_json(tmp_path / "x.json")
    with (tmp_path / "x.json").open("r+b") as file:
        file.truncate(2 * 2**30)
    with pytest.raises(DataError, match=r"6\.0 GiB in memory, of at most 2"):
        read_json(tmp_path / "x.json")
