from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.hospital.pairing import Pairing

NOBODY = pd.Series(dtype="datetime64[ns]")


def films(*days: str) -> pd.DataFrame:
    return pd.DataFrame({"person": range(len(days)), "film_date": pd.to_datetime(list(days))})


def dxa(*entries: tuple[int, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(entries, columns=["person", "date", "lumbar_spine"])
    return table.assign(date=pd.to_datetime(table["date"]), femoral_neck=-1.0, total_hip=np.nan)


def test_the_nearest_day_within_the_window_counts():
    readings = dxa((0, "2015-01-01", -2.0), (0, "2015-05-01", -3.0), (1, "2015-01-01", -2.0))
    found = Pairing(window_days=100).pair(films("2015-04-01", "2015-12-01"), readings, NOBODY)
    assert found["dxa_days"].iloc[0] == 30
    assert found["t_score"].iloc[0] == -3.0
    assert np.isnan(found["t_score"].iloc[1])


def test_of_two_equally_near_days_the_earlier_counts_and_it_is_said():
    readings = dxa((0, "2015-03-22", -2.0), (0, "2015-04-11", -3.0))
    found = Pairing().pair(films("2015-04-01"), readings, NOBODY)
    assert found["t_score"].iloc[0] == -2.0
    assert found["tied"].iloc[0]


def test_the_same_day_is_no_tie():
    found = Pairing(window_days=0).pair(films("2015-04-01"), dxa((0, "2015-04-01", -2.0)), NOBODY)
    assert found[["t_score", "dxa_days"]].iloc[0].tolist() == [-2.0, 0.0]
    assert not found["tied"].iloc[0]


def test_a_reading_after_the_first_fracture_is_missing():
    readings = dxa((0, "2015-05-01", -3.0))
    first = pd.Series(pd.to_datetime(["2015-04-20"]), index=[0])
    assert Pairing().pair(films("2015-04-01"), readings, first)["t_score"].iloc[0] == -3.0
    assert Pairing(before_event=True).pair(films("2015-04-01"), readings, first)["t_score"].isna().all()


def test_the_lowest_region_is_the_t_score_and_the_order_is_that_of_the_films():
    readings = dxa((0, "2015-01-02", 0.5), (1, "2014-01-02", -2.5))
    found = Pairing().pair(films("2015-01-01", "2014-01-01"), readings, NOBODY)
    assert found["t_score"].tolist() == [-1.0, -2.5]
