from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.imaging.read import read
from bonerisk.runs.environment import free_memory


def text(folder: Path) -> Path:
    path = folder / "film.dcm"
    path.write_text("patient_id,age\n1,58\n" * 50)
    return path


def empty(folder: Path) -> Path:
    path = folder / "film.png"
    path.touch()
    return path


def unreadable(folder: Path) -> Path:
    if os.geteuid() == 0:
        pytest.skip("root can read everything")
    path = text(folder)
    path.chmod(0)
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (text, "neither DICOM nor PNG nor JPEG"),
        (empty, "empty"),
        (unreadable, "can't be read: Permission denied"),
        (lambda folder: folder, "a folder stands where"),
        (lambda folder: folder / "absent.dcm", "no such file"),
    ],
)
def test_refused(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    path = make(tmp_path)
    with pytest.raises(DataError, match=reason) as caught:
        read(path)
    error = pickle.loads(pickle.dumps(caught.value))  # as it comes back from a worker
    assert (error.where, bool(error.mend)) == (str(path), True)


@pytest.mark.parametrize("start", [b"", bytes(128) + b"DICM", b"\x08\x00", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
@pytest.mark.filterwarnings("ignore")
def test_noise_of_any_kind_raises_nothing_but_data_error(tmp_path: Path, start: bytes) -> None:
    rng = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / str(number)
        path.write_bytes(start + rng.bytes(int(rng.integers(0, 3000))))
        with pytest.raises(DataError):
            read(path)


def test_blank(write_png: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="blank: every pixel is 7"):
        read(write_png(np.full((64, 64), 7, np.uint8)))


def test_smallest_side(write_png: Callable[..., Path]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 300), dtype=np.uint8)
    assert read(write_png(pixels)).pixels.shape == (64, 300)
    with pytest.raises(DataError, match="63 × 300 pixels: under 64"):
        read(write_png(pixels[1:]))


def test_memory_is_known_here() -> None:
    free = free_memory()
    assert free is None or 2**24 < free < 2**50


def test_file_larger_than_memory(write_png: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_png(np.eye(64, dtype=np.uint8))
    monkeypatch.setattr("bonerisk.imaging.read.free_memory", lambda: 10)
    with pytest.raises(DataError, match="would not fit in memory"):
        read(path)


def test_file_too_large_for_any_film_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "film.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(2 * 2**30)  # it takes no room on the disk
    with pytest.raises(DataError, match="would not fit in memory"):
        read(tmp_path / "film.png")
