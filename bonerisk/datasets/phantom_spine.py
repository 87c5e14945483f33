"""Simulated lateral lumbar films of a spine clinic: a baseline film predicts, a follow-up film shows who fractured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

import bonerisk.phantom
from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.controls import SHUFFLED, shuffled
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.errors import BoneriskError, ConfigError, DataError, raise_together
from bonerisk.hospital import choice
from bonerisk.keypoints import columns
from bonerisk.keypoints.levels import LUMBAR, POINTS
from bonerisk.phantom.films import path_of
from bonerisk.phantom.lumbar import films, truth
from bonerisk.phantom.lumbar.projection import scene
from bonerisk.phantom.people import spine_risk
from bonerisk.phantom.people.clinic import MEASURED, Clinic, SpineFilm, SpinePatient
from bonerisk.phantom.people.clinic_draw import EVENTS, draw
from bonerisk.phantom.people.density import SITES
from bonerisk.runs.hashing import fingerprint, sha256_of_code

NAME = "phantom_spine"
CHOICES = {"events": EVENTS, "prevalent": ("exclude", "keep"), "visits": ("baseline", "both")}
NOTES = (
    "The films are simulated: they show that the chain works, and nothing about patients.",
    "frax_simulated_major and frax_simulated_hip are simulated scores with partial information. They are not FRAX.",
    "The time of a fracture is that of the follow-up film, as in spine DeepSurv, so the true time lies before it.",
)


class PhantomSpine:
    """A simulated spine clinic with known truth; films are made where they are not there yet.

    Parameters
    ----------
    patients : int
        The first n are the same whatever their number. About one in seven has a fracture on the baseline film.
    first_patient : int
        Number of the first of them: people from 100000 on, say, are others than those of a cohort that begins at 0.
    seed : int
    bone_signal : float
        How far the bones on film depart from the population's mean density: 1 as in the patient, 0 not at all.
    quality_effect : float
        Factor on the effect of bone quality, which films show in part and DXA does not, on the hazard of fracture.
    events : {"natural", "enriched"}
        Enriched: so many fractures that a small cohort can be checked.
    prevalent : {"exclude", "keep"}
        Patients with a vertebral fracture on the baseline film: spine DeepSurv excludes them.
    visits : {"baseline", "both"}
        Both: each follow-up film is a row too, without an outcome, for morphometry and keypoints.
    split : list of 3 float, or str
        Shares of patients in train, tune and test; or "bmd_within_1y": as in the paper, patients with a DXA within a
        year of the baseline film are the test set, and the others are train and tune, 5:1; or a fold, "fold_1_of_5".
    split_seed : int
    shuffle_labels : int, optional
        A seed: targets change hands at random, as a negative control.

    Raises
    ------
    ConfigError
        A value is out of range; all at once.
    """

    def __init__(
        self,
        patients: int = 1860,
        first_patient: int = 0,
        seed: int = 0,
        bone_signal: float = 1.0,
        quality_effect: float = 1.0,
        events: str = "natural",
        prevalent: str = "exclude",
        visits: str = "baseline",
        split: Sequence[float] | str = choice.BMD_WITHIN_1Y,
        split_seed: int = 0,
        shuffle_labels: int | None = None,
    ) -> None:
        self.population = Clinic(patients, seed, float(bone_signal), float(quality_effect), events)
        chosen = {"events": events, "prevalent": prevalent, "visits": visits}
        raise_together(_refused(self.population, first_patient, chosen))
        choice.check_split(split, "dataset.split")
        self.first_patient, self.prevalent, self.visits = first_patient, prevalent, visits
        self.split, self.split_seed, self.shuffle_labels = split, split_seed, shuffle_labels

    def folder(self, data: Path) -> Path:
        """Return the folder of these films under `data`; a longer population shares it."""
        settings = asdict(self.population) | {"patients": "any", "code": sha256_of_code(bonerisk.phantom)}
        return data / NAME / fingerprint(settings)

    @cached_property
    def people(self) -> list[SpinePatient]:
        """The patients drawn."""
        first = self.first_patient
        return [draw(self.population, index) for index in range(first, first + self.population.patients)]

    def load(self, data: Path) -> Cohort:
        """Return one row for each baseline film, with the outcome that the follow-up film shows.

        Columns beyond the contract: glucocorticoids, secondary_osteoporosis_spine, rheumatoid_arthritis and
        previous_fracture (0 or 1), DXA's readings within a year, frax_simulated_major and frax_simulated_hip (percent),
        visit, spacing_mm (at the detector), magnification, the true centres of L1 to L5 and six points of each vertebra
        from T12 to L5 (`bonerisk.keypoints.columns`), follow_up_image_id and follow_up_image_path, and the oracles of
        `bonerisk.phantom.people.spine_risk` as oracle_fracture_*.

        Parameters
        ----------
        data : Path
            The films lie in ``data/phantom_spine/<fingerprint>``, once the cohort's `make_films` has made them. It
            makes follow-up films too, if their ids are asked for.

        Raises
        ------
        DataError
            No patient is left, or the test set is empty.
        """
        folder, people = self.folder(data), self.people
        table = pd.DataFrame([_row(patient, patient.films[0], folder) for patient in people])
        for name, values in spine_risk.oracles(people).items():
            table[f"oracle_fracture_{name}"] = values
        flow = Flow().step("patients with two lateral lumbar films", table, table)
        if self.prevalent == "exclude":
            whole = table[table["previous_fracture"] == 0]
            flow = flow.step("no vertebral fracture at baseline", table, whole, "a fracture on the baseline film")
            table = whole
        table["split"] = self._split(table)
        if self.visits == "both":
            splits = table.set_index("patient_id")["split"]
            kept = [patient for patient in people if patient.patient_id in splits.index]
            later = pd.DataFrame([_row(patient, patient.films[1], folder) for patient in kept])
            later["split"] = later["patient_id"].map(splits)
            more = pd.concat([table, later], ignore_index=True)
            flow = flow.step("with the follow-up films, without outcomes", more, more)
            table = more
        table = arrange(table.assign(bone_class=bone_class(table["t_score"])))
        notes = [*NOTES]
        if self.shuffle_labels is not None:
            table = shuffled(table, self.shuffle_labels)
            notes.append(SHUFFLED)
        return Cohort(NAME, table, flow, notes=tuple(notes), make_films=partial(films.make, folder, people))

    def _split(self, table: pd.DataFrame) -> pd.Series:
        rest = "raise dataset.patients, or 'dataset.split=[0.7,0.1,0.2]'"
        if table.empty:
            raise DataError("every patient has a fracture on the baseline film", "dataset.patients", rest)
        if self.split == choice.BMD_WITHIN_1Y and table["dxa_days"].isna().all():
            what = f"none of {len(table)} patients has a DXA within a year of the film, so the test set is empty"
            raise DataError(what, "dataset.split=bmd_within_1y", rest)
        return choice.split(table.assign(person=table["patient_id"]), self.split, self.split_seed, [])


def _row(patient: SpinePatient, film: SpineFilm, folder: Path) -> dict[str, object]:
    """Return a film's row without its split and oracles; a follow-up film has no outcome."""
    baseline, later = film.number == 0, patient.films[1]
    drawn = scene(patient, film)
    points = truth.points(drawn)
    reading = patient.reading if baseline else None
    t = {site: reading.t[site] if reading else math.nan for site in SITES}
    known: dict[str, object] = {
        "patient_id": patient.patient_id,
        "image_id": film.image_id,
        "image_path": str(folder / path_of(film.image_id)),
        "view": "LATERAL",
        "film_date": pd.Timestamp(film.date),
        "age_years": float(int(film.age_years)),
        "sex": patient.sex,
        "site": patient.site,
        "t_score": min(t.values()),
        "event": float(patient.event) if baseline else math.nan,
        "time_years": patient.years if baseline else math.nan,
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
        "bmi_kg_m2": patient.bmi_kg_m2,
        "glucocorticoids": float(patient.glucocorticoids),
        "secondary_osteoporosis_spine": float(patient.secondary_osteoporosis),
        "rheumatoid_arthritis": float(patient.rheumatoid_arthritis),
        "previous_fracture": float(bool(patient.shown(film))),
        "frax_simulated_major": patient.frax_simulated[0],
        "frax_simulated_hip": patient.frax_simulated[1],
    }
    known |= {f"t_{site}": value for site, value in t.items()}
    known |= {
        "dxa_days": float((reading.date - film.date).days) if reading else math.nan,
        "visit": float(film.number),
        "spacing_mm": drawn.room.system.spacing_mm,
        "magnification": drawn.posture.magnification,
        **columns.values(LUMBAR, [points[level][truth.CENTRE] for level in LUMBAR]),
        **_outlines(points),
        "follow_up_image_id": later.image_id if baseline else None,
        "follow_up_image_path": str(folder / path_of(later.image_id)) if baseline else None,
    }
    return known


def _outlines(points: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Return the columns of the six points of each vertebra."""
    named = {f"{level}_{point}": points[level][point] for level in MEASURED for point in POINTS}
    return columns.values(named, named.values())


def _refused(what: Clinic, first: int, chosen: dict[str, str]) -> list[BoneriskError]:
    """Return what is out of range."""
    found: list[BoneriskError] = []
    for name, value in chosen.items():
        if value not in CHOICES[name]:
            found.append(ConfigError(f"there is no {value!r}", f"dataset.{name}", f"one of {', '.join(CHOICES[name])}"))
    for name, number, low, high in (
        ("patients", what.patients, 1, math.inf),
        ("first_patient", first, 0, math.inf),
        ("seed", what.seed, 0, math.inf),
        ("bone_signal", what.bone_signal, 0, 2),
        ("quality_effect", what.quality_effect, 0, 3),
    ):
        if not low <= number <= high:  # NaN is not, either
            limits = f"{low} or more" if high == math.inf else f"between {low} and {high}"
            found.append(ConfigError(f"{name} is {number}, but must be {limits}", f"dataset.{name}"))
    return found
