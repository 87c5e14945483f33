"""New films scored by trained models of several kinds, in this process, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pydicom
import pytest

from bonerisk.imaging.read import read

Typed = Callable[..., tuple[int, list[str], str]]

CHEST = ["dataset=phantom_chest", "dataset.patients=90"]
NETWORK = ["model=ospenscreen_demo", *CHEST, "training.max_epochs=2", "training.batch_size=16", "preprocessing.size=64"]
SMALL = [
    "encoder=small_cnn",
    "encoder.weights=random",
    *["preprocessing=grayscale_truncation_demo", "preprocessing.size=64"],
]
COX = ["model=aicxr_demo", "dataset=phantom_hospital", "dataset.patients=150", "dataset.events=enriched", *SMALL]


@pytest.fixture(scope="module")
def place(tmp_path_factory, with_films) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    with_films(folder / "data")
    return folder


@pytest.fixture
def bonerisk(place, typed, monkeypatch) -> Typed:
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


def scored(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "predictions.parquet").set_index("image_id")


def evaluated(run: Path) -> pd.DataFrame:
    """An evaluation's predictions by its trained model, with the path of each film."""
    table = pd.read_parquet(run / "predictions.parquet")
    model = pd.read_csv(run / "models.csv").query("role == 'film'")["model"].iloc[0]
    paths = pd.read_parquet(run / "cohort.parquet").set_index("image_id")["image_path"]
    own = table[table["model"] == model].set_index("image_id")
    return own.assign(image_path=paths)


def assert_equal_bits(found: pd.DataFrame, judged: pd.DataFrame) -> None:
    columns = [name for name in found if name == "risk" or name.startswith(("survival_", "p_", "estimate"))]
    assert columns
    pd.testing.assert_frame_equal(found[columns], judged.loc[found.index, columns], check_exact=True)


@pytest.mark.parametrize(
    "train",
    [
        NETWORK,
        [*NETWORK, "head=classes"],
        [*NETWORK, "head=t_score", "training=regression_demo"],
        COX,
        [*COX, "head=xgboost", "features=embedding_demographics"],
    ],
    ids=["network", "classes", "t_score", "cox", "xgboost"],
)
def test_rows_are_those_of_an_evaluation_in_every_bit(train: list[str], done: Callable[..., Path], place: Path) -> None:
    run = done("train", *train)
    judged = evaluated(done("evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2"))
    dataset = [item for item in train if item.startswith("dataset")]
    whole = scored(done("predict", f"run={run}", *dataset, "pages=0"))
    assert_equal_bits(whole.loc[judged.index], judged)
    few = judged["image_path"].iloc[[5, 2, 9]]
    given = ["dataset.patient.height_cm=165", "dataset.patient.weight_kg=60"] if "xgboost" in str(train) else []
    single = scored(done("predict", f"run={run}", *few, *given, "pages=0"))
    assert len(single) == 3
    if not given:
        assert_equal_bits(single.set_axis(single.index.map({path: name for name, path in few.items()})), judged)
    assert set(single["run"]) == {run.name}
    assert (single["model_sha256"].str.len() == 64).all()


def test_the_call_is_that_of_the_threshold_of_an_evaluation(done: Callable[..., Path]) -> None:
    for train in (NETWORK, COX):
        run = done("train", *train)
        judged = done("evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2")
        frozen = json.loads((judged / "thresholds.json").read_text())["thresholds"]
        model = json.loads((run / "run.json").read_text())["name"]
        [value] = [item["value"] for item in frozen if item["model"] == model and item["threshold"] == "youden"]
        dataset = [item for item in train if item.startswith("dataset")]
        found = scored(done("predict", f"run={run}", *dataset, "pages=0"))
        assert set(found["threshold"]) == {"youden"}
        assert set(found["threshold_risk"]) == {value}
        assert ((found["risk"] >= value) == (found["positive"] == 1)).all()
        assert found["risk_percentile"].between(0, 100).all()
        assert found["calibration_on_tuning"].str.contains("observed/expected").all()


def test_a_folder_a_pattern_and_a_film(done: Callable[..., Path], bonerisk: Typed, place: Path) -> None:
    run = done("train", *NETWORK)
    paths = [
        Path(path)
        for path in evaluated(done("evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2"))[
            "image_path"
        ]
    ]
    for folder in ("a folder/deeper", "more"):
        (place / folder).mkdir(parents=True)
    (place / "a folder/1.dcm").write_bytes(paths[0].read_bytes())
    (place / "a folder/notes.txt").write_text("no film")
    cv2.imwrite(str(place / "a folder/deeper/2.png"), read(paths[1]).pixels << 4)
    cv2.imwrite(str(place / "more/3.jpg"), (read(paths[2]).pixels >> 4).astype(np.uint8))
    (place / "more/broken.dcm").write_bytes(paths[3].read_bytes()[:2000])
    (place / "one=1.dcm").write_bytes(paths[4].read_bytes())
    code, out, err = bonerisk("predict", f"run={run}", "a folder/", "more/*", "one=1.dcm", "a folder/1.dcm")
    assert code == 0, err
    found = scored(place / out[-1])
    assert set(found.index) == {"a folder/1.dcm", "a folder/deeper/2.png", "more/3.jpg", "one=1.dcm"}
    assert found["risk"].is_monotonic_decreasing
    rejected = pd.read_csv(place / out[-1] / "rejected.csv")
    assert rejected["image_id"].tolist() == ["more/broken.dcm"]
    assert rejected["reason"].notna().all()
    pages = sorted((place / out[-1] / "pages").iterdir())
    assert [page.name for page in pages] == ["001.html", "002.html", "003.html", "004.html"]
    text = pages[0].read_text()
    assert "For research only" in text
    assert "Observed/expected" in text  # of the evaluation
    assert text.count("data:image/png") == 2
    header = pydicom.dcmread(place / "a folder/1.dcm")
    for page in pages:
        for value in (header.PatientID, str(header.get("PatientName", "") or "no name"), header.AcquisitionDate):
            assert str(value) not in page.read_text()


def test_films_of_another_kind_are_flagged_or_refused(done: Callable[..., Path], bonerisk: Typed, place: Path) -> None:
    run = done("train", *NETWORK)
    ordinary = Path(
        evaluated(done("evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2"))["image_path"].iloc[0]
    )
    (place / "others").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
    cv2.imwrite(str(place / "others/noise.png"), noise)
    film = pydicom.dcmread(ordinary)
    for name, tags in {
        "hand": {"BodyPartExamined": "HAND"},
        "side": {"ViewPosition": "LL"},
        "child": {"PatientAge": "008Y"},
    }.items():
        changed = film.copy()
        for tag, value in tags.items():
            setattr(changed, tag, value)
        changed.save_as(place / f"others/{name}.dcm")
    (place / "others/ordinary.dcm").write_bytes(ordinary.read_bytes())
    code, out, err = bonerisk("predict", f"run={run}", "others", "pages=0")
    assert code == 0, err
    found = scored(place / out[-1])
    assert found["unfamiliar"].to_dict() == {
        f"others/{name}": int(name != "ordinary.dcm") for name in found.index.str[7:]
    }
    why = found["unfamiliar_because"]
    assert "farther" in why["others/noise.png"]
    assert "body part HAND, and the training films have CHEST" in why["others/hand.dcm"]
    assert "view LATERAL" in why["others/side.dcm"]
    assert "age_years is 8" in why["others/child.dcm"]
    code, out, err = bonerisk("predict", f"run={run}", "others", "unfamiliar=refuse", "pages=0")
    assert code == 0, err
    assert list(scored(place / out[-1]).index) == ["others/ordinary.dcm"]
    rejected = pd.read_csv(place / out[-1] / "rejected.csv").set_index("image_id")["reason"]
    assert rejected.to_dict() == why.drop("others/ordinary.dcm").to_dict()
    code, _, err = bonerisk("predict", f"run={run}", "others/noise.png", "unfamiliar=refuse")
    assert code == 3
    assert "unfamiliar=flag scores them" in err


def test_what_a_model_lacks_is_named_with_how_to_give_it(
    done: Callable[..., Path], bonerisk: Typed, place: Path
) -> None:
    run = done("train", *COX, "head=xgboost", "features=embedding_demographics")
    path = pd.read_parquet(run / "cohort.parquet")["image_path"].iloc[0]
    code, _, err = bonerisk("predict", f"run={run}", path)
    assert code == 3
    assert "bmi_kg_m2 is not known" in err
    assert "dataset.patient.bmi_kg_m2=" in err
    code, out, err = bonerisk(
        "predict", f"run={run}", path, "dataset.patient.bmi_kg_m2=24.5", "dataset.patient.age_years=63"
    )
    assert code == 0, err
    assert scored(place / out[-1])[["age_years", "bmi_kg_m2"]].to_numpy().tolist() == [[63, 24.5]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.dcm"], 3, "no such film"),
        (["empty"], 3, "there is no film among 1 files"),
        (["latest"], 3, "no such film"),
        (["a.png", "dataset=image_table"], 2, "films are named (a.png), and dataset=image_table as well"),
        (["a.png", "dataset.patient.age_yeas=63"], 2, "did you mean dataset.patient.age_years?"),
        (["a.png", "dataset.patient.age_years=old"], 2, "'old'"),
        (["a.png", "age_years=63"], 2, "did you mean dataset.patient.age_years?"),
        (["a.png", "threshold=yoden"], 2, "no threshold 'yoden'"),
        (["a.png", "unfamiliar=ask"], 2, "flag | refuse"),
        ([], 2, "dataset.films has no value"),
    ],
    ids=str,
)
def test_mistakes(
    arguments: list[str], code: int, said: str, done: Callable[..., Path], bonerisk: Typed, place: Path
) -> None:
    run = done("train", *NETWORK)
    (place / "empty").mkdir(exist_ok=True)
    (place / "empty/notes.txt").write_text("no film")
    cv2.imwrite(str(place / "a.png"), np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8))
    found, _, err = bonerisk("predict", f"run={run}", *arguments)
    assert (found, said in err) == (code, True), err


def test_only_a_finished_training_predicts(done: Callable[..., Path], bonerisk: Typed, place: Path) -> None:
    run = done("train", *NETWORK)
    judged = done("evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2")
    code, _, err = bonerisk("predict", f"run={judged}", "a.png")
    assert code == 2
    assert "it is a run of `evaluate`" in err
    unfinished = json.loads((run / "run.json").read_text()) | {"status": "failed"}
    (place / "unfinished").mkdir()
    (place / "unfinished/run.json").write_text(json.dumps(unfinished))
    code, _, err = bonerisk("predict", "run=unfinished", "a.png")
    assert code == 2
    assert "that has failed" in err


def test_a_table_without_outcome(bonerisk: Typed, place: Path) -> None:
    rng = np.random.default_rng(0)
    x, smoker = rng.normal(size=300).round(3), rng.choice(["no", "yes"], 300)
    event, end = rng.exponential(4 * np.exp(-x - (smoker == "yes"))), rng.uniform(2, 6, 300)
    table = pd.DataFrame({"patient_id": [f"{i:04}" for i in range(300)], "x": x, "smoker": smoker})
    followed = table.assign(time_years=np.minimum(event, end).clip(0.01), event=(event <= end).astype(int))
    followed.to_csv(place / "followed.csv", index=False)
    given = ["dataset=survival_table", "dataset.table=followed.csv", "dataset.features=[x,smoker]"]
    code, out, err = bonerisk("train", "model=cox", *given)
    assert code == 0, err
    run = out[-1]
    code, out, err = bonerisk("evaluate", f"run={run}", "evaluation.n_draws=10")
    assert code == 0, err
    judged = pd.read_parquet(out[-1] + "/predictions.parquet").query("model == 'cox'").set_index("patient_id")
    new = table.assign(x=table["x"].astype(object))
    new.loc[3, "x"], new.loc[4, "smoker"] = None, "pipe"
    new.to_csv(place / "new.csv", index=False)
    code, out, err = bonerisk("predict", f"run={run}", "dataset=survival_table", "dataset.table=new.csv", "pages=1")
    assert code == 0, err
    found = pd.read_parquet(out[-1] + "/predictions.parquet").set_index("patient_id")
    assert_equal_bits(found.loc[judged.index.intersection(found.index)], judged)
    assert "300" not in found.index
    rejected = pd.read_csv(out[-1] + "/rejected.csv", dtype={"patient_id": str}).set_index("patient_id")["reason"]
    assert rejected.to_dict() == {"0003": "x is not known", "0004": "smoker pipe is none of no, yes"}
    one = table.iloc[[7]].drop(columns="smoker")
    one.to_csv(place / "one.csv", index=False)
    code, out, err = bonerisk("predict", f"run={run}", "dataset=survival_table", "dataset.table=one.csv")
    assert code == 3
    assert "the table has no column 'smoker'" in err
    table.iloc[[7]].to_csv(place / "one.csv", index=False)
    code, out, err = bonerisk("predict", f"run={run}", "dataset=survival_table", "dataset.table=one.csv", "pages=0")
    assert code == 0, err
    assert_equal_bits(pd.read_parquet(out[-1] + "/predictions.parquet").set_index("patient_id"), found)


def test_a_table_of_films_without_labels(done: Callable[..., Path], bonerisk: Typed, place: Path) -> None:
    run = done("train", *NETWORK)
    judged = evaluated(done("evaluate", f"run={run}", "evaluation.n_draws=10", "evaluation.min_n=2"))
    rows = pd.DataFrame({"File": judged["image_path"].map(lambda path: Path(path).name).iloc[:6]})
    rows = rows.assign(Age=[61, 62, "old", 64, 65, 66])
    rows.loc[rows.index[5], "File"] = "gone.dcm"
    rows.to_csv(place / "films.csv", index=False)
    folder = Path(judged["image_path"].iloc[0]).parent
    given = ["dataset=image_table", "dataset.table=films.csv", f"dataset.image_root='{folder}'"]
    given += ["dataset.columns.image_path=File", "dataset.columns.age_years=Age"]
    code, out, err = bonerisk("predict", f"run={run}", *given, "pages=0")
    assert code == 0, err
    found = pd.read_parquet(out[-1] + "/predictions.parquet")
    assert len(found) == 4
    bare = found.assign(name=found["image_id"].str.removesuffix(".dcm")).set_index("name")
    by_file = judged.set_index(judged["image_path"].map(lambda path: Path(path).stem))
    assert_equal_bits(bare, by_file)
    assert len(pd.read_csv(out[-1] + "/rejected.csv")) == 2
