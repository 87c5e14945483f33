from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import select
from bonerisk.datasets.survival_table import SurvivalTable
from bonerisk.errors import ConfigError, DataError, RowsRefusedError

Load = Callable[..., Cohort]

BMI = np.random.default_rng(0).normal(25, 4, 60).round(2)
PEOPLE = pd.DataFrame(
    {
        "patient_id": [f"p{n:02}" for n in range(60)],
        "age_years": 50 + np.arange(60) % 30,
        "bmi": BMI,
        "race": ["black", "white", "asian"] * 20,
        "event": [1, 0, 0] * 20,
        "time_years": 1 + np.arange(60) / 10,
    }
)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a table given as text or as a frame, which becomes the file called `file`."""

    def loader(table: str | pd.DataFrame, file: str = "t.csv", **options: Any) -> Cohort:
        path = tmp_path / file
        if isinstance(table, str):
            path.write_text(table, encoding="utf-8")
        elif file.endswith(".parquet"):
            table.to_parquet(path)
        else:
            table.to_csv(path, index=False)
        return SurvivalTable(str(path), **options).load(tmp_path / "data")

    return loader


@pytest.fixture
def hdf5(tmp_path: Path) -> Callable[..., Path]:
    """Write arrays, given by their place in the file as x or train/x, to t.h5."""

    def writer(**arrays: Any) -> Path:
        with h5py.File(tmp_path / "t.h5", "w") as file:
            for name, values in arrays.items():
                file[name] = values
        return tmp_path / "t.h5"

    return writer


def arrays(count: int, prefix: str = "", seed: int = 0, width: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    found = {"x": rng.normal(size=(count, width)), "t": rng.exponential(3, count) + 0.01, "e": np.arange(count) % 2}
    return {f"{prefix}{name}": values.astype("float32" if name != "e" else "int32") for name, values in found.items()}


def more_people(count: int) -> pd.DataFrame:
    """Patients p000 to p119, say, of whom every third had the event."""
    rows = np.arange(count)
    measured = {"age_years": 50 + rows % 30, "bmi": np.random.default_rng(1).normal(25, 4, count).round(3)}
    outcome = {"event": (rows % 3 == 0).astype(int), "time_years": 1 + rows / 10}
    return pd.DataFrame({"patient_id": [f"p{row:03}" for row in rows], **measured, **outcome})


def refused(cohort: Cohort) -> set[tuple[int, str, str]]:
    return {(row.row, row.column, row.value) for row in cohort.rejected.itertuples()}


def test_a_european_spreadsheet_in_months(load: Load) -> None:
    text = "Pat;Alter;Sex;BMI;Bruch;Monate\n007;60;2;25,5;1;6\n008;70;1;;0;120\n"
    columns = {"patient_id": "Pat", "age_years": "Alter", "sex": "Sex", "event": "Bruch", "time_years": "Monate"}
    cohort = load(
        text, columns=columns, features=["Alter", "sex", "BMI"], time_unit="months", female=2, male=1, split="external"
    )
    table = cohort.table
    assert cohort.features == ("age_years", "sex", "BMI")
    assert table["patient_id"].tolist() == table["image_id"].tolist() == ["007", "008"]
    assert table["time_years"].tolist() == [0.5, 10.0] and table["event"].tolist() == [1.0, 0.0]
    assert table["sex"].tolist() == ["F", "M"] and table["BMI"].tolist()[0] == 25.5 and pd.isna(table["BMI"][1])
    assert table["image_path"].isna().all() and cohort.rejected.empty
    assert cohort.notes == ("Missing values among 2 rows: BMI in 1. These rows stay for the model to handle.",)
    assert cohort.reference_standard == "follow-up as t.csv has it"


def test_csv_parquet_and_hdf5_say_the_same(load: Load, tmp_path: Path) -> None:
    people = PEOPLE.assign(visit=pd.Timestamp("2020-02-29"), smoker=np.arange(60) % 2 == 0)
    people.loc[3, "bmi"] = np.nan
    options = {"features": ["age_years", "bmi", "race"], "columns": {"film_date": "visit"}}
    csv = load(people.assign(visit="2020-02-29"), **options)
    parquet = load(people.set_index("patient_id"), "t.parquet", **options)  # identifiers in the index
    pd.testing.assert_frame_equal(csv.table, parquet.table)
    assert set(csv.table["race"]) == {"asian", "black", "white"}
    assert "smoker" in load(people, "t.parquet").features  # flags of Parquet are numbers
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["x"] = people[["age_years", "bmi"]].to_numpy()
        file["t"], file["e"] = people["time_years"], people["event"]
        file["names"] = people["patient_id"].tolist()
    columns = {"patient_id": "names", "age_years": "x0", "mass": "x1"}
    flat = SurvivalTable(str(tmp_path / "t.h5"), columns=columns).load(tmp_path)
    shared = ["patient_id", "age_years", "bmi", "event", "time_years"]
    pd.testing.assert_frame_equal(flat.table.rename(columns={"mass": "bmi"})[shared], csv.table[shared])
    assert flat.features == ("age_years", "mass")


def test_all_numbers_are_features_but_who_when_outcome_and_identifiers(load: Load) -> None:
    people = PEOPLE.assign(id=range(100, 160), oracle_risk=BMI, note="", centre=3, stage=["01", "02"] * 30)
    people = people.assign(unwanted=BMI, dose=[1, 2] * 30)
    cohort = load(people, columns={"unwanted": None, "dose_mg": "dose"})
    assert cohort.features == ("age_years", "bmi", "dose_mg")
    reasons = [
        "race (text)",
        "id (a different whole number in each row)",
        "note (empty)",
        "centre (the same value in all rows of train)",
        "stage (text)",
    ]
    assert all(reason in cohort.notes[0] for reason in reasons), cohort.notes
    assert load(people, features=["id", "stage"]).features == ("id", "stage")  # asked for
    assert "centre" in load(people, split="external").features  # nothing is learnt here


def test_without_patients_each_row_is_one_and_rows_of_two_tables_are_not_the_same(load: Load) -> None:
    rows = PEOPLE.drop(columns="patient_id")
    one, other = load(rows), load(rows.iloc[::-1])
    assert one.table["patient_id"].str.fullmatch(r"[0-9a-f]{8}-\d\d").all() and one.table["image_id"].is_unique
    assert not set(one.table["patient_id"]) & set(other.table["patient_id"])
    assert one.table["patient_id"][0].endswith("-02") and "dataset.columns.patient_id" in one.notes[0]


def test_visits_of_a_patient_share_a_split_and_are_told_apart_by_date_or_id(load: Load) -> None:
    later = PEOPLE.assign(bmi=BMI + 1, time_years=PEOPLE["time_years"] - 0.5)
    visits = pd.concat([PEOPLE.assign(film_date="2020-01-01"), later.assign(film_date="2020-07-01")])
    cohort = load(visits, features=["bmi"])
    assert len(cohort.table) == 120 and cohort.table["image_id"][0] == "p00/2020-01-01"
    assert cohort.table.groupby("patient_id")["split"].nunique().max() == 1
    assert cohort.flow.table["kept_patients"].tolist() == [60, 60]
    numbered = visits.assign(film_date=None, image_id=range(120))
    assert len(load(numbered, features=["bmi"]).table) == 120


def test_a_patient_told_twice_is_kept_once_or_where_the_outcomes_differ_not_at_all(load: Load) -> None:
    text = "patient_id,bmi,event,time_years\n1,20,0,5\n1,20,0,5\n2,21,0,5\n2,21,1,4\n3,23,1,2\n"
    cohort = load(text, split="test")
    assert cohort.table["patient_id"].tolist() == ["1", "3"]
    reasons = cohort.rejected.set_index("row")["reason"].to_dict()
    both = "rows 4, 5 are of one patient and visit and differ"
    assert reasons == {3: "a copy of row 2", 4: both, 5: both}


def test_bad_values_refuse_their_rows_with_place_and_reason_and_the_rest_goes_on(load: Load) -> None:
    people = more_people(120).astype("object")
    bad = {
        0: ("time_years", "0"),
        1: ("time_years", "-1"),
        2: ("time_years", ""),
        3: ("time_years", "inf"),
        4: ("event", "7"),
        5: ("event", ""),
        6: ("bmi", "high"),
        7: ("bmi", "inf"),
        8: ("age_years", "150"),
        9: ("time_years", "121"),
        10: ("patient_id", ""),
    }
    for row, (column, value) in bad.items():
        people.loc[row, column] = value
    cohort = load(people, features=["age_years", "bmi"])
    assert refused(cohort) == {(row + 2, column, value or None) for row, (column, value) in bad.items()}
    assert len(cohort.table) == 109 and cohort.flow.table["dropped"].tolist() == [0, 11]
    reasons = cohort.rejected.set_index("row")["reason"]
    assert (
        "dataset.time_unit" in reasons[11] and reasons[7] == "missing" and reasons[8] == "no number, unlike most cells"
    )


def test_infinite_numbers_of_parquet_are_refused_and_missing_ones_stay(load: Load) -> None:
    people = PEOPLE.copy()
    people.loc[0, "bmi"], people.loc[1, "bmi"], people.loc[2, "time_years"] = np.inf, np.nan, np.nan
    cohort = load(people, "t.parquet")
    assert refused(cohort) == {(1, "bmi", "inf"), (3, "time_years", None)}
    assert cohort.table["bmi"].isna().sum() == 1 and "bmi in 1." in cohort.notes[-1]


def test_a_death_beside_an_event_whose_order_one_time_does_not_tell_stops(load: Load) -> None:
    people = PEOPLE.assign(competing_event=[1, 0, 1] * 20)
    with pytest.raises(RowsRefusedError, match="20 of 20 rows with the event, the first in row 2: one time") as stopped:
        load(people)
    assert "dataset.columns.competing_time_years=" in str(stopped.value)
    assert set(stopped.value.rejected["column"]) == {"competing_event"} and len(stopped.value.rejected) == 20
    slip = PEOPLE.assign(competing_event=[1, *[0] * 59])  # one row
    assert refused(load(slip)) == {(2, "competing_event", "1")}


def test_the_first_of_two_events_counts_by_its_time(load: Load) -> None:
    flags = {"fracture": [1, 1, 1, 0, 0, 0, 0, 1], "death": [1, 1, 1, 1, 1, 0, 0, 0]}
    times = {"to_fracture": [2, 6, 4, None, 3, 5, None, 1], "to_death": [5, 3, 4, 7, 9, 8, 8, 8]}
    people = pd.DataFrame({**flags, **times, "age_years": range(50, 58)}).astype("object")
    columns = {"event": "fracture", "competing_event": "death"}
    columns |= {"time_years": "to_fracture", "competing_time_years": "to_death"}
    cohort = load(people, columns=columns, features=["age_years"], split="test")
    table = cohort.table
    assert table["event"].tolist() == [1, 0, 1, 0, 0, 0, 0, 1]
    assert table["competing_event"].tolist() == [0, 1, 0, 1, 0, 0, 0, 0]
    assert table["time_years"].tolist() == [2, 3, 4, 7, 3, 5, 8, 1]
    assert "competing_time_years" not in table and cohort.rejected.empty
    assert any("event came first in 2, the competing event in 1" in note for note in cohort.notes)
    assert any(note.startswith("In 1 rows the competing event came after") for note in cohort.notes)
    blank = people.assign(death=[1, 1, None, 1, 1, 0, 0, None], to_death=[5, 3, None, 7, None, 8, 8, None])
    table = load(blank, columns=columns, features=["age_years"], split="test").table
    assert table["time_years"].tolist() == [2, 3, 4, 7, 3, 5, 8, 1]
    assert table["event"].tolist() == [1, 0, 1, 0, 0, 0, 0, 1] and table["competing_event"][4] == 1
    with pytest.raises(DataError, match="the time of a competing event is of use beside both"):
        load(people, columns={**columns, "competing_event": None}, features=["age_years"])


@pytest.mark.parametrize("share", [1, 0.5, 0.1])
def test_times_that_are_missing_for_events_only_stop(load: Load, share: float) -> None:
    people = more_people(300).assign(time_years=lambda rows: rows["time_years"] / 5)
    events = people.index[people["event"] == 1]
    people.loc[events[: int(share * len(events))], "time_years"] = np.nan
    with pytest.raises(RowsRefusedError, match=r"depend on the outcome: \d+ of 100 with event 1, 0 of 200 without"):
        load(people)


def test_times_that_are_missing_by_chance_are_slips_up_to_a_twentieth(load: Load) -> None:
    people = more_people(300).assign(time_years=lambda rows: rows["time_years"] / 5)
    people.loc[people.index[::25], "time_years"] = np.nan
    assert len(load(people).rejected) == 12
    people.loc[people.index[::14], "time_years"] = np.nan
    with pytest.raises(RowsRefusedError, match=r"33 of 300 rows \(11%\) are lost[\s\S]*row 2: missing"):
        load(people)


def test_a_second_row_for_each_event_without_a_date_stops(load: Load) -> None:
    people = more_people(120)
    later = people[people["event"] == 1].assign(time_years=0.5, event=0)
    with pytest.raises(RowsRefusedError, match=r"column image_id[\s\S]*dataset.columns.film_date"):
        load(pd.concat([people, later]))


def test_a_filter_is_a_step_of_the_flow_before_values_are_refused(load: Load) -> None:
    people = more_people(60).assign(sex=[1, 2] * 30, ward=["A", "B", ""] * 20).astype({"time_years": object})
    people.loc[people["sex"] == 1, "time_years"] = ""  # refused, if they took part
    where = "sex == 'F' and ward in ['A', 'B'] and time_years < 6.5"
    cohort = load(people, where=where, female=2, male=1, features=["bmi"], split="test")
    kept = people[(people["sex"] == 2) & (people["ward"] != "") & (people.index < 55)]
    assert cohort.table["patient_id"].tolist() == kept["patient_id"].tolist() and cohort.rejected.empty
    assert cohort.flow.table["step"].tolist() == ["rows of t.csv", where, "values can be used"]
    assert cohort.flow.table["kept_patients"].tolist() == [60, len(kept), len(kept)]
    assert "missing or unclear in 40" in cohort.flow.table["reason"][1]
    with pytest.raises(DataError) as stopped:
        load(people, where="wrad == 'A'", features=["bmii"], columns={"age_years": "Alter"})
    for told in ("did you mean ward?", "did you mean bmi?", "no column 'Alter'"):
        assert told in str(stopped.value)
    with pytest.raises(DataError, match=r"no row of 60 fits ward == 'C'\n.*\n.*ward as 'A'"):
        load(people, where="ward == 'C'", features=["bmi"])
    with pytest.raises(ConfigError, match=r"dataset\.where"):
        load(people, where="ward = 'A'")


@pytest.mark.parametrize("code", [-9, 99, 999, -9999])
def test_numbers_that_mean_none_are_no_values(load: Load, code: int) -> None:
    people = more_people(120)
    people.loc[::20, "bmi"] = code
    with pytest.raises(DataError, match=rf"{code} in 6 of 120 rows is unlike all other[\s\S]*column bmi"):
        load(people)
    falls = more_people(120).assign(falls=np.arange(120) % 10)
    assert "falls" in load(falls).features  # 0 to 9, of which 9 is none of these


def test_all_errors_of_a_table_are_told_at_once(load: Load) -> None:
    people = PEOPLE.assign(event=[2, 1, 1] * 20, time_years=PEOPLE["time_years"] * 365.25, split="tran")
    people = people.assign(platelets=["1,746", "876", "12"] * 20, age_years=["fifty", 60, 70] * 20)
    with pytest.raises(RowsRefusedError) as stopped:
        load(people)
    told = str(stopped.value)
    for column in ("event", "time_years", "split", "platelets", "age_years"):
        assert told.count(f"where: t.csv, column {column}") == 1, told


@pytest.mark.parametrize(
    ("signs", "told"),
    [
        ([2, 1, 1], r"is 1 in 40 rows, 2 in 20 rows\n.*\n.*in R's Surv 2 is the event"),
        ([2, 1, 0], "column competing_event 1"),
        (["dead", "alive", "alive"], "alive in 40 rows"),
    ],
)
def test_an_event_by_other_signs_is_an_error_that_tells_how_to_recode(load: Load, signs: list[Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(PEOPLE.assign(event=signs * 20))


def test_times_of_another_unit_are_an_error_that_names_the_fitting_ones(load: Load) -> None:
    days = PEOPLE.assign(time_years=PEOPLE["time_years"] * 365.25)
    with pytest.raises(DataError, match=r"60 of 60 times are over 120 years.*\n.*\n.*dataset.time_unit=days"):
        load(days)
    assert load(days, time_unit="days").table["time_years"].tolist() == pytest.approx(PEOPLE["time_years"].tolist())


def test_columns_that_the_table_lacks_or_that_can_be_no_feature_are_told(load: Load) -> None:
    with pytest.raises(DataError) as caught:
        load(PEOPLE, features=["bmii", "rase"])
    assert "did you mean bmi?" in str(caught.value) and "did you mean race?" in str(caught.value)
    with pytest.raises(DataError, match=r"no column is named time_years[\s\S]*dataset.columns.time_years=<column>"):
        load(PEOPLE.rename(columns={"time_years": "days"}))
    with pytest.raises(DataError, match="'days' is time_years, which can't be a feature"):
        load(PEOPLE.rename(columns={"time_years": "days"}), columns={"time_years": "days"}, features=["days"])
    with pytest.raises(DataError, match="the column 'age_years' is left out"):
        load(PEOPLE, features=["age_years"], columns={"age_years": None})
    with pytest.raises(DataError, match="no column of numbers can be a feature: race"):
        load(PEOPLE[["patient_id", "race", "event", "time_years"]])


def test_films_may_be_missing_only_where_there_are_features(load: Load) -> None:
    cohort = load(PEOPLE)
    assert len(replace(cohort, features=("bmi",)).table) == 60
    with pytest.raises(DataError, match="image_path is missing in 60 rows"):
        replace(cohort, features=())
    with pytest.raises(DataError, match="no column height"):
        replace(cohort, features=("height",))


def test_features_that_tell_nothing_are_an_error_where_they_were_asked_for(load: Load) -> None:
    people = PEOPLE.assign(empty=None, same=1, words=[f"word {n}" for n in range(60)])
    with pytest.raises(DataError) as caught:
        load(people, features=["empty", "same", "words", "bmi"])
    for part in ("empty (empty)", "same (the same value in all rows", "words (text with 60 levels in 60 rows)"):
        assert part in str(caught.value)


def test_wrong_options_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        columns = {"time": "t", "image_path": "film"}
        SurvivalTable("t.csv", ["event", "a", "a"], columns, time_unit="day", split="extern", name="a/b")
    for part in (
        "columns.time_years=t?",
        "has no films",
        "event can't be a feature",
        "a is listed twice",
        "did you mean days?",
        "'extern'",
        "'a/b'",
    ):
        assert part in str(caught.value)
    with pytest.raises(ConfigError, match="no feature is named"):
        SurvivalTable("t.csv", [])


class TestSplits:
    def test_groups_of_hdf5_are_splits_and_tune_is_drawn_from_train(self, hdf5, tmp_path: Path) -> None:
        path = hdf5(**arrays(80, "train/"), **arrays(20, "test/", 1))
        cohort = SurvivalTable(str(path)).load(tmp_path)
        assert cohort.table["split"].value_counts().to_dict() == {"train": 70, "test": 20, "tune": 10}
        assert cohort.table["split"].tolist()[80:] == ["test"] * 20 and cohort.features == ("x0", "x1", "x2")
        assert cohort.table.groupby("split")["event"].mean().tolist() == [0.5, 0.5, 0.5]
        assert "10 of 80 rows of train" in cohort.notes[1]
        kept = SurvivalTable(str(path), split=[0.8, 0, 0.2]).load(tmp_path).table["split"]
        assert kept.value_counts().to_dict() == {"train": 80, "test": 20}
        with pytest.raises(DataError, match=r"dataset\.columns\.split=null"):
            SurvivalTable(str(path), split="external").load(tmp_path)
        all_external = SurvivalTable(str(path), split="external", columns={"split": None}).load(tmp_path)
        assert set(all_external.table["split"]) == {"external"}

    def test_valid_is_tune_and_other_groups_are_left_out(self, hdf5, tmp_path: Path) -> None:
        parts = arrays(40, "test/") | arrays(60, "train/", 1) | arrays(30, "valid/", 2) | arrays(10, "viz/", 3)
        hazard = {f"{name}/hr": np.ones(count) for name, count in (("train", 60), ("valid", 30), ("test", 40))}
        cohort = SurvivalTable(str(hdf5(**parts, **hazard)), columns={"oracle_hazard": "hr"}).load(tmp_path)
        assert cohort.table["split"].tolist() == ["train"] * 60 + ["tune"] * 30 + ["test"] * 40
        assert cohort.notes[0].endswith("left out: viz.") and cohort.table["oracle_hazard"].eq(1).all()
        assert cohort.features == ("x0", "x1", "x2")  # neither hr nor oracle_hazard

    def test_a_random_split_is_by_patient_and_shares_out_the_events(self, load: Load) -> None:
        table = load(PEOPLE).table
        assert table["split"].value_counts().to_dict() == {"train": 42, "test": 12, "tune": 6}
        assert table.groupby("split")["event"].sum().to_dict() == {"train": 14, "test": 4, "tune": 2}

    def test_shuffled_outcomes_are_said_to_be(self, load: Load) -> None:
        cohort = load(PEOPLE, split="train", shuffle_labels=1)
        assert sorted(cohort.table["time_years"]) == PEOPLE["time_years"].tolist()
        assert (cohort.table["time_years"] != PEOPLE["time_years"]).mean() > 0.8 and "shuffled" in cohort.notes[-1]


class TestCopies:
    def test_copies_in_two_splits_are_refused(self, load: Load) -> None:
        both = pd.concat([PEOPLE.assign(split="train"), PEOPLE[:2].assign(split="test", patient_id=["q1", "q2"])])
        with pytest.raises(DataError, match=r"2 pairs of copies lie in two splits: p00 .*q1 .*same values"):
            load(both)

    def test_copies_in_one_split_are_a_note(self, load: Load) -> None:
        both = pd.concat([PEOPLE, PEOPLE[:1].assign(patient_id="q1")])
        assert "1 pairs of copies have two patient ids" in load(both, split="test").notes[-1]

    def test_coarse_values_that_chance_makes_alike_are_no_copies(self, load: Load) -> None:
        rng = np.random.default_rng(0)
        coarse = {"sex_code": rng.integers(0, 2, 300), "grade": rng.integers(0, 3, 300)}
        people = pd.DataFrame({**coarse, "event": rng.integers(0, 2, 300), "time_years": rng.integers(1, 11, 300)})
        assert "coarse features make this likely" in load(people).notes[-1]


class TestDamagedFiles:
    def test_none_empty_and_misnamed(self, load: Load, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="can't be opened: No such file"):
            SurvivalTable(str(tmp_path / "none.parquet")).load(tmp_path)
        with pytest.raises(DataError, match="no rows"):
            load("")
        with pytest.raises(DataError, match="no rows"):
            load(PEOPLE[:0], "t.parquet")
        with pytest.raises(DataError, match="this is no HDF5 file"):
            load("event,time_years\n1,1\n", "words.h5")
        (tmp_path / "words.parquet").write_text("event,time_years\n1,1\n")
        with pytest.raises(DataError, match="this is no Parquet file"):
            SurvivalTable(str(tmp_path / "words.parquet")).load(tmp_path)

    def test_cut(self, load: Load, hdf5, tmp_path: Path) -> None:
        load(PEOPLE, "t.parquet")
        for path, form in ((tmp_path / "t.parquet", "Parquet"), (hdf5(**arrays(50)), "HDF5")):
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            with pytest.raises(DataError, match=f"the {form} file can't be read"):
                SurvivalTable(str(path)).load(tmp_path)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (
                {"a": np.ones(3), "deep/b": np.ones((2, 2), "int8")},
                r"it holds a \(3,\) float64, deep \(group\), deep/b",
            ),
            ({}, "it holds nothing"),
            ({"x": np.ones(3), "t": np.ones(3), "e": np.ones(3)}, r"must be numbers in rows and columns, not \(3,\)"),
            ({"x": np.ones((3, 2)), "t": np.ones(2), "e": np.ones(3)}, r"t is \(2,\) float64, but x has 3 rows"),
            ({"x": np.ones((3, 2)), "time": np.ones(3), "e": np.ones(3)}, r"no column 't'"),
            (arrays(9, "train/") | arrays(9, "test/", width=2), "x has 3, 2 columns in train, test"),
        ],
    )
    def test_hdf5_of_another_layout_is_told_with_what_it_holds(
        self, hdf5, tmp_path: Path, content: dict[str, np.ndarray], told: str
    ) -> None:
        with pytest.raises(DataError, match=told):
            SurvivalTable(str(hdf5(**content))).load(tmp_path)


def test_support_as_published(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "deepsurv" / "support_train_test.h5"
    cohort = SurvivalTable(str(path), time_unit="days").load(tmp_path)
    assert cohort.table["split"].value_counts().to_dict() == {"train": 6211, "test": 1775, "tune": 887}
    assert (
        len(cohort.features) == 14
        and cohort.rejected.empty
        and not cohort.table[list(cohort.features)].isna().any(axis=None)
    )
    assert cohort.table["time_years"].max() == pytest.approx(2029 / 365.25)
    assert cohort.table["event"].mean() == pytest.approx(0.6803, abs=1e-4)


def test_a_table_without_times_tells_whether_the_event_came_where_that_is_said(load: Load) -> None:
    people = PEOPLE.drop(columns="time_years").assign(event=["Yes", "No", "No"] * 20, competing_event=0)
    people.loc[0, "competing_event"] = 1
    cohort = load(people, columns={"time_years": None})
    assert "time_years" not in cohort.table
    assert cohort.table["event"].tolist() == [1, 0, 0] * 20
    assert cohort.rejected.empty  # the event came, and no time is asked for
    assert {"train", "tune", "test"} == set(cohort.table["split"])
    with pytest.raises(DataError, match=r"is 1 in 40 rows, 2 in 20 rows"):
        load(people.assign(event=[2, 1, 1] * 20), columns={"time_years": None})


def test_glow_tells_whether_but_not_when(real_data: Path, tmp_path: Path) -> None:
    columns = {"event": "fracture", "patient_id": "sub_id", "age_years": "age", "time_years": None}
    glow = SurvivalTable(str(real_data / "glow" / "glow500.csv"), ["age", "priorfrac", "raterisk"], columns)
    chosen = select(glow.load(tmp_path), "any_fracture")
    assert chosen.table["label"].value_counts().to_dict() == {0: 375, 1: 125} and chosen.features[0] == "age_years"
    with pytest.raises(DataError, match="no time_years"):
        select(chosen, "fracture")


@pytest.mark.parametrize("long", ["1,746", "1.746"])
def test_days_with_a_thousands_sign_are_no_decimals(load: Load, long: str) -> None:
    days = PEOPLE.assign(time_years=[long, "876", "12"] * 20)
    with pytest.raises(DataError, match=r"20 of 60 numbers[\s\S]*column time_years"):
        load(days, time_unit="days")


@pytest.mark.parametrize("long", ["1'746", "1\u202f746"])
def test_follow_up_of_which_only_short_times_can_be_read_stops(load: Load, long: str) -> None:
    days = PEOPLE.assign(time_years=[long, "876", "12"] * 20)
    with pytest.raises(DataError, match=r"20 of 60 cells can't be read \(all above"):
        load(days, time_unit="days")


def test_a_feature_with_a_thousands_sign_is_no_decimal(load: Load) -> None:
    with pytest.raises(DataError, match=r"20 of 60 numbers[\s\S]*column platelets"):
        load(PEOPLE.assign(platelets=["1,746", "876", "12"] * 20))
    assert "calcium" in load(PEOPLE.assign(calcium=["2.345", "2.410", "2.298"] * 20)).features


def test_patients_of_two_writings_are_in_no_split(load: Load) -> None:
    one = PEOPLE.assign(patient_id=[str(1000 + n) for n in range(60)])
    visits = pd.concat([one, one.assign(patient_id=one["patient_id"] + ".0", bmi=BMI + 1)])
    with pytest.raises(DataError, match=r"60 patients are written in two ways: 9999 and 9999\.9"):
        load(visits.assign(film_date="2020-01-01"))


def test_spoilt_identifiers_are_refused(load: Load) -> None:
    names = PEOPLE["patient_id"].where(PEOPLE.index > 1, ["#REF!", "1.23457E+11"] * 30)
    assert refused(load(PEOPLE.assign(patient_id=names))) == {
        (2, "patient_id", "#REF!"),
        (3, "patient_id", "1.23457E+11"),
    }


def test_outcomes_by_any_name_are_features_only_if_asked_for(load: Load) -> None:
    people = more_people(120)
    event, dies = people["event"], (np.arange(120) % 5 == 1).astype(int)
    later = people["time_years"].where(event == 0, people["time_years"] + np.arange(120) % 7)
    people = people.assign(
        competing_event=dies * (1 - event),
        died_of_it=dies,
        alive=1 - dies * (1 - event),
        free=1 - event,
        weeks_seen=people["time_years"] * 52.18 + 3,
        contact=later,
        fracture_day=people["time_years"].where(event == 1),
        hip_fracture=(np.arange(120) % 4 == 0).astype(int),
        prior_fracture=(np.arange(120) % 7 == 1).astype(int),
        score=np.random.default_rng(3).normal(size=120),
    )
    cohort = load(people)
    assert cohort.features == ("age_years", "bmi", "prior_fracture", "score"), cohort.notes
    for reason in (
        "died_of_it (an outcome by its name)",
        "alive (the same as competing_event)",
        "free (the same as event)",
        "weeks_seen (the same as time_years)",
        "contact (mostly the same as time_years)",
        "fracture_day (",
        "hip_fracture (an outcome by its name)",
    ):
        assert reason in cohort.notes[0], cohort.notes
    people["dead"] = np.where(dies, "Yes", "No")
    asked = load(people, features=["age_years", "dead", "free"])
    assert asked.features == ("age_years", "dead", "free")
    assert "names dead (an outcome by its name), free (the same as event)" in asked.notes[0]


@pytest.mark.parametrize("name", ["mrn", "Site ID", "siteID", "phy_id", "ids", "record_no", "PatID", "accession"])
def test_identifiers_are_known_by_their_names(load: Load, name: str) -> None:
    cohort = load(PEOPLE.assign(**{name: [1, 2, 3] * 20}, fluid=BMI + 1, covid=[0, 1, 1, 0] * 15))
    assert cohort.features == ("age_years", "bmi", "fluid", "covid")


def test_columns_that_are_named_as_identifiers_are_features_only_if_asked_for(load: Load) -> None:
    people = PEOPLE.assign(doctor_id=[1, 2, 3] * 20, siteID=[1, 2] * 30, fluid=BMI + 1)
    cohort = load(people)
    assert cohort.features == ("age_years", "bmi", "fluid")
    assert "doctor_id (an identifier by its name)" in cohort.notes[0]
    assert load(people, features=["doctor_id"]).features == ("doctor_id",)
