"""From simulated spine films to a page: patches with columns by Cox, whole films by the logistic hazard."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.models import load_model

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


@pytest.mark.parametrize("chosen", [[*PATCHES, *BESIDE], INTERVALS], ids=["patches", "intervals"])
def test_from_films_to_the_page(bonerisk: Typed, chosen: list[str]) -> None:
    code, out, err = bonerisk("train", "model=spine_deepsurv_demo", *FILMS, *SMALL, *chosen)
    assert code == 0, err
    run = Path(out[-1])
    assert {"tune_loss", "tune_c_index"} <= set(pd.read_csv(run / "history.csv"))
    assert json.loads((run / "run.json").read_text())["tuning"]["score"] == "C-index"
    gradcam = ["evaluation.explain=gradcam", "evaluation.explain_films=8"] if chosen != INTERVALS else []
    code, out, err = bonerisk("evaluate", f"run={run}", "evaluation.n_draws=20", *gradcam)
    assert code == 0, err
    evaluated = Path(out[-1])
    predicted = pd.read_parquet(evaluated / "predictions.parquet")
    own = predicted[predicted["model"] == "spine_deepsurv_demo"].set_index("image_id")
    assert (own["survival_1y"] >= own["survival_5y"]).all()
    again = load_model(run)  # the baseline lies in the model's file
    tuning = again.tuning
    assert tuning["survival_3y"].between(0, 1).all()
    metrics = pd.read_csv(evaluated / "metrics.csv").query("model == 'spine_deepsurv_demo'")
    assert {"c_index", "auc_t", "brier"} <= set(metrics["metric"])
    code, out, err = bonerisk("report", f"runs=[{run},{evaluated}]")
    assert code == 0, err
    page = (Path(out[-1]) / "report.html").read_text()
    assert "C-index" in page
    assert ("Grad-CAM" in page) == bool(gradcam)


def test_what_can_not_be_learnt_is_told(bonerisk: Typed) -> None:
    head = ["model=spine_deepsurv_demo", *FILMS, *SMALL, "head=interval_hazards"]
    code, _, err = bonerisk("train", *head)
    assert code == 2
    assert "choose head=log_hazard" in err
    code, _, err = bonerisk("train", "model=spine_deepsurv_demo", *FILMS, *SMALL, "dataset.split=[0.98,0.01,0.01]")
    assert code == 3
    assert "of the split 'tune'" in err
