"""The adapter over real Hydra, with a job that only writes a file (`report` has the smallest configuration)."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from bonerisk.config.sweep import Order, execute
from bonerisk.errors import ConfigError, DataError


def job(order: Order) -> Path:
    name = order.config.runs
    print("a library's chatter")
    if name == "bad":
        raise DataError("age 900", "t.csv, row 3", "mend it")
    if name == "broken":
        raise ZeroDivisionError("by zero")
    if name == "killed":
        os.kill(os.getpid(), signal.SIGINT)
    folder = Path(order.config.paths.outputs) / name
    folder.mkdir(parents=True)
    if name == "parallel":  # as films are read, also from a launcher's worker
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            assert pool.submit(abs, -1).result() == 1
    (folder / "argv").write_text(json.dumps(sys.argv))
    return folder


@pytest.fixture
def typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bonerisk", "report", "what", "was", "typed"])
    monkeypatch.setattr("bonerisk.config.sweep.demand", lambda command, config: None)  # these runs are names only
    return tmp_path


def test_one_job(typed, capsys):
    assert execute("report", job, ["runs=a"], []) == 0
    out, err = capsys.readouterr()
    assert out == "outputs/a\n"
    assert "chatter" in err
    assert json.loads((typed / "outputs/a/argv").read_text()) == sys.argv  # restored before the job ran
    assert sorted(item.name for item in typed.iterdir()) == ["outputs"]  # Hydra left nothing


@pytest.mark.parametrize(("run", "code", "part"), [("bad", 3, "t.csv, row 3"), ("broken", 1, "ZeroDivisionError: by")])
def test_an_error_is_a_few_lines_and_an_exit_code(typed, capsys, run, code, part):
    assert execute("report", job, [f"runs={run}"], []) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert part in err
    assert "Traceback" not in err


def test_a_wrong_command_never_reaches_the_job(typed, capsys):
    assert execute("report", job, ["rums=a"], []) == 2
    assert "did you mean runs?" in capsys.readouterr().err
    assert not (typed / "outputs").exists()


@pytest.mark.parametrize("launcher", [[], ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]], ids=["basic", "job"])
def test_a_sweep_loses_no_job(typed, capsys, launcher):
    code = execute("report", job, ["runs=a,bad,b,broken,parallel", *launcher], ["--multirun"])
    *runs, sweep = capsys.readouterr().out.splitlines()
    assert code == 3  # the highest
    assert runs == ["outputs/a", "outputs/b", "outputs/parallel"]
    jobs = json.loads((typed / sweep / "sweep.json").read_text())["jobs"]
    assert [item["exit_code"] for item in jobs] == [0, 3, 0, 1, 0]
    assert [item["overrides"] for item in jobs][1] == ["runs=bad"]


def test_a_folder_that_looks_like_a_number_keeps_its_name(typed, capsys):
    assert execute("report", job, ["runs=2024_11", "paths.outputs=1.10"], []) == 0
    assert capsys.readouterr().out == "1.10/2024_11\n"
    assert execute("report", job, ["runs=1_0,1e1", "paths.outputs=1.10"], ["--multirun"]) == 0
    assert sorted(path.name for path in Path("1.10").iterdir()) == ["1_0", "1e1", "2024_11", "sweeps"]


def test_an_interrupt_ends_it(typed):
    with pytest.raises(KeyboardInterrupt):
        execute("report", job, ["runs=killed"], [])


def test_errors_cross_processes_whole():
    import pickle

    error = pickle.loads(pickle.dumps(ConfigError("what", "where", "mend")))
    assert (str(error), error.exit_code) == (str(ConfigError("what", "where", "mend")), 2)


def test_columns_of_the_users_own_reach_the_job(typed):
    seen = []

    def look(order: Order) -> Path:
        seen.append((dict(order.config.dataset.columns), order.overrides))
        return Path("outputs")

    given = ["dataset=image_table", "dataset.table=t.csv", "dataset.image_root=f", "dataset.columns.t_score='T (a,b)'"]
    assert execute("prepare", look, given, []) == 0
    assert seen == [({"t_score": "T (a,b)"}, given)]  # as typed, so that it can be typed again
