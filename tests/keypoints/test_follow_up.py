from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.keypoints import follow_up


def film(patient: str, date: str, unit: str = "mm_patient", **levels: tuple[float, float]) -> pd.DataFrame:
    """Vertebrae of a film: fracture, and anterior height in mm; the others are 25."""
    rows = [(patient, f"{patient}{date}", level, f, height) for level, (f, height) in levels.items()]
    table = pd.DataFrame(rows, columns=["patient_id", "image_id", "level", "fracture", f"anterior_height_{unit}"])
    return table.assign(
        film_date=pd.Timestamp(date), **{f"middle_height_{unit}": 25.0, f"posterior_height_{unit}": 25.0}
    )


BASELINE = film("p", "2020-01-01", l1=(0, 25), l2=(1, 18), l3=(0, 25), l4=(np.nan, 25))
LATER = film("p", "2022-01-01", l1=(1, 20), l2=(1, 10), l3=(1, 21.5), l4=(1, 25), l5=(1, 10))


def test_incident_is_absent_before_and_present_later() -> None:
    found = follow_up.compare(BASELINE, LATER).set_index("level")
    assert found["incident"].fillna(-1).to_dict() == {"l1": 1, "l2": -1, "l3": 1, "l4": -1}
    assert found["lost_share"].round(3).to_dict() == {"l1": 0.2, "l2": 0.444, "l3": 0.14, "l4": 0}
    assert found["lost_mm"].to_dict() == {"l1": 5, "l2": 8, "l3": 3.5, "l4": 0}
    assert found["height_lost"].fillna(-1).to_dict() == {"l1": 1, "l2": -1, "l3": 0, "l4": 0}
    assert found["incident_and_height_lost"].fillna(-1).to_dict() == {"l1": 1, "l2": -1, "l3": 0, "l4": -1}


def test_twenty_percent_without_four_millimetres_is_no_lost_height() -> None:
    small = film("p", "2020-01-01", l1=(0, 15)), film("p", "2021-01-01", l1=(0, 11.9))
    found = follow_up.compare(*small).iloc[0]
    assert found[["lost_share", "lost_mm"]].tolist() == pytest.approx([3.1 / 15, 3.1])
    assert found["height_lost"] == 0


def test_millimetres_of_two_places_are_never_compared() -> None:
    detector = film("p", "2022-01-01", "mm_detector", l1=(1, 20))
    found = follow_up.compare(BASELINE, detector).iloc[0]
    assert np.isnan(found["lost_mm"])
    assert np.isnan(found["height_lost"])
    assert pd.isna(found["lost_unit"])
    assert found["incident"] == 1
    both = BASELINE.assign(**{f"{place}_height_mm_detector": 30.0 for place in ("anterior", "middle", "posterior")})
    assert follow_up.compare(both, detector)[["lost_mm", "lost_unit"]].to_numpy().tolist() == [[10, "mm_detector"]]


def test_time_is_that_of_the_film_and_lies_in_an_interval() -> None:
    quiet = film("p", "2021-01-01", l1=(0, 25), l3=(0, 25))
    free = film("q", "2020-01-01", l1=(0, 25)), film("q", "2023-01-01", l1=(0, 25))
    lost = film("r", "2020-01-01", l1=(0, 25))
    baseline = pd.concat([BASELINE, free[0], lost], ignore_index=True)
    compared = follow_up.compare(baseline, pd.concat([LATER, quiet, free[1]], ignore_index=True))
    found = follow_up.outcomes(compared, baseline).set_index("patient_id")
    assert list(found.index) == ["p", "q"]  # r has no later film
    one, two = 366 / 365.25, 731 / 365.25
    names = ["event", "time_years", "time_years_midpoint", "after_years", "by_years"]
    assert found.loc["p", names].tolist() == pytest.approx([1, two, (one + two) / 2, one, two])
    assert found.loc["p", ["levels", "levels_judged"]].tolist() == ["l1, l3", 2]
    three = 1096 / 365.25
    assert found.loc["q", names].tolist() == pytest.approx([0, three, three, three, np.inf])
    strict = follow_up.outcomes(compared, baseline, by="incident_and_height_lost").set_index("patient_id")
    assert strict.loc["p", "levels"] == "l1"
    assert found["previous_fracture"].to_dict() == {"p": 1, "q": 0}
    unseen = follow_up.compare(BASELINE, pd.concat([LATER, quiet[:1]], ignore_index=True))
    assert follow_up.outcomes(unseen, BASELINE)["after_years"].tolist() == [0]  # nobody judged L3 a year ago
    alone = follow_up.outcomes(follow_up.compare(BASELINE, LATER), BASELINE)
    assert alone[names].to_numpy().tolist()[0] == pytest.approx([1, two, two / 2, 0, two])


def test_dates_and_films_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(DataError, match=r"not after the baseline(.|\n)*film p2020-01-01"):
        follow_up.compare(BASELINE, BASELINE)
    with pytest.raises(DataError, match="two baseline films"):
        follow_up.compare(pd.concat([BASELINE, LATER]), LATER)
