"""The model of a training on a table, used from Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.table import Cohort
from bonerisk.datasets.survival_table import SurvivalTable
from bonerisk.errors import ConfigError, DataError
from bonerisk.models import TrainedModel, load_model
from bonerisk.runs.find import StoredRun
from bonerisk.runs.unrecorded import Unrecorded

N = 300


def patients(first: int = 0, n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(first)
    x, smoker = rng.normal(size=n).round(3), rng.choice(["no", "yes"], n)
    event, end = rng.exponential(4 * np.exp(-x - (smoker == "yes"))), rng.uniform(2, 6, n)
    found = {"patient_id": [f"{first + i:05}" for i in range(n)], "x": x, "smoker": smoker}
    return pd.DataFrame(found | {"time_years": np.minimum(event, end).clip(0.01), "event": (event <= end).astype(int)})


def cohort(folder: Path, table: pd.DataFrame) -> Cohort:
    table.to_csv(folder / "others.csv", index=False)
    source = SurvivalTable(str(folder / "others.csv"), features=["x", "smoker"], name="others", split="external")
    return source.load(folder / "data")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def train(place: Path, typed: Callable[..., tuple[int, list[str], str]]) -> Callable[..., Path]:
    """Train on a table, each command line once; the run's folder."""

    def call(*overrides: str) -> Path:
        memo = place / "-".join(["run", *overrides]).replace("/", "_")
        if not memo.exists():
            patients().to_csv(place / "table.csv", index=False)
            given = ["dataset=survival_table", "dataset.table=table.csv", "dataset.features=[x,smoker]"]
            code, out, err = typed(place, "train", "model=cox", *given, *overrides)
            assert code == 0, err
            memo.write_text(out[-1])
        return place / memo.read_text()

    return call


@pytest.fixture
def model(train: Callable[..., Path]) -> TrainedModel:
    return load_model(train())


@pytest.fixture
def others(tmp_path: Path) -> Cohort:
    return cohort(tmp_path, patients(first=1000, n=50))


def test_it_says_what_it_is(model: TrainedModel) -> None:
    assert (model.name, model.target_name, model.target.kind) == ("cox", "fracture", "survival")
    assert (model.films, model.columns) == (False, ("x", "smoker"))
    assert model.trained_on["split"].value_counts().to_dict() == {"train": 0.7 * N, "tune": 0.1 * N}
    assert list(model.trained_on) == ["run", "site", "patient_id", "image_id", "split"]
    assert set(model.training["split"]) == {"train"}
    assert len(model.tuning) == 0.1 * N


def test_a_run_is_named_as_on_a_command_line(model: TrainedModel, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert load_model("latest").run.command == "train"
    assert load_model(model.run.folder.name).run.folder.name == model.run.folder.name
    assert load_model(model.run.folder, name="ours").tuning["model"].unique() == ["ours"]
    with pytest.raises(ConfigError, match="there is no finished run 'nothing'"):
        load_model("nothing")


def test_it_predicts_others_without_a_run_to_record_in(model: TrainedModel, others: Cohort) -> None:
    found = model.predict(others)
    assert list(found)[:6] == ["dataset", "split", "model", "image_id", "patient_id", "risk"]
    assert (found["dataset"] == "others").all()
    assert len(found) == 50
    assert found[found["smoker"] == "yes"]["risk"].mean() > found[found["smoker"] == "no"]["risk"].mean()
    assert found["survival_2y"].between(0, 1).all()


def test_an_outcome_is_needed_to_be_ready_and_not_to_be_predicted(model: TrainedModel, others: Cohort) -> None:
    event = others.table["event"].mask(others.table.index < 20)
    some = replace(others, table=others.table.assign(event=event))
    ready = model.ready(some)
    assert len(ready.cohort.table) == 30
    assert "follow-up known" in set(ready.cohort.flow.table["step"])
    pd.testing.assert_series_equal(model.predict(some)["risk"], model.predict(others)["risk"])
    none = replace(others, table=others.table.drop(columns=["event", "time_years"]))
    assert len(model.predict(none)) == 50
    with pytest.raises(DataError, match="no event and no time_years"):
        model.ready(none)


def test_a_row_that_lacks_a_column_is_not_predicted(model: TrainedModel, others: Cohort) -> None:
    x = others.table["x"].mask(others.table.index < 20)
    run = Unrecorded()
    rows = model.predictable(replace(others, table=others.table.assign(x=x)), run=run)
    assert len(model.predict(rows)) == 30
    assert "20 of 50 rows (40%) lack a column of cox" in run.record["notes"][0]


def test_rows_among_others_keep_the_place_of_these(model: TrainedModel, others: Cohort) -> None:
    rows = model.ready(others)
    part = others.table.iloc[[7, 3]].assign(height_cm=170.0)
    found = model.predict(rows.among(pd.concat([part, part.assign(image_id=["?", "!"])])))
    assert found["image_id"].tolist() == part["image_id"].tolist()
    assert (found["height_cm"] == 170).all()


def test_patients_that_it_has_seen_are_refused(model: TrainedModel, others: Cohort) -> None:
    model.refuse_seen(others.table)
    with pytest.raises(DataError, match=f"the weights of {model.run.folder.name}"):
        model.refuse_seen(pd.concat([others.table, model.training.head(1)]))


def test_thresholds_are_those_of_an_evaluation(model: TrainedModel) -> None:
    youden = model.threshold("youden", horizon_years=2)
    assert youden.label == "youden"
    positive = model.tuning["risk"] >= youden.value
    assert 0 < positive.mean() < 1
    assert model.threshold("sensitivity=0.9", 2).value < model.threshold("specificity=0.9", 2).value
    with pytest.raises(ConfigError, match="no threshold 'yoden'"):
        model.threshold("yoden")
    with pytest.raises(ConfigError, match="not followed up to 20 years"):
        model.threshold("youden", horizon_years=20)


def test_thresholds_of_a_target_without_times(train: Callable[..., Path]) -> None:
    model = load_model(train("head=logistic", "head.target=any_fracture"))
    assert model.target.kind == "binary"
    value = model.threshold("sensitivity=0.8").value
    assert (model.tuning.query("label == 1")["risk"] >= value).mean() >= 0.8


def test_a_model_without_films_embeds_none(model: TrainedModel, others: Cohort) -> None:
    with pytest.raises(ConfigError, match="cox sees no films"):
        model.embed(others)


def test_a_run_with_settings_that_are_no_more_says_which(model: TrainedModel) -> None:
    old = StoredRun(model.run.folder, model.run.record)
    old.config["head"]["shrink"] = 0.1
    with pytest.raises(
        ConfigError, match=r"there are no more: head\.shrink[\s\S]*train again: bonerisk train"
    ) as caught:
        load_model(old)
    assert str(old.folder) in str(caught.value)


def test_a_changed_file_is_told_when_it_is_needed(model: TrainedModel, others: Cohort) -> None:
    path = model.run.folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        with pytest.raises(Exception, match="has changed since the run wrote it"):
            load_model(model.run.folder).predict(others)
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("low_bone_mass", "head.target must be fracture, not 'low_bone_mass'"),
        ("fractur", "head.target must be fracture, not 'fractur'"),
    ],
)
def test_a_target_that_a_head_cannot_predict_is_refused_before_anything_is_read(
    typed: Callable[..., tuple[int, list[str], str]], tmp_path: Path, target: str, said: str
) -> None:
    given = ["dataset=survival_table", "dataset.table=nowhere.csv", f"head.target={target}"]
    code, _, err = typed(tmp_path, "train", "model=cox", *given)
    assert (code, said in err) == (2, True), err
    assert not (tmp_path / "outputs").exists()
