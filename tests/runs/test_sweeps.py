from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bonerisk.errors import ConfigError
from bonerisk.runs.folder import record
from bonerisk.runs.sweeps import SWEEP_RECORD, SWEEP_TABLE, expand, trainings, write_table


def make(outputs: Path, tuning: float | None) -> Path:
    with record("train", "m", outputs=outputs, config={}, choices={}, overrides=[], command_line=[]) as run:
        run.record["tuning"] = None if tuning is None else {"score": "AUC", "value": tuning}
    return run.folder


@pytest.fixture
def swept(tmp_path: Path) -> tuple[Path, list[Path]]:
    runs = [make(tmp_path, value) for value in (0.7, None, 0.9, 0.8)]
    jobs = [
        {"run": str(folder), "exit_code": 0, "overrides": ["model=m", f"seed={seed}"]}
        for seed, folder in enumerate(runs)
    ]
    sweep = tmp_path / "sweeps" / "s"
    sweep.mkdir(parents=True)
    jobs.append({"run": None, "exit_code": 3, "overrides": ["model=m", "seed=4"]})
    (sweep / SWEEP_RECORD).write_text(json.dumps({"jobs": jobs}))
    return sweep, runs


def test_a_sweep_stands_for_its_runs(swept, tmp_path):
    sweep, runs = swept
    assert [run.folder for run in expand([str(sweep), str(runs[0])], tmp_path, ["train"])] == runs


def test_its_best_run_by_tuning_is_the_one_that_is_evaluated_and_the_log_says_so(swept, tmp_path, caplog):
    sweep, runs = swept
    caplog.set_level("INFO", "bonerisk")
    assert [run.folder for run in trainings([str(sweep), str(runs[1])], tmp_path)] == [runs[2], runs[1]]
    assert f"the best of 4 runs by tuning is {runs[2]} (tuning AUC 0.900)" in caplog.text


def test_a_sweep_without_scores(tmp_path):
    (tmp_path / SWEEP_RECORD).write_text(json.dumps({"jobs": [{"run": str(make(tmp_path, None))}]}))
    with pytest.raises(ConfigError, match="no finished training of this sweep"):
        trainings(str(tmp_path), tmp_path)


def test_no_run_at_all_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no run is named"):
        trainings([], tmp_path)


def test_its_table_has_what_was_varied_best_first(swept):
    sweep, runs = swept
    write_table(sweep)
    rows = list(csv.DictReader((sweep / SWEEP_TABLE).open()))
    assert [row["seed"] for row in rows] == ["2", "3", "0", "1", "4"]
    assert "model" not in rows[0]
    assert rows[0] | {"tuning": "0.9", "score": "AUC", "status": "finished", "run": str(runs[2])} == rows[0]
    assert rows[-1]["status"] == "failed"
