from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from bonerisk.reporting.runs.epochs import BEFORE, Epochs
from bonerisk.reporting.tables.sweep import SweptTraining, over_seeds, sweep
from bonerisk.runs.find import StoredRun


@pytest.fixture
def trained(make_run: Callable[..., StoredRun]) -> list[SweptTraining]:
    found = []
    for rate in ("0.001", "0.01"):
        for seed in (0, 1):
            overrides = [f"training.lr={rate}", f"seed={seed}", "paths.outputs=/x"]
            run = make_run("train", overrides=overrides, seeds={"seed": seed})
            table = pd.DataFrame({"epoch": [1, 2, 3], "tune_loss": 0.5, "tune_auc": [0.6, 0.8 + seed / 10, 0.7]})
            epochs = Epochs(table, **BEFORE)
            found.append(
                SweptTraining(run, epochs, {"Test AUC": (0.8 + seed / 10, 0.7, 0.95)} if rate == "0.01" else {})
            )
    return found


def test_columns_are_what_was_varied(trained: list[SweptTraining]) -> None:
    frame = sweep(trained).frame
    assert frame.columns.tolist() == [
        "training.lr",
        "seed",
        "Epochs (kept)",
        "Tuning loss",
        "Tuning AUC",
        "Test AUC",
        "Folder",
    ]
    assert frame.iloc[3].tolist()[:-1] == ["0.01", "1", "3 (2)", "0.500", "0.900", "0.90 (0.70–0.95)"]
    assert frame.iloc[0]["Test AUC"] == "–"


def test_spread_over_seeds(trained: list[SweptTraining]) -> None:
    table = over_seeds(trained)
    assert table is not None
    assert table.frame["training.lr"].tolist() == ["0.001", "0.01"]
    assert table.frame["Tuning AUC"].tolist() == ["0.850 ± 0.071", "0.850 ± 0.071"]
    assert table.frame["Test AUC"].tolist() == ["–", "0.850 ± 0.071"]


def test_runs_that_differ_in_more_than_seeds_have_no_spread(trained: list[SweptTraining]) -> None:
    assert over_seeds([trained[0], trained[2]]) is None
    assert over_seeds([trained[0], trained[3]]) is None


def test_a_run_killed_before_its_first_epoch(trained: list[SweptTraining]) -> None:
    frame = sweep([trained[0], SweptTraining(trained[1].run, None)]).frame
    assert frame["Tuning AUC"].tolist() == ["0.800", "–"]


def test_trainings_judged_otherwise_have_columns_of_their_own(trained: list[SweptTraining]) -> None:
    table = pd.DataFrame({"epoch": [1, 2], "tune_error": [0.5, 0.4]})
    other = SweptTraining(trained[1].run, Epochs(table, {"tune_error": "mean error"}, [("tune_error", -1)]))
    found = sweep([trained[0], other])
    assert found.frame["Tuning AUC"].tolist() == ["0.800", "–"]
    assert found.frame["Tuning mean error"].tolist() == ["–", "0.400"]
    assert "highest AUC on the tuning split or lowest mean error on the tuning split" in found.notes[0]
