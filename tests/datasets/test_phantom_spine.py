from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.config.build import build
from bonerisk.config.check import check
from bonerisk.datasets.phantom_spine import PhantomSpine
from bonerisk.errors import ConfigError, DataError


def phantom(*overrides: str) -> PhantomSpine:
    texts = ["dataset=phantom_spine", *(f"dataset.{override}" for override in overrides)]
    return build(check("prepare", texts, multirun=False).dataset)


def test_baseline_films_predict_and_follow_up_films_are_named(tmp_path: Path) -> None:
    cohort = phantom("patients=120").load(tmp_path)
    table = cohort.table
    assert not table["patient_id"].duplicated().any()
    assert (table["image_id"].str[-1] == "0").all()
    assert (table["follow_up_image_id"] == table["image_id"].str[:-1] + "1").all()
    assert ((table["view"] == "LATERAL") & (table["visit"] == 0) & (table["time_years"] >= 0.49)).all()
    assert cohort.flow.table["kept"].tolist() == [120, len(table)]
    assert (table["previous_fracture"] == 0).all()
    assert (table["split"] == "test").equals(table["dxa_days"].notna())  # as in the paper
    assert table.loc[table["split"] == "test", "t_score"].notna().all()
    train = (table["split"] == "train").sum() / (table["split"] != "test").sum()
    assert train == pytest.approx(5 / 6, abs=0.02)
    assert any("not FRAX" in note for note in cohort.notes)
    assert not list(tmp_path.iterdir())  # films are made when they are needed
    wanted = [table["image_id"][0], table["follow_up_image_id"][0]]
    cohort.make_films(wanted)
    assert Path(table["image_path"][0]).is_file()
    assert Path(table["follow_up_image_path"][0]).is_file()
    assert len(list(tmp_path.rglob("*.dcm"))) == 2
    truth = json.loads(next(tmp_path.rglob(f"truth/{wanted[0]}.json")).read_text())["points"]
    assert table.loc[0, ["l1_x_px", "l1_y_px", "l5_x_px", "l5_y_px"]].tolist() == [
        *truth["l1"]["centre"],
        *truth["l5"]["centre"],
    ]


def test_settings_choose_rows(tmp_path: Path) -> None:
    plain = phantom("patients=150").load(tmp_path).table
    kept = phantom("patients=150", "prevalent=keep").load(tmp_path).table
    assert set(kept["image_id"]) > set(plain["image_id"])
    assert kept.loc[~kept["image_id"].isin(plain["image_id"]), "previous_fracture"].all()
    both = phantom("patients=150", "visits=both").load(tmp_path).table
    later = both[both["visit"] == 1]
    assert len(later) == len(plain)
    assert later["event"].isna().all()
    assert set(later["image_id"]) == set(plain["follow_up_image_id"])
    pd.testing.assert_frame_equal(both[both["visit"] == 0].reset_index(drop=True), plain)
    longer = phantom("patients=300", "split=[0.6,0.2,0.2]").load(tmp_path).table
    same = ["image_id", "age_years", "event", "time_years", "oracle_fracture_film", "frax_simulated_major"]
    pd.testing.assert_frame_equal(longer.iloc[: len(plain)][same], plain[same])
    assert set(longer["split"]) == {"train", "tune", "test"}
    later = phantom("patients=150", "first_patient=150", "split=test").load(tmp_path).table
    assert set(plain["image_id"]) | set(later["image_id"]) == set(longer["image_id"])
    assert phantom("first_patient=40").folder(tmp_path) == phantom("patients=7").folder(tmp_path)
    assert phantom("bone_signal=0").folder(tmp_path) != phantom().folder(tmp_path)
    mixed = phantom("patients=150", "shuffle_labels=1").load(tmp_path).table
    assert (mixed["time_years"] != plain["time_years"]).mean() > 0.8
    assert not [column for column in mixed if column.startswith("oracle_")]


def test_what_is_wrong_is_named_with_what_to_type(tmp_path: Path) -> None:
    wrong = ["patients=0", "bone_signal=nan", "quality_effect=9", "events=rare", "prevalent=no", "visits=third"]
    with pytest.raises(ConfigError) as caught:
        phantom(*wrong, "first_patient=-1")
    for name in ("patients", "bone_signal", "quality_effect", "events", "prevalent", "visits", "first_patient"):
        assert f"dataset.{name}" in str(caught.value)
    with pytest.raises(DataError, match="test set is empty"):
        phantom("patients=3", "first_patient=1").load(tmp_path)
    with pytest.raises(ConfigError, match=r"no split(.|\n)*dataset\.split"):
        phantom("split=dxa")
