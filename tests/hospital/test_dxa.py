from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bonerisk.cohort.refusals import Refusals
from bonerisk.errors import DataError
from bonerisk.hospital.dxa import by_day, wrong_regions
from bonerisk.hospital.tables import read

REGIONS = {
    "lumbar_spine": ["L1-L4", "AP spine"],
    "femoral_neck": ["neck", "femoral neck"],
    "total_hip": ["total hip", "hip total"],
    "ignored": ["wards", "trochanter", "L1", "L2-L4"],
}


def gathered(tmp_path: Path, text: str) -> tuple[pd.DataFrame, Refusals, dict[str, int]]:
    path = tmp_path / "dxa.csv"
    path.write_text(text, encoding="utf-8")
    rows, refusals = read("dxa", path)
    table, set_aside = by_day(rows, refusals, REGIONS)
    return table, refusals, set_aside


def cells(table: pd.DataFrame) -> dict[int, list[float | None]]:
    scores = table[["lumbar_spine", "femoral_neck", "total_hip"]]
    return {line: [None if pd.isna(v) else v for v in row] for line, *row in scores.itertuples()}


def reasons(refusals: Refusals) -> dict[int, str]:
    return refusals.table.groupby("row")["reason"].agg("; ".join).to_dict()


def test_long_and_wide_tables_say_the_same(tmp_path: Path) -> None:
    long = (
        "patient_id,date,region,t_score\n1,20200101,Femoral Neck,-1.5\n1,20200101,L1–L4,-2\n1,20200101,HIP (TOTAL),-1\n"
        "01,20200101,neck,0\n1,20200102,neck,1\n"
    )
    wide = (
        "patient_id,date,lumbar_spine,femoral_neck,total_hip\n1,20200101,-2,-1.5,-1\n01,20200101,,0,\n1,20200102,,1,\n"
    )
    first, refusals, _ = gathered(tmp_path, long)
    assert refusals.table.empty and cells(first) == {2: [-2, -1.5, -1], 5: [None, 0, None], 6: [None, 1, None]}
    second, refusals, _ = gathered(tmp_path, wide)
    assert refusals.table.empty
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))
    assert second.dtypes.astype(str).tolist() == ["object", "datetime64[ns]", *["float64"] * 3]


def test_of_two_hips_the_lower_counts(tmp_path: Path) -> None:
    text = "patient_id,date,region,side,t_score\n1,20200101,Left neck,,-1\n1,20200101,neck (R),,-2\n"
    text += "1,20200101,Total hip,L,-1.5\n1,20200101,Total hip,right,-0.5\n"
    table, refusals, _ = gathered(tmp_path, text)
    assert cells(table) == {2: [None, -2, -1.5]} and refusals.table.empty


def test_rows_of_a_day_that_disagree_are_refused_with_their_day_and_copies_are_one(tmp_path: Path) -> None:
    text = "patient_id,date,region,t_score\n1,20200101,neck,-1.2\n1,20200101,Femoral neck,-2.2\n1,20200101,L1-L4,0\n"
    text += '2,20200101,neck,-1\n2,20200101,neck,"-1,0"\n3,20200101,neck,-1\n3,20200102,neck,-3\n'
    table, refusals, _ = gathered(tmp_path, text)
    assert cells(table) == {5: [None, -1, None], 7: [None, -1, None], 8: [None, -3, None]}
    told, rest = (
        "rows 2 and 3 of one day disagree",
        "another reading of that day is refused, and may have been the lowest",
    )
    assert reasons(refusals) == {2: told, 3: told, 4: rest} and set(refusals.table["column"]) == {"t_score"}
    assert refusals.table["value"].tolist() == ["−1.2", "−2.2", 0.0]


def test_a_wide_row_that_disagrees_is_refused_as_a_whole(tmp_path: Path) -> None:
    text = "site,patient_id,date,lumbar_spine,femoral_neck\na,1,20200101,-1,-1\na,1,20200101,-1,-2\nb,1,20200101,,-2\n"
    text += "a,2,20200101,-1,\na,2,20200101,,-2\na,3,20200101,8.1,-1\na,4,20200101,,\na,5,20200101,-8,8\n"
    table, refusals, _ = gathered(tmp_path, text)
    assert cells(table) == {4: [None, -2, None], 5: [-1, -2, None], 9: [-8, 8, None]}
    told = reasons(refusals)
    assert told[2] == told[3] == "rows 2 and 3 of one day disagree"
    assert told[7] == "outside −8 to 8" and told[8] == "no T-score" and set(told) == {2, 3, 7, 8}


def test_z_scores_and_wards_triangle_never_count_and_are_counted(tmp_path: Path) -> None:
    text = (
        "patient_id,date,region,score_type,t_score\n1,20200101,neck,T,-1\n1,20200101,neck,Z-score,-5\n"
        "1,20200101,Ward's,T,-4\n1,20200101,L1,t-score,-4\n1,20200101,L2-L4,T,-3\n1,20200101,neck,BMD,700\n"
        "1,20200102,neck,,-2\n1,20200103,neck,percent,80\n1,20200101,trochanter,T,\n"
    )
    table, refusals, set_aside = gathered(tmp_path, text)
    assert cells(table) == {2: [None, -1, None]}
    assert set_aside == {"Z-scores or densities": 2, "regions that do not count": 4}
    assert reasons(refusals) == dict.fromkeys((8, 9), "neither T nor Z (nor BMD, BMC)")


def test_unknown_regions_are_refused_with_the_key_that_would_name_them(tmp_path: Path) -> None:
    text = "patient_id,date,region,t_score\n1,20200101,neck,-1\n1,20200101,calcaneus,-2\n1,20200101,,-2\n"
    text += "1,20200101,L1-L4,\n1,20200101,L1-L4,-9\n1,20200101,left,-1\n1,20200102,neck,-1\n1,20200102,L1-L4,\n"
    table, refusals, _ = gathered(tmp_path, text)
    told = reasons(refusals)
    assert cells(table) == {8: [None, -1, None]} and set(told) == {2, 3, 4, 5, 6, 7, 9}
    assert "may have been the lowest" in told[2]
    assert "dataset.regions.femoral_neck" in told[3] and "dataset.regions.ignored" in told[3]
    assert told[5] == "missing" and told[6] == "outside −8 to 8"


def test_tables_without_a_t_score_or_of_both_shapes_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no T-score can be used[\s\S]*1 rows set aside: Z-scores"):
        gathered(tmp_path, "patient_id,date,region,score_type,t_score\n1,20200101,neck,Z,-1\n")
    with pytest.raises(DataError, match=r"dataset\.columns\.dxa\.total_hip=null"):
        gathered(tmp_path, "patient_id,date,region,t_score,total_hip\n1,20200101,neck,-1,-1\n")
    with pytest.raises(DataError, match="region with t_score, or lumbar_spine"):
        gathered(tmp_path, "patient_id,date,t_score\n1,20200101,-1\n")


def test_a_mapping_of_regions_is_checked() -> None:
    assert list(wrong_regions(REGIONS)) == []
    told = "\n".join(
        str(e) for e in wrong_regions({"spine": ["a"], "total_hip": ["Hip, total"], "ignored": ["hip total"]})
    )
    assert "no region 'spine'" in told and "'hip total' stands for total_hip and for ignored" in told


def test_a_reading_that_is_no_number_spoils_its_day_and_an_empty_one_does_not(tmp_path: Path) -> None:
    text = "patient_id,date,region,t_score\n1,20200101,L1-L4,-0.5\n1,20200101,neck,-3.1*\n"
    text += "2,20200101,L1-L4,-0.5\n2,20200101,neck,\n"
    table, refusals, _ = gathered(tmp_path, text)
    assert cells(table) == {4: [-0.5, None, None]} and set(reasons(refusals)) == {2, 3, 5}
    wide = "patient_id,date,lumbar_spine,femoral_neck\n1,20200101,-1,-2\n1,20200101,,\n"
    table, refusals, _ = gathered(tmp_path, wide)
    assert cells(table) == {2: [-1, -2, None]} and reasons(refusals) == {3: "no T-score"}
