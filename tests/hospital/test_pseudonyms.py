from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bonerisk.errors import RunError
from bonerisk.hospital.pseudonyms import hide, pseudonyms, salt_of


def films(*paths: str) -> pd.DataFrame:
    count = len(paths)
    return pd.DataFrame(
        {
            "site": "here",
            "patient_id": ["1"] * count,
            "image_id": [f"1.2.{n}" for n in range(count)],
            "image_path": paths,
        }
    )


def test_the_salt_is_drawn_once_and_closed_to_others(tmp_path):
    assert salt_of(tmp_path) == salt_of(tmp_path)
    assert (tmp_path / ".salt").stat().st_mode & 0o077 == 0
    assert salt_of(tmp_path) != salt_of(tmp_path / "elsewhere")


def test_a_damaged_salt_is_told(tmp_path):
    (tmp_path / ".salt").write_text("abc")
    with pytest.raises(RunError, match="salt"):
        salt_of(tmp_path)


def test_a_pseudonym_needs_the_salt():
    assert pseudonyms(["1"], b"a" * 32) == pseudonyms(["1"], b"a" * 32) != pseudonyms(["1"], b"b" * 32)


def test_films_are_linked_and_the_key_names_all_that_were_ever_hidden(tmp_path):
    for name in ("Anna.dcm", "Bert.dcm"):
        (tmp_path / name).write_text(name)
    folder = tmp_path / "data"
    first = hide(films(str(tmp_path / "Anna.dcm")), folder, b"s" * 32)
    again = hide(films(str(tmp_path / "Bert.dcm"), str(tmp_path / "Anna.dcm")), folder, b"s" * 32)
    assert Path(first["image_path"][0]).read_text() == "Bert.dcm"  # the archive has moved: the link follows
    assert "Anna" not in first["image_path"][0]
    assert again["patient_id"].nunique() == 1
    key = pd.read_csv(folder / "key.csv", dtype=str)
    assert sorted(key["original_image_id"]) == ["1.2.0", "1.2.1"]


def test_the_key_keeps_films_of_earlier_cohorts(tmp_path):
    hide(films("/a", "/b"), tmp_path, b"s" * 32)
    hide(films("/a"), tmp_path, b"s" * 32)
    assert len(pd.read_csv(tmp_path / "key.csv")) == 2
