from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bonerisk.config.build import build
from bonerisk.config.check import check
from bonerisk.datasets.phantom_chest import PhantomChest
from bonerisk.errors import ConfigError


def phantom(*overrides: str, dataset: str = "phantom_chest") -> PhantomChest:
    texts = [f"dataset={dataset}", *(f"dataset.{override}" for override in overrides)]
    return build(check("prepare", texts, multirun=False).dataset)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def no_films(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonerisk.phantom.films.make", lambda *_: None)


def test_the_cohort_has_both_hospitals_and_the_oracles(data: Path) -> None:
    source = phantom("patients=12", "seed=3")
    cohort = source.load(data)
    table = cohort.table
    cohort.make_films(table["image_id"])
    assert len(table) == 12
    assert (table["view"] == "PA").all()
    assert table["film_date"].isna().all()  # days and ages tell enough
    assert (table.loc[table["site"] == "site_b", "split"] == "external").all()
    assert {"train", "tune", "test"} == set(table.loc[table["site"] == "site_a", "split"])
    assert table["oracle_bone_film"].corr(table["t_score"]) < -0.3
    assert all(Path(path).is_file() for path in table["image_path"])
    assert cohort.reference_standard == "DXA"
    assert "simulated" in cohort.notes[0]


def test_a_second_load_simulates_nothing_and_a_longer_one_what_is_new(data: Path, monkeypatch) -> None:
    first = phantom("patients=12", "seed=3").load(data)
    monkeypatch.setattr("bonerisk.phantom.films.Maker.__call__", None)
    again = phantom("patients=12", "seed=3")
    pd.testing.assert_frame_equal(again.load(data).table, first.table)
    assert phantom("patients=500", "seed=3").folder(data) == again.folder(data)


def test_patients_from_a_later_one_on_are_those_of_a_longer_population(tmp_path: Path, no_films) -> None:
    longer, later = (
        phantom(*settings, "seed=3", dataset="phantom_hospital").load(tmp_path).table
        for settings in (["patients=60"], ["patients=20", "first_patient=40"])
    )
    same = ["patient_id", "image_id", "age_years", "sex", "time_years", "oracle_bone_truth"]
    known = longer[longer["image_id"].isin(later["image_id"])]
    pd.testing.assert_frame_equal(
        known[same].set_index("image_id").sort_index(), later[same].set_index("image_id").sort_index()
    )
    assert min(later["patient_id"].str[1:].astype(int)) >= 40
    assert phantom("first_patient=40").folder(tmp_path) == phantom().folder(tmp_path)


def test_other_films_lie_elsewhere(data: Path) -> None:
    settings = ["seed=1", "bone_signal=0.0", "quality_effect=0.0", "shortcut=0.5", "events=enriched", "t_score_share=1"]
    folders = {phantom(setting).folder(data) for setting in [*settings, "seed=0"]}
    assert len(folders) == 7
    assert phantom("bone_signal=1").folder(data) == phantom("bone_signal=1.0").folder(data)


def test_every_value_out_of_range_is_named_at_once() -> None:
    wrong = ["patients=0", "bone_signal=nan", "shortcut=2", "t_score_share=-1", "events=rare", "population=city"]
    wrong += ["first_patient=-1"]
    with pytest.raises(ConfigError) as caught:
        phantom(*wrong)
    for name in ("patients", "bone_signal", "shortcut", "t_score_share", "events", "population", "first_patient"):
        assert f"dataset.{name}" in str(caught.value)


def test_the_hospital_has_follow_up_and_few_readings(tmp_path: Path, no_films) -> None:
    table = phantom("patients=600", dataset="phantom_hospital").load(tmp_path).table
    assert 0 < table["event"].sum() < 0.05 * len(table)
    assert (table["time_years"] > 0).all()
    assert 0.03 < table["t_score"].notna().mean() < 0.15
    assert table["patient_id"].duplicated().any()
    evaluated = table[table["split"].isin(["test", "external"])]
    assert not evaluated["patient_id"].duplicated().any()  # the first film of each


def test_the_same_population_serves_another_papers_rules(tmp_path: Path, no_films) -> None:
    texts = [
        "dataset=phantom_hospital",
        "dataset/rules=spine_deepsurv",
        "dataset.patients=800",
        "dataset.t_score_share=0.3",
    ]
    texts += ["dataset.rules.body_part=[CHEST]", "dataset.rules.view=[PA]"]
    cohort = build(check("prepare", texts, multirun=False).dataset).load(tmp_path)
    assert cohort.table["age_years"].between(50, 76).all()
    test = cohort.table["split"] == "test"
    assert (cohort.table.loc[test, "dxa_days"].abs() <= 365).all()
    assert cohort.table.loc[cohort.table["split"].isin(["train", "tune"]), "t_score"].isna().all()


def test_shuffled_labels_stay_in_split_and_site(tmp_path: Path, no_films) -> None:
    plain, mixed = (phantom("patients=300", *more).load(tmp_path).table for more in ((), ("shuffle_labels=1",)))
    assert mixed["image_id"].tolist() == plain["image_id"].tolist()
    assert (mixed["t_score"] != plain["t_score"]).mean() > 0.8
    for place, rows in plain.groupby(["split", "site"]):
        other = mixed[(mixed["split"] == place[0]) & (mixed["site"] == place[1])]
        assert sorted(rows["t_score"]) == sorted(other["t_score"])
    assert not [column for column in mixed if column.startswith("oracle_")]


def test_hidden_labels_are_still_known_to_the_oracles(tmp_path: Path) -> None:
    given, hidden = (phantom("patients=12", *more).load(tmp_path).table for more in ((), ("labelled=false",)))
    targets = ["t_score", "bone_class", "t_lumbar_spine", "t_femoral_neck", "t_total_hip", "dxa_days"]
    assert given[targets].notna().all(axis=None) and hidden[targets].isna().all(axis=None)
    pd.testing.assert_frame_equal(hidden.drop(columns=targets), given.drop(columns=targets), check_like=True)
