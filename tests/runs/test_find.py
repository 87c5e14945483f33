from __future__ import annotations

import json

import pytest

from bonerisk.errors import ConfigError, RunError
from bonerisk.runs.find import find, load
from bonerisk.runs.folder import record


def make(outputs, command="train", name="m"):
    with (
        record(command, name, outputs=outputs, config={"seed": 0}, choices={}, overrides=[], command_line=[]) as run,
        run.writes("model", "model.txt") as path,
    ):
        path.write_text("weights")
    return run.folder


def rename(folder, stamp):
    return folder.rename(folder.with_name(stamp))


def change(folder, **entries):
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_by_path_prefix_and_latest(tmp_path):
    first = rename(make(tmp_path), "20260101-000000-aaaaaaaa")
    second = rename(make(tmp_path), "20260102-000000-bbbbbbbb")
    change(first, started="2026-01-01T00:00:00+00:00")
    change(second, started="2026-01-02T00:00:00+00:00")
    for text, folder in {str(first): first, "20260101": first, "20260102-0": second, "latest": second}.items():
        assert find(text, tmp_path, ["train"]).folder == folder


def test_latest_is_of_the_kinds_that_are_read_and_finished(tmp_path):
    wanted = make(tmp_path)
    make(tmp_path, command="evaluate")
    change(make(tmp_path), status="failed")
    assert find("latest", tmp_path, ["train"]).folder == wanted


@pytest.mark.parametrize(
    ("text", "part"),
    [("latest", "no finished run"), ("2026", "2 runs have a timestamp that begins"), ("1999", "no finished run")],
)
def test_none_or_several(tmp_path, text, part):
    if text != "latest":
        for stamp in ("20260101-000000-aaaaaaaa", "20260102-000000-bbbbbbbb"):
            rename(make(tmp_path), stamp)
    with pytest.raises(ConfigError, match=part):
        find(text, tmp_path, ["train"])


def test_a_run_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="a run of `evaluate` that is finished"):
        find(str(make(tmp_path, command="evaluate")), tmp_path, ["train"])


def test_a_killed_run_is_told_from_a_running_one(tmp_path):
    folder = make(tmp_path)
    process = load(folder).record["process"]
    change(folder, status="running")
    assert load(folder).status == "running"
    change(folder, process={**process, "started": "1"})  # the number has gone to another process
    assert load(folder).status == "killed"
    change(folder, process={**process, "host": "another"})
    assert load(folder).status == "elsewhere"  # nobody here can tell


def test_only_runs_that_hold_a_file(tmp_path):
    older, newer = make(tmp_path), make(tmp_path)
    (older / "resume.ckpt").write_text("")
    assert find("latest", tmp_path, ["train"], holding="resume.ckpt").folder == older
    assert newer != older


def test_a_record_of_another_version_hides_no_run(tmp_path):
    good, bad = make(tmp_path), make(tmp_path)
    change(bad, schema_version=99)
    assert find("latest", tmp_path, ["train"]).folder == good


def test_parents_are_found_from_anywhere(tmp_path, monkeypatch):
    parent = make(tmp_path)
    with record("evaluate", "m", outputs=tmp_path, config={}, choices={}, overrides=[], command_line=[]) as run:
        run.reads("model", parent / "model.txt", parent=parent)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    monkeypatch.chdir("/")
    (found,) = load(moved / run.folder.relative_to(tmp_path)).parents
    assert (found / "model.txt").is_file()


def test_a_changed_or_missing_artifact_is_refused(tmp_path):
    run = load(make(tmp_path))
    assert run.path("model.txt").read_text() == "weights"
    (run.folder / "model.txt").write_text("other")
    run = load(run.folder)
    with pytest.raises(RunError, match="has changed since"):
        run.path("model.txt")
    with pytest.raises(RunError, match=r"has no nothing\.txt"):
        run.path("nothing.txt")


@pytest.mark.parametrize("content", ["{", "{}", '{"schema_version": 99}'])
def test_a_record_that_cant_be_read(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError):
        load(tmp_path)


def test_which_run_is_taken_is_logged_and_a_newer_one_is_a_warning(tmp_path, caplog):
    taken, failed = make(tmp_path), make(tmp_path)
    change(taken, started="2026-01-01T00:00:00+00:00")
    change(failed, started="2026-01-02T00:00:00+00:00", status="failed", error="no space left\n  where: x")
    caplog.set_level("INFO", "bonerisk")
    assert find("latest", tmp_path, ["train"]).folder == taken
    first, second = caplog.records
    assert (first.levelname, first.getMessage()) == ("INFO", f"latest: {taken}")
    assert second.levelname == "WARNING"
    assert second.getMessage() == f"a newer run is not taken: {failed} has failed (no space left)"


def test_no_finished_run_but_another(tmp_path):
    change(make(tmp_path), status="failed", error="no space left")
    with pytest.raises(ConfigError, match=r"the newest, .*, has failed \(no space left\)"):
        find("latest", tmp_path, ["train"])
