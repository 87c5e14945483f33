from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.cohort.targets.target import find, names, select
from bonerisk.errors import ConfigError, DataError

CLASSES = ["normal", "low_bone_mass", "osteoporosis", None, "normal"]


def cohort(classes: list[str | None], split: str = "train") -> Cohort:
    ids = [str(i) for i in range(len(classes))]
    table = pd.DataFrame({"patient_id": ids, "image_id": ids, "image_path": ids, "bone_class": classes, "split": split})
    return Cohort("mine", arrange(table), Flow(), notes=("kept",))


def test_low_bone_mass_leaves_osteoporosis_out_as_a_step() -> None:
    chosen = select(cohort(CLASSES), "low_bone_mass")
    assert chosen.table["label"].tolist() == [0, 1, 0] and chosen.table["label"].dtype == "int64"
    assert chosen.table["image_id"].tolist() == ["0", "1", "4"] and chosen.table.index.tolist() == [0, 1, 2]
    assert chosen.flow.table["dropped"].tolist() == [1, 1] and chosen.notes == ("kept",)


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean low_bone_mass"):
        select(cohort(CLASSES), "low_bone")


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["normal"] * 3, "all 3 films of the train split are normal"),
        ([None], "no film has a T-score or bone class"),
        (["osteoporosis"], "every film is of a patient with osteoporosis"),
    ],
)
def test_nothing_to_learn_from_is_an_error(classes: list[str | None], message: str) -> None:
    with pytest.raises(DataError, match=message):
        select(cohort(classes), "low_bone_mass")


def test_one_class_in_an_external_cohort_is_no_error() -> None:
    assert len(select(cohort(["normal"] * 3, "external"), "low_bone_mass").table) == 3


@pytest.mark.parametrize("name", names())
def test_each_target_gives_rows_with_its_columns(name: str) -> None:
    classes = ["normal", "low_bone_mass", "osteoporosis", "normal"] * 3
    known = cohort([*classes])
    columns = {"t_score": [-0.5, -1.8, -3.0, 0.2] * 3, "event": [1, 0, 0, 1] * 3, "time_years": 2.0}
    columns |= dict.fromkeys(find("points").columns, 10.0)
    given = replace(known, table=known.table.assign(**columns))
    chosen, target = select(given, name), find(name)
    assert set(target.columns) <= set(chosen.table)
    assert chosen.table[list(target.columns)].notna().all().all()
    if "label" in target.columns:
        assert chosen.table["label"].dtype == "int64"
        assert sorted(chosen.table["label"].unique()) == list(range(2 if target.kind == "binary" else 3))
    assert chosen.table.index.equals(pd.RangeIndex(len(chosen.table)))
    assert target.words.outcome
    assert target.words_of_table.outcome


def followed(**columns: object) -> Cohort:
    ids = [str(i) for i in range(4)]
    table = pd.DataFrame({"patient_id": ids, "image_id": ids, "image_path": ids, "split": "train", **columns})
    return Cohort("mine", arrange(table), Flow())


def test_osteoporosis_is_set_against_all_others() -> None:
    chosen = select(cohort(CLASSES), "osteoporosis")
    assert chosen.table["label"].tolist() == [0, 0, 1, 0]
    assert chosen.table["image_id"].tolist() == ["0", "1", "2", "4"]
    with pytest.raises(DataError, match="all 2 films of the train split are not osteoporosis"):
        select(cohort(["normal", "low_bone_mass"]), "osteoporosis")


def test_bone_class_has_three_labels_in_order_of_risk() -> None:
    chosen = select(cohort(CLASSES), "bone_class")
    assert chosen.table["label"].tolist() == [0, 1, 2, 0] and find("bone_class").kind == "ordinal"
    with pytest.raises(DataError, match="all 2 films of the train split are low_bone_mass"):
        select(cohort(["low_bone_mass"] * 2), "bone_class")


def test_the_t_score_itself_needs_one_not_a_class() -> None:
    with_score = cohort(CLASSES)
    table = with_score.table.assign(t_score=[0.1, -1.7, float("nan"), -2.6, float("nan")])
    chosen = select(replace(with_score, table=table), "t_score")
    assert chosen.table["t_score"].tolist() == [0.1, -1.7, -2.6] and "label" not in chosen.table
    assert chosen.flow.table["dropped"].tolist() == [2]
    with pytest.raises(DataError, match="no film has a T-score"):
        select(with_score, "t_score")
    with pytest.raises(DataError, match="all 5 films of the train split have the T-score -1"):
        select(replace(with_score, table=with_score.table.assign(t_score=-1.0)), "t_score")


def test_any_fracture_needs_no_times_and_says_so_where_there_are_some() -> None:
    chosen = select(followed(event=[1, 0, None, 1]), "any_fracture")
    assert chosen.table["label"].tolist() == [1, 0, 1] and chosen.notes == ()
    assert chosen.flow.table["reason"].tolist() == ["event missing"]
    assert "Times are not used" in select(followed(event=[1, 0, 0, 1], time_years=2.0), "any_fracture").notes[0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "there is no column event"),
        ({"event": [None] * 4}, "no row has an event"),
        ({"event": [0] * 4}, "all 4 rows of the train split have no event"),
        ({"event": [1] * 4}, "all 4 rows of the train split have the event"),
    ],
    ids=str,
)
def test_any_fracture_wants_both_outcomes(columns: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        select(followed(**columns), "any_fracture")


def test_a_column_of_the_users_own_is_a_target_with_its_words() -> None:
    target = find("covid", "COVID-19")
    chosen = target.rows(followed(covid=["yes", "No", None, "TRUE"]))
    assert chosen.table["label"].tolist() == [1, 0, 1] and chosen.table["label"].dtype == "int64"
    assert chosen.flow.table["reason"].tolist() == ["covid missing"]
    assert (target.words.having, target.words.heading) == ("COVID-19", "COVID-19")
    assert target.established("PCR") == "the column covid (PCR)" and target.known_from == {"covid"}
    assert find("my_own_outcome").words.having == "my own outcome"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"covd": [1, 0, 0, 1]}, r"no column 'covid'[\s\S]*did you mean covd"),
        ({"covid": [1, 2, 2, 1]}, "covid must be yes or no, but is 2.0 in 2 rows|2 in 2 rows"),
        ({"covid": [1, 1, 1, 1]}, "all 4 rows of the train split have covid 1"),
        ({"covid": [None] * 4}, "no row has a value of covid"),
    ],
    ids=str,
)
def test_a_column_that_is_no_target_is_told(columns: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        select(followed(**columns), "covid")


@pytest.mark.parametrize("name", ["fractur", "fractures", "low_bone", "t_scores"])
def test_names_near_to_a_targets_are_slips(name: str) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        find(name)
    with pytest.raises(ConfigError, match="has words of its own"):
        find("osteoporosis", "brittle bones")


def test_times_missing_for_events_only_are_not_lost_in_silence() -> None:
    rows = [[1, None]] * 10 + [[1, 2.0]] * 10 + [[0, 3.0]] * 60
    ids = [str(i) for i in range(80)]
    table = pd.DataFrame(rows, columns=["event", "time_years"]).assign(patient_id=ids, image_id=ids, image_path=ids)
    cohort = Cohort("mine", arrange(table.assign(split="train")), Flow())
    with pytest.raises(DataError, match="lost depend on the outcome: 10 of 20 with event, 0 of 60 without"):
        select(cohort, "fracture")


def test_time_to_fracture_wants_times() -> None:
    with pytest.raises(DataError, match=r"no time_years: [\s\S]*head.target=any_fracture needs no times"):
        select(followed(event=[1, 0, 0, 1]), "fracture")
    with pytest.raises(DataError, match="no event and no time_years"):
        select(followed(), "fracture")
