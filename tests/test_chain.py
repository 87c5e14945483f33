"""The whole chain on a few simulated films, in this process: prepare → train → evaluate → report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import RunError
from bonerisk.imaging import store
from bonerisk.jobs.runs import verify
from bonerisk.models import load_model
from bonerisk.models.components import component
from bonerisk.parts import Dataset
from bonerisk.runs.find import load
from bonerisk.runs.folder import Run

NAME = "ospenscreen_demo"
FILMS = ["dataset=phantom_chest", "dataset.patients=90"]
TRAIN = ["model=ospenscreen_demo", *FILMS, "training.max_epochs=2", "training.batch_size=16"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, with_films) -> Path:
    """A working directory, whose simulated films serve all tests here."""
    folder = tmp_path_factory.mktemp("chain")
    with_films(folder / "data")
    return folder


@pytest.fixture
def bonerisk(place, typed, monkeypatch) -> Callable[..., tuple[int, list[str], str]]:
    """Run a subcommand as typed; exit code, lines of standard output, standard error."""
    monkeypatch.chdir(place)
    return partial(typed, place)


@pytest.fixture
def trained(bonerisk, place) -> Path:
    """A finished training, made once."""
    memo = place / "trained"
    if not memo.exists():
        code, out, err = bonerisk("train", *TRAIN)
        assert code == 0, err
        memo.write_text(out[-1])
    return Path(memo.read_text())


@pytest.fixture
def evaluated(bonerisk, place, trained) -> Path:
    """Its evaluation, made once."""
    memo = place / "evaluated"
    if not memo.exists():
        code, out, err = bonerisk("evaluate", f"run={trained}", "evaluation.n_draws=50")
        assert code == 0, err
        memo.write_text(out[-1])
    return Path(memo.read_text())


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def test_prepare_writes_the_cohort_and_its_flow(bonerisk):
    code, out, err = bonerisk("prepare", *FILMS, "preprocessing=grayscale_truncation_demo")
    assert code == 0, err
    cohort = pd.read_parquet(Path(out[-1]) / "cohort.parquet")
    assert len(cohort) == 90
    assert set(cohort["split"]) == {"train", "tune", "test", "external"}
    assert pd.read_csv(Path(out[-1]) / "flow.csv")["kept"].iloc[-1] == 90


def test_training_leaves_what_the_contract_says(trained):
    names = {item.name for item in trained.iterdir()}
    wanted = {"config.yaml", "run.json", "run.log", "cohort.parquet", "flow.csv", "rejected.csv"}
    assert names == wanted | {
        "links.csv",
        "model.safetensors",
        "history.csv",
        "tuning.parquet",
        "familiarity.safetensors",
    }
    cohort = pd.read_parquet(trained / "cohort.parquet")
    assert set(cohort["split"]) == {"train", "tune"}
    assert "osteoporosis" not in set(cohort["bone_class"])
    assert any("osteoporosis" in step for step in pd.read_csv(trained / "flow.csv")["step"])
    assert len(pd.read_csv(trained / "history.csv")) == 2


def test_an_evaluation_is_verified_with_the_training_and_the_films_behind_it(place, evaluated, tmp_path, capsys):
    assert verify(str(evaluated), place / "outputs")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2  # the evaluation, and the training
    [images] = (item for item in load(evaluated).record["inputs"] if item["kind"] == "images")
    copied = shutil.copytree(evaluated / images["path"], tmp_path / "copy")  # the films themselves serve other tests
    np.load(copied / "images.npy", mmap_mode="r+")[-1] ^= 1
    with pytest.raises(RunError, match="has changed since it was written"):
        store.verify(copied)


def test_evaluation_is_a_child_of_the_training(trained, evaluated):
    assert trained.resolve() in {path.resolve() for path in load(evaluated).parents}
    predictions = pd.read_parquet(evaluated / "predictions.parquet")
    assert set(predictions["split"]) == {"test", "external"}
    assert {"ospenscreen_demo", "age_years + sex", "oracle_bone_film"} <= set(predictions["model"])
    metrics = pd.read_csv(evaluated / "metrics.csv")
    assert {"auc", "average_precision", "sensitivity", "f1"} <= set(metrics["metric"])
    assert metrics.loc[metrics["estimate"].isna(), "note"].notna().all()
    assert (evaluated / "figures" / "roc_test.svg").exists()
    assert list((evaluated / "figures" / "films").glob("*.png"))


def test_evaluating_again_gives_the_same_numbers(bonerisk, trained, evaluated):
    code, out, err = bonerisk("evaluate", f"run={trained}", "evaluation.n_draws=50")
    assert code == 0, err
    for name in ("metrics.csv", "predictions.parquet"):
        assert (Path(out[-1]) / name).read_bytes() == (evaluated / name).read_bytes()
    assert record(Path(out[-1]))["fingerprint"] == record(evaluated)["fingerprint"]


@pytest.mark.parametrize("split", ["train", "tune"])
def test_patients_that_were_trained_or_tuned_on_are_refused(bonerisk, trained, split):
    code, out, err = bonerisk("evaluate", f"run={trained}", f"split={split}")
    assert (code, out) == (3, [])
    assert f"among those that the weights of {trained.name} were fitted to" in err


def test_a_network_is_not_trained_again_for_a_validation(bonerisk, trained):
    code, _, err = bonerisk("evaluate", f"run={trained}", "evaluation.validation=optimism")
    assert code == 2
    assert "trained together with its encoder" in err


def test_a_setting_of_another_kind_of_outcome_is_refused(bonerisk, trained):
    code, _, err = bonerisk("evaluate", f"run={trained}", "evaluation.amount.subgroups=[sex]")
    assert code == 2
    assert "evaluation.amount.subgroups is a setting of amount outcomes, and the outcome here is binary" in err


def test_the_model_from_python_predicts_and_embeds(trained, evaluated, place, monkeypatch):
    monkeypatch.chdir(place)
    model = load_model(trained)
    assert (model.name, model.target_name, model.films, model.columns) == (NAME, "low_bone_mass", True, ())
    cohort = component(model.run.config["dataset"], Dataset, "dataset").load(place / "data")
    told = pd.read_parquet(evaluated / "predictions.parquet").query(f"model == '{NAME}'").set_index("image_id")["risk"]
    ready = model.ready(cohort)
    assert "osteoporosis" not in set(ready.cohort.table["bone_class"])
    rows = ready.among(ready.cohort.table[ready.cohort.table["image_id"].isin(told.index)])
    np.testing.assert_allclose(model.predict(rows).set_index("image_id")["risk"].loc[told.index], told, rtol=1e-5)
    assert len(model.predict(cohort)) == len(cohort.table)  # those with osteoporosis, too: no outcome is asked for
    assert model.embed(rows).shape[0] == len(told)
    assert set(model.trained_on["image_id"]).isdisjoint(told.index)
    assert model.threshold("youden").label == "youden"


def test_the_same_seed_gives_the_same_weights(bonerisk, trained):
    code, out, err = bonerisk("train", *TRAIN)
    assert code == 0, err
    again, first = Path(out[-1]), trained
    assert (again / "model.safetensors").read_bytes() == (first / "model.safetensors").read_bytes()
    assert record(again)["fingerprint"] == record(first)["fingerprint"]


def test_a_killed_training_goes_on_to_the_same_weights(bonerisk, trained, monkeypatch):
    from bonerisk.training.loop import Loop

    keep = Loop.end_epoch

    def killed(loop: Loop) -> None:
        keep(loop)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Loop, "end_epoch", killed)
        patched.setattr(Run, "close", lambda *_: None)  # as after a SIGKILL: nobody writes how it ended
        bonerisk("train", *TRAIN)
    (broken,) = (run for run in trained.parent.iterdir() if record(run)["status"] == "running")
    content = record(broken)
    content["process"]["started"] = "1"  # its process is gone
    (broken / "run.json").write_text(json.dumps(content))
    assert len(pd.read_csv(broken / "history.csv")) == 1

    code, _, err = bonerisk("train", *TRAIN, "training.lr=0.5", f"resume={broken}")
    assert code == 2
    assert "training.lr" in err
    code, out, err = bonerisk("train", *TRAIN, f"resume={broken}")
    assert code == 0, err
    assert (Path(out[-1]) / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()
    code, _, err = bonerisk("evaluate", f"run={out[-1]}", "evaluation.n_draws=20")
    assert code == 0, err


def test_patients_behind_the_weights_started_from_are_refused_too(bonerisk, trained):
    second = [*TRAIN, "training.max_epochs=1", f"encoder.weights={trained}"]
    films = ["dataset.seed=1", "dataset.patients=45"]  # other patients, some of whose ids the first training knows
    code, out, err = bonerisk("train", *second, *films)
    assert code == 0, err
    assert trained.resolve() in {path.resolve() for path in load(Path(out[-1])).parents}
    code, _, err = bonerisk("evaluate", f"run={out[-1]}")
    assert code == 3
    assert f"the weights of {trained.name}" in err


def test_columns_of_the_cohort_are_learnt_beside_the_film(bonerisk, trained, monkeypatch):
    code, out, err = bonerisk("train", *TRAIN, "features=embedding_demographics", "training.max_epochs=1")
    assert code == 0, err
    model = Path(out[-1])
    assert "every column of the model known" in set(pd.read_csv(model / "flow.csv")["step"])
    code, out, err = bonerisk("evaluate", f"run={model}", "evaluation.n_draws=20")
    assert code == 0, err
    assert "every column of the model known" in set(pd.read_csv(Path(out[-1]) / "flow.csv")["step"])
    code, out, err = bonerisk("report", f"runs=[{model},{out[-1]}]")
    assert code == 0, err
    monkeypatch.setattr("bonerisk.models.train_network.decode_cohort", None)  # a wrong column stops before the films
    code, _, err = bonerisk("train", *TRAIN, "features=embedding_t_score")
    assert code == 2
    assert "head.target=low_bone_mass is derived from t_score" in err


def test_a_training_records_how_it_judged_its_epochs(trained):
    judged = record(trained)["history"]
    assert judged["best_by"] == [["tune_auc", 1], ["tune_loss", -1]]
    assert set(judged["columns"]) <= set(pd.read_csv(trained / "history.csv"))


def test_a_table_of_labels_is_an_input(bonerisk, place):
    prints = []
    for score in (-0.5, -0.6):
        (place / "labels.csv").write_text("image_path,t_score\n" + f"1.png,{score}\n2.png,-1.5\n3.png,0\n4.png,1\n")
        (place / "films").mkdir(exist_ok=True)
        for number in range(1, 5):
            pixels = np.random.default_rng(number).integers(0, 255, (80, 80), dtype=np.uint8)
            cv2.imwrite(str(place / "films" / f"{number}.png"), pixels)
        given = ["dataset=image_table", "dataset.table=labels.csv", "dataset.image_root=films", "dataset.split=test"]
        code, out, err = bonerisk("prepare", *given)
        assert code == 0, err
        prints.append(record(Path(out[-1]))["fingerprint"])
    (place / "films").rename(place / "data" / "films")
    assert prints[0] != prints[1]


def test_a_changed_model_file_is_refused(bonerisk, trained):
    path = trained / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        code, _, err = bonerisk("evaluate", f"run={trained}")
    finally:
        path.write_bytes(content)
    assert code == 1
    assert "has changed since" in err


def test_the_report_is_one_file_with_its_tables(bonerisk, trained, evaluated):
    code, out, err = bonerisk("report", f"runs=[{trained},{evaluated}]")
    assert code == 0, err
    page = (Path(out[-1]) / "report.html").read_text()
    assert "ospenscreen_demo" in page
    assert "simulated" in page
    assert "spine DeepSurv" not in page  # another paper's tables
    assert list((Path(out[-1]) / "tables").glob("*.tex"))
    assert {path.resolve() for path in load(Path(out[-1])).parents} == {trained.resolve(), evaluated.resolve()}


def test_a_sweep_and_one_table_of_it(bonerisk):
    code, out, err = bonerisk("train", "-m", *TRAIN, "training.max_epochs=1", "training.lr=1e-3,3e-3", "seed=0,1")
    assert code == 0, err
    *runs, sweep = out
    overrides = [(str(record(Path(run))["seeds"]["seed"]), record(Path(run))["overrides"]) for run in runs]
    assert [seed for seed, _ in overrides] == ["0", "1", "0", "1"]
    code, out, err = bonerisk("report", f"runs=[{sweep}]")
    assert code == 0, err
    (table,) = (Path(out[-1]) / "tables").glob("sweep*.csv")
    assert len(pd.read_csv(table)) == 4


def test_outputs_that_cant_be_written(bonerisk, place):
    (place / "a_file").write_text("")
    code, out, err = bonerisk("prepare", *FILMS, "paths.outputs=a_file/outputs")
    assert (code, out) == (1, [])
    assert "paths.outputs" in err


def test_nothing_of_this_machine_is_in_the_working_directory_but_data_and_outputs(place):
    assert {item.name for item in place.iterdir() if item.is_dir()} == {"data", "outputs"}


def test_splits_are_told_in_their_order(evaluated):
    told = pd.read_csv(evaluated / "metrics.csv")["split"].drop_duplicates().tolist()
    assert told == ["test", "external"]
