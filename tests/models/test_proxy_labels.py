from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.cohort.targets.target import find
from bonerisk.errors import ConfigError, DataError, RowsRefusedError
from bonerisk.models.proxy_labels import cutoffs_of, labelled, probabilities, without_label
from bonerisk.runs.unrecorded import Unrecorded

LOW = find("low_bone_mass")
PAPER = {"normal": 0.99, "low_bone_mass": 0.75, "osteoporosis": None}


def films(n: int, **columns: list) -> Cohort:
    names = [f"f{place}" for place in range(n)]
    table = pd.DataFrame({"patient_id": names, "image_id": names, "image_path": names, "split": "external"})
    return Cohort(
        "nih",
        arrange(table.assign(**columns)),
        Flow().step("rows of nih.csv", table.assign(site="s"), table.assign(site="s")),
    )


def risks(*values: float) -> pd.DataFrame:
    return probabilities(pd.DataFrame({"risk": values}), LOW)


def test_a_film_gets_the_class_whose_cut_off_it_reaches() -> None:
    run = Unrecorded()
    given = labelled(films(5), risks(0.004, 0.01, 0.3, 0.75, 0.9), cutoffs_of(PAPER, LOW), run)
    table = given.table.set_index("image_id")
    assert table["bone_class"].to_dict() == {
        "f0": "normal",
        "f1": "normal",
        "f3": "low_bone_mass",
        "f4": "low_bone_mass",
    }
    assert table["label_confidence"].to_dict() == pytest.approx({"f0": 0.996, "f1": 0.99, "f3": 0.75, "f4": 0.9})
    assert set(table["split"]) == {"train"} and set(table["label_origin"]) == {"proxy"}
    assert given.flow.table[["kept", "dropped"]].iloc[-1].tolist() == [4, 1]
    [refused] = given.rejected.to_dict("records")
    assert (refused["image_id"], refused["value"]) == ("f2", "0.7000")
    assert refused["reason"] == "most probably normal, but under its cut-off of 0.99"
    assert not run.record["notes"]


def test_a_class_that_no_film_gets_is_told_with_its_highest_probability() -> None:
    run = Unrecorded()
    assert len(labelled(films(2), risks(0.03, 0.8), cutoffs_of(PAPER, LOW), run).table) == 1
    assert run.record["notes"] == ["No film is labelled normal: its highest probability is 0.97 (cut-off 0.99)."]


def test_no_film_above_a_cut_off_states_the_highest_probability_of_each_class() -> None:
    with pytest.raises(RowsRefusedError) as caught:
        labelled(films(2), risks(0.03, 0.7), cutoffs_of(PAPER, LOW), Unrecorded())
    assert "normal at most 0.97 (cut-off 0.99); low bone mass at most 0.7 (cut-off 0.75)" in str(caught.value)
    assert caught.value.rejected is not None and len(caught.value.rejected) == 2


def test_three_classes_by_their_own_columns() -> None:
    target = find("bone_class")
    predicted = pd.DataFrame(
        {"risk": [1.7, 1.0], "p_normal": [0.1, 0.2], "p_low_bone_mass": [0.1, 0.6], "p_osteoporosis": [0.8, 0.2]}
    )
    probability = probabilities(predicted, target)
    given = labelled(films(2), probability, cutoffs_of(PAPER | {"osteoporosis": 0.7}, target), Unrecorded())
    assert given.table["bone_class"].tolist() == ["osteoporosis"]
    given = labelled(films(2), probability, cutoffs_of(PAPER | {"low_bone_mass": 0.6}, target), Unrecorded())
    assert given.table["image_id"].tolist() == ["f1"]
    assert given.rejected["reason"].tolist() == ["most probably osteoporosis, which has no cut-off"]
    with pytest.raises(ConfigError, match="have no p_osteoporosis"):
        probabilities(predicted.drop(columns="p_osteoporosis"), target)


@pytest.mark.parametrize("value", [0.5, 0.4, 1.01, float("nan")])
def test_a_cut_off_that_two_classes_could_reach_or_none(value: float) -> None:
    with pytest.raises(ConfigError, match=r"not over 0.5 and up to 1[\s\S]*cutoffs.normal"):
        cutoffs_of(PAPER | {"normal": value}, LOW)
    assert cutoffs_of(PAPER | {"normal": 1.0}, LOW)["normal"] == 1


def test_cut_offs_are_of_the_teachers_classes() -> None:
    with pytest.raises(ConfigError, match="distinguishes normal and low_bone_mass, not osteoporosis"):
        cutoffs_of(PAPER | {"osteoporosis": 0.9}, LOW)
    with pytest.raises(ConfigError, match="no class has a cut-off"):
        cutoffs_of(dict.fromkeys(PAPER), LOW)


def test_known_labels_are_not_replaced() -> None:
    some = without_label(films(3, t_score=[-1.5, None, None], bone_class=[None, "normal", None]))
    assert some.table["image_id"].tolist() == ["f2"]
    assert some.flow.table["dropped"].iloc[-1] == 2
    with pytest.raises(DataError, match="all 2 films have a T-score or a bone class"):
        without_label(films(2, t_score=[-1.0, 0.0]))


def test_targets_that_give_no_class() -> None:
    assert LOW.classes == ("normal", "low_bone_mass")
    assert [find(name).classes for name in ("osteoporosis", "t_score", "fracture", "covid")] == [()] * 4
