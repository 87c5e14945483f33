from __future__ import annotations

import os
from pathlib import Path

import pytest

import bonerisk.runs
from bonerisk.runs import hashing


def test_equal_values_hash_equal_whatever_their_order():
    assert hashing.fingerprint({"a": 1, "b": [1, 2]}) == hashing.fingerprint({"b": [1, 2], "a": 1})
    assert hashing.fingerprint({"a": 1}) != hashing.fingerprint({"a": 2})


def test_a_file_is_read_again_only_when_it_changed(tmp_path, monkeypatch):
    path = tmp_path / "film"
    path.write_bytes(b"one")
    read = []
    plain = hashing.sha256
    monkeypatch.setattr(hashing, "sha256", lambda item: read.append(item) or plain(item))
    first = hashing.sha256_cached([path], tmp_path / "data")
    assert hashing.sha256_cached([path], tmp_path / "data") == first
    assert len(read) == 1
    assert hashing.sha256_cached([tmp_path / "gone", path], tmp_path / "data") == [None, *first]
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert hashing.sha256_cached([path], tmp_path / "data") != first
    assert len(read) == 2


def test_a_file_exchanged_for_one_of_equal_size_and_time_is_read(tmp_path):
    path, other = tmp_path / "film", tmp_path / "other"
    path.write_bytes(b"one")
    first = hashing.sha256_cached([path], tmp_path / "data")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    other.write_bytes(b"two")
    other.replace(path)
    os.utime(path, ns=times)
    assert hashing.sha256_cached([path], tmp_path / "data") == [hashing.sha256(path)] != first


def test_the_cache_is_its_owners_and_a_damaged_one_is_made_anew(tmp_path):
    path, cache = tmp_path / "film", tmp_path / "data" / hashing.CACHE_NAME
    path.write_bytes(b"one")
    first = hashing.sha256_cached([path], tmp_path / "data")
    assert cache.stat().st_mode & 0o777 == 0o600
    cache.write_bytes(b"no database" * 1000)
    assert hashing.sha256_cached([path], tmp_path / "data") == first


@pytest.mark.parametrize("file", ["new.py", "inner/new.py"])
def test_the_hash_of_code_changes_with_it(tmp_path, monkeypatch, file):
    before = hashing.sha256_of_code(bonerisk.runs)
    (tmp_path / "inner").mkdir()
    (tmp_path / file).write_text("x = 1\n")
    monkeypatch.setattr(bonerisk.runs, "__path__", [*bonerisk.runs.__path__, str(tmp_path)])
    assert hashing.sha256_of_code(bonerisk.runs) != before


def test_the_name_of_a_file_need_not_be_utf8(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/R\xf6ntgen.dcm"))
    path.write_bytes(b"film")
    digest = hashing.sha256(path)
    assert [hashing.sha256_cached([path], tmp_path / "data") for _ in range(2)] == [[digest]] * 2
