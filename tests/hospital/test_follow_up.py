from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.hospital.follow_up import DOUBTFUL, FollowUp, follow


def day(text: str | None) -> pd.Timestamp:
    return pd.Timestamp(text) if text else pd.NaT


def one(film: str, fractures: list[tuple[str, str]], last: str | None, death: str | None = None, **rule) -> pd.Series:
    films = pd.DataFrame({"person": [0], "film_date": [day(film)]})
    table = pd.DataFrame(fractures, columns=["date", "kind"]).assign(person=0)
    table["date"] = table["until"] = pd.to_datetime(table["date"])
    table["sure"] = True
    ends = pd.DataFrame({"last_contact": [day(last)], "death_date": [day(death)]}, dtype="datetime64[ns]")
    return follow(films, table, ends, FollowUp(**rule)).iloc[0]


def test_a_fracture_ends_the_follow_up():
    found = one("2015-01-01", [("2016-01-01", "event"), ("2017-01-01", "event")], "2018-01-01")
    assert found["event"] == 1
    assert found["time_years"] == pytest.approx(365 / 365.25)
    assert found["competing_event"] == 0


def test_so_does_death_and_so_does_the_last_contact():
    dead = one("2015-01-01", [], "2016-01-01", "2016-01-01")
    assert (dead["event"], dead["competing_event"]) == (0, 1)
    lost = one("2015-01-01", [], "2016-01-01")
    assert (lost["event"], lost["competing_event"], lost["time_years"]) == (0, 0, pytest.approx(365 / 365.25))


def test_traumatic_fractures_and_later_encounters_are_no_events():
    found = one("2015-01-01", [("2015-06-01", "traumatic"), ("2015-07-01", "follow-up encounter")], "2016-01-01")
    assert found["event"] == 0
    assert not found["prevalent"]


@pytest.mark.parametrize(("fracture", "prevalent"), [("2014-12-31", True), ("2015-01-01", True), ("2013-06-01", False)])
def test_a_fracture_in_the_look_back_is_prevalent(fracture, prevalent):
    assert one("2015-01-01", [(fracture, "event")], "2016-01-01")["prevalent"] == prevalent


def test_without_a_period_the_whole_record_is_looked_back_over():
    assert one("2015-01-01", [("2003-01-01", "event")], "2016-01-01", look_back_days=None)["prevalent"]


def test_an_encounter_after_a_fracture_makes_it_prevalent():
    assert one("2015-01-01", [("2014-12-01", "follow-up encounter")], "2016-01-01")["prevalent"]


@pytest.mark.parametrize(
    ("fractures", "last", "death", "words"),
    [
        ([("2016-02-01", "event")], "2016-01-01", "2016-01-01", "after the patient's death"),
        ([], "2014-06-01", None, "before the film"),
        ([], "2014-06-01", "2014-06-01", "film is dated after"),
        ([], None, None, "no last contact"),
    ],
)
def test_dates_that_contradict_each_other_are_a_problem(fractures, last, death, words):
    assert words in one("2015-01-01", fractures, last, death)["problem"]


def test_a_fracture_after_the_last_contact_is_not_seen():
    assert one("2015-01-01", [("2017-01-01", "event")], "2016-01-01")["event"] == 0


def doubted(film: str, first: str, until: str, kind: str = "event", known: str | None = None) -> pd.Series:
    """A film followed to 2018 whose patient has a doubtful row, and perhaps a fracture that is known."""
    films = pd.DataFrame({"person": [0], "film_date": [day(film)]})
    rows = [(first, until, kind, False), *([(known, known, "event", True)] if known else [])]
    table = pd.DataFrame(rows, columns=["date", "until", "kind", "sure"]).assign(person=0)
    table = table.astype({"date": "datetime64[ns]", "until": "datetime64[ns]"})
    ends = pd.DataFrame({"last_contact": [day("2018-01-01")], "death_date": [pd.NaT]}, dtype="datetime64[ns]")
    return follow(films, table, ends, FollowUp()).iloc[0]


@pytest.mark.parametrize(
    ("row", "decides"),
    [
        (("2016-03-01", "2016-03-31"), True),
        (("1750-01-01", "2260-01-01"), True),
        (("2014-03-01", "2014-03-31"), True),  # may be within the year before the film
        (("2013-03-01", "2013-03-31"), False),
        (("2018-03-01", "2018-03-31"), False),  # after the end
        (("2016-03-01", "2016-03-31", "traumatic"), False),
        (("2016-03-01", "2016-03-31", "follow-up encounter"), False),
        (("2014-12-01", "2015-01-31", "follow-up encounter"), True),
        (("2016-03-01", "2016-03-31", "event", "2016-02-01"), False),  # a known fracture comes first
        (("2016-03-01", "2016-03-31", "event", "2016-03-20"), True),
    ],
)
def test_a_doubtful_row_is_a_problem_where_it_may_decide(row, decides):
    problem = doubted("2015-01-01", *row)["problem"]
    assert problem == DOUBTFUL if decides else pd.isna(problem)
