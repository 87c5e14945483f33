from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bonerisk.reporting.runs.epochs import epochs_of
from bonerisk.runs.find import StoredRun


def test_a_run_that_did_not_record_how_it_judged_was_judged_by_auc(make_run: Callable[..., StoredRun]) -> None:
    run = make_run("train")
    pd.DataFrame(
        {"epoch": [1, 2, 3], "train_loss": 0.5, "tune_loss": [0.5, 0.4, 0.3], "tune_auc": [0.6, 0.7, 0.7]}
    ).to_csv(run.folder / "history.csv", index=False)
    epochs = epochs_of(run)
    assert epochs is not None
    assert epochs.kept["epoch"] == 3
    assert (epochs.score, epochs.direction) == ("AUC", "highest")


def test_the_record_of_a_run_says_how_it_judged(make_run: Callable[..., StoredRun]) -> None:
    judged = {"columns": {"tune_error": "mean error"}, "best_by": [["tune_error", -1]]}
    run = make_run("train", history=judged)
    pd.DataFrame({"epoch": [1, 2], "tune_error": [0.5, 0.4]}).to_csv(run.folder / "history.csv", index=False)
    epochs = epochs_of(run)
    assert epochs is not None
    assert epochs.kept["epoch"] == 2
    assert (epochs.score, epochs.direction) == ("mean error", "lowest")


def test_other_histories_have_no_epochs(make_run: Callable[..., StoredRun]) -> None:
    run = make_run("train")
    pd.DataFrame({"epoch": [1], "train": [0.5], "tune": [0.4]}).to_csv(run.folder / "history.csv", index=False)
    assert epochs_of(run) is None
    (run.folder / "history.csv").unlink()
    assert epochs_of(run) is None
