"""Small run folders with what a page is made of: films of simulated patients, and a model that knows a little."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from PIL import Image

from bonerisk.cohort.targets.target import find
from bonerisk.config.build import build
from bonerisk.evaluation.tables.result import TABLES, Result
from bonerisk.reporting.drawings import draw
from bonerisk.runs.find import StoredRun, load
from bonerisk.runs.folder import RECORD, SCHEMA_VERSION
from bonerisk.runs.hashing import sha256

MakeRun = Callable[..., StoredRun]
EVALUATION = Path(__file__).parents[2] / "configs" / "evaluation" / "standard.yaml"
NAME = "ospenscreen_demo"
STEPS = [("patients simulated", 640, 0, 630, ""), ("adult", 633, 7, 623, "age under 50 years")]
STEPS += [
    ("no osteoporosis", 600, 33, 590, "osteoporosis, found by another model"),
    ("film can be read", 600, 0, 590, ""),
]


def overhang(figure: Figure) -> float:
    """Inches by which what is drawn leaves the canvas, which would cut it."""
    figure.draw_without_rendering()
    canvas, drawn = figure.bbox_inches, figure.get_tightbbox()
    return float(max(*(canvas.min - drawn.min), *(drawn.max - canvas.max), 0))


@pytest.fixture(scope="session", autouse=True)
def saved() -> Iterator[deque[Figure]]:
    """The figure that any test here saved last; nothing may be cut in any."""
    figures: deque[Figure] = deque(maxlen=1)
    savefig = Figure.savefig

    def watched(figure: Figure, *args: Any, **kwargs: Any) -> None:
        savefig(figure, *args, **kwargs)
        figures.append(figure)
        assert overhang(figure) < 0.01

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", watched)
        yield figures


@pytest.fixture(autouse=True)
def recorded_as_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests here change files of runs, whose records then say what lies there."""

    monkeypatch.setattr(StoredRun, "written", property(lambda run: _written(run.folder)))
    monkeypatch.setattr(StoredRun, "_verified", property(lambda run: set()))


def _written(folder: Path) -> dict[str, str]:
    folders = ("", "figures", "figures/films", "figures/gradcam")  # of which one may be a link
    files = [path for name in folders for path in (folder / name).glob("*") if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path) for path in files if path.name != RECORD}


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
def result(cohort: pd.DataFrame, predictions: pd.DataFrame) -> Result:
    """The evaluation of test and external, with few draws."""
    return evaluated(cohort, predictions)


@pytest.fixture(scope="session")
def followed(cohort: pd.DataFrame) -> pd.DataFrame:
    """The same films, followed for up to 9 years to a fracture or death."""
    rng = np.random.default_rng(3)
    hazard = 0.05 * np.exp(-0.9 * cohort["t_score"] - 1.0)
    fracture, death, end = rng.exponential(1 / hazard), rng.exponential(40, len(cohort)), rng.uniform(1, 9, len(cohort))
    time = np.minimum(np.minimum(fracture, death), end)
    outcome = {"event": (fracture == time).astype(float), "competing_event": (death == time).astype(float)}
    table = cohort.drop(columns=["label", "oracle_filmed_density"])
    return table.assign(**outcome, time_years=time, oracle_fracture_truth=np.log(hazard))


@pytest.fixture(scope="session")
def survival(followed: pd.DataFrame) -> Result:
    """The evaluation of a Cox model that knows the T-score a little."""
    linear = -0.9 * followed["t_score"] + np.random.default_rng(4).normal(0, 0.7, len(followed))
    chances = {f"survival_{at}y": np.exp(-0.03 * at * np.exp(linear - 0.5)) for at in range(1, 6)}
    table = followed.drop(columns="image_path").assign(dataset="phantom_hospital", model="cox", risk=linear, **chances)
    return evaluated(followed, table, "fracture")


def evaluated(cohort: pd.DataFrame, predictions: pd.DataFrame, target: str = "low_bone_mass") -> Result:
    """What the standard evaluation finds on test and external, with few draws."""
    seen = {split: predictions[predictions["split"].isin(split.split())] for split in ("test external", "tune")}
    evaluation = build(yaml.safe_load(EVALUATION.read_text()) | {"n_draws": 60})
    train = cohort[cohort["split"] == "train"]
    return evaluation.run(seen["test external"], seen["tune"], train, find(target).kind, target=target)


@pytest.fixture(scope="session")
def drawn(cohort: pd.DataFrame, result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all figures of the evaluation, and example films."""
    folder = tmp_path_factory.mktemp("drawn") / "figures"
    draw(folder, result, cohort)
    films = folder / "films"
    films.mkdir()
    rows = []
    for number, outcome in enumerate(["true positive", "false negative", "false positive", "true negative"]):
        Image.fromarray(np.full((120, 100), 40 * number + 40, np.uint8)).save(films / f"{number:02d}.png")
        group = f"{outcome}, {'highest' if number % 2 == 0 else 'lowest'} risk"
        t_score = -1.4 if number < 3 else None
        rows.append([f"I{number}", "test", number < 2, 0.9 - 0.2 * number, t_score, group, f"{number:02d}.png"])
    columns = ["image_id", "split", "label", "risk", "t_score", "group", "file"]
    pd.DataFrame(rows, columns=columns).to_csv(films / "examples.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def survival_drawn(followed: pd.DataFrame, survival: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all figures of the evaluation of the Cox model."""
    folder = tmp_path_factory.mktemp("survival") / "figures"
    draw(folder, survival, followed)
    return folder


@pytest.fixture
def make_run(tmp_path: Path, cohort: pd.DataFrame, result: Result, drawn: Path) -> MakeRun:
    """Return a maker of run folders: ``make_run("train", seed=1)``, ``make_run("evaluate", train)``."""
    return maker(tmp_path, cohort, result, drawn, NAME)


@pytest.fixture
def make_cox(tmp_path: Path, followed: pd.DataFrame, survival: Result, survival_drawn: Path) -> MakeRun:
    """Return the same for a Cox model of columns."""
    return maker(tmp_path, followed, survival, survival_drawn, "cox")


def maker(tmp_path: Path, cohort: pd.DataFrame, result: Result, drawn: Path, model: str) -> MakeRun:
    """Return a maker of run folders of one model."""
    made: list[StoredRun] = []

    def make(
        command: str, *parents: StoredRun, name: str = model, config_as: dict[str, Any] | None = None, **record: Any
    ) -> StoredRun:
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
        config: dict[str, Any] = {"preprocessing": {"size_px": 64}, "head": {"target": result.target}}
        if command == "train" and model == "cox":
            config = {"preprocessing": {}, "head": {"choice": "best", "target": result.target}}
            _write_cox(folder)
        elif command == "train":
            _history(record.get("seeds", {}).get("seed", 0)).to_csv(folder / "history.csv", index=False)
        if command == "evaluate":
            _write_result(folder, result, model, name, [parent.folder.name for parent in parents])
            (folder / "figures").symlink_to(drawn, target_is_directory=True)
        content = _record(command, name, model, result, parents) | record
        config = config_as or config
        (folder / "config.yaml").write_text(yaml.safe_dump(config | {"seed": content["seeds"].get("seed", 0)}))
        content["outputs"] = [{"path": path, "sha256": digest} for path, digest in _written(folder).items()]
        (folder / "run.json").write_text(json.dumps(content))
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


def _write_cox(folder: Path) -> None:
    columns = ["feature", "coefficient", "hazard_ratio", "lower", "upper", "p"]
    rows = [["age_years", 0.033, 1.034, 1.016, 1.053, 0.0002], ["sex=M", -0.313, 0.731, 0.425, 1.257, 0.26]]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "coefficients.csv", index=False)
    names = [
        "name",
        "hazard_ratio_early",
        "hazard_ratio_late",
        "ratio",
        "ratio_lower",
        "ratio_upper",
        "p_value",
        "note",
    ]
    rows = [["age_years", 1.04, 1.02, 0.98, 0.96, 1.0, 0.033, ""], ["sex=M", 0.58, 0.98, 1.7, 0.88, 3.28, 0.4, ""]]
    pd.DataFrame(rows, columns=names).assign(split_time_years=1.15).to_csv(folder / "proportional.csv", index=False)
    fit = {"iterations": [4], "log_likelihood_null": [-900.0], "log_likelihood": [-880.0]}
    pd.DataFrame(fit).to_csv(folder / "history.csv", index=False)


def _write_result(folder: Path, result: Result, model: str, name: str, trainings: list[str]) -> None:
    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        names = {
            column: table[column].str.replace(model, name, regex=False)
            for column in ("model", "reference", "trained")
            if column in table
        }
        return table.assign(**names)

    trained = result.models["role"] == "film"
    runs = dict(zip(result.models.loc[trained, "model"], trainings, strict=False))
    named = replace(result, models=result.models.assign(run=result.models["model"].map(runs).fillna("")))
    for kind, table in TABLES.items():
        if table.outcome in (None, result.outcome):
            content = getattr(named, kind)
            table.write(renamed(content) if isinstance(content, pd.DataFrame) else content, folder / table.file)


def _record(command: str, name: str, model: str, result: Result, parents: Sequence[StoredRun]) -> dict[str, Any]:
    found = {"target": result.target, "outcome": result.outcome, "preset": model} if command == "evaluate" else {}
    read = {"kind": "model", "path": "model.safetensors", "sha256": "0" * 64}
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "name": name,
        "command_line": [
            "/site-packages/bonerisk/__main__.py",
            command,
            "model=ospenscreen_demo",
            "dataset=phantom_chest",
        ],
        "choices": {"model": model, "dataset": "phantom_chest"},
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
        "reference_standard": find(result.target).reference_standard or "simulated DXA",
        "inputs": [{**read, "parent": str(parent.folder)} for parent in parents],
        "outputs": [],
        **found,
    }
