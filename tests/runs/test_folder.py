from __future__ import annotations

import errno
import json
import logging
from pathlib import Path

import pytest

from bonerisk.errors import RunError
from bonerisk.runs.folder import Run, record, replacing
from bonerisk.runs.hashing import sha256


def start(tmp_path: Path, **changes):
    given = {
        "outputs": tmp_path / "outputs",
        "config": {"seed": 3, "dataset": {"split_seed": 5}, "paths": {"data": "data"}, "name": "m"},
        "choices": {"model": "m"},
        "overrides": ["model=m"],
        "command_line": ["bonerisk", "train", "model=m"],
    }
    return record("train", "m", **{**given, **changes})


def read(run: Run) -> dict:
    return json.loads((run.folder / "run.json").read_text())


def test_a_run_is_recorded_from_its_start(tmp_path):
    with start(tmp_path) as run:
        assert read(run)["status"] == "running"
        with run.writes("model", "model.bin") as path:
            path.write_bytes(b"weights")
            assert not (run.folder / "model.bin").exists()  # it gets its name when it is whole
        assert [item["path"] for item in read(run)["outputs"]] == [
            "config.yaml",
            "model.bin",
        ]  # known even if the run is killed now
    content = read(run)
    assert run.folder.parent == tmp_path / "outputs" / "train" / "m"
    assert content["status"] == "finished"
    assert content["seeds"] == {"seed": 3, "dataset.split_seed": 5}
    assert content["command_line"] == ["bonerisk", "train", "model=m"]
    assert content["packages"]["numpy"]
    configuration, output = content["outputs"]
    assert output == {"kind": "model", "path": "model.bin", "sha256": sha256(run.folder / "model.bin"), "parent": None}
    assert configuration["sha256"] == sha256(run.folder / "config.yaml")


def test_a_folder_of_artifacts_is_noted_file_by_file(tmp_path):
    with start(tmp_path) as run, run.writes("figures", "figures") as folder:
        (folder / "films").mkdir(parents=True)
        (folder / "roc.svg").write_text("a")
        (folder / "films" / "1.png").write_text("b")
    written = [item["path"] for item in read(run)["outputs"]]
    assert written == ["config.yaml", "figures/films/1.png", "figures/roc.svg"]


def test_runs_of_the_same_second_do_not_collide(tmp_path):
    folders = set()
    for _ in range(20):
        with start(tmp_path) as run:
            folders.add(run.folder)
    assert len(folders) == 20


def test_an_error_fails_the_run_and_leaves_no_half_artifact(tmp_path):
    with pytest.raises(ValueError, match="broken") as caught, start(tmp_path) as run, run.writes("a", "a.txt") as path:
        path.write_text("half")
        raise ValueError("broken")
    assert read(run)["status"] == "failed"
    assert read(run)["error"] == "broken"
    assert "Traceback" in (run.folder / "run.log").read_text()
    assert str(run.folder) in caught.value.__notes__[0]
    assert sorted(item.name for item in run.folder.iterdir()) == ["config.yaml", "run.json", "run.log"]


def test_an_interrupt_is_recorded(tmp_path):
    with pytest.raises(KeyboardInterrupt), start(tmp_path) as run:
        raise KeyboardInterrupt
    assert (read(run)["status"], read(run)["error"]) == ("failed", "interrupted")


def test_a_full_disk_keeps_its_own_error(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"), start(tmp_path) as run, run.writes("a", "a.txt") as path:
        path.write_text("half")
        monkeypatch.setattr(Path, "write_text", full)
        monkeypatch.setattr(Path, "replace", full)
    assert not (run.folder / "a.txt").exists()


def test_outputs_that_cant_be_written_are_said(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunError, match=r"can't make a run folder[\s\S]*paths.outputs"),
        start(tmp_path, outputs=tmp_path / "file"),
    ):
        pass


def test_the_fingerprint_hangs_on_config_and_inputs_alone(tmp_path):
    def fingerprint(content: str = "a", **config) -> str:
        source = tmp_path / f"{content}.csv"
        source.write_text(content)
        with start(tmp_path, config={"seed": 1, "paths": {"data": "x"}, **config}) as run:
            run.reads("table", source)
        return read(run)["fingerprint"]

    assert fingerprint() == fingerprint(paths={"data": "elsewhere"}) == fingerprint(name="other")
    assert len({fingerprint(), fingerprint(seed=2), fingerprint("b")}) == 3


def test_warnings_go_to_the_log_and_notes_are_kept_once(tmp_path):
    with start(tmp_path) as run:
        logging.getLogger("bonerisk.somewhere").warning("mind the gap")
        run.note("simulated films")
        run.note("simulated films")
    assert "mind the gap" in (run.folder / "run.log").read_text()
    assert read(run)["notes"] == ["simulated films"]


def test_replacing_leaves_the_old_file_on_an_error(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ValueError, match="no"), replacing(tmp_path / "a.txt") as path:
        path.write_text("half")
        raise ValueError("no")
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
