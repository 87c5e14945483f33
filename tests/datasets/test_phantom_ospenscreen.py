from __future__ import annotations

from pathlib import Path

import pytest

from bonerisk.cohort.table import Cohort
from bonerisk.config.build import build
from bonerisk.config.check import check
from bonerisk.datasets.phantom_ospenscreen import BALANCED, PhantomOspenscreen
from bonerisk.errors import BoneriskError

FEW = ["patients.screening=200", "patients.clinic=9", "patients.town=8", "patients.veterans=7", "patients.abroad=6"]


def phantom(*overrides: str, dataset: str = "phantom_ospenscreen") -> PhantomOspenscreen:
    texts = [f"dataset={dataset}", *(f"dataset.{override}" for override in overrides)]
    return build(check("prepare", texts, multirun=False).dataset)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return phantom(*FEW).load(Path("data"))


def test_one_site_is_learnt_from_and_the_others_are_external(cohort: Cohort) -> None:
    splits = cohort.table.groupby("site")["split"].unique().map(set)
    assert splits.pop("screening") == {"train", "tune", "test"}
    assert set(splits.index) == {"clinic", "town", "veterans", "abroad"}
    assert all(split == {"external"} for split in splits)
    assert cohort.table["manufacturer"].nunique() > 2


def test_two_sites_tell_a_class_but_no_t_score(cohort: Cohort) -> None:
    scored = cohort.table.groupby("site")["t_score"].count()
    assert scored[["veterans", "abroad"]].eq(0).all() and (scored[["screening", "clinic", "town"]] > 0).all()
    assert cohort.table.loc[cohort.table["site"] == "veterans", "t_total_hip"].isna().all()
    assert cohort.table["bone_class"].notna().all()


def test_the_internal_test_set_is_balanced_within_each_sex(cohort: Cohort) -> None:
    test = cohort.table[cohort.table["split"] == "test"]
    counts = test.groupby("sex")["bone_class"].value_counts().unstack(fill_value=0)
    assert (counts["normal"] == counts["low_bone_mass"]).all() and counts["normal"].sum() > 5
    assert cohort.flow.steps[-1][0] == BALANCED
    plain = phantom(*FEW, "balanced=false").load(Path("data"))
    assert (plain.table["split"] == "test").sum() > len(test)
    assert BALANCED not in [step[0] for step in plain.flow.steps]


def test_unlabelled_films_have_neither_t_score_nor_class_and_are_other_people(cohort: Cohort) -> None:
    table = phantom("patients.unlabelled=12", dataset="phantom_unlabelled").load(Path("data")).table
    assert len(table) == 12 and (table["split"] == "train").all()
    assert table[["t_score", "bone_class", "t_lumbar_spine"]].isna().all().all()
    assert table["oracle_bone_film"].notna().all()
    assert not set(table["patient_id"]) & set(cohort.table["patient_id"])


def test_other_people_of_the_same_sites(cohort: Cohort) -> None:
    others = phantom(*FEW, "first_patient=100000")
    assert not set(others.load(Path("data")).table["patient_id"]) & set(cohort.table["patient_id"])
    assert others.folder(Path("data")) == phantom(*FEW).folder(Path("data"))


def test_what_is_out_of_range_is_said_all_at_once() -> None:
    with pytest.raises(BoneriskError) as caught:
        phantom("patients.screening=-1", "patients.clinic=1000001", "bone_signal=3", "first_patient=-1")
    text = str(caught.value)
    for key in ("patients.screening", "patients.clinic", "bone_signal", "first_patient"):
        assert f"dataset.{key}" in text
    none = [setting.partition("=")[0] + "=0" for setting in FEW]
    with pytest.raises(BoneriskError, match="no site has a patient"):
        phantom(*none)
