"""A simulated patient: the true life, the films, and the hospital's records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bonerisk.phantom.people import hazard
from bonerisk.phantom.people.codes import Record
from bonerisk.phantom.people.course import YEAR, Fracture, Stay, age_on
from bonerisk.phantom.people.density import BONES, Bones
from bonerisk.phantom.people.disease import CONDITIONS
from bonerisk.phantom.people.dxa import Reading


@dataclass(frozen=True)
class Population:
    """Settings of a simulated population; hashable, so that they can go into a fingerprint.

    Parameters
    ----------
    kind : str
        "screening": people of 50 and over with one film and a DXA of the same day (OsPenScreen's table 1);
        "hospital": adults with several films, records and follow-up (AI-CXR);
        "ospenscreen": people as at a screening, chosen by several sites (`bonerisk.phantom.people.sites`).
    patients : int
        A larger population begins with the same patients.
    seed : int
    bone_signal : float
        How far filmed densities depart from the population's mean: 1 as in the patient, 0 not at all.
    quality_effect : float
        Factor on the hazard's coefficient of bone quality; at 0 a film shows nothing beyond density and findings.
    shortcut : float
        Probability that a film of a sick patient is taken on the other site's system.
    events : str
        "natural", or "enriched": the baseline hazard of fracture times `hazard.ENRICHMENT`.
    t_score_share : float or None
        Share of the hospital's patients with a DXA, all within 180 days of the first film; None: `dxa.SHARE`, some at
        another time. At a screening everybody has one.
    signal_bones : tuple of str
        Filmed bones that `bone_signal` is of; the others show the population's mean density in every film.
    """

    kind: str = "screening"
    patients: int = 1600
    seed: int = 0
    bone_signal: float = 1.0
    quality_effect: float = 1.0
    shortcut: float = 0.0
    events: str = "natural"
    t_score_share: float | None = None
    signal_bones: tuple[str, ...] = BONES

    @property
    def shown_bones(self) -> tuple[str, ...]:
        """Filmed bones whose density tells something of the patient's."""
        return self.signal_bones if self.bone_signal > 0 else ()


@dataclass(frozen=True)
class Exposure:
    """One radiograph of a patient.

    Parameters
    ----------
    number : int
        0, 1, … within the patient, by date and time.
    time : str
        "HHMMSS".
    age_years : float
        Completed years and the share of the next.
    view : str
        "PA" or "AP".
    system : str
        Key of `detector.SYSTEMS`.
    density : dict
        Density of each bone of `density.BONES` as the film shows it (1 = young mean).
    shown_quality : float
        What the film shows of bone quality: standard normal, higher is better.
    drawn : frozenset of str
        Findings that are truly there and that the projector draws.
    raw_twin : bool
        The archive also holds the film as FOR PROCESSING.
    """

    image_id: str
    number: int
    date: date
    time: str
    age_years: float
    view: str
    system: str
    density: dict[str, float]
    shown_quality: float
    drawn: frozenset[str]
    raw_twin: bool


@dataclass(frozen=True)
class Life:
    """The truth about a patient, which no measurement changes.

    Parameters
    ----------
    first : date
        Day of the first film; from then on T-scores change at the pace of that age.
    t_mean, pace : float
        Mean T-score of the patient's age, sex and BMI on that day, and its change a year.
    bones : Bones
        Departures of the patient's T-scores from that mean.
    quality, frailty : float
        Standard normal; high quality is good, high frailty bad.
    quality_effect : float
        As in `Population`.
    conditions : frozenset of str
        Of `disease.CONDITIONS`.
    prior : Fracture or None
        Osteoporotic fracture before the first film.
    fractures : tuple of Fracture
        Those after the first film, in order: all until the last contact, and the first of each type even if later.
    """

    sex: str
    birth_date: date
    first: date
    t_mean: float
    pace: float
    bones: Bones
    quality: float
    frailty: float
    quality_effect: float
    conditions: frozenset[str] = frozenset()
    prior: Fracture | None = None
    fractures: tuple[Fracture, ...] = ()

    @property
    def male(self) -> bool:
        """Whether the patient is a man."""
        return self.sex == "M"

    def mean_t(self, day: date) -> float:
        """Mean T-score on a day of people of the patient's age, sex and BMI."""
        return self.t_mean + self.pace * (day - self.first).days / YEAR

    def t_true(self, day: date) -> dict[str, float]:
        """True T-score on a day by DXA site."""
        mean = self.mean_t(day)
        return {site: mean + departure for site, departure in self.bones.sites.items()}

    def broken(self, day: date, kind: str | None = None) -> bool:
        """Whether there has been an osteoporotic fracture (of a kind) before a day."""
        known = (self.prior, *self.fractures) if self.prior else self.fractures
        return any(one.date < day and kind in (None, one.kind) for one in known)

    def predictor(self, day: date) -> float:
        """Linear predictor of the hazard of fracture on a day."""
        return float(
            hazard.linear_predictor(
                age_on(self.birth_date, day),
                self.male,
                hazard.mean_over_sites(self.t_true(day)),
                self.quality,
                self.frailty,
                sum(sign.log_hazard for name, sign in CONDITIONS.items() if name in self.conditions),
                self.broken(day),
                self.quality_effect,
            )
        )


@dataclass(frozen=True)
class Patient:
    """One patient as the hospital knows them, and the true life.

    Parameters
    ----------
    films : tuple of Exposure
        By date and time.
    readings : tuple of Reading
        DXA, by date.
    recorded : frozenset of str
        Conditions that the diagnoses name.
    stay : Stay or None
        None at a screening, which has no follow-up and no records.
    diagnoses, drugs : tuple of Record
    reported : tuple of frozenset of str
        By film, the findings of `disease.FINDINGS` that its report names.
    """

    population: Population
    index: int
    patient_id: str
    site: str
    sex: str
    birth_date: date
    height_cm: float
    weight_kg: float
    films: tuple[Exposure, ...]
    life: Life
    readings: tuple[Reading, ...]
    recorded: frozenset[str] = frozenset()
    stay: Stay | None = None
    diagnoses: tuple[Record, ...] = ()
    drugs: tuple[Record, ...] = ()
    reported: tuple[frozenset[str], ...] = ()

    @property
    def bmi_kg_m2(self) -> float:
        """Weight over height squared."""
        return self.weight_kg / (self.height_cm / 100) ** 2
