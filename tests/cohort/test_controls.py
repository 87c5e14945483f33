from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.controls import TARGETS, shuffled
from bonerisk.cohort.table import arrange


@pytest.fixture
def table() -> pd.DataFrame:
    """Films of 300 patients of two sites, the first hundred with two films each, whose targets say who they are."""
    who = np.r_[np.arange(300), np.arange(100)]
    return arrange(
        pd.DataFrame(
            {
                "patient_id": [f"p{number // 2}" for number in who],  # compared within the site
                "image_id": [f"i{place}" for place in range(400)],
                "image_path": "f",
                "site": np.where(who % 2, "s", "t"),
                "split": np.select([who < 150, who < 200], ["train", "tune"], "test"),
                "film_date": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(400), "D"),
                "t_score": -who / 100,
                "bone_class": np.where(who < 30, "normal", "osteoporosis"),
                "event": np.where(who < 30, 0.0, 1.0),
                "time_years": who / 10 + (np.arange(400) >= 300),
                "age_years": who / 4,
                "oracle_density": who.astype(float),
            }
        )
    )


def test_targets_go_together_to_another_patient_of_the_same_split_and_site(table: pd.DataFrame) -> None:
    mixed = shuffled(table, 0)
    given = (-100 * mixed["t_score"]).round().astype(int)
    own = (-100 * table["t_score"]).round().astype(int)
    assert (given % 2 == own % 2).all()
    source = table.drop_duplicates("t_score").set_index(own.drop_duplicates())
    for column in TARGETS:
        if column in table:
            assert mixed[column].tolist() == source.loc[given, column].tolist()  # the first film's, by date
    assert source.loc[given, "split"].tolist() == table["split"].tolist()
    assert (given != own).mean() > 0.9
    assert sorted(given[:300]) == list(range(300))


def test_films_of_a_patient_have_one_target(table: pd.DataFrame) -> None:
    mixed = shuffled(table, 0)
    assert table.groupby(["site", "patient_id"])["time_years"].nunique().max() == 2
    assert mixed.groupby(["site", "patient_id"])[["t_score", "time_years"]].nunique().to_numpy().max() == 1


def test_all_else_stays(table: pd.DataFrame) -> None:
    before = table.copy()
    mixed = shuffled(table, 0)
    pd.testing.assert_frame_equal(table, before)
    rest = [column for column in table if column not in TARGETS and column != "oracle_density"]
    pd.testing.assert_frame_equal(mixed[rest], table[rest])
    assert "oracle_density" not in mixed
    assert (mixed.dtypes == table[mixed.columns].dtypes).all()


def test_nothing_can_be_learnt(table: pd.DataFrame) -> None:
    correlations = [shuffled(table, seed)["t_score"].corr(table["t_score"]) for seed in range(40)]
    within = table["t_score"].groupby([table["split"], table["site"]]).transform("mean")
    residual = [(shuffled(table, seed)["t_score"] - within).corr(table["t_score"] - within) for seed in range(40)]
    assert np.mean(correlations) > 0.5  # what the splits differ by stays
    assert abs(np.mean(residual)) < 0.05


def test_seed_and_patients_decide(table: pd.DataFrame) -> None:
    mixed = shuffled(table, 0)
    pd.testing.assert_frame_equal(shuffled(table, 0), mixed)
    assert not shuffled(table, 1)["t_score"].equals(mixed["t_score"])
    turned = shuffled(table[::-1].reset_index(drop=True), 0)
    pd.testing.assert_frame_equal(turned[::-1].reset_index(drop=True), mixed)
    without = shuffled(table[table["split"] != "tune"], 0)
    pd.testing.assert_frame_equal(without, mixed[mixed["split"] != "tune"])


def test_a_patient_alone_keeps_the_targets(table: pd.DataFrame) -> None:
    alone = table.head(1)
    assert shuffled(alone, 0)["t_score"].tolist() == alone["t_score"].tolist()
