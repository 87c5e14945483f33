from __future__ import annotations

import io

import pandas as pd
import pytest

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import COLUMNS, Cohort, arrange, patients
from bonerisk.errors import DataError


def films(**columns: list) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    ids = [str(i) for i in range(count)]
    return pd.DataFrame({"patient_id": ids, "image_id": ids, "image_path": ids, "split": "train"} | columns)


def test_arrange_gives_the_contracts_order_and_types_whatever_comes() -> None:
    table = arrange(films(extra=[1, 2], event=[1, None], age_years=[60, 70]).iloc[::-1])
    assert list(table) == [*COLUMNS, "event", "extra"]
    assert table["image_id"].tolist() == ["1", "0"] and table.index.tolist() == [0, 1]
    assert table["age_years"].dtype == table["extra"].dtype == "float64"
    assert table["film_date"].dtype == "datetime64[ns]"
    assert table["sex"].tolist() == [None, None] and table["site"].tolist() == ["unknown", "unknown"]


def test_a_table_comes_back_from_parquet_as_it_was() -> None:
    table = arrange(films(sex=["F", None], film_date=["2024-05-31", None]))
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(file), table)


def test_equal_patients_of_two_sites_are_two() -> None:
    table = arrange(films(patient_id=["1", "1", "1"], site=["a", "a", "b"]))
    assert patients(table).nunique() == 2


def test_a_cohort_tells_all_its_breaches_at_once() -> None:
    table = arrange(
        films(
            image_id=["1", "1", "2"], patient_id=["7", "7", None], split=["train", "test", "dev"], sex=["F", "X", "M"]
        )
    )
    with pytest.raises(DataError) as caught:
        Cohort("mine", table, Flow())
    for part in ("patient_id is missing in 1 rows", "not dev", "not X", "not unique: 1", "7 (site unknown)"):
        assert part in str(caught.value)


def test_a_patient_may_be_in_two_splits_at_two_sites() -> None:
    table = arrange(films(patient_id=["7", "7"], site=["a", "b"], split=["train", "external"]))
    assert Cohort("mine", table, Flow()).rejected.empty


def test_flow_counts_films_and_patients_and_keeps_the_shorter_one() -> None:
    table = arrange(films(patient_id=["1", "1", "2"]))
    first = Flow().step("films", table, table)
    second = first.step("one patient", table, table[:2], "the other is not")
    assert second.table.to_dict("list") == {
        "step": ["films", "one patient"],
        "kept": [3, 2],
        "dropped": [0, 1],
        "kept_patients": [2, 1],
        "reason": ["", "the other is not"],
    }
    assert len(first.table) == 1
