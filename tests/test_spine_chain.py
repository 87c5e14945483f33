"""From simulated spine films to a page: patches with columns by Cox, whole films by the logistic hazard."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

Typed = Callable[..., tuple[int, list[str], str]]

FILMS = ["dataset=phantom_spine", "dataset.patients=60", "dataset.events=enriched", "dataset.split=[0.5,0.25,0.25]"]
SMALL = ["training.max_epochs=1", "training.batch_size=16", "encoder.channels=4"]
PATCHES = ["preprocessing=spine_patches_demo", "encoder=small_cnn_patches", "preprocessing.size=32"]
BESIDE = ["features=spine_model1", "features.embedding=true"]
INTERVALS = ["preprocessing.size=64", "head=interval_hazards", "training=logistic_hazard_demo", "head.intervals=4"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory, whose simulated films serve all tests here."""
    return tmp_path_factory.mktemp("spine")


@pytest.fixture
def bonerisk(
    place: Path, typed: Callable[..., tuple[int, list[str], str]]
) -> Callable[..., tuple[int, list[str], str]]:
    return partial(typed, place)


def trained_and_evaluated(bonerisk: Typed, *chosen: str, **asked: str) -> tuple[Path, Path]:
    code, out, err = bonerisk("train", "model=spine_deepsurv_demo", *FILMS, *SMALL, *chosen)
    assert code == 0, err
    run = Path(out[-1])
    assert {"tune_loss", "tune_c_index"} <= set(pd.read_csv(run / "history.csv"))
    assert json.loads((run / "run.json").read_text())["tuning"]["score"] == "C-index"
    more = [f"evaluation.{key}={value}" for key, value in asked.items()]
    code, out, err = bonerisk("evaluate", f"run={run}", "evaluation.n_draws=20", *more)
    assert code == 0, err
    evaluated = Path(out[-1])
    own = pd.read_parquet(evaluated / "predictions.parquet").query("model == 'spine_deepsurv_demo'")
    assert own["survival_1y"].between(0, 1).all()  # by what lies in the model's file
    assert (own["survival_1y"] >= own["survival_5y"]).all()
    metrics = pd.read_csv(evaluated / "metrics.csv").query("model == 'spine_deepsurv_demo'")
    assert {"c_index", "auc_t", "brier"} <= set(metrics["metric"])
    return run, evaluated


def test_patches_and_columns_to_the_page_with_maps(bonerisk: Typed) -> None:
    both = trained_and_evaluated(bonerisk, *PATCHES, *BESIDE, explain="gradcam", explain_films="8")
    code, out, err = bonerisk("report", f"runs=[{','.join(map(str, both))}]")
    assert code == 0, err
    page = (Path(out[-1]) / "report.html").read_text()
    assert "C-index" in page
    assert "Grad-CAM" in page
    drawn = pd.read_csv(both[1] / "figures" / "variants" / "variants.csv")
    assert drawn["variant"].tolist()[2:4] == ["L1–L5 patches without masks", "L1–L5 with masks"]
    assert all(name in page for name in drawn["variant"])


def test_whole_films_by_hazards_of_intervals(bonerisk: Typed) -> None:
    trained_and_evaluated(bonerisk, *INTERVALS)


def test_what_can_not_be_learnt_is_told(bonerisk: Typed) -> None:
    head = ["model=spine_deepsurv_demo", *FILMS, *SMALL, "head=interval_hazards"]
    code, _, err = bonerisk("train", *head)
    assert code == 2
    assert "choose head=log_hazard" in err
    code, _, err = bonerisk("train", "model=spine_deepsurv_demo", *FILMS, *SMALL, "dataset.split=[0.98,0.01,0.01]")
    assert code == 3
    assert "of the split 'tune'" in err
