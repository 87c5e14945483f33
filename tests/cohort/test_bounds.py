"""Tables that would fill the memory or never end: each is refused in a line, before it is read."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import h5py
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bonerisk.cohort import tablefile, textfile
from bonerisk.errors import DataError
from bonerisk.runs.hashing import sha256_cached

MANY = 2_000_000_000
GIB = 2**20  # of ru_maxrss, which counts kilobytes


def _array(name: str, shape: tuple[int, ...], dtype: str = "f8") -> Callable[[h5py.File], object]:
    """A compressed array that is nowhere written: its zeros take no room in the file."""
    return lambda file: file.create_dataset(name, shape, dtype, chunks=(1,) * len(shape), compression="gzip")


def _linked(link: object) -> Callable[[h5py.File], None]:
    return lambda file: file.__setitem__("x", link)


HDF5 = {
    "rows": ([_array("x", (MANY, 1))], "GiB in memory, of at most 2"),
    "times": ([_array("x", (10, 1)), _array("t", (MANY,))], "GiB in memory, of at most 2"),
    "columns": ([_array("x", (10, 1_000_000))], "1000000 columns, of at most 20000"),
    "text": ([_array("x", (2, 1)), _array("site", (2,), "S200000000")], "a cell of the table has 200000000 characters"),
    "external link": ([_linked(h5py.ExternalLink("other.h5", "x"))], "links are not followed"),
    "link to itself": ([_linked(h5py.SoftLink("/x"))], "links are not followed"),
    "external file": (
        [lambda file: file.create_dataset("x", (3, 3), "f8", external=[("/dev/zero", 0, 72)])],
        "lie in other files",
    ),
}


@pytest.mark.parametrize(("makers", "words"), HDF5.values(), ids=HDF5)
def test_hdf5(tmp_path: Path, makers: list[Callable], words: str) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        for make in makers:
            make(file)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=words) as caught:
        tablefile.read(tmp_path / "t.h5")
    assert "\n" not in caught.value.what
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + GIB


def test_groups_that_hold_themselves_are_listed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        group = file.create_group("a")
        group["again"] = group
    with pytest.raises(DataError, match=r"it holds a \(group\), a/again"):
        tablefile.read(tmp_path / "t.h5")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"c": pa.nulls(150_000_000, pa.int8())}), "GiB in memory, of at most 2"),
        (pa.table({f"c{number}": pa.nulls(0, pa.int8()) for number in range(20_001)}), "20001 columns"),
        (pa.table({"c": ["y" * 200_000]}), "200000 characters"),
    ],
    ids=["rows", "columns", "text"],
)
def test_parquet(tmp_path: Path, table: pa.Table, words: str) -> None:
    pq.write_table(table, tmp_path / "t.parquet")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=words):
        tablefile.read(tmp_path / "t.parquet")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + GIB


def test_parquet_of_text_is_read_as_before(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["007", "008"], "sex": ["F", None], "n": [1.5, 2]}).set_index("id")
    frame.to_parquet(tmp_path / "t.parquet")
    rows = tablefile.read(tmp_path / "t.parquet").rows
    assert rows["id"].tolist() == ["007", "008"] and rows["sex"].isna().tolist() == [False, True]
    assert str(rows["id"].dtype) == str(rows["sex"].dtype) == "string"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n" + b"x" * 2**23, r"over 4194304 characters[\s\S]*row 3"),
        (b"," * 2**23, r"over 4194304 characters[\s\S]*row 1"),
        (b",".join(b"c%d" % number for number in range(30_000)) + b"\n1\n", "30000 columns"),
        (b"a,b\n" + b"\n" * 2_000_000 + b"1,2\n", "empty rows follow each other"),
        (b"a,b\n1,2\n3,\xff\n", r"not UTF-8: byte 0xff[\s\S]*row 3"),
    ],
)
def test_csv(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        textfile.read(tmp_path / "t.csv")


def test_a_line_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n" + b"x" * 2000)
        file.truncate(4 * 2**30)  # it takes no room on the disk
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="over 4194304 characters"):
        textfile.read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + GIB


def test_a_wide_table_is_read(tmp_path: Path) -> None:
    names = [f"column_{number:05}" for number in range(15_000)]  # a header longer than a cell may be
    (tmp_path / "t.csv").write_text("\n".join([",".join(names), ",".join(["1"] * 15_000)]))
    assert list(textfile.read(tmp_path / "t.csv")[0]) == names
    assert textfile.header(tmp_path / "t.csv") == names


def test_a_table_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonerisk.cohort.bounds.free_memory", lambda: 10**7)
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 2**17)
    with pytest.raises(DataError, match=r"GiB in memory, and 0\.0 are free"):
        textfile.read(tmp_path / "t.csv")


@pytest.mark.parametrize("read", [tablefile.read, textfile.read])
def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path, read: Callable) -> None:
    os.mkfifo(tmp_path / "t.csv")
    for path in (tmp_path / "t.csv", Path("/dev/zero")):
        with pytest.raises(DataError, match="a pipe or a device"):
            read(path)
        assert sha256_cached([path], tmp_path) == [None]
