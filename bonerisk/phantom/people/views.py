"""The films of a patient: what each shows of the true life, how it was taken, and what its report says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from bonerisk.phantom.people import course, hazard, sites
from bonerisk.phantom.people.density import CURVES, filmed_density
from bonerisk.phantom.people.disease import (
    AP,
    DRAWN,
    DRAWN_AT_SCREENING,
    FINDINGS,
    LASTING,
    OSTEOPOROSIS,
    WEDGES,
    Array,
    Signs,
)
from bonerisk.phantom.people.dxa import Reading
from bonerisk.phantom.people.patient import Exposure, Life, Population

SHOWN_QUALITY = 0.7  # correlation of what a film shows of bone quality with the quality; assumed
RAW_TWIN = 0.03  # share of films that the archive also holds FOR PROCESSING; assumed
HOURS = (7 * 3600, 19 * 3600)
OTHER = {"site_a": "site_b", "site_b": "site_a"}
LOW_BONE_MASS = -1.1  # highest reading, to one decimal, under −1.0

_SIGNS, _REPORT = Signs([*FINDINGS.values(), AP]), Signs(FINDINGS.values())
_NAMES = np.array(list(FINDINGS))
_LASTING = np.array([name in LASTING for name in FINDINGS] + [False])
_TABLED = {name: place for place, name in enumerate(FINDINGS)}


def draw_films(
    what: Population,
    index: int,
    site: str,
    life: Life,
    days: Sequence[date],
    readings: Sequence[Reading],
    rng: np.random.Generator,
) -> tuple[tuple[Exposure, ...], tuple[frozenset[str], ...]]:
    """Draw the films of the given days, and the findings that their reports name (none at a screening)."""
    lasting, wedges = rng.standard_normal(len(_LASTING)), rng.random(len(WEDGES)).tolist()
    films, reported = [], []
    latest = HOURS[0]
    for number, day in enumerate(days):
        own = np.where(_LASTING, lasting, rng.standard_normal(len(_LASTING)))
        quality = SHOWN_QUALITY * life.quality + np.sqrt(1 - SHOWN_QUALITY**2) * rng.standard_normal()
        uniform, second, twin, swap = rng.random(len(FINDINGS)), rng.random(), rng.random(), rng.random()
        age = course.age_on(life.birth_date, day)
        there = _SIGNS.there(age, life.male, life.frailty, own)
        view = "AP" if there[-1] and what.kind == "hospital" else "PA"
        findings = there[:-1]
        broken = life.broken(day, "vertebral")
        for draw, (name, chances) in zip(wedges, WEDGES.items(), strict=True):
            findings[_TABLED[name]] = draw < chances[broken]
        findings[_TABLED["osteoporosis"]] = min(life.t_true(day).values()) <= OSTEOPOROSIS
        earliest = latest if number and day == days[number - 1] else HOURS[0]
        latest = int(earliest + 1 + second * (HOURS[1] - earliest - 1))
        mean, centre = life.mean_t(day), CURVES[what.kind].centre
        films.append(
            Exposure(
                image_id=f"film_{index:06d}_{number}",
                number=number,
                date=day,
                time=f"{latest // 3600:02d}{latest // 60 % 60:02d}{latest % 60:02d}",
                age_years=age,
                view=view,
                system=_system(what, site, swap, life, day, readings),
                density={
                    bone: filmed_density(mean + t, centre, what.bone_signal if bone in what.shown_bones else 0)
                    for bone, t in life.bones.filmed.items()
                },
                shown_quality=float(quality),
                drawn=_drawn(what.kind, findings),
                raw_twin=twin < RAW_TWIN and what.kind == "hospital",
            )
        )
        reported.append(frozenset(_NAMES[_REPORT.written(findings, uniform)].tolist()))
    return tuple(films), tuple(reported) if what.kind == "hospital" else ()


def _drawn(kind: str, findings: Array) -> frozenset[str]:
    names = (*DRAWN, *WEDGES) if kind == "hospital" else DRAWN_AT_SCREENING
    return frozenset(name for name in names if findings[_TABLED[name]])


def _system(what: Population, site: str, place: float, life: Life, day: date, readings: Sequence[Reading]) -> str:
    """The X-ray system of a film, from a number drawn evenly between 0 and 1."""
    if what.kind == sites.KIND:
        return sites.SITES[site].system(place)
    return OTHER[site] if place < what.shortcut and _sick(what, life, day, readings) else site


def _sick(what: Population, life: Life, day: date, readings: Sequence[Reading]) -> bool:
    """Whether `shortcut` applies to this patient: low bone mass as read, or a high hazard."""
    if what.kind == "screening":
        return min(readings[0].t.values()) <= LOW_BONE_MASS
    return life.predictor(day) > hazard.TOP_QUARTER
