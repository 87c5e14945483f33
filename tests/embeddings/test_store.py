from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bonerisk.embeddings import store
from bonerisk.embeddings.store import Embeddings
from bonerisk.errors import RunError

WIDTH = 3


def names(count: int, start: int = 0) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(start, start + count)]


def vectors(hashes: list[str], width: int = WIDTH) -> np.ndarray:
    """An embedding that shows which film it belongs to."""
    return np.array([[int(name[:6], 16) + column for column in range(width)] for name in hashes], np.float32)


def append(folder: Path, hashes: list[str], reasons: dict[str, str] | None = None) -> None:
    perceptual = [bytes.fromhex(name[:8]) for name in hashes]
    Embeddings.open(folder).append(hashes, perceptual, [(reasons or {}).get(name) for name in hashes], vectors(hashes))


def table(hashes: list[str]) -> pd.DataFrame:
    ids = [f"film {name[-4:]}" for name in hashes]
    return pd.DataFrame({"image_id": ids, "patient_id": [name[0] for name in ids], "sha256": hashes})


def test_what_is_appended_is_read_in_any_order(tmp_path: Path) -> None:
    hashes = names(50)
    append(tmp_path, hashes[:20], {hashes[3]: "blank"})
    append(tmp_path, hashes[20:])
    held = Embeddings.open(tmp_path)
    assert held.width == WIDTH
    asked = [hashes[at] for at in np.random.default_rng(0).integers(4, 50, 200)]
    assert held.read(asked).dtype == np.float32
    assert (held.read(asked) == vectors(asked)).all()
    assert held.read([]).shape == (0, WIDTH)
    facts = held.facts(hashes[::-1])
    assert list(facts["perceptual"]) == [bytes.fromhex(name[:8]) for name in hashes[::-1]]
    assert list(facts["reason"]) == [None] * 46 + ["blank"] + [None] * 3


def test_missing_are_sorted_each_once(tmp_path: Path) -> None:
    hashes = names(30)
    nothing = Embeddings.open(tmp_path / "none")
    assert nothing.missing(hashes + hashes) == sorted(hashes)
    assert nothing.width is None
    assert not (tmp_path / "none").exists()
    append(tmp_path, hashes[:10])
    held = Embeddings.open(tmp_path)
    append(tmp_path, hashes[10:20])  # as another process would
    assert held.missing(hashes) == sorted(hashes[20:])
    assert held.missing(hashes[:20]) == held.missing([]) == []


def test_hashes_that_hold_or_end_in_zero_bytes(tmp_path: Path) -> None:
    odd = ["00" * 32, "00" * 31 + "01", "01" + "00" * 31, "01" * 31 + "00", "01" * 32]
    append(tmp_path, odd[1:4])
    held = Embeddings.open(tmp_path)
    assert held.missing(odd) == [odd[0], odd[4]]
    assert (held.read(odd[1:4]) == vectors(odd[1:4])).all()


def test_unknown_and_failed_films_are_refused(tmp_path: Path) -> None:
    hashes = names(5)
    append(tmp_path, hashes[:4], {hashes[1]: "the film is blank"})
    held = Embeddings.open(tmp_path)
    with pytest.raises(RunError, match=f"1 of 2 films have no embedding; the first: {hashes[4]}"):
        held.facts([hashes[0], hashes[4]])
    with pytest.raises(RunError, match=rf"no embedding: the film is blank\n.*{hashes[1]}"):
        held.read([hashes[2], hashes[1]])


def test_parquet_has_the_same_bytes_whatever_the_order_and_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "GROUP_BYTES", 16 * 4 * WIDTH)
    hashes = names(100)
    films = table(hashes)
    films.loc[100] = ["a copy", "f", hashes[7]]
    append(tmp_path / "one", hashes)
    for part in (hashes[70:], hashes[20:70], hashes[:30]):  # ten films twice
        append(tmp_path / "many", part)
    Embeddings.open(tmp_path / "one").write_parquet(films, tmp_path / "one.parquet")
    shuffled = films.sample(frac=1, random_state=0)
    Embeddings.open(tmp_path / "many").write_parquet(shuffled, tmp_path / "many.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "many.parquet").read_bytes()
    assert pq.ParquetFile(tmp_path / "one.parquet").num_row_groups == 7
    written = pd.read_parquet(tmp_path / "one.parquet")
    assert list(written.columns) == ["image_id", "patient_id", "embedding"]
    pd.testing.assert_frame_equal(written.iloc[:, :2], films.sort_values("image_id").iloc[:, :2].reset_index(drop=True))
    assert (np.stack(written["embedding"]) == vectors(list(films.sort_values("image_id")["sha256"]))).all()


def test_memory_of_parquet_does_not_grow_with_the_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "GROUP_BYTES", 2**20)
    hashes, width = names(50_000), 256
    held = Embeddings.open(tmp_path)
    values = np.zeros((5_000, width), np.float32)
    for start in range(0, len(hashes), 5_000):
        held.append(hashes[start : start + 5_000], [b""] * 5_000, [None] * 5_000, values)
    films = table(hashes)
    held.missing(hashes)
    tracemalloc.start()
    try:
        held.write_parquet(films, tmp_path / "embeddings.parquet")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.3 * 4 * width * len(hashes)


def test_another_width_is_refused(tmp_path: Path) -> None:
    first, second = names(2)
    append(tmp_path, [first])
    with pytest.raises(RunError, match="holds embeddings of 3 numbers, these have 4"):
        Embeddings.open(tmp_path).append([second], [b""], [None], vectors([second], 4))
    Embeddings.open(tmp_path / "other").append([second], [b""], [None], vectors([second], 4))
    (stray,) = (tmp_path / "other").iterdir()
    stray.rename(tmp_path / stray.name)
    with pytest.raises(RunError, match=r"a part holds embeddings of . numbers, another of .\n.*part-"):
        Embeddings.open(tmp_path)


def test_there_may_be_more_parts_than_files_open_at_once(tmp_path: Path) -> None:
    hashes = names(100)
    held = Embeddings.open(tmp_path)
    for name in hashes:
        held.append([name], [b""], [None], vectors([name]))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    try:
        assert (Embeddings.open(tmp_path).read(hashes) == vectors(hashes)).all()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_damaged_part_is_named_and_deleting_it_mends(tmp_path: Path, share: float) -> None:
    hashes = names(500)
    append(tmp_path, hashes[:250])
    append(tmp_path, hashes[250:])
    part = min(tmp_path.iterdir())
    os.truncate(part, int(share * part.stat().st_size))
    with pytest.raises(RunError, match=f"damaged(.|\n)*{part.name}\n.*delete it and run again"):
        Embeddings.open(tmp_path)
    part.unlink()
    assert Embeddings.open(tmp_path).missing(hashes) in (sorted(hashes[:250]), sorted(hashes[250:]))


def test_a_part_with_a_flipped_bit_is_named(tmp_path: Path) -> None:
    hashes = names(250)
    append(tmp_path, hashes)
    [part] = tmp_path.iterdir()
    content = bytearray(part.read_bytes())
    content[content.index(vectors(hashes[:1]).tobytes())] ^= 1
    part.write_bytes(content)
    with pytest.raises(RunError, match="damaged: it has changed"):
        Embeddings.open(tmp_path).read(hashes[-1:])


def test_a_file_of_another_kind_among_the_parts(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_feather(tmp_path / "part-0.arrow")
    with pytest.raises(RunError, match="damaged"):
        Embeddings.open(tmp_path)


def test_full_disk_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"can't be written: No space left on device(.|\n)*free some space"):
        append(tmp_path, names(3))
    assert not list(tmp_path.iterdir())


def test_parquet_where_it_cannot_be_written(tmp_path: Path) -> None:
    append(tmp_path, names(3))
    with pytest.raises(RunError, match="can't be written"):
        Embeddings.open(tmp_path).write_parquet(table(names(3)), tmp_path / "none" / "embeddings.parquet")


def append_many(folder: Path, hashes: list[str]) -> None:
    for start in range(0, len(hashes), 10):
        append(folder, hashes[start : start + 10])


def test_two_processes_append_at_once(tmp_path: Path) -> None:
    hashes = names(300)
    shares = hashes[:200], hashes[100:]  # films 100 to 199 are both's
    processes = [multiprocessing.get_context("spawn").Process(target=append_many, args=(tmp_path, s)) for s in shares]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert (Embeddings.open(tmp_path).read(hashes) == vectors(hashes)).all()
    assert len(list(tmp_path.iterdir())) == 30  # equal parts have one name, and nothing is left behind
