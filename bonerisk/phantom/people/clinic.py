"""A spine clinic's patients, as in spine DeepSurv: two lateral lumbar films each, some years apart.

Vocabulary. A *prevalent* fracture is there on the first (baseline) film, an *incident* one only on the second
(follow-up) film. A *deformity* is a fractured vertebra: the share of its height lost in front, in the
middle and behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bonerisk.phantom.people.dxa import Reading

LEVELS = ("t11", "t12", "l1", "l2", "l3", "l4", "l5")  # vertebrae drawn whole, from the top
MEASURED = LEVELS[1:]  # those with six points; T11 can lie outside the film


@dataclass(frozen=True)
class Clinic:
    """Settings of a simulated clinic; hashable, so that they can go into a fingerprint.

    Parameters
    ----------
    patients : int
        A larger population begins with the same patients.
    seed : int
    bone_signal : float
        How far filmed densities depart from the population's mean: 1 as in the patient, 0 not at all.
    quality_effect : float
        Factor on the hazard's coefficient of bone quality; at 0 a film shows nothing beyond density.
    events : str
        "natural", or "enriched": the baseline hazard of fracture times `spine_risk.ENRICHMENT`.
    """

    patients: int = 1860
    seed: int = 0
    bone_signal: float = 1.0
    quality_effect: float = 1.0
    events: str = "natural"


@dataclass(frozen=True)
class Deformity:
    """A fractured vertebra.

    Parameters
    ----------
    level : str
        One of `MEASURED`.
    kind : str
        "wedge", "biconcave" or "crush".
    lost : (float, float, float)
        Share of the height lost in front, in the middle and behind.
    incident : bool
        Whether only the follow-up film shows it.
    """

    level: str
    kind: str
    lost: tuple[float, float, float]
    incident: bool


@dataclass(frozen=True)
class SpineFilm:
    """One lateral lumbar film.

    Parameters
    ----------
    number : int
        0 at baseline, 1 at follow-up.
    time : str
        "HHMMSS".
    age_years : float
    system : str
        Key of `lumbar.rooms.ROOMS`.
    density : dict
        By level of `LEVELS`, and of the sacrum, as the film shows it (1 = young mean).
    shown_quality : float
        What the film shows of bone quality: standard normal, higher is better.
    """

    image_id: str
    number: int
    date: date
    time: str
    age_years: float
    system: str
    density: dict[str, float]
    shown_quality: float


@dataclass(frozen=True)
class SpinePatient:
    """One patient: what the clinic knows, and the truth.

    Parameters
    ----------
    films : (SpineFilm, SpineFilm)
        Baseline and follow-up.
    glucocorticoids, secondary_osteoporosis, rheumatoid_arthritis : bool
    reading : Reading or None
        DXA within a year of the baseline film.
    t_true : dict
        True T-score at baseline by DXA site.
    quality, frailty : float
        Standard normal; high quality is good, high frailty bad.
    predictor : float
        Linear predictor of the hazard of vertebral fracture at baseline.
    fracture_years : float
        True time from the baseline film to the first fracture, even if later than the follow-up film.
    deformities : tuple of Deformity
    transitional : bool
        The fifth lumbar vertebra is partly fused with the sacrum.
    frax_simulated : (float, float)
        Simulated scores of major and hip fracture in percent. They are no FRAX, which is proprietary.
    """

    population: Clinic
    index: int
    patient_id: str
    site: str
    sex: str
    birth_date: date
    height_cm: float
    weight_kg: float
    films: tuple[SpineFilm, SpineFilm]
    glucocorticoids: bool
    secondary_osteoporosis: bool
    rheumatoid_arthritis: bool
    reading: Reading | None
    t_true: dict[str, float]
    quality: float
    frailty: float
    predictor: float
    fracture_years: float
    deformities: tuple[Deformity, ...]
    transitional: bool
    frax_simulated: tuple[float, float]

    @property
    def bmi_kg_m2(self) -> float:
        """Weight over height squared."""
        return self.weight_kg / (self.height_cm / 100) ** 2

    @property
    def years(self) -> float:
        """Time from the baseline to the follow-up film."""
        return (self.films[1].date - self.films[0].date).days / 365.25

    @property
    def prevalent(self) -> bool:
        """Whether the baseline film shows a fracture."""
        return any(not one.incident for one in self.deformities)

    @property
    def event(self) -> bool:
        """Whether the follow-up film shows a fracture that the baseline film does not."""
        return any(one.incident for one in self.deformities)

    def shown(self, film: SpineFilm) -> dict[str, Deformity]:
        """Return the deformities that a film shows, by level."""
        return {one.level: one for one in self.deformities if film.number or not one.incident}
