"""Labels by a model, from the command line: teacher → pseudolabel → merged training → evaluate → report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from bonerisk.models import load_model
from bonerisk.runs.find import load

Typed = Callable[..., tuple[int, list[str], str]]
TRAIN = ["model=ospenscreen_demo", "training.max_epochs=1", "training.batch_size=16"]
SURE = ["cutoffs.normal=0.501", "cutoffs.low_bone_mass=0.501"]  # of any film, so that a teacher of one epoch will do
SPLITS = ["train"] * 36 + ["tune"] * 12 + ["test"] * 12


def picture(number: int) -> np.ndarray:
    """A smooth picture, unlike any other."""
    rough = np.random.default_rng(number).integers(0, 256, (8, 8)).astype(np.uint8)
    return cv2.resize(rough, (96, 96), interpolation=cv2.INTER_CUBIC)


def films(folder: Path, numbers: Sequence[int], **columns: Sequence[object]) -> list[str]:
    """Pictures and their table in a folder; the overrides that name both."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / f"{number}.png"), picture(number))
    table = pd.DataFrame({"image_path": [f"{number}.png" for number in numbers], "patient_id": list(numbers)})
    table.assign(age_years=50 + np.arange(len(table)) % 30, **columns).to_csv(folder / "t.csv", index=False)
    named = [f"dataset.table={folder.name}/t.csv", f"dataset.image_root={folder.name}", f"dataset.name={folder.name}"]
    return ["dataset=image_table", *named]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory, whose films and runs serve all tests here."""
    return tmp_path_factory.mktemp("chain")


@pytest.fixture
def bonerisk(place: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.chdir(place)
    return partial(typed, place)


@pytest.fixture
def made(bonerisk: Typed, place: Path) -> Callable[..., Path]:
    """The run of a command line, made once."""

    def call(*arguments: str) -> Path:
        memo = place / ("memo-" + "-".join(arguments).replace("/", "_"))[-200:]
        if not memo.exists():
            code, out, err = bonerisk(*arguments)
            assert code == 0, err
            memo.write_text(out[-1])
        return Path(memo.read_text())

    return call


@pytest.fixture
def labelled(place: Path) -> list[str]:
    scores = [-1.5, 0.0] * 30
    return [*films(place / "ours", range(60), t_score=scores, split=SPLITS), "dataset.reference_standard=DXA"]


@pytest.fixture
def unlabelled(place: Path) -> list[str]:
    return [*films(place / "public", range(100, 130)), "dataset.split=external"]


@pytest.fixture
def teacher(made: Callable[..., Path], labelled: list[str]) -> Path:
    return made("train", *TRAIN, *labelled)


@pytest.fixture
def proxies(made: Callable[..., Path], teacher: Path, unlabelled: list[str]) -> Path:
    return made("pseudolabel", f"run={teacher}", *unlabelled, *SURE)


@pytest.fixture
def student(made: Callable[..., Path], labelled: list[str], proxies: Path) -> Path:
    prepared = made("prepare", *labelled, "preprocessing=none")
    return made("train", *TRAIN, "dataset=merged", f"dataset.runs=[{prepared},{proxies}]")


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def test_films_without_a_label_get_one(teacher: Path, proxies: Path) -> None:
    table = pd.read_parquet(proxies / "cohort.parquet")
    assert (len(table), set(table["split"]), set(table["label_origin"])) == (30, {"train"}, {"proxy"})
    assert (table["label_confidence"] >= 0.501).all()
    assert pd.read_csv(proxies / "flow.csv")["step"].str.startswith("probability at or above the cut-off").iloc[-1]
    found = pd.read_csv(proxies / "reliability.csv").set_index(["class", "metric"])
    assert found.loc[("normal", "o_e"), "n"] == 12  # the tuning split, and no other
    assert found["n"].max() == 12
    assert teacher.resolve() in {path.resolve() for path in load(proxies).parents}
    assert {"cohort", "tuning", "model", "images", "table"} <= {item["kind"] for item in record(proxies)["inputs"]}
    assert any("does not know osteoporosis" in note for note in record(proxies)["notes"])


def test_a_student_learns_from_both_and_is_judged_by_measured_labels(
    bonerisk: Typed, proxies: Path, student: Path
) -> None:
    learnt = pd.read_parquet(student / "cohort.parquet")
    counts = learnt.groupby(["split", "label_origin"]).size().to_dict()
    assert counts == {("train", "dxa"): 36, ("train", "proxy"): 30, ("tune", "dxa"): 12}
    assert "30 films with proxy labels of public added" in set(pd.read_csv(student / "flow.csv")["step"])
    assert proxies.resolve() in {path.resolve() for path in load(student).parents}
    assert any("30 of 90 films have proxy labels" in note for note in record(student)["notes"])
    code, out, err = bonerisk("evaluate", f"run={student}", "evaluation.n_draws=20")
    assert code == 0, err
    predicted = pd.read_parquet(Path(out[-1]) / "predictions.parquet")
    assert set(predicted["split"]) == {"test"} and set(predicted["label_origin"]) == {"dxa"}
    code, out, err = bonerisk("report", f"runs=[{proxies},{student},{out[-1]}]")
    assert code == 0, err
    page = (Path(out[-1]) / "report.html").read_text()
    assert "learnt from 66 films (30 of them with a proxy label)" in page
    assert "Proxy labels" in page and "Training, proxy labels (n = 30)" in page
    assert "Participants 1 (merged)" in page and "Participants 2 (image_table)" in page
    code, out, err = bonerisk(
        "evaluate", f"run={student}", "dataset=run", "dataset.run=latest", "evaluation.n_draws=20"
    )
    assert code == 0, err


def test_datasets_of_two_kinds_are_named_in_one_sentence(bonerisk: Typed, teacher: Path, student: Path) -> None:
    code, _, err = bonerisk("evaluate", f"run=[{student},{teacher}]")
    assert code == 2
    assert "were trained on dataset=merged and dataset=image_table" in err and "differ in" not in err


def test_proxy_labels_are_no_truth(bonerisk: Typed, teacher: Path, student: Path) -> None:
    code, _, err = bonerisk("evaluate", f"run={student}", "split=train")
    assert code == 3
    assert "30 of 66 rows have a label that a model made" in err


def test_patients_behind_the_labels_count_as_seen(bonerisk: Typed, teacher: Path, student: Path) -> None:
    """A student of other patients would know the teacher's by the labels."""
    seen = load_model(load(student)).trained_on
    assert seen["run"].value_counts().to_dict() == {student.name: 78, teacher.name: 48}


def test_films_of_the_teachers_cohort_are_refused(
    bonerisk: Typed, place: Path, teacher: Path, labelled: list[str], unlabelled: list[str]
) -> None:
    again = films(place / "again", [58, *range(100, 110)])
    given = [*again[:-1], "dataset.name=ours", "dataset.split=train", *SURE]  # by patient; 58 is of test
    code, _, err = bonerisk("pseudolabel", f"run={teacher}", *given)
    assert code == 3
    assert "1 patient here is among those of ours, the teacher's cohort (any split)" in err
    code, _, err = bonerisk("pseudolabel", f"run={teacher}", *again, "dataset.split=train", *SURE)  # by image
    assert code == 3
    assert "1 pairs of copies lie in two of the cohorts: 58.png (patient 58, labelled)" in err
    run = max((place / "outputs/pseudolabel/image_table").iterdir(), key=lambda path: path.stat().st_mtime)
    assert pd.read_csv(run / "copies.csv")["other_image_id"].tolist() == ["58.png"]


def test_a_copy_in_two_merged_cohorts_is_refused(
    bonerisk: Typed, place: Path, made: Callable[..., Path], labelled: list[str], proxies: Path
) -> None:
    who = [f"c{number}" for number in range(30)]
    copied = films(place / "copied", [*range(200, 215), *range(115, 130)], t_score=[-1.5, 0.0] * 15, patient_id=who)
    prepared = made("prepare", *copied, "preprocessing=none")
    code, _, err = bonerisk("train", *TRAIN, "dataset=merged", f"dataset.runs=[{prepared},{proxies}]")
    assert code == 3
    assert "15 pairs of copies lie in two of the cohorts" in err


def test_a_second_round_says_what_it_has_labelled_before(bonerisk: Typed, student: Path, unlabelled: list[str]) -> None:
    code, out, err = bonerisk("pseudolabel", f"run={student}", *unlabelled, *SURE)
    assert code == 0, err
    assert any("an earlier one" in note for note in record(Path(out[-1]))["notes"])


def test_a_sweep_over_cut_offs(bonerisk: Typed, teacher: Path, unlabelled: list[str]) -> None:
    given = [*unlabelled, "cutoffs.low_bone_mass=0.501", "cutoffs.normal=0.501,0.502"]
    code, out, err = bonerisk("pseudolabel", "-m", f"run={teacher}", *given)
    assert code == 0, err
    assert pd.read_csv(Path(out[-1]) / "sweep.csv")["cutoffs.normal"].tolist() == [0.501, 0.502]


def test_teachers_that_can_not_be(bonerisk: Typed, place: Path, teacher: Path, unlabelled: list[str]) -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"patient_id": range(200), "x": rng.normal(size=200).round(3), "smoker": rng.integers(0, 2, 200)}
    )
    rows.assign(event=rng.integers(0, 2, 200), time_years=rng.uniform(1, 9, 200)).to_csv(place / "p.csv", index=False)
    table = ["model=cox", "dataset=survival_table", "dataset.table=p.csv", "dataset.features=[x]"]
    own = ["head=logistic", "head.target=smoker"]
    for more, target in (([], "fracture"), (own, "smoker")):
        code, out, err = bonerisk("train", *table, *more)
        assert code == 0, err
        code, _, err = bonerisk("pseudolabel", f"run={out[-1]}", *unlabelled)
        assert code == 2
        assert f"predicts {target}, which gives no film a bone class" in err
    code, _, err = bonerisk("pseudolabel", "run=nowhere", *unlabelled)
    assert code == 2
    assert "there is no finished run 'nowhere'" in err
    killed = place / "killed" / teacher.name
    shutil.copytree(place / teacher, killed)
    content = record(killed) | {"status": "failed", "error": "out of memory"}
    (killed / "run.json").write_text(json.dumps(content))
    code, _, err = bonerisk("pseudolabel", f"run={killed}", *unlabelled)
    assert code == 2
    assert "has failed (out of memory)" in err
