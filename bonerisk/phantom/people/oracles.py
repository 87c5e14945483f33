"""Oracles, the best possible predictors: expectations of the truth given what a film, or the records, can show.

The truth is the linear predictor of the fracture hazard, or minus the lowest true T-score: higher is worse. Everything
follows from the parameters of the simulation: densities and quality are Gaussian, signs are independent given frailty,
and frailty is integrated out by Gauss–Hermite quadrature.

A film shows densities, quality in part, drawn findings and its view; age, sex, height and weight are known with it.
Records have age, sex, height and weight, conditions, DXA within `dxa.WINDOW_DAYS`, whether there ever was one, and
earlier fractures; drugs follow from these and add nothing. A patient is taken as drawn at the first film: that later
films need survival, and that a fracture after the first film is informative about bones, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from bonerisk.phantom.people import dxa, gaussian, hazard
from bonerisk.phantom.people.course import age_on
from bonerisk.phantom.people.density import CURVES, SITES
from bonerisk.phantom.people.disease import AP, CONDITIONS, DRAWN, FINDINGS, WEDGES, Array, Signs
from bonerisk.phantom.people.patient import Exposure, Patient
from bonerisk.phantom.people.views import SHOWN_QUALITY

CHUNK = 4000  # films at once

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(25)  # of a standard normal frailty
_CONDITIONS = Signs(CONDITIONS.values())
_VISIBLE = Signs([*(FINDINGS[name] for name in DRAWN), AP])
_WEDGES = np.array(list(WEDGES.values()))


@dataclass(frozen=True)
class Known:
    """What is known of n films: arrays of shape (n,), some with a second axis.

    `age` at the film and `first_age` at the patient's first film; `sd` of a T-score within an age and `mean_t`, the
    mean T of people like the patient; `filmed` (n, 5) and `read` (n, 3), departures from it, NaN without a reading
    within `dxa.WINDOW_DAYS`; `visible` and `wedges`, drawn findings; `recorded` conditions; `limit` of the liability of
    getting a DXA; `scanned`, whether there is any; `prior` and `broken`, an osteoporotic fracture before the first film
    and before this one.
    """

    age: Array
    first_age: Array
    male: Array
    sd: Array
    mean_t: Array
    filmed: Array
    shown_quality: Array
    visible: Array
    wedges: Array
    recorded: Array
    limit: Array
    scanned: Array
    read: Array
    prior: Array
    broken: Array

    def part(self, rows: slice) -> Known:
        """Return some of the films."""
        return Known(**{name: values[rows] for name, values in vars(self).items()})


def known(people: Sequence[Patient]) -> Known:
    """Collect what is known of the films of patients, film by film."""
    rows = [_row(patient, film) for patient in people for film in patient.films]
    return Known(*(np.array(column, float) for column in zip(*rows, strict=True)))


def bone(people: Sequence[Patient]) -> dict[str, Array]:
    """Return minus the expected lowest T-score, given the film's densities and given age, sex and BMI alone.

    The film's expectation leaves out that a wedge is informative about density.
    """
    films = known(people)
    count = len(films.age)
    return {
        "film": -films.mean_t - films.sd * gaussian.lowest(films.filmed / films.sd[:, None], count),
        "clinical": -films.mean_t - films.sd * gaussian.lowest(None, count),
    }


def fracture(people: Sequence[Patient]) -> dict[str, Array]:
    """Return the expected linear predictor, given what the film shows and given what the records know."""
    films, what = known(people), people[0].population
    parts = [films.part(slice(start, start + CHUNK)) for start in range(0, len(films.age), CHUNK)]

    def over(expect: Callable[[Known], Array]) -> Array:
        return np.concatenate([expect(part) for part in parts])

    return {
        "film": over(lambda part: _given_film(part, what.quality_effect)),
        "clinical": over(lambda part: _given_records(part, what.quality_effect)),
    }


def _row(patient: Patient, film: Exposure) -> tuple[object, ...]:
    life, day = patient.life, film.date
    mean = life.mean_t(day)
    near = [one for one in patient.readings if abs((one.date - day).days) <= dxa.WINDOW_DAYS]
    read = [np.nan] * len(SITES)
    if near:
        one = min(near, key=lambda one: (abs((one.date - day).days), one.date))
        read = [one.t[site] - life.mean_t(one.date) for site in SITES]
    first_age = age_on(life.birth_date, life.first)
    return (
        film.age_years,
        first_age,
        life.male,
        CURVES[patient.population.kind].sd[life.sex],
        mean,
        [life.bones.filmed[bone] for bone in patient.population.shown_bones],
        film.shown_quality,
        [*(name in film.drawn for name in DRAWN), film.view == "AP"],
        [name in film.drawn for name in WEDGES],
        [name in patient.recorded for name in CONDITIONS],
        dxa.limit(patient.population.t_score_share, first_age, life.male, "steroids" in patient.recorded),
        bool(patient.readings),
        read,
        life.prior is not None,
        life.broken(day),
    )


def _given_film(films: Known, quality_effect: float) -> Array:
    departure, variance = _mean_site(films, "film", films.filmed)
    chance = _VISIBLE.chance(_VISIBLE.limits(films.age[:, None], films.male[:, None])[:, None], _NODES[:, None])
    weight = _WEIGHTS * np.where(films.visible[:, None, :] > 0, chance, 1 - chance).prod(axis=2)
    there = _CONDITIONS.chance(_condition_limits(films), _NODES[:, None])
    unbroken, wedged = (np.where(films.wedges > 0, p, 1 - p).prod(axis=1) for p in _WEDGES.T)
    broken = hazard.TYPES["vertebral"] * wedged + (1 - hazard.TYPES["vertebral"]) * unbroken
    quality = SHOWN_QUALITY * films.shown_quality
    return _expected(films, weight, departure, variance, there, broken, unbroken, quality, quality_effect, None)


def _given_records(films: Known, quality_effect: float) -> Array:
    departure, variance = _mean_site(films, "readings", films.read)
    there = _CONDITIONS.chance(_condition_limits(films), _NODES[:, None])
    named = films.recorded[:, None, :] > 0
    if_there = np.where(named, _CONDITIONS.sensitivity, 1 - _CONDITIONS.sensitivity)
    if_not = np.where(named, _CONDITIONS.false, 1 - _CONDITIONS.false)
    written = there * if_there + (1 - there) * if_not
    scan = ndtr((films.limit[:, None] + dxa.FRAILTY * _NODES) / np.sqrt(1 - dxa.FRAILTY**2))
    weight = _WEIGHTS * written.prod(axis=2) * np.where(films.scanned[:, None] > 0, scan, 1 - scan)
    there = there * if_there / written
    quality = np.zeros(len(films.age))
    prior = films.prior
    return _expected(films, weight, departure, variance, there, prior, 1 - prior, quality, quality_effect, films.broken)


def _condition_limits(films: Known) -> Array:
    return _CONDITIONS.limits(films.first_age[:, None], films.male[:, None])[:, None]


def _mean_site(films: Known, observed: str, seen: Array) -> tuple[Array, Array]:
    """Return mean and variance of the sites' mean departure; a row of `seen` with NaN gives no information."""
    mean, variance = np.zeros(len(seen)), np.zeros(len(seen))
    for sd in np.unique(films.sd):
        for blind in (False, True):
            rows = (films.sd == sd) & (np.isnan(seen).any(axis=1) == blind)
            weights, left = gaussian.mean_site_on("nothing" if blind else observed, float(sd), seen.shape[1])
            mean[rows] = seen[rows][:, : len(weights)] @ weights if len(weights) else 0.0
            variance[rows] = left
    return mean, variance


def _expected(
    films: Known,
    weight: Array,
    departure: Array,
    variance: Array,
    there: Array,
    if_prior: Array,
    if_none: Array,
    quality: Array,
    quality_effect: float,
    broken: Array | None,
) -> Array:
    """Integrate frailty and earlier fracture out of the linear predictor.

    Parameters
    ----------
    weight : array (n, nodes)
        Of each frailty: its density times the probability of the signs seen.
    departure, variance : array (n,)
        Of the mean of DXA's sites.
    there : array (n, nodes, conditions)
        Probability of each condition.
    if_prior, if_none : array (n,)
        Probability of what is seen of an earlier fracture, if there was one and if not.
    broken : array (n,) or None
        Fracture before the film, where it is known.
    """
    slope = hazard.PRIOR_DENSITY
    scale = np.sqrt(1 + slope**2 * variance)[:, None]
    limit = hazard.prior_limit(films.first_age, films.male)
    z = ((limit + slope * departure)[:, None] + hazard.PRIOR_FRAILTY * _NODES) / scale
    prior, none = if_prior[:, None] * ndtr(z), if_none[:, None] * ndtr(-z)
    shift = slope * variance[:, None] / scale * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)  # of the truncated normal
    total = (weight * (prior + none)).sum(axis=1)

    def mean(values: Array) -> Array:
        return np.asarray((weight * values).sum(axis=1) / total)

    return np.asarray(
        hazard.linear_predictor(
            films.age,
            films.male,
            films.mean_t + departure + mean((if_prior - if_none)[:, None] * shift),
            quality,
            mean(_NODES * (prior + none)),
            mean((there @ _CONDITIONS.log_hazard) * (prior + none)),
            mean(prior) if broken is None else broken,
            quality_effect,
        )
    )
