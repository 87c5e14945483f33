from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError, RunError
from bonerisk.imaging import parallel, store
from bonerisk.imaging.film import Film
from bonerisk.imaging.read import read
from bonerisk.preprocessing.chest import GrayscaleTruncation

TRANSFORM, SHAPE = GrayscaleTruncation(32), (32, 32)


@pytest.fixture
def films(write_png: Callable[..., Path]) -> pd.DataFrame:
    """Forty films of different sizes, of which the third and the last are blank."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(40):
        pixels = rng.integers(0, 256, (64 + number, 80), dtype=np.uint8)
        paths.append(write_png(pixels * (number not in (2, 39)), name=f"{number}.png"))
    return pd.DataFrame({"image_id": [f"{number:03}" for number in range(40)], "image_path": map(str, paths)})


@pytest.mark.parametrize("cores", [1, 2])
def test_build_then_open(tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    built = store.build(tmp_path / "images" / "abc", films, TRANSFORM, SHAPE)
    assert isinstance(built.images, np.memmap)
    assert (built.images.shape, built.images.dtype) == ((38, 32, 32), np.uint8)
    assert not built.images.flags.writeable
    for name, path in zip(films["image_id"], films["image_path"], strict=True):
        if name not in ("002", "039"):
            assert (built.images[built.rows[name]] == TRANSFORM(read(Path(path)))).all()
    assert list(built.rows) == list(range(38))
    assert list(built.index.loc[5, ["image_id", "height_px", "width_px", "bits"]]) == ["006", 70, 80, 8]
    assert built.index["row_spacing_mm"].isna().all()
    assert list(built.failures["image_id"]) == ["002", "039"]
    assert built.failures["reason"].str.contains("blank").all()
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["abc"]

    def never(film: Film) -> np.ndarray:
        raise AssertionError("a film was read again")

    opened = store.build(tmp_path / "images" / "abc", films, never, SHAPE)
    assert (opened.images == built.images).all()
    pd.testing.assert_frame_equal(opened.index, built.index)
    pd.testing.assert_frame_equal(opened.failures, built.failures)


def test_spacing_of_dicom_is_kept(tmp_path: Path, write_dicom: Callable[..., Path], ramp: np.ndarray) -> None:
    path = write_dicom(ramp, PixelSpacing=[0.2, 0.1])
    built = store.build(tmp_path / "s", pd.DataFrame({"image_id": ["a"], "image_path": [path]}), TRANSFORM, SHAPE)
    assert list(built.index.loc[0, store.FACTS]) == [64, 64, 12, 0.2, 0.1]
    assert built.failures.empty


def test_film_with_a_blank_centre_is_a_failure(tmp_path: Path, films: pd.DataFrame, write_png: Callable) -> None:
    films = films.head(2).copy()
    films.loc[0, "image_path"] = str(write_png(np.pad(np.zeros((60, 60), np.uint8), 3, constant_values=1)))
    built = store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert list(built.failures["reason"]) == ["the central half of the film is blank: every pixel is 0"]


def test_ids_that_stand_twice(tmp_path: Path, films: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="1 image_id stand more than once: 003"):
        store.build(tmp_path / "s", pd.concat([films, films.iloc[[3]]]), TRANSFORM, SHAPE)


def test_no_film_and_no_readable_film(tmp_path: Path, films: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no film to read"):
        store.build(tmp_path / "s", films.head(0), TRANSFORM, SHAPE)
    with pytest.raises(DataError, match=r"none of the 1 films could be read; the first: the film is blank"):
        store.build(tmp_path / "s", films.iloc[[2]], TRANSFORM, SHAPE)
    assert not list(tmp_path.glob("*s*"))


def test_other_films_under_the_same_name(tmp_path: Path, films: pd.DataFrame) -> None:
    store.build(tmp_path / "s", films.head(5), TRANSFORM, SHAPE)
    for asked, shape in ((films.head(6), SHAPE), (films.head(5), (16, 16))):
        with pytest.raises(RunError, match="other films or sizes"):
            store.build(tmp_path / "s", asked, TRANSFORM, shape)


@pytest.mark.parametrize("name", [store.IMAGES, store.INDEX, store.FAILURES])
def test_damaged_store(tmp_path: Path, films: pd.DataFrame, name: str) -> None:
    store.build(tmp_path / "s", films.head(5), TRANSFORM, SHAPE)
    (tmp_path / "s" / name).write_bytes(b"PAR1 cut off")
    with pytest.raises(RunError, match="damaged"):
        store.build(tmp_path / "s", films.head(5), TRANSFORM, SHAPE)


def test_full_disk_is_told_before_reading(tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    with pytest.raises(RunError, match=r"40 films need 0\.06 GiB, the disk has 0\.00 GiB left"):
        store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert not list(tmp_path.glob("*s*"))


def test_disk_that_fills_up_leaves_nothing(
    tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store, "_write_header", full)
    with pytest.raises(RunError, match="can't be written: No space left"):
        store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert not list(tmp_path.glob("*s*"))


def test_unwritable(tmp_path: Path, films: pd.DataFrame) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="can't be written"):
        store.build(tmp_path / "file" / "s", films, TRANSFORM, SHAPE)


def test_bug_in_a_preprocessing_is_no_bad_film(tmp_path: Path, films: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="not uint8"):
        store.build(tmp_path / "s", films.head(3), GrayscaleTruncation(16), SHAPE)
    assert not list(tmp_path.glob("*s*"))


def test_two_processes_build_the_same_store(
    tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slower(*args: object) -> None:
        shutil.copytree(first.folder, tmp_path / "s")  # the other process is done meanwhile
        real(*args)

    films = films.head(5)
    first, real = store.build(tmp_path / "first", films, TRANSFORM, SHAPE), store._write_tables
    monkeypatch.setattr(store, "_write_tables", slower)
    second = store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert (second.images == first.images).all()


SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np, pandas as pd
from bonerisk.imaging import parallel, store

class Slow:
    def __call__(self, film):
        time.sleep(0.1)
        return np.zeros((8, 8), np.uint8)

if __name__ == "__main__":
    parallel.cores = lambda: 2
    films = pd.DataFrame({"image_id": range(400), "image_path": sys.argv[2]})
    store.build(Path(sys.argv[1]) / "s", films, Slow(), (8, 8))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path: Path, films: pd.DataFrame) -> None:
    script, folder = tmp_path / "script.py", tmp_path / "data"
    script.write_text(SCRIPT)
    command = [sys.executable, script, folder, films.loc[0, "image_path"]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        deadline = time.monotonic() + 30
        while not list(folder.glob(".s-*/store/*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert time.monotonic() - start < 5  # under a heavy load; all films would take 20
    assert errors.strip().endswith("KeyboardInterrupt")
    assert not list(folder.iterdir())


def test_workers_never_import_torch() -> None:
    code = "import sys, bonerisk.imaging.store, bonerisk.preprocessing.chest; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
