"""AI-CXR's chain on a few simulated films, in this process: extract → train → evaluate → report, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bonerisk.cohort.recorded import LEARNT, of_splits
from bonerisk.errors import DataError
from bonerisk.models import load_model
from bonerisk.models.components import component
from bonerisk.models.load import FeatureModel
from bonerisk.parts import Dataset
from bonerisk.runs.find import load

Typed = Callable[..., tuple[int, list[str], str]]

HOSPITAL = ["dataset=phantom_hospital", "dataset.patients=150", "dataset.events=enriched", "dataset.t_score_share=0.6"]
SMALL = [
    "encoder=small_cnn",
    "encoder.weights=random",
    "preprocessing=grayscale_truncation_demo",
    "preprocessing.size=64",
]
FILMS = [*HOSPITAL, "model=aicxr_demo", *SMALL]


@pytest.fixture(scope="module")
def place(tmp_path_factory, with_films) -> Path:
    """A working directory, whose films and embeddings serve all tests here."""
    folder = tmp_path_factory.mktemp("aicxr")
    with_films(folder / "data")
    return folder


@pytest.fixture
def bonerisk(place, typed, monkeypatch) -> Typed:
    """Run a subcommand as typed; exit code, lines of standard output, standard error."""
    monkeypatch.chdir(place)
    return partial(typed, place)


@pytest.fixture
def done(bonerisk, place) -> Callable[..., Path]:
    """Run a subcommand that must succeed, each command line once; the run's folder."""

    def run(*typed: str) -> Path:
        memo = place / "done.json"
        known = json.loads(memo.read_text()) if memo.exists() else {}
        key = " ".join(typed)
        if key not in known:
            code, out, err = bonerisk(*typed)
            assert code == 0, err
            known[key] = out[-1]
            memo.write_text(json.dumps(known))
        return place / known[key]

    return run


def table(run: Path) -> pd.DataFrame:
    return pq.read_table(run / "embeddings.parquet").to_pandas()


def inputs(run: Path, kind: str) -> list[dict]:
    return [item for item in json.loads((run / "run.json").read_text())["inputs"] if item["kind"] == kind]


def test_extract_leaves_what_the_contract_says(done):
    run = done("extract", *FILMS)
    names = {item.name for item in run.iterdir()}
    assert {"embeddings.parquet", "failures.csv", "cohort.parquet", "flow.csv"} <= names
    found, cohort = table(run), pd.read_parquet(run / "cohort.parquet")
    assert list(found) == ["image_id", "patient_id", "embedding"]
    assert found["image_id"].is_monotonic_increasing
    assert set(found["image_id"]) == set(cohort["image_id"])
    width = {len(embedding) for embedding in found["embedding"]}
    assert width == {128}
    assert len(pd.read_csv(run / "failures.csv")) == 0


def test_a_second_extract_decodes_and_encodes_nothing(done, bonerisk, monkeypatch):
    first = done("extract", *FILMS)

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("bonerisk.models.embeddings.decode", never)
    code, out, err = bonerisk("extract", *FILMS)
    assert code == 0, err
    assert (first / "embeddings.parquet").read_bytes() == Path(out[-1], "embeddings.parquet").read_bytes()
    assert load(first).record["fingerprint"] == load(Path(out[-1])).record["fingerprint"]


def test_shards_are_found_together(done, bonerisk, place, with_films):
    whole = done("extract", *FILMS)
    elsewhere = ["paths.data=shards"]
    with_films(place / "shards")  # the films alone: nothing decoded, no embeddings
    code, out, err = bonerisk("extract", "-m", *FILMS, *elsewhere, "shard=0,1,2", "shards=3")
    assert code == 0, err
    parts = [table(place / run) for run in out[:-1]]
    names = [set(part["image_id"]) for part in parts]
    assert sum(map(len, names)) == len(set.union(*names))
    joined = done("extract", *FILMS, *elsewhere)
    assert set.union(*names) == set(table(joined)["image_id"])
    ours, theirs = (np.stack(table(run)["embedding"]) for run in (joined, whole))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("given", [["shard=3", "shards=3"], ["shard=-1", "shards=2"], ["shards=0"]], ids=str)
def test_a_shard_that_is_not_there_is_refused(bonerisk, given):
    code, _, err = bonerisk("extract", *FILMS, *given)
    assert code == 2
    assert "there is no shard" in err


def test_an_encoder_that_has_learnt_nothing_is_refused_unless_asked_for(bonerisk):
    code, _, err = bonerisk("extract", *(text for text in FILMS if text != "encoder.weights=random"))
    assert code == 2
    assert "has learnt nothing" in err


def test_another_encoder_gives_other_embeddings(done):
    one, other = done("extract", *FILMS), done("extract", *FILMS, "seed=1")
    assert not np.allclose(np.stack(table(one)["embedding"]), np.stack(table(other)["embedding"]))


def test_the_whole_chain(done):
    image = done("train", *FILMS)
    fused = done("train", *FILMS, "features=fusion", "head=xgboost", "name=fused")
    beside = done("train", *FILMS, "features=embedding_t_score", "name=beside_t_score")
    assert {"importance.csv", "contributions.parquet", "features.parquet"} <= {item.name for item in fused.iterdir()}
    assert not (image / "importance.csv").exists()
    evaluation = done(
        "evaluate", f"run=[{image},{fused},{beside}]", "evaluation=aicxr", "evaluation.n_draws=50", "evaluation.min_n=5"
    )
    metrics = pd.read_csv(evaluation / "metrics.csv")
    c = metrics[(metrics["metric"] == "c_index") & (metrics["subgroup"] == "all")]
    assert {"aicxr_demo", "fused", "beside_t_score"} <= set(c["model"])
    assert {"fused", "beside_t_score"} <= set(c.loc[c["reference"] == "aicxr_demo", "model"])
    assert "dxa=yes & risk=high" in set(metrics["subgroup"])
    groups = pd.read_csv(evaluation / "groups.csv")
    assert "finding_cardiomegaly" in set(groups["column"])
    predictions = pd.read_parquet(evaluation / "predictions.parquet")
    of = predictions.groupby("model")["image_id"].nunique()
    assert of["beside_t_score"] < of["aicxr_demo"]  # only those with a T-score
    report = done("report", f"runs=[{image},{fused},{evaluation}]")
    page = (report / "report.html").read_text()
    assert "Table 2" in page
    assert "AI-CXR" in page


def test_each_input_moves_the_output(done):
    trained = load_model(done("train", *FILMS, "features=fusion", "head=xgboost", "name=fused"))
    assert isinstance(trained, FeatureModel)
    model, tuning = trained.fitted, trained.tuning
    embeddings = dict(zip(*(table(done("extract", *FILMS))[name] for name in ("image_id", "embedding")), strict=True))
    found = np.stack([embeddings[name] for name in tuning["image_id"]])

    def risk(rows: pd.DataFrame, film: np.ndarray) -> np.ndarray:
        return model.head.risk(model.features.matrix(rows, film))

    before = risk(tuning, found)
    np.testing.assert_allclose(before, tuning["risk"], rtol=1e-5)
    assert (risk(tuning, found[::-1]) != before).any()
    assert (risk(tuning.assign(age_years=90.0), found) != before).any()
    used = [name for name in model.features.columns.used if name.startswith("finding_")]
    assert (risk(tuning.assign(**{name: 1 - tuning[name] for name in used}), found) != before).any()


def test_the_model_from_python_predicts_and_embeds(done, place, monkeypatch):
    monkeypatch.chdir(place)
    model = load_model(done("train", *FILMS, "features=fusion", "head=xgboost", "name=fused"))
    assert (model.name, model.films, model.target.kind) == ("fused", True, "survival")
    assert "age_years" in model.columns
    cohort = component(model.run.config["dataset"], Dataset, "dataset").load(place / "data")
    ready = model.ready(cohort)
    predicted = model.predict(ready).set_index("image_id")
    tuning = model.tuning.set_index("image_id")
    np.testing.assert_allclose(predicted.loc[tuning.index, "risk"], tuning["risk"], rtol=1e-5)
    embeddings = table(done("extract", *FILMS)).set_index("image_id")["embedding"]
    np.testing.assert_array_equal(model.embed(ready), np.stack(embeddings[ready.cohort.table["image_id"]]))
    unknown = replace(cohort, table=cohort.table.assign(event=np.nan, time_years=np.nan))
    again = model.predict(unknown).set_index("image_id")
    np.testing.assert_array_equal(again.loc[predicted.index, "risk"], predicted["risk"])
    assert model.threshold("youden").value is not None
    assert set(model.trained_on["split"]) == {"train", "tune"}


def test_a_model_of_embeddings_is_fitted_again_as_it_was(done, place, monkeypatch):
    monkeypatch.chdir(place)
    model = load_model(done("train", *FILMS, "features=fusion", "head=xgboost", "name=fused"))
    cohort = component(model.run.config["dataset"], Dataset, "dataset").load(place / "data")
    learnt, ready = of_splits(model.target.rows(cohort), LEARNT), model.ready(cohort)
    refit = model.refit(learnt, ready)  # which compares all risks with the model's
    risk = refit(np.arange(0, len(learnt.table), 2)).risk
    known = learnt.table["image_id"].isin(ready.cohort.table["image_id"])
    assert np.isfinite(risk[known]).mean() > 0.9
    strange = replace(learnt, table=learnt.table.assign(event=learnt.table["event"].to_numpy()[::-1]))
    with pytest.raises(DataError, match="the model gives other risks"):
        model.refit(strange, ready)


def test_the_encoder_of_a_run_is_used_and_its_patients_are_refused(done, bonerisk):
    screening = ["model=ospenscreen_demo", "dataset=phantom_chest", "dataset.patients=90", "training.max_epochs=1"]
    other = done("train", *screening, "dataset.first_patient=1000")
    given = [*HOSPITAL, "model=aicxr_demo", "encoder=trained"]
    run = done("train", *given, f"encoder.run={other}")
    assert (run / inputs(run, "weights")[0]["parent"]).resolve() == other.resolve()
    done("evaluate", f"run={run}", "evaluation.n_draws=20", "evaluation.min_n=5")
    assert set(load_model(run).trained_on["run"]) == {run.name, other.name}
    same = done("train", *screening)
    code, _, err = bonerisk("train", *given, f"encoder.run={same}")
    assert code == 3
    assert "among those that the weights" in err
    code, _, err = bonerisk("train", *given, f"encoder.run={other}", "preprocessing.size=96")
    assert code == 2
    assert "prepared in another way" in err


def test_the_demo_trains_its_encoder_first_and_once(done, place):
    screening = ["model=ospenscreen_demo", "dataset=phantom_chest", "dataset.patients=90", "training.max_epochs=1"]
    parent = f"encoder.parent={json.dumps([*screening, 'dataset.first_patient=1000'])}"
    older = place / "outputs" / "train" / "ospenscreen_demo" / "19990101-000000-00000000"
    older.mkdir(parents=True, exist_ok=True)
    (older / "run.json").write_text('{"schema_version": 0}')  # of another version: no reason to stop
    run = done("train", *HOSPITAL, "model=aicxr_demo", parent)
    first = (run / inputs(run, "weights")[0]["parent"]).resolve()
    again = done("train", *HOSPITAL, "model=aicxr_demo", parent, "seed=1")
    assert (again / inputs(again, "weights")[0]["parent"]).resolve() == first


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["encoder=chexzero", "preprocessing=aicxr"], 2, "best_64"),
        (["encoder=none"], 2, "encoder=none looks at no film"),
        (["preprocessing=none"], 2, "preprocessing=none looks at no film"),
        (["training=classifier_demo"], 2, "choose training=none"),
        ([*SMALL, "features=fusion", "head=logistic"], 2, "knows no times"),
        (["head=binary"], 2, "choose head=logistic"),
        (["encoder=trained", "encoder.run=nothing"], 2, "nothing"),
        (["encoder=trained"], 2, "encoder.run has no value"),
        (["encoder=convnext_small", "encoder.weights=pretrained"], 2, "can't be fetched"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_told(bonerisk, given, code, said):
    found, _, err = bonerisk("train", *HOSPITAL, "model=aicxr_demo", *given)
    assert (found, said in err) == (code, True), err


def test_what_bone_mass_was_told_from_is_no_feature_of_it(bonerisk):
    given = ["features=columns", "features.columns=[age_years,t_score]", "head=logistic", "head.target=low_bone_mass"]
    code, _, err = bonerisk("train", *FILMS, *given)
    assert code == 2
    assert "head.target=low_bone_mass is derived from t_score" in err


def test_models_of_other_targets_or_datasets_are_not_judged_together(done, bonerisk):
    image = done("train", *FILMS)
    plain = done("train", *FILMS, "head=logistic_ridge", "head.target=any_fracture")
    code, _, err = bonerisk("evaluate", f"run=[{image},{plain}]")
    assert code == 2
    assert "the runs predict" in err
    other = done("train", *FILMS, "dataset.shuffle_labels=1")
    code, _, err = bonerisk("evaluate", f"run=[{image},{other}]")
    assert code == 2
    assert "trained on datasets that differ in shuffle_labels" in err
    code, _, err = bonerisk("evaluate", f"run=[{image},{image}]")
    assert code == 2
    assert "can't be distinguished" in err
