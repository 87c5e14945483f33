"""Small run folders with what a page is made of: films of simulated patients, and a model that knows a little."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from bonerisk.evaluation.binary import BinaryEvaluation, BinaryResult
from bonerisk.reporting.figures.evaluation import draw
from bonerisk.runs.find import StoredRun, load
from bonerisk.runs.folder import SCHEMA_VERSION

MakeRun = Callable[..., StoredRun]
EVALUATION = Path(__file__).parents[2] / "configs" / "evaluation" / "binary.yaml"
NAME = "ospenscreen_demo"
STEPS = [("patients simulated", 640, 0, 630, ""), ("adult", 633, 7, 623, "age under 50 years")]
STEPS += [
    ("no osteoporosis", 600, 33, 590, "osteoporosis, found by another model"),
    ("film can be read", 600, 0, 590, ""),
]


@pytest.fixture(scope="session")
def cohort() -> pd.DataFrame:
    """600 films in four splits; T-score falls with age, faster in women, and `oracle_filmed_density` with it."""
    rng = np.random.default_rng(1)
    n = 600
    sex, age = rng.choice(["F", "M"], n, p=[0.6, 0.4]), rng.uniform(50, 82, n)
    t_score = 0.4 - 0.06 * (age - 50) - 0.5 * (sex == "F") + rng.normal(0, 0.7, n)
    t_score = np.clip(t_score, -2.4, 3).round(1)
    table = pd.DataFrame({"patient_id": [f"P{i:04d}" for i in range(n)], "image_id": [f"I{i:04d}" for i in range(n)]})
    table["image_path"] = table["image_id"] + ".dcm"
    table["split"] = np.repeat(["train", "tune", "test", "external"], [260, 100, 140, 100])
    table["site"] = np.where(table["split"] == "external", "B", "A")
    table = table.assign(view="PA", age_years=age, sex=sex, t_score=t_score, bmi_kg_m2=rng.normal(24, 3, n))
    table.loc[rng.random(n) < 0.03, "bmi_kg_m2"] = np.nan
    table["bone_class"] = np.where(t_score >= -1, "normal", "low_bone_mass")
    table["oracle_filmed_density"] = -t_score + rng.normal(0, 0.5, n)
    return table.assign(label=(t_score < -1).astype(int))


@pytest.fixture(scope="session")
def predictions(cohort: pd.DataFrame) -> pd.DataFrame:
    """The film model's risk for all films."""
    noise = np.random.default_rng(2).normal(0, 0.9, len(cohort))
    risk = 1 / (1 + np.exp(1.5 * (cohort["t_score"] + 1 + noise)))
    return cohort.drop(columns="image_path").assign(dataset="phantom_chest", model=NAME, risk=risk)


@pytest.fixture(scope="session")
def result(cohort: pd.DataFrame, predictions: pd.DataFrame) -> BinaryResult:
    """The evaluation of test and external, with few draws."""
    seen = {split: predictions[predictions["split"].isin(split.split())] for split in ("test external", "tune")}
    settings = yaml.safe_load(EVALUATION.read_text()) | {"n_draws": 60}
    evaluation = BinaryEvaluation(**{key: value for key, value in settings.items() if key != "_target_"})
    return evaluation.run(seen["test external"], seen["tune"], cohort[cohort["split"] == "train"])


@pytest.fixture(scope="session")
def drawn(result: BinaryResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all figures of the evaluation, and example films."""
    folder = tmp_path_factory.mktemp("drawn") / "figures"
    draw(folder, result)
    films = folder / "films"
    films.mkdir()
    rows = []
    for number, outcome in enumerate(["true positive", "false negative", "false positive", "true negative"]):
        Image.fromarray(np.full((120, 100), 40 * number + 40, np.uint8)).save(films / f"{number:02d}.png")
        group = f"{outcome}, {'highest' if number % 2 == 0 else 'lowest'} risk"
        rows.append([f"I{number}", "test", number < 2, 0.9 - 0.2 * number, -1.4, group, f"{number:02d}.png"])
    columns = ["image_id", "split", "label", "risk", "t_score", "group", "file"]
    pd.DataFrame(rows, columns=columns).to_csv(films / "examples.csv", index=False)
    return folder


@pytest.fixture
def make_run(
    tmp_path: Path, cohort: pd.DataFrame, predictions: pd.DataFrame, result: BinaryResult, drawn: Path
) -> MakeRun:
    """Return a maker of run folders: ``make_run("train", seed=1)``, ``make_run("evaluate", parent=train)``."""
    made: list[StoredRun] = []

    def make(command: str, parent: StoredRun | None = None, name: str = NAME, **record: Any) -> StoredRun:
        folder = tmp_path / command / name / f"20250101-0000{len(made):02d}-abcdef12"
        folder.mkdir(parents=True)
        splits = {"train": ["train", "tune"], "evaluate": ["test", "external"]}.get(command)
        chosen = cohort if splits is None else cohort[cohort["split"].isin(splits)]
        steps = STEPS if splits is None else [*STEPS, _split_step(splits, chosen)]
        chosen.to_parquet(folder / "cohort.parquet")
        pd.DataFrame(steps, columns=["step", "kept", "dropped", "kept_patients", "reason"]).to_csv(
            folder / "flow.csv", index=False
        )
        rejected = [["label.csv", 14, "P9", "I9", "age_years", "158", "age_years outside 0 to 120"]]
        columns = ["file", "row", "patient_id", "image_id", "column", "value", "reason"]
        pd.DataFrame(rejected, columns=columns).to_csv(folder / "rejected.csv", index=False)
        if command == "train":
            _history(record.get("seeds", {}).get("seed", 0)).to_csv(folder / "history.csv", index=False)
        if command == "evaluate":
            _write_result(folder, result, name)
            (folder / "figures").symlink_to(drawn, target_is_directory=True)
        content = _record(command, name, parent) | record
        (folder / "run.json").write_text(json.dumps(content))
        (folder / "config.yaml").write_text(yaml.safe_dump({"seed": content["seeds"].get("seed", 0)}))
        made.append(load(folder))
        return made[-1]

    return make


def _split_step(splits: list[str], chosen: pd.DataFrame) -> tuple[str, int, int, int, str]:
    return f"split {', '.join(splits)}", len(chosen), 600 - len(chosen), len(chosen), "other splits"


def _history(seed: int) -> pd.DataFrame:
    epochs = np.arange(1, 13)
    noise = np.random.default_rng(seed).normal(0, 0.01, 12)
    auc = 0.85 - 0.3 * np.exp(-epochs / 3) - 0.002 * (epochs - 7) ** 2 / 4 + noise
    columns = {"epoch": epochs, "lr": 1e-3, "train_loss": 0.7 * np.exp(-epochs / 9), "tune_loss": 0.55 + noise}
    return pd.DataFrame({**columns, "tune_auc": auc, "seconds": 4.0})


def _write_result(folder: Path, result: BinaryResult, name: str) -> None:
    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(model=table["model"].str.replace(NAME, name, regex=False))

    result = replace(result, predictions=renamed(result.predictions), metrics=renamed(result.metrics))
    result.predictions.to_parquet(folder / "predictions.parquet")
    result.metrics.assign(reference=result.metrics["reference"].str.replace(NAME, name, regex=False)).to_csv(
        folder / "metrics.csv", index=False
    )
    renamed(result.confusion).to_csv(folder / "confusion.csv", index=False)
    (folder / "thresholds.json").write_text(json.dumps(result.thresholds))


def _record(command: str, name: str, parent: StoredRun | None) -> dict[str, Any]:
    read = {"kind": "model", "path": "model.safetensors", "sha256": "0" * 64}
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "name": name,
        "command_line": ["bonerisk", command, "model=ospenscreen_demo", "dataset=phantom_chest"],
        "choices": {"model": "ospenscreen_demo", "dataset": "phantom_chest"},
        "overrides": [],
        "seeds": {"seed": 0},
        "status": "finished",
        "error": None,
        "started": "2025-01-01T00:00:00+00:00",
        "finished": "2025-01-01T00:02:05+00:00",
        "fingerprint": "a" * 64,
        "process": {"host": "elsewhere", "pid": 1, "started": None},
        "git": {"commit": "b" * 40, "dirty": True, "diff": ""},
        "packages": {"python": "3.11.7", "bonerisk": "0.1.0", "torch": "2.5.0"},
        "device": "cpu (x86_64)",
        "notes": ["The films are simulated: results say how the chain works, nothing about patients."],
        "reference_standard": "simulated DXA",
        "inputs": [{**read, "parent": str(parent.folder)}] if parent else [],
        "outputs": [],
    }
