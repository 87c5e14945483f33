"""Pages of evaluations that judge several trained models together."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting.drawings import draw
from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.report import write
from bonerisk.reporting.runs.reported import reported
from bonerisk.runs.find import StoredRun, load
from tests.reporting.conftest import evaluated, maker

FIRST, SECOND = "aicxr (embedding)", "aicxr (patient_findings)"
FEATURES = ["age_years", "sex=M", "finding_atherosclerosis"]


@pytest.fixture(scope="module")
def judged(cohort: pd.DataFrame, predictions: pd.DataFrame) -> Result:
    """Two models on the same films, the second of which knows less."""
    noise = np.random.default_rng(5).normal(0, 0.3, len(predictions))
    both = [
        predictions.assign(model=FIRST),
        predictions.assign(model=SECOND, risk=(predictions["risk"] + noise).clip(0, 1)),
    ]
    return evaluated(cohort, pd.concat(both, ignore_index=True))


@pytest.fixture(scope="module")
def figures(cohort: pd.DataFrame, judged: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "figures"
    draw(folder, judged, cohort)
    return folder


@pytest.fixture
def make(tmp_path: Path, cohort: pd.DataFrame, judged: Result, figures: Path) -> Callable[..., StoredRun]:
    return maker(tmp_path, cohort, judged, figures, "aicxr")


@pytest.fixture
def trainings(make: Callable[..., StoredRun]) -> list[StoredRun]:
    """A network, and boosted trees."""
    shared = "The films are simulated."
    runs = [make("train", notes=[shared, "It is a network."]), make("train", notes=[shared, "15 columns are few."])]
    _grow(runs[1].folder)
    return runs


@pytest.fixture
def evaluation(make: Callable[..., StoredRun], trainings: list[StoredRun]) -> StoredRun:
    return make("evaluate", *trainings, notes=[])


def _grow(folder: Path) -> None:
    """What boosted trees leave behind."""
    config = {"preprocessing": {}, "head": {"_target_": "bonerisk.heads.xgboost.XGBoostCox", "target": "fracture"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    steps = {"round": np.arange(1, 31), "train": np.linspace(2, 1, 30), "tune": (np.arange(30) - 11.0) ** 2 / 400 + 2}
    pd.DataFrame(steps).to_csv(folder / "history.csv", index=False)
    importance = pd.DataFrame({"feature": FEATURES, "splits": [9, 3, 0], "gain": [75.0, 25.0, 0.0]})
    importance.assign(mean_abs_shap=[0.3, 0.1, 0.0]).to_csv(folder / "importance.csv", index=False)
    rng, films = np.random.default_rng(6), [f"I{number}" for number in range(80)]
    for name, values in (("features", rng.integers(0, 2, (80, 3))), ("contributions", rng.normal(0, 0.2, (80, 3)))):
        pd.DataFrame(values, columns=FEATURES).assign(image_id=films).to_parquet(folder / f"{name}.parquet")


def _written(runs: list[StoredRun], folder: Path) -> str:
    folder.mkdir()
    write(runs, folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    return re.sub(r"</?span[^>]*>", "", page)  # that keep brackets on one line


def test_each_model_has_its_training(evaluation: StoredRun, trainings: list[StoredRun]) -> None:
    [found] = reported([evaluation]).evaluations
    assert (found.model, found.trained) == (FIRST, [FIRST, SECOND])
    folders = {model: run.folder for model, run in found.learnt.items()}
    assert folders == {FIRST: trainings[0].folder, SECOND: trainings[1].folder}
    assert found.training is not None
    assert found.training.folder == trainings[0].folder
    assert set(found.models("film")) == {FIRST, SECOND}
    assert found.models("combined") == [f"{FIRST} + age_years + sex + bmi_kg_m2"]


def test_stages_of_a_combined_model_are_shown_by_their_own_names(
    make: Callable[..., StoredRun], trainings: list[StoredRun]
) -> None:
    stage = make("train", name="second_stage")
    evaluation = make("evaluate", *trainings, stage)
    (evaluation.folder / "config.yaml").write_text(yaml.safe_dump({**evaluation.config, "combine": "two_stages"}))
    [found] = reported([load(evaluation.folder)]).evaluations
    names = {training.folder: name for name, training in found.named}
    assert names == {trainings[0].folder: "aicxr", trainings[1].folder: SECOND, stage.folder: "second_stage"}


def test_the_first_is_the_headline_and_the_others_stand_beside(evaluation: StoredRun, tmp_path: Path) -> None:
    text = _written([evaluation], tmp_path / "report")
    assert "The model aicxr (embedding) learnt from 260 films" in text
    assert "Other models: " in text
    first = pd.read_csv(tmp_path / "report" / "tables" / "headline.csv").iloc[:2, 0].tolist()
    assert first == ["aicxr (embedding)", "aicxr (patient findings)"]
    metrics = pd.read_csv(evaluation.folder / "metrics.csv")
    ours = metrics.query("metric == 'auc' and subgroup == 'all' and split == 'test' and reference.isna()")
    value = ours.set_index("model").loc[SECOND, "estimate"]
    assert f"Other models: {value:.2f} (" in text


def test_all_are_ranked_in_one_figure(evaluation: StoredRun, tmp_path: Path) -> None:
    _written([evaluation], tmp_path / "report")
    alt = Drawing.read(tmp_path / "report" / "figures" / "ranking.svg").alt
    assert "Test: aicxr (embedding) 0." in alt
    assert "; aicxr (patient findings) 0." in alt
    assert "; age + sex 0." in alt


def test_curves_are_of_the_first_model(figures: Path) -> None:
    alt = Drawing.read(figures / "roc_test.svg").alt
    assert "aicxr (embedding) 0." in alt
    assert "aicxr (patient findings)" not in alt


def test_trees_are_shown_with_what_they_look_at(evaluation: StoredRun, tmp_path: Path) -> None:
    text = _written([evaluation], tmp_path / "report")
    assert "<h2" in text
    assert ">Trainings<" in text
    figures = tmp_path / "report" / "figures"
    assert "kept: round 12 of 30, tuning loss 2.000" in Drawing.read(figures / "history_2.svg").alt
    assert "First by SHAP: Age, years and Male." in Drawing.read(figures / "importance_2.svg").alt  # one is not used
    assert "80 rows" in Drawing.read(figures / "contributions_2.svg").alt
    assert not (figures / "importance_1.svg").exists()


def test_notes_of_the_models_beside_stand_with_their_training(evaluation: StoredRun, tmp_path: Path) -> None:
    text = _written([evaluation], tmp_path / "report")
    top, below = text.split('id="runs-compared"')
    assert "It is a network." in top
    assert text.count("The films are simulated.") == 1
    assert "15 columns are few." not in top
    assert "aicxr (patient findings): 15 columns are few." in below


def test_trees_that_use_nothing_say_so(trainings: list[StoredRun], tmp_path: Path) -> None:
    path = trainings[1].folder / "importance.csv"
    pd.read_csv(path).assign(gain=0.0, mean_abs_shap=0.0).to_csv(path, index=False)
    assert "aicxr uses no feature." in _written([trainings[1]], tmp_path / "report")


def test_a_training_that_is_gone_is_said_to_be_missing(
    evaluation: StoredRun, trainings: list[StoredRun], tmp_path: Path
) -> None:
    (trainings[0].folder / "run.json").unlink()
    [found] = reported([load(evaluation.folder)]).evaluations
    assert found.trained == [FIRST, SECOND]
    assert found.training is None  # the one that is left may be of either
    assert "Training behind" in _written([evaluation], tmp_path / "report")


@pytest.mark.parametrize(("n_events", "said"), [(19, True), (20, False)])
def test_too_few_events_are_said_first(evaluation: StoredRun, tmp_path: Path, n_events: int, said: bool) -> None:
    path = evaluation.folder / "metrics.csv"
    metrics = pd.read_csv(path)
    ours = (metrics["split"] == "external") & (metrics["metric"] == "auc") & (metrics["subgroup"] == "all")
    metrics.loc[ours, "n_events"] = n_events
    metrics.to_csv(path, index=False)
    text = _written([evaluation], tmp_path / "report")
    expected = "External test (100 films, 19 with low bone mass): too few to conclude anything."
    assert (expected in text) == said
    if said:
        assert text.index(expected) < text.index("The films are simulated.")


def test_a_stratum_may_have_too_few(evaluation: StoredRun, tmp_path: Path) -> None:
    path = evaluation.folder / "metrics.csv"
    metrics = pd.read_csv(path)
    row = metrics.query("split == 'test' and metric == 'auc' and subgroup == 'all' and model == @FIRST").iloc[:1]
    pd.concat([metrics, row.assign(subgroup="dxa=yes", n=31, n_events=3)]).to_csv(path, index=False)
    assert "Test, With a T-score (31 films, 3 with low bone mass): too few" in _written(
        [evaluation], tmp_path / "report"
    )


def test_an_extraction_is_among_what_was_run(
    make: Callable[..., StoredRun], evaluation: StoredRun, tmp_path: Path
) -> None:
    extraction = make("extract")
    text = _written([extraction, evaluation], tmp_path / "report")
    assert "From 1 extraction, 2 trainings and 1 evaluation." in text
    assert "/".join(extraction.folder.parts[-3:]) in text.split('id="what-was-run"')[1]
    assert "has no embeddings.parquet" in text
    assert text.count("Flow of films and patients") == 2  # drawn once, with its caption


def test_models_of_two_evaluations_are_told_apart(make_run: Callable[..., StoredRun], tmp_path: Path) -> None:
    native = {"choices": {"preprocessing": "chexzero_native"}, "overrides": ["preprocessing=chexzero_native"]}
    trained = [make_run("train", choices={"preprocessing": "aicxr"}), make_run("train", **native)]
    text = _written([make_run("evaluate", parent) for parent in trained], tmp_path / "report")
    headings = pd.read_csv(tmp_path / "report" / "tables" / "overview.csv")["Evaluation"]
    assert headings.str.contains(", preprocessing aicxr, ").tolist() == [True, True, False, False]
    assert headings.str.contains(", preprocessing chexzero_native, ").tolist() == [False, False, True, True]
    assert "A paired difference is sharper than two intervals" in text
