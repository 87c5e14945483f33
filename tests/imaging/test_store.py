from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError, RunError
from bonerisk.imaging import parallel, store, unfinished
from bonerisk.imaging.decode import FACTS
from bonerisk.imaging.film import Film
from bonerisk.imaging.perceptual import perceptual
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
    assert list(built.index.loc[0, list(FACTS)]) == [
        64,
        64,
        12,
        0.2,
        0.1,
        False,
        perceptual(read(path)),
        zlib.crc32(built.images[0]),
    ]
    assert built.failures.empty


def test_film_with_a_blank_centre_is_a_failure(tmp_path: Path, films: pd.DataFrame, write_png: Callable) -> None:
    films = films.head(2).copy()
    films.loc[0, "image_path"] = str(write_png(np.pad(np.zeros((60, 60), np.uint8), 3, constant_values=1)))
    built = store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert list(built.failures["reason"]) == ["the central half of the film is blank: every pixel is 0"]


def test_ids_that_stand_twice(tmp_path: Path, films: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="1 image_id occur more than once: 003"):
        store.build(tmp_path / "s", pd.concat([films, films.iloc[[3]]]), TRANSFORM, SHAPE)


def test_no_film_and_no_readable_film(tmp_path: Path, films: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no film to read"):
        store.build(tmp_path / "s", films.head(0), TRANSFORM, SHAPE)
    with pytest.raises(DataError, match=r"none of the 1 films could be read:\nthe film is blank"):
        store.build(tmp_path / "s", films.iloc[[2]], TRANSFORM, SHAPE)
    assert not list(tmp_path.glob("*s*"))


def test_other_films_under_the_same_name(tmp_path: Path, films: pd.DataFrame) -> None:
    store.build(tmp_path / "s", films.head(5), TRANSFORM, SHAPE)
    for asked, shape in ((films.head(6), SHAPE), (films.head(5), (16, 16))):
        with pytest.raises(RunError, match="other films, or images of another shape"):
            store.build(tmp_path / "s", asked, TRANSFORM, shape)


@pytest.mark.parametrize("name", [store.IMAGES, store.INDEX, store.FAILURES])
def test_damaged_store(tmp_path: Path, films: pd.DataFrame, name: str) -> None:
    store.build(tmp_path / "s", films.head(5), TRANSFORM, SHAPE)
    (tmp_path / "s" / name).write_bytes(b"PAR1 cut off")
    with pytest.raises(RunError, match="damaged"):
        store.build(tmp_path / "s", films.head(5), TRANSFORM, SHAPE)


def test_what_has_changed_since_it_was_written(tmp_path: Path, films: pd.DataFrame) -> None:
    films = films.head(6)  # the third is blank
    built = store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    images = np.load(tmp_path / "s" / store.IMAGES, mmap_mode="r+")
    images[2, 3, 4] ^= 1
    images.flush()
    names = list(built.index["image_id"])
    there = store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert there.positions([names[4], names[0]]).tolist() == [4, 0]
    with pytest.raises(RunError, match=f"the image of film {names[2]} has changed"):
        there.positions(names)
    built.index.iloc[::-1].to_parquet(tmp_path / "s" / store.INDEX, index=False)
    with pytest.raises(RunError, match=r"damaged: index\.parquet has changed"):
        store.build(tmp_path / "s", films, TRANSFORM, SHAPE)


class Deadly:
    """A preprocessing that kills its process at one film as long as a file is there, as if memory were short."""

    def __init__(self, short: Path, at: str) -> None:
        self.short, self.at = short, at

    def __call__(self, film: Film) -> np.ndarray:
        if film.path.stem == self.at and self.short.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return TRANSFORM(film)


def test_a_film_for_which_memory_was_short_is_read_again(
    tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    transform = Deadly(tmp_path / "short", "21")
    transform.short.touch()
    built = store.build(tmp_path / "s", films, transform, SHAPE)
    assert built.failures["image_id"].tolist() == ["002", "021", "039"]
    still = store.build(tmp_path / "s", films, transform, SHAPE)
    assert still.failures["reason"].tolist() == built.failures["reason"].tolist()
    transform.short.unlink()
    read = store.build(tmp_path / "s", films, transform, SHAPE)
    assert read.failures["image_id"].tolist() == ["002", "039"]
    assert read.index["image_id"].tolist() == [*built.index["image_id"], "021"]
    whole = store.build(tmp_path / "whole", films, TRANSFORM, SHAPE)
    names = list(whole.index["image_id"])
    assert (read.images[read.positions(names)] == whole.images).all()
    assert sorted(path.name for path in tmp_path.glob("*s*") if path.is_dir()) == ["s"]


def test_full_disk_is_told_before_reading(tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    with pytest.raises(RunError, match=r"40 films need 0\.06 GiB, the disk has 0\.00 GiB left"):
        store.build(tmp_path / "s", films, TRANSFORM, SHAPE)
    assert not list(tmp_path.glob("*s*"))


class Counting:
    """A preprocessing that writes down which films it was given, and stops at one of them."""

    def __init__(self, stop_at: str = "", error: BaseException | None = None) -> None:
        self.seen, self.stop_at, self.error = [], stop_at, error

    def __call__(self, film: Film) -> np.ndarray:
        if self.error is not None and film.path.stem == self.stop_at:
            raise self.error
        self.seen.append(film.path.stem)
        return TRANSFORM(film)


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of eight films, read in this process."""
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    monkeypatch.setattr(unfinished, "PART", 8)


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt(), MemoryError()], ids=lambda error: type(error).__name__)
def test_stopped_build_goes_on_where_it_was(tmp_path: Path, films: pd.DataFrame, error: BaseException) -> None:
    with pytest.raises((RunError, KeyboardInterrupt, MemoryError)):
        store.build(tmp_path / "d" / "s", films, Counting("21", error), SHAPE)
    assert not (tmp_path / "d" / "s").exists()
    rest = Counting()
    resumed = store.build(tmp_path / "d" / "s", films, rest, SHAPE)
    assert rest.seen == [str(number) for number in range(16, 39)]  # two parts were done; 39 is blank
    whole = store.build(tmp_path / "whole", films, TRANSFORM, SHAPE)
    assert (resumed.images == whole.images).all()
    pd.testing.assert_frame_equal(resumed.index, whole.index)
    pd.testing.assert_frame_equal(resumed.failures, whole.failures)
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["s"]
    assert len(list((tmp_path / "d" / "s").iterdir())) == 4


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("what", ["other films", "other size", "lost images", "damaged table"])
def test_parts_that_do_not_fit_are_read_again(tmp_path: Path, films: pd.DataFrame, what: str) -> None:
    with pytest.raises(RunError, match="No space left"):
        store.build(tmp_path / "s", films, Counting("21", FULL), SHAPE)
    there, again, shape = tmp_path / ".s.unfinished", Counting(), SHAPE
    if what == "other films":
        films = films.iloc[::-1]
    elif what == "other size":
        again, shape = GrayscaleTruncation(16), (16, 16)
    elif what == "lost images":
        os.truncate(there / unfinished.IMAGES, 5000)
    else:
        next(there.glob("part*")).write_bytes(b"PAR1")
    resumed = store.build(tmp_path / "s", films, again, shape)
    assert list(resumed.index["image_id"]) == [name for name in films["image_id"] if name not in ("002", "039")]
    for name, path in zip(films["image_id"], films["image_path"], strict=True):
        if name in resumed.rows:
            assert (resumed.images[resumed.rows[name]] == GrayscaleTruncation(shape[0])(read(Path(path)))).all()


class Planes:
    """Two planes of a film: its first rows, and its values in the columns that it brings."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at

    def __call__(self, film: Film) -> np.ndarray:
        if film.row["number"] == self.stop_at:
            raise FULL
        if film.row["letter"] is None:
            raise DataError("the film has no letter")
        rows = film.pixels[:7, :5]
        return np.stack([rows, np.full_like(rows, film.row["number"] + ord(film.row["letter"]))])


@pytest.fixture
def lettered(films: pd.DataFrame) -> pd.DataFrame:
    """The films with a column of numbers and one of letters, which the fifth lacks."""
    letters = pd.Series(["x"] * 40).mask(films.index == 4, None)
    return films.assign(number=np.arange(40.0), letter=letters, beside=1)


BROUGHT = (2, 7, 5), ("number", "letter")


@pytest.mark.parametrize("cores", [1, 2])
def test_images_of_any_shape_from_a_films_row(
    tmp_path: Path, lettered: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    built = store.build(tmp_path / "s", lettered, Planes(), *BROUGHT)
    assert (built.images.shape, built.images.dtype) == ((37, 2, 7, 5), np.uint8)
    assert list(built.failures["image_id"]) == ["002", "004", "039"]
    assert built.failures["reason"][1] == "the film has no letter"
    for film in lettered[lettered["image_id"].isin(built.rows.index)].itertuples():
        image = built.images[built.rows[film.image_id]]
        assert (image[0] == read(Path(film.image_path)).pixels[:7, :5]).all()
        assert (image[1] == film.number + ord("x")).all()


@pytest.mark.usefixtures("one_by_one")
def test_a_stopped_build_of_planes_goes_on(tmp_path: Path, lettered: pd.DataFrame) -> None:
    with pytest.raises(RunError, match="No space left"):
        store.build(tmp_path / "s", lettered, Planes(stop_at=21), *BROUGHT)
    assert len(list((tmp_path / ".s.unfinished").glob("part*"))) == 2
    resumed = store.build(tmp_path / "s", lettered, Planes(), *BROUGHT)
    assert (resumed.images == store.build(tmp_path / "whole", lettered, Planes(), *BROUGHT).images).all()


@pytest.mark.parametrize("shape", [(5,), (1, 2, 3, 4), (0, 5), ()])
def test_a_declared_shape_of_no_image_is_a_bug(tmp_path: Path, films: pd.DataFrame, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"GrayscaleTruncation declares images of shape .*, not \(h, w\) or"):
        store.build(tmp_path / "s", films, TRANSFORM, shape)


@pytest.mark.usefixtures("one_by_one")
def test_full_disk_asks_for_the_rest_alone(
    tmp_path: Path, films: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="not read again"):
        store.build(tmp_path / "s", films, Counting("21", FULL), SHAPE)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    with pytest.raises(RunError, match="24 films need"):
        store.build(tmp_path / "s", films, TRANSFORM, SHAPE)


def test_unwritable(tmp_path: Path, films: pd.DataFrame) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="can't be written"):
        store.build(tmp_path / "file" / "s", films, TRANSFORM, SHAPE)


def test_bug_in_a_preprocessing_is_no_bad_film(tmp_path: Path, films: pd.DataFrame) -> None:
    said = r"chest\.GrayscaleTruncation gave an image of uint8 \(16, 16\), not uint8 \(32, 32\)"
    with pytest.raises(ValueError, match=said):
        store.build(tmp_path / "s", films.head(3), GrayscaleTruncation(16), SHAPE)
    assert not list(tmp_path.glob("*s*"))


SCRIPT = """
import logging, sys, time
from pathlib import Path
import numpy as np, pandas as pd
from bonerisk.imaging import parallel, store, unfinished

class Slow:
    def __call__(self, film):
        time.sleep(0.02)
        with (film.path.parent / "read").open("a") as log:
            log.write(f"{film.path.stem}\\n")
        return np.full((8, 8), int(film.path.stem), np.uint8)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    parallel.cores, unfinished.PART = (lambda: int(sys.argv[3])), 8
    films = pd.DataFrame({"image_id": range(200), "image_path": sys.argv[2]})
    films["image_path"] = [path.format(number) for number, path in zip(films["image_id"], films["image_path"])]
    print(store.build(Path(sys.argv[1]) / "s", films, Slow(), (8, 8)).images[:, 0, 0].sum())
"""


@pytest.fixture
def start(tmp_path: Path, write_png: Callable[..., Path]) -> Callable[[int], subprocess.Popen]:
    """Start a process that builds a store of two hundred films, one of them blank, in the folder `data`."""
    for number in range(200):
        write_png(np.eye(64, dtype=np.uint8) * (number != 100), name=f"{number}.png")
    (tmp_path / "script.py").write_text(SCRIPT)

    def begin(cores: int) -> subprocess.Popen:
        command = [sys.executable, tmp_path / "script.py", tmp_path / "data", tmp_path / "{}.png", str(cores)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    return begin


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)


SUM = str(sum(number % 256 for number in range(200) if number != 100))


def test_ctrl_c_ends_at_once_and_keeps_what_is_done(tmp_path: Path, start: Callable[[int], subprocess.Popen]) -> None:
    with start(2) as process:
        until(lambda: list(tmp_path.glob("data/.s.unfinished/part*.parquet")))
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert len((tmp_path / "read").read_text().split()) < 199  # the films that were left are not read first
    assert errors.strip().endswith("KeyboardInterrupt")
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".s.unfinished"]


def test_killed_build_is_taken_up(tmp_path: Path, start: Callable[[int], subprocess.Popen]) -> None:
    with start(1) as process:
        until(lambda: len(list(tmp_path.glob("data/.s.unfinished/part*.parquet"))) >= 3)
        process.kill()
    read_before = len((tmp_path / "read").read_text().split())
    with start(1) as process:
        output, errors = process.communicate(timeout=60)
    assert output.strip() == SUM
    assert "films were read by a run that was stopped" in errors
    assert len((tmp_path / "read").read_text().split()) < 199 + 16 + 1  # but for two parts, none was read twice
    assert read_before < 199
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["s"]


def test_two_processes_build_one_store_once(tmp_path: Path, start: Callable[[int], subprocess.Popen]) -> None:
    with start(1) as first:
        until(lambda: list(tmp_path.glob("data/.s.unfinished/part*.parquet")))
        os.killpg(first.pid, signal.SIGSTOP)  # or it might end before a busy machine has begun the second
        with start(1) as second:
            until(lambda: select.select([second.stderr], [], [], 0)[0])  # which says that it waits
            os.killpg(first.pid, signal.SIGCONT)
            outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert [output.strip() for output, _ in outputs] == [SUM, SUM]
    assert ["another run is reading the same films" in errors for _, errors in outputs] == [False, True]
    assert len((tmp_path / "read").read_text().split()) == 199
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["s"]


def test_workers_never_import_torch() -> None:
    code = "import sys, bonerisk.imaging.store, bonerisk.preprocessing.chest; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
