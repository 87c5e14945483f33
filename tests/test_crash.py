"""A training that dies at any change of the disk is continued to the weights of an unbroken one.

A child is forked, which costs no imports, and kills itself just before the n-th rename, removal, sync or opening of a
file for writing.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bonerisk.errors import BoneriskError
from bonerisk.jobs.runs import verify
from bonerisk.runs.find import load

SMALL = ["model=ospenscreen_demo", "dataset=phantom_chest", "dataset.patients=45", "training.max_epochs=2"]
SMALL += ["training.batch_size=16", "encoder.channels=2"]
Train = Callable[..., tuple[int, list[str], str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, with_films: Callable[[Path], None]) -> Path:
    folder = tmp_path_factory.mktemp("crash")
    with_films(folder / "data")
    return folder


def dying(at: int | None, happened: list[str]) -> None:
    """Let this process die before the change of the disk of this number; note each."""

    def before(what: str) -> None:
        happened.append(what)
        if len(happened) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(name: str) -> None:
        original = getattr(os, name)

        def change(*given: object, **named: object) -> object:
            before(name)
            return original(*given, **named)

        setattr(os, name, change)

    for name in ("rename", "replace", "unlink", "remove", "fsync", "rmdir"):
        counted(name)
    opened = io.open

    def opening(file: object, mode: str = "r", *given: object, **named: object) -> object:
        if set(mode) & set("wax+"):
            before("open")
        return opened(file, mode, *given, **named)

    io.open = builtins.open = opening


def in_child(work: Callable[[], object]) -> int:
    """Do something in a forked process; how it ended."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def changes(place: Path, typed: Train) -> int:
    """How often the whole training changes the disk."""
    read, write = os.pipe()

    def work() -> None:
        happened: list[str] = []
        dying(None, happened)
        typed(place, "train", *SMALL)
        os.write(write, str(len(happened)).encode())

    assert in_child(work) == 0
    return int(os.read(read, 100))


def check(place: Path, typed: Train, at: int, weights: bytes) -> str:
    """Die before one change of the disk, and continue; what was left to continue."""
    before = set(place.glob("outputs/train/*/*"))

    def work() -> None:
        dying(at, [])
        typed(place, "train", *SMALL)

    assert in_child(work) == -signal.SIGKILL
    made = sorted(set(place.glob("outputs/train/*/*")) - before)
    code, out, err = typed(place, "train", *SMALL, "resume=latest")
    if code == 0:
        assert (place / out[-1] / "model.safetensors").read_bytes() == weights
        assert verify(str(place / out[-1]), place / "outputs")
        return "resumed"
    assert "could be continued" in err, err
    try:
        [run] = [load(folder) for folder in made]
    except (BoneriskError, ValueError):
        return "nothing"  # it died before its run had a record
    if run.status == "finished":
        assert (run.folder / "model.safetensors").read_bytes() == weights
        return "finished"
    assert not (run.folder / "resume.ckpt").exists()
    return "before the first epoch"


@pytest.fixture
def unbroken(place: Path, typed: Train) -> bytes:
    code, out, err = typed(place, "train", *SMALL)
    assert code == 0, err
    return (place / out[-1] / "model.safetensors").read_bytes()


def test_a_training_dies_late_and_is_continued(place: Path, typed: Train, unbroken: bytes) -> None:
    last = changes(place, typed)
    for at, left in ((last - 14, "resumed"), (last, "finished")):
        assert check(place, typed, at, unbroken) == left


def test_a_continued_training_keeps_its_number_of_threads(place: Path, typed: Train) -> None:
    def work() -> None:
        dying(last - 14, [])
        typed(place, "train", *SMALL)

    last, before = changes(place, typed), set(place.glob("outputs/train/*/*"))
    assert in_child(work) == -signal.SIGKILL
    [killed] = set(place.glob("outputs/train/*/*")) - before
    threads = torch.get_num_threads() + 1
    content = json.loads((killed / "run.json").read_text())
    (killed / "run.json").write_text(json.dumps({**content, "threads": threads}))
    code, out, err = typed(place, "train", *SMALL, "resume=latest")
    assert code == 0, err
    assert content["threads"] == threads - 1
    assert load(place / out[-1]).record["threads"] == threads


@pytest.mark.slow
def test_a_training_dies_at_every_change_of_the_disk(place: Path, typed: Train, unbroken: bytes) -> None:
    last = changes(place, typed)
    left = [check(place, typed, at, unbroken) for at in range(1, last + 1)]
    assert left == sorted(left, key=["nothing", "before the first epoch", "resumed", "finished"].index)
    assert left.count("resumed") > last // 4
