from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bonerisk.errors import DataError, RunError
from bonerisk.imaging import index as module
from bonerisk.imaging import parallel
from bonerisk.imaging.headers import Header, Refused, read_header
from bonerisk.imaging.index import index

PIXELS = np.arange(4096, dtype=np.uint16).reshape(64, 64)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links, names and signals of POSIX")


@pytest.fixture
def films(tmp_path: Path, write_dicom: Callable[..., Path]) -> Path:
    """A folder of 70 films, more than one task, a damaged one, a text and a hidden file."""
    folder = tmp_path / "films"
    (folder / "가슴 films" / "2019").mkdir(parents=True)
    first = write_dicom(
        PIXELS, PatientID="007", SOPInstanceUID="1.10000", AcquisitionDate="20190228", PatientAge="058Y"
    )
    content = first.read_bytes()
    for number in range(70):
        path = folder / "가슴 films" / ("2019" if number % 2 else ".") / f"film {number:02}.dcm"
        path.write_bytes(content.replace(b"1.10000", b"1.%05d" % (10000 + number)))
    (folder / "damaged").write_bytes(content[:300])
    (folder / "notes.txt").write_text("no film")
    (folder / ".hidden.dcm").write_bytes(content)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index.parquet"


def same(first: module.Index, second: module.Index) -> None:
    pd.testing.assert_frame_equal(first.films, second.films)
    pd.testing.assert_frame_equal(first.refused, second.refused)


def never(path: str) -> Header | Refused:
    raise AssertionError(f"{path} was read again")


def test_everything_is_read_once(films: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = index(films, store)
    assert found.counts == {"files": 72, "films": 70, "refused": 1, "other": 1, "read": 72, "vanished": 0}
    assert list(found.films.columns) == ["path", *Header._fields]
    assert list(found.films["path"]) == sorted(
        str(path.relative_to(films)) for path in films.rglob("film*.dcm") if not path.name.startswith(".")
    )
    row = found.films.iloc[0]
    assert (row["path"], row["patient_id"], row["image_id"]) == ("가슴 films/2019/film 01.dcm", "007", "1.10001")
    assert (row["film_date"], row["age_years"]) == (pd.Timestamp(date(2019, 2, 28)), 58.0)
    assert (found.films["film_date"].dtype, found.films["birth_date"].dtype) == ("datetime64[ns]", "datetime64[ns]")
    assert (found.films["rows"].dtype, found.films["burned_in"].dtype) == (np.int64, np.float64)
    assert found.films["sex"].isna().all() and found.films.loc[0, "sex"] is None
    assert list(found.refused["file"]) == ["damaged"]
    assert [path.name for path in store.parent.iterdir()] == [store.name]
    monkeypatch.setattr(module, "read_headers", never)
    again = index(films, store)
    same(found, again)
    assert again.counts == {**found.counts, "read": 0}


def test_only_new_and_changed_files_are_read(
    films: Path, store: Path, monkeypatch: pytest.MonkeyPatch, write_dicom: Callable[..., Path]
) -> None:
    index(films, store)
    read: list[str] = []
    monkeypatch.setattr(module, "read_headers", lambda paths: read.extend(paths) or list(map(read_header, paths)))
    shutil.copy(write_dicom(PIXELS, SOPInstanceUID="1.10003", PatientID="new"), films / "a.dcm")
    changed = films / "가슴 films" / "film 02.dcm"
    changed.write_bytes(changed.read_bytes().replace(b"007 ", b"008 "))  # of the same size
    (films / "damaged").unlink()
    found = index(films, store)
    assert sorted(read) == [str(films / "a.dcm"), str(changed)]
    assert found.counts == {"files": 72, "films": 71, "refused": 0, "other": 1, "read": 2, "vanished": 1}
    by_path = found.films.set_index("path")
    assert by_path.loc["가슴 films/film 02.dcm", "patient_id"] == "008"
    twice = by_path["image_id"].duplicated(keep=False)
    assert list(by_path.index[twice]) == ["a.dcm", "가슴 films/2019/film 03.dcm"]
    same(found, index(films, store.with_name("anew")))


@pytest.mark.parametrize("cores", [1, 2])
def test_many_processes_say_the_same(films: Path, store: Path, monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    expected = index(films, store)
    monkeypatch.setattr(module, "CHUNK", 2)  # so that there are tasks for two processes
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    same(index(films, store.with_name("anew")), expected)


def damage_page(store: Path) -> None:
    """Turn a bit in the middle of the largest column."""
    groups = pq.ParquetFile(store).metadata.row_group(0)
    column = max(map(groups.column, range(groups.num_columns)), key=lambda of: of.total_compressed_size)
    content = bytearray(store.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    store.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda store: store.write_bytes(b""),
        lambda store: store.write_bytes(b"PAR1 no table PAR1"),
        lambda store: store.write_bytes(store.read_bytes()[:-100]),
        damage_page,
        lambda store: pd.DataFrame({"path": ["a"]}).to_parquet(store),
        lambda store: pq.write_table(pq.read_table(store).replace_schema_metadata({"version": "0"}), store),
    ],
    ids=["empty", "no table", "cut", "a bit", "another table", "another version"],
)
def test_store_that_cannot_be_trusted_is_made_anew(films: Path, store: Path, damage: Callable[[Path], None]) -> None:
    found = index(films, store)
    damage(store)
    again = index(films, store)
    same(again, found)
    assert again.counts["read"] == 72
    assert index(films, store).counts["read"] == 0


def test_store_of_another_folder_is_made_anew(films: Path, store: Path, tmp_path: Path) -> None:
    index(films, store)
    shutil.copytree(films, tmp_path / "copy")  # of the same sizes and times
    assert index(tmp_path / "copy", store).counts["read"] == 72


def test_empty_and_missing_folder(tmp_path: Path, store: Path) -> None:
    (tmp_path / "none").mkdir()
    found = index(tmp_path / "none", store)
    assert list(found.films.columns) == ["path", *Header._fields]
    assert found.films.empty and found.refused.empty and found.counts["files"] == 0
    with pytest.raises(DataError, match="no such folder"):
        index(tmp_path / "absent", store)


def test_unwritable_store(films: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="can't be written"):
        index(films, tmp_path / "file" / "index.parquet")


@POSIX
def test_names_of_any_bytes(films: Path, store: Path) -> None:
    name = os.fsdecode(b"\xb0\xa1\xbd\xbf \n\"'.dcm")  # Korean in EUC-KR
    try:
        shutil.move(films / "가슴 films" / "film 00.dcm", films / name)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    found = index(films, store)
    assert name in set(found.films["path"])
    assert (films / name).exists()
    same(index(films, store), found)


@POSIX
def test_symbolic_links(films: Path, store: Path, tmp_path: Path) -> None:
    plain = index(films, store)
    outside = tmp_path / "outside"
    shutil.copytree(films / "가슴 films", outside)
    (films / "annex" / ".objects").mkdir(parents=True)
    shutil.copy(outside / "film 00.dcm", films / "annex" / ".objects" / "key")
    shutil.copy(outside / "film 02.dcm", films / "annex" / ".objects" / "key2")
    links = {
        "out folder": outside,
        "out file": outside / "film 00.dcm",
        "nowhere": tmp_path / "absent",
        "self": Path("self"),
        "annex/hidden one": Path(".objects/key"),
        "annex/hidden two": Path(".objects/key"),
        "annex/more": Path(".objects"),
        "loop": Path(),
        "가슴 films/up": Path(".."),
        "again": films / "가슴 films",
        "again.dcm": films / "가슴 films" / "film 00.dcm",
    }
    for name, target in links.items():
        (films / name).symlink_to(target)
    found = index(films, store)
    added = set(found.films["path"]) - set(plain.films["path"])
    assert added == {"annex/hidden one", "annex/more/key2"}  # each file once, under the first of its names
    reasons = dict(found.refused.to_numpy())
    assert reasons.pop("damaged")
    assert reasons.pop("out file") == reasons.pop("out folder") == "the symbolic link leads out of the folder"
    assert set(reasons) == {"nowhere", "self"}
    assert all(reason.startswith("the symbolic link leads nowhere: ") for reason in reasons.values())
    (tmp_path / "link").symlink_to(films)
    same(index(tmp_path / "link", store), found)


@POSIX
def test_what_cannot_be_read_now_is_tried_again(films: Path, store: Path) -> None:
    os.mkfifo(films / "pipe")
    found = index(films, store)
    assert list(found.refused["reason"])[1] == "the file can't be read: it is no ordinary file"
    assert index(films, store).counts["read"] == 1


@POSIX
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root can read everything")
def test_unreadable_folder_is_listed(films: Path, store: Path) -> None:
    (films / "closed").mkdir(mode=0)
    assert dict(index(films, store).refused.to_numpy())["closed"] == "it can't be read: Permission denied"


def test_death_of_a_process_is_listed_and_not_kept(films: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "parallel_map", lambda function, chunks, died: (died(chunk) for chunk in chunks))
    found = index(films, store)
    assert found.counts["refused"] == 72
    assert found.refused["reason"].str.contains("was killed").all()
    monkeypatch.undo()
    assert index(films, store).counts["films"] == 70


SCRIPT = """
import sys, time
from pathlib import Path
from bonerisk.imaging import headers, index, parallel

parallel.cores = lambda: 1

def slow(paths):
    print("reading", flush=True)
    time.sleep(0.2)
    return list(map(headers.read_header, paths))

index.read_headers, index.CHUNK, index.KEEP_EVERY_S = slow, 2, float(sys.argv[3])
index.index(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@POSIX
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_killed_index_leaves_the_old_one(films: Path, store: Path, ending: signal.Signals) -> None:
    kept = [films / "가슴 films" / f"film {number:02}.dcm" for number in range(0, 70, 2)]
    found = index(films, store)
    before = store.read_bytes()
    for path in kept:
        os.utime(path)
    script = store.with_name("script.py")
    script.write_text(SCRIPT)
    command = [sys.executable, script, films, store, "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None and process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(ending)
    assert process.returncode
    assert store.read_bytes() == before
    again = index(films, store)
    same(again, found)
    assert again.counts["read"] == 35


@POSIX
def test_killed_index_has_not_read_for_nothing(films: Path, store: Path) -> None:
    store.parent.mkdir()
    script = store.with_name("script.py")
    script.write_text(SCRIPT)
    command = [sys.executable, script, films, store, "0.5"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not store.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    found = index(films, store)
    assert 0 < found.counts["read"] < 72
    same(found, index(films, store.with_name("anew")))


def test_two_at_once(films: Path, store: Path) -> None:
    store.parent.mkdir()
    script = store.with_name("script.py")
    script.write_text(SCRIPT.replace("0.2", "0.01"))
    command = [sys.executable, script, films, store, "0.1"]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert {path.name for path in store.parent.iterdir()} == {store.name, script.name}
    assert index(films, store).counts["read"] == 0


def test_real_folder(real_data: Path, store: Path) -> None:
    found = index(real_data / "dicom", store)
    assert found.counts == {"files": 15, "films": 13, "refused": 1, "other": 1, "read": 15, "vanished": 0}
    assert list(found.refused["file"]) == ["pydicom_meta_missing_tsyntax.dcm"]
    twice = found.films["image_id"].duplicated(keep=False)
    assert list(found.films.loc[twice, "path"].str[:4]) == ["siim", "siim"]
