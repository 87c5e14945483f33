"""Every film of the suite as two other readers see it; `scripts/compare_readers.py` made the golden values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.imaging.read import read

from .suite import EVERY, FILMS, write

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "readers.json").read_text(encoding="utf-8"))["films"]
HALF, LEVEL = 0.52, 1.0  # levels of the film's depth: rounding; DCMTK scales without a window by 2**16 / 2**bits
KNOWN = {  # what DCMTK does otherwise, in levels
    "window_exact": 3.2,  # it takes LINEAR_EXACT for LINEAR, whose width is smaller by 1
    "rescale": 3.0,  # it rounds rescaled values to integers
    "rescale_window": 4.0,
}


def test_the_golden_values_are_of_this_suite() -> None:
    assert set(GOLDEN) == set(FILMS)


@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_as_other_readers_see_it(name: str, tmp_path: Path) -> None:
    film = read(write(name, tmp_path))
    top = 2**film.bits - 1
    seen = {reader: values for reader, values in GOLDEN[name].items() if values is not None}
    assert seen
    for reader, values in seen.items():
        apart = np.abs(film.pixels.ravel()[::EVERY] - np.array(values) / 65535 * top).max()
        allowed = HALF if reader == "gdcm_pydicom" else KNOWN.get(name, LEVEL)
        assert apart <= allowed + top / 131070, (reader, apart)
