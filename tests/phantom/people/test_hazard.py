"""Fractures come as often, and in such order, as the hazard behind a film says."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from bonerisk.phantom.people import course, hazard
from bonerisk.phantom.people.patient import Life
from bonerisk.phantom.people.population import Patient, Population, draw


def added_up(life: Life, start: date, end: date, kind: str | None = None) -> float:
    """Hazard of an enriched hospital, of a type of fracture or of all, added up by what the life says of each day."""
    base = hazard.BASELINE * hazard.ENRICHMENT * (hazard.TYPES[kind] if kind else 1.0)
    broken = sorted({one.date for one in life.fractures if start < one.date < end})
    total, growth = 0.0, hazard.fracture_growth(life.pace)
    for day, until in zip([start, *broken], [*broken, end], strict=True):
        rate = base * np.exp(life.predictor(day + timedelta(days=1)))
        total += hazard.cumulative(rate, growth, (until - day).days / course.YEAR)
    return total


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    """A row a film of an enriched hospital: a fracture before it, and what follows, a fracture or the last contact."""
    rows = []
    for index in range(6000):
        patient = draw(Population(kind="hospital", events="enriched", seed=11), index)
        life, stay = patient.life, patient.stay
        assert stay is not None
        for film in patient.films:
            in_stay = any(one.date < film.date for one in life.fractures)
            row = {"index": index, "oracle": life.predictor(film.date), "recent": _recent(life, film.date)}
            row["before"] = "in the stay" if in_stay else "before it" if life.prior else "never"
            for kind in (None, "vertebral"):
                days = [one.date for one in life.fractures if one.date > film.date and kind in (None, one.kind)]
                end = min([*days, stay.last_contact])
                row |= {f"{kind} event": end in days, f"{kind} years": (end - film.date).days / course.YEAR}
                row |= {f"{kind} expected": added_up(life, film.date, end, kind)}
            rows.append(row)
    return pd.DataFrame(rows)


def _recent(life: Life, day: date) -> bool:
    """Whether a vertebra broke in the 365 days before, which AI-CXR's rules exclude."""
    known = [*life.fractures, *([life.prior] if life.prior else [])]
    return any(one.kind == "vertebral" and 0 <= (day - one.date).days <= 365 for one in known)


@pytest.mark.parametrize("before", ["never", "before it", "in the stay"])
@pytest.mark.parametrize("kind", [None, "vertebral"])
@pytest.mark.parametrize("look_back", [False, True])
def test_as_many_fractures_follow_a_film_as_its_hazard_says(
    films: pd.DataFrame, before: str, kind: str | None, look_back: bool
) -> None:
    rows = films[(films["before"] == before) & ~(films["recent"] & look_back)]
    observed, expected = rows[f"{kind} event"].sum(), rows[f"{kind} expected"].sum()
    surplus = (rows[f"{kind} event"] - rows[f"{kind} expected"]).groupby(rows["index"]).sum()
    assert expected > 100
    assert abs(surplus.sum()) < 3.5 * np.sqrt((surplus**2).sum())  # a patient's films are not independent
    assert observed / expected == pytest.approx(1, abs=0.3)


def test_after_a_fracture_too_the_oracle_tells_who_breaks_again(films: pd.DataFrame) -> None:
    rows = films[(films["before"] == "in the stay") & ~films["recent"]]
    event, years, risk = (rows[name].to_numpy() for name in ("vertebral event", "vertebral years", "oracle"))
    assert event.sum() > 80
    earlier = event[:, None] & (years[:, None] < years)
    assert (risk[:, None] > risk)[earlier].mean() > 0.6


@pytest.mark.parametrize("kind", [None, "vertebral"])
def test_times_follow_the_hazard(enriched: list[Patient], kind: str | None) -> None:
    """The hazard added up to the event is a standard exponential variable, whatever the linear predictor."""
    lives = [patient.life for patient in enriched]
    ends = [next(one.date for one in life.fractures if kind in (None, one.kind)) for life in lives]
    added = [added_up(life, life.first, end, kind) for life, end in zip(lives, ends, strict=True)]
    predictor = [life.predictor(life.first) for life in lives]
    assert kstest(added, "expon").pvalue > 0.01
    assert abs(np.corrcoef(np.exp(-np.array(added)), predictor)[0, 1]) < 0.05


def test_the_hazard_adds_up_to_the_draw() -> None:
    time = hazard.time_to(0.01, 0.05, 0.7)
    assert hazard.cumulative(0.01, 0.05, time) == pytest.approx(0.7)
    assert hazard.cumulative(0.01, 0.05, 2.0) == pytest.approx(
        np.trapezoid(0.01 * np.exp(0.05 * np.linspace(0, 2)), dx=2 / 49), rel=1e-3
    )


def test_a_longer_stay_adds_fractures_and_changes_none() -> None:
    first, day = date(2012, 1, 1), timedelta(days=1)
    short, long = (
        course.fractures(1.0, 0.05, True, False, first, first + years * 365 * day, np.random.default_rng(3))
        for years in (2, 6)
    )
    until = first + 2 * 365 * day
    assert [one for one in short if one.date <= until] == [one for one in long if one.date <= until]
    assert len(long) > len(short)
    assert {one.kind for one in short} == set(hazard.TYPES)
