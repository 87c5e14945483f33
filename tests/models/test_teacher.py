"""Teachers that do not fit are refused, and a teacher's patients count as seen."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from omegaconf import OmegaConf

from bonerisk.cohort.overlap import refuse_seen_by
from bonerisk.config.recorded import DISTILLATION, put_runs
from bonerisk.errors import ConfigError, DataError
from bonerisk.models.teacher import refuse_taught, teacher_run
from bonerisk.named import EMA
from bonerisk.runs.find import load
from bonerisk.runs.folder import Run, record

CONFIG: dict[str, Any] = {
    "training": {"_target_": "x"},
    "head": {"target": "low_bone_mass"},
    "preprocessing": {"size": 32},
    "features": {"columns": []},
    "seed": 0,
}


def _cohort(**splits: list[str]) -> pd.DataFrame:
    rows = [(patient, "a", patient, split) for split, patients in splits.items() for patient in patients]
    return pd.DataFrame(rows, columns=["patient_id", "site", "image_id", "split"])


def _recorded(outputs: Path, name: str, **changed: Any) -> AbstractContextManager[Run]:
    order: dict[str, Any] = {"choices": {}, "overrides": [], "command_line": []}
    return record("train", name, outputs=outputs, config={**CONFIG, **changed}, **order)


def _train(outputs: Path, **changed: Any) -> Run:
    with _recorded(outputs, "net", **changed) as run:
        with run.writes("cohort", "cohort.parquet") as path:
            _cohort(train=["1", "2"], tune=["3"]).to_parquet(path)
        with run.writes("model", "model.safetensors") as path:
            path.write_bytes(b"weights")
    return run


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"training": None}, "head fitted to features"),
        ({"head": {"target": "osteoporosis"}}, "type head.target=osteoporosis"),
        ({"preprocessing": {"size": 64}}, "preprocessing.size"),
        ({"features": {"columns": ["age_years"]}}, "features.columns"),
    ],
)
def test_a_teacher_that_does_not_fit_is_refused(tmp_path: Path, changed: Any, message: str) -> None:
    teacher = _train(tmp_path, **changed)
    here = OmegaConf.create({**CONFIG, "paths": {"outputs": str(tmp_path)}})
    with pytest.raises(ConfigError, match=message):
        teacher_run(str(teacher.folder), here, teacher)


def test_an_absent_teacher_is_refused(tmp_path: Path) -> None:
    here = OmegaConf.create({**CONFIG, "paths": {"outputs": str(tmp_path)}})
    with pytest.raises(ConfigError, match="no finished run"):
        teacher_run("2031", here, _train(tmp_path))


def test_a_teacher_is_recorded_by_its_path(tmp_path: Path) -> None:
    training = {"_target_": DISTILLATION, "teacher": "latest"}
    here = OmegaConf.create({"training": training, "paths": {"outputs": str(tmp_path)}})
    with pytest.raises(ConfigError, match="no finished run"):
        put_runs(here, {})
    teacher = _train(tmp_path)
    put_runs(here, {})
    assert here.training.teacher == str(teacher.folder)
    put_runs(moving := OmegaConf.create({**here, "training": {**training, "teacher": EMA}}), {})
    assert moving.training.teacher == EMA


def test_patients_of_a_teacher_are_seen_by_the_student(tmp_path: Path) -> None:
    teacher = load(_train(tmp_path).folder)
    refuse_taught(_cohort(train=["1", "2"], tune=["3"], test=["4"]), teacher)
    for wrong in (_cohort(tune=["1"]), _cohort(test=["2"]), _cohort(test=["3"])):
        with pytest.raises(DataError, match="the same split_seed"):
            refuse_taught(wrong, teacher)
    config = OmegaConf.create({**CONFIG, "paths": {"outputs": str(tmp_path), "data": str(tmp_path)}})
    with _recorded(tmp_path, "student") as student:
        teacher_run(str(teacher.folder), config, student)
        with student.writes("cohort", "cohort.parquet") as path:
            _cohort(train=["8"], tune=["9"]).to_parquet(path)
    with pytest.raises(DataError, match="weights of"):
        refuse_seen_by(_cohort(test=["1"]), [student.folder])
    assert json.loads((student.folder / "run.json").read_text())["inputs"][0]["kind"] == "teacher"
