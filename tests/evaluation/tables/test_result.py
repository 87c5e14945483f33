"""A result is read as it was written, and what an earlier version wrote is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bonerisk.errors import RunError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.tables.result import TABLES, Result, read, write
from bonerisk.runs.find import StoredRun, load
from bonerisk.runs.folder import record


@pytest.fixture
def result(evaluation: Callable[..., Evaluation], tables: Any, followed: Callable[..., pd.DataFrame]) -> Result:
    test = followed(300, "test", 1).assign(oracle_bone_film=lambda films: -films["t_score"], site="NA")
    found = evaluation(n_draws=5, survival={"subgroups": ["sex", "site"], "strata": ["sex"]}, recalibration="slope")
    return found.run(**tables(test), target="fracture", runs={"net": "20261130-120000-aaaaaaaa"})


def stored(result: Result, folder: Path) -> StoredRun:
    typed = ["bonerisk", "evaluate", "run=a b"]
    asked: dict[str, Any] = {"outputs": folder, "config": {}, "choices": {}, "overrides": [], "command_line": typed}
    with record("evaluate", "net", **asked) as run:
        write(result, run)
    return load(run.folder)


def without(name: str, run: StoredRun) -> StoredRun:
    """The run as if it had not written an artifact."""
    (run.folder / name).unlink()
    outputs = [item for item in run.record["outputs"] if item["path"] != name]
    return StoredRun(run.folder, {**run.record, "outputs": outputs})


def test_a_result_is_read_as_it_was_written(result: Result, tmp_path: Path) -> None:
    run = stored(result, tmp_path)
    again = read(run)
    written = {table.file for name, table in TABLES.items() if not (table.optional and getattr(result, name).empty)}
    assert {item["path"] for item in run.record["outputs"]} == written | {"config.yaml"}
    assert (again.outcome, again.target, again.roles) == ("survival", "fracture", result.roles)
    for name, table in TABLES.items():
        if table.file.endswith(".csv"):
            before, after = getattr(result, name), getattr(again, name)
            assert list(after) == list(table.columns)
            pd.testing.assert_frame_equal(after, before, check_dtype=False)
            texts = [column for column, kind in table.columns.items() if kind is str]
            assert after[texts].notna().all(axis=None)
    assert again.thresholds == result.thresholds


def test_models_say_what_they_are(result: Result) -> None:
    models = result.models.set_index("model")
    clinical = "age_years + sex + bmi_kg_m2"
    assert models["role"].to_dict() == {
        "net": "film",
        "t_score": "baseline",
        "age_years + sex": "baseline",
        clinical: "baseline",
        f"{clinical} (tuning)": "refitted",
        f"net + {clinical}": "combined",
        "oracle_fracture_truth": "oracle",
        "oracle_bone_film": "oracle",
        "net (recalibrated)": "recalibrated",
    }
    assert set(models.index[models["trained"] == "net"]) == {"net", f"net + {clinical}", "net (recalibrated)"}
    assert models.loc[[clinical, f"{clinical} (tuning)", f"net + {clinical}"], "columns"].eq(clinical).all()
    assert models["run"].to_dict() == {
        name: "20261130-120000-aaaaaaaa" if name == "net" else "" for name in models.index
    }
    assert models["concerns"].drop("oracle_bone_film").eq("fracture").all()
    assert models.loc["oracle_bone_film", "concerns"] == "bone"
    assert models.loc[f"net + {clinical}", "note"] == "fitted on the tuning split"


def test_a_table_of_another_outcome_is_empty(
    evaluation: Callable[..., Evaluation],
    predictions: pd.DataFrame,
    tuning: pd.DataFrame,
    training: pd.DataFrame,
    tmp_path: Path,
) -> None:
    run = stored(evaluation(n_draws=5).run(predictions, tuning, training), tmp_path)
    assert not (run.folder / "hazards.csv").exists()
    assert read(run).hazards.empty and "p_value" in read(run).hazards


def test_an_earlier_version_wrote_no_differences(result: Result, tmp_path: Path) -> None:
    run = without("differences.csv", stored(result, tmp_path))
    assert read(run).differences.empty and "p_holm" in read(run).differences


def test_what_an_earlier_version_wrote_is_refused_with_the_command_that_makes_it_anew(
    result: Result, tmp_path: Path
) -> None:
    run = without("models.csv", stored(result, tmp_path))
    with pytest.raises(RunError, match=r"no models.csv(.|\n)*bonerisk evaluate 'run=a b'"):
        read(run)
