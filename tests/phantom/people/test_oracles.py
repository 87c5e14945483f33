from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bonerisk.phantom.people import density, gaussian, hazard, oracles
from bonerisk.phantom.people.disease import DRAWN, WEDGES, Array
from bonerisk.phantom.people.population import Patient, Population, draw


def first_films(people: list[Patient]) -> list[Patient]:
    return [replace(patient, films=patient.films[:1]) for patient in people]


def truth(people: list[Patient]) -> dict[str, Array]:
    days = [(patient.life, patient.films[0].date) for patient in people]
    return {
        "fracture": np.array([life.predictor(day) for life, day in days]),
        "bone": np.array([-min(life.t_true(day).values()) for life, day in days]),
    }


def given(columns: list[Array]) -> Array:
    return np.column_stack([np.ones(len(columns[0])), *columns])


def left_over(y: Array, x: Array) -> tuple[float, float]:
    """Share of the variance of `y` that its regression on `x` explains, and what chance would."""
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return 1 - float(rest.var() / y.var()), x.shape[1] / len(y)


@pytest.fixture(scope="module")
def people(hospital: list[Patient]) -> list[Patient]:
    return first_films(hospital)


@pytest.fixture(scope="module")
def scanned() -> list[Patient]:
    """All have a DXA, and bone quality does nothing."""
    what = Population(kind="hospital", t_score_share=1.0, quality_effect=0.0, seed=2)
    return first_films([draw(what, index) for index in range(4000)])


def seen_on_film(films: oracles.Known) -> list[Array]:
    shown = films.filmed.mean(axis=1)
    seen = [films.age, films.male, films.age * films.male, films.mean_t, *films.filmed.T, films.shown_quality]
    return [*seen, shown**2, *films.visible.T, *films.wedges.T, films.age * films.wedges[:, 0]]


def seen_in_records(films: oracles.Known) -> list[Array]:
    read = np.nan_to_num(films.read)
    measured = (~np.isnan(films.read)).all(axis=1).astype(float)
    seen = [films.age, films.male, films.age * films.male, films.mean_t, measured, *read.T, *films.recorded.T]
    return [*seen, films.prior, films.prior * films.age]


@pytest.mark.parametrize(("of", "whom"), [("fracture", "film"), ("fracture", "clinical"), ("bone", "film")])
def test_an_oracle_leaves_nothing_to_a_regression_on_what_it_knows(people: list[Patient], of: str, whom: str) -> None:
    films = oracles.known(people)
    seen = {
        ("fracture", "film"): seen_on_film(films),
        ("fracture", "clinical"): seen_in_records(films),
        ("bone", "film"): seen_on_film(films)[:9],
    }[of, whom]
    y, expected = truth(people)[of], getattr(oracles, of)(people)[whom]
    error = y - expected
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(y))
    explained, by_chance = left_over(error, given(seen))
    assert explained < 2.5 * by_chance + 0.001
    assert np.polyfit(expected, y, 1)[0] == pytest.approx(1, abs=0.03)
    assert left_over(y, given(seen))[0] <= 1 - error.var() / y.var() + 2.5 * by_chance


def test_the_records_oracle_is_right_with_and_without_a_reading(people: list[Patient]) -> None:
    films, y, expected = oracles.known(people), truth(people)["fracture"], oracles.fracture(people)["clinical"]
    for rows in (np.isnan(films.read).any(axis=1), ~np.isnan(films.read).any(axis=1)):
        error = (y - expected)[rows]
        assert abs(error.mean()) < 4 * error.std() / np.sqrt(rows.sum())


def test_regressions_on_bones_are_those_of_a_big_sample() -> None:
    rng, sd = np.random.default_rng(0), 1.3
    drawn = [density.draw_bones(sd, rng) for _ in range(40_000)]
    sites, filmed = (np.array([list(getattr(b, part).values()) for b in drawn]) for part in ("sites", "filmed"))
    read = sites + rng.standard_normal(sites.shape) * list(density.READING_SD.values())
    for observed, seen in (("readings", read), ("film", filmed)):
        coefficients, variance = gaussian.mean_site_on(observed, sd)
        fitted = np.linalg.lstsq(seen, sites.mean(axis=1), rcond=None)[0]
        np.testing.assert_allclose(coefficients, fitted, atol=0.015)
        assert (sites.mean(axis=1) - seen @ coefficients).var() == pytest.approx(variance, rel=0.03)
    assert gaussian.lowest(None, 1)[0] == pytest.approx(sites.min(axis=1).mean() / sd, abs=0.02)
    expected = gaussian.lowest(filmed / sd, len(filmed)) * sd
    assert np.polyfit(expected, sites.min(axis=1), 1) == pytest.approx([1, 0], abs=0.02)


def test_film_beats_age_sex_and_bmi_and_neither_reaches_the_truth(screened: list[Patient]) -> None:
    y, told = truth(screened)["bone"], oracles.bone(screened)
    film, clinical = (np.corrcoef(told[whom], y)[0, 1] for whom in ("film", "clinical"))
    assert clinical + 0.2 < film < 0.92


@pytest.mark.parametrize("kind", ["screening", "hospital"])
def test_without_signal_the_film_knows_of_bone_what_age_sex_and_bmi_tell(kind: str) -> None:
    people = [draw(Population(kind=kind, bone_signal=0.0), index) for index in range(200)]
    told = oracles.bone(people)
    np.testing.assert_allclose(told["film"], told["clinical"])


def test_a_film_without_quality_does_not_beat_records_with_a_t_score(scanned: list[Patient]) -> None:
    y, told = truth(scanned)["fracture"], oracles.fracture(scanned)
    film, clinical = (np.corrcoef(told[whom], y)[0, 1] for whom in ("film", "clinical"))
    assert film < clinical - 0.02


def test_shown_quality_tells_of_the_hazard_only_where_quality_works(scanned: list[Patient]) -> None:
    turned = [replace(p, films=(replace(p.films[0], shown_quality=2.0),)) for p in scanned[:50]]
    np.testing.assert_array_equal(oracles.fracture(turned)["film"], oracles.fracture(scanned[:50])["film"])
    what = Population(kind="hospital")
    low, high = (
        [replace(p, films=(replace(p.films[0], shown_quality=q),)) for p in (draw(what, i) for i in range(50))]
        for q in (0.0, 1.0)
    )
    change = oracles.fracture(high)["film"] - oracles.fracture(low)["film"]
    np.testing.assert_allclose(change, hazard.QUALITY * 0.7)


def test_a_finding_of_the_frail_and_a_wedge_raise_the_film_oracle(people: list[Patient]) -> None:
    patient = people[0]
    plain = replace(patient.films[0], drawn=frozenset(), view="PA")

    def expected(*drawn: str) -> float:
        return float(oracles.fracture([replace(patient, films=(replace(plain, drawn=frozenset(drawn)),))])["film"][0])

    for name in ("pleural_effusion", "endotracheal_tube", *WEDGES):
        assert expected(name) > expected() + 0.02
    assert expected("spondylosis") == pytest.approx(expected())
    assert expected(*DRAWN, *WEDGES) > expected("fracture")
