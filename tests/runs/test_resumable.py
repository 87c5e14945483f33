from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bonerisk.errors import ConfigError
from bonerisk.runs.folder import Run, record
from bonerisk.runs.resumable import RESUME_FILE, RESUMED, claim, forget, resumable


def begun(outputs: Path) -> AbstractContextManager[Run]:
    """A run of a training."""
    return record("train", "m", outputs=outputs, config={}, choices={}, overrides=[], command_line=[])


def killed(outputs: Path, host: str | None = None) -> Path:
    """A training that has ended without a word, perhaps on another host."""
    with begun(outputs) as run:
        (run.folder / RESUME_FILE).write_text("")
    path = run.folder / "run.json"
    content = json.loads(path.read_text())
    process = {**content["process"], "started": "1"} | ({"host": host} if host else {})
    path.write_text(json.dumps({**content, "status": "running", "process": process}))
    return run.folder


def test_latest_is_the_newest_that_was_killed(tmp_path):
    folder = killed(tmp_path)
    assert resumable("latest", tmp_path).folder == folder


def test_one_that_may_run_on_another_host_must_be_named(tmp_path):
    folder = killed(tmp_path, host="node17")
    with pytest.raises(ConfigError) as caught:
        resumable("latest", tmp_path)
    assert "recorded as running on host node17" in caught.value.what
    assert f"resume={folder.name}" in caught.value.mend
    assert resumable(folder.name, tmp_path).folder == folder


def test_only_one_run_continues_a_training(tmp_path):
    stopped = resumable("latest", killed(tmp_path).parents[2])
    with begun(tmp_path) as first:
        claim(stopped, first)
        with begun(tmp_path) as second, pytest.raises(ConfigError, match=f"{first.folder.name} continues it"):
            claim(stopped, second)
        with pytest.raises(KeyboardInterrupt), begun(tmp_path) as _:
            raise KeyboardInterrupt
    with begun(tmp_path) as third, pytest.raises(ConfigError, match="is finished"):
        claim(stopped, third)


def test_a_run_that_failed_to_continue_it_gives_way(tmp_path):
    stopped = resumable("latest", killed(tmp_path).parents[2])
    with pytest.raises(KeyboardInterrupt), begun(tmp_path) as first:
        claim(stopped, first)
        raise KeyboardInterrupt
    with begun(tmp_path) as second:
        claim(stopped, second)
        second.reads(RESUMED, stopped.folder / RESUME_FILE, parent=stopped.folder)
    forget(second)
    assert not (stopped.folder / RESUME_FILE).exists()


def test_none(tmp_path):
    with pytest.raises(ConfigError, match="no run 'latest' that could be continued"):
        resumable("latest", tmp_path)


def test_one_that_ended_before_its_first_epoch(tmp_path):
    folder = killed(tmp_path)
    (folder / RESUME_FILE).unlink()
    with pytest.raises(ConfigError, match="before its first epoch"):
        resumable(str(folder), tmp_path)
