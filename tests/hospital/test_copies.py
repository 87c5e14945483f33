from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bonerisk.hospital import facts
from bonerisk.hospital.copies import spare


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bool], str]:
    """Write a film, whole or cut off."""

    def write(name: str, whole: bool) -> str:
        path = tmp_path / name
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).save(path, "PNG")
        path.write_bytes(path.read_bytes()[: None if whole else 2000])
        return str(path)

    return write


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ([True, True], 0),
        ([False, True], 1),
        ([True, False], 0),
        ([False, False], 0),
        ([False, False, True, True], 2),
    ],
)
def test_the_first_readable_file_stands_for_the_film(
    write: Callable[[str, bool], str], whole: list[bool], kept: int
) -> None:
    paths = ["/no/such/film", *(write(str(number), good) for number, good in enumerate(whole))]
    films = pd.DataFrame({"image_id": ["single", *["x"] * len(whole)], "image_path": paths, "patient_id": "1"})
    films = films.assign(film_date=pd.Timestamp("2015-01-01")).set_axis(range(10, 10 + len(paths)))
    assert spare(films).tolist() == [False, *(number != kept for number in range(len(whole)))]
    reason = "a second file of the same SOPInstanceUID"
    assert facts.incomplete(films).eq(reason).tolist() == spare(films).tolist()


def test_films_of_one_file_are_not_opened() -> None:
    films = pd.DataFrame({"image_id": ["x", "y"], "image_path": ["/no/such/film"] * 2})
    assert not spare(films).any()
    assert spare(films.iloc[:0]).empty
