"""Simulated chest films of two hospitals and the records of their patients, joined by the rules that real ones are."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

import bonerisk.phantom
from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.controls import SHUFFLED, shuffled, unlabelled
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.errors import BoneriskError, ConfigError, raise_together
from bonerisk.hospital.codes import CodeSet, FractureCodes
from bonerisk.hospital.rules import Joined, Rules
from bonerisk.imaging.masks import BONES
from bonerisk.phantom import export, films
from bonerisk.phantom.people.patient import Patient
from bonerisk.phantom.people.population import EVENTS, KINDS, Population, draw
from bonerisk.phantom.tables import tables, truth
from bonerisk.runs.hashing import fingerprint, sha256_of_code

NAME = "phantom_chest"
EXTERNAL = "site_b"
NOTES = ("The films are simulated: they show that the chain works, and nothing about patients.",)

log = logging.getLogger(__name__)


class PhantomChest:
    """A simulated population with known truth; films are made where they are not there yet.

    Parameters
    ----------
    rules : Rules
    codes : CodeSet
    outcome : FractureCodes
    population : {"screening", "hospital"}
        People of 50 and over with one film and DXA of the same day, as in OsPenScreen's Table 1; or adults with several
        films, records of diagnoses, drugs and deaths, and few DXA, as in AI-CXR.
    patients : int
        The first n are the same whatever their number.
    first_patient : int
        Number of the first of them: people from 100000 on, say, are others than those of a cohort that begins at 0.
    seed : int
    bone_signal : float
        How far the bones on film depart from the population's mean density: 1 as in the patient, 0 not at all.
    signal_bones : list of str
        Bones that this is of; the others show the mean density in every film.
    quality_effect : float
        Factor on the effect of bone quality, which films show in part and DXA does not, on the hazard of fracture.
    shortcut : float
        Probability that a film of a sick patient is taken on the other site's detector; 0: detectors tell nothing.
    events : {"natural", "enriched"}
        Enriched: so many fractures that a small cohort can be checked.
    t_score_share : float, optional
        Share of patients with a DXA; null: as in the population, where it is not missing at random.
    shuffle_labels : int, optional
        A seed: targets change hands at random, as a negative control.
    labelled : bool
        Whether targets are given; if not, only the oracles are known.
    export : str, optional
        Folder into which the population is also written as a hospital would hand it over.

    Raises
    ------
    ConfigError
        A value is out of range; all at once.
    """

    def __init__(
        self,
        rules: Rules,
        codes: CodeSet,
        outcome: FractureCodes,
        population: str = "screening",
        patients: int = 1600,
        first_patient: int = 0,
        seed: int = 0,
        bone_signal: float = 1.0,
        signal_bones: Sequence[str] = BONES,
        quality_effect: float = 1.0,
        shortcut: float = 0.0,
        events: str = "natural",
        t_score_share: float | None = None,
        shuffle_labels: int | None = None,
        labelled: bool = True,
        export: str | None = None,
    ) -> None:
        self.population = Population(
            population,
            patients,
            seed,
            float(bone_signal),
            float(quality_effect),
            float(shortcut),
            events,
            t_score_share,
            tuple(signal_bones),
        )
        raise_together(_refused(self.population, first_patient))
        self.first_patient = first_patient
        self.shuffle_labels, self.labelled = shuffle_labels, labelled
        self.export = export and Path(export).expanduser()
        self.rules, self.codes, self.outcome = rules, codes, outcome

    def folder(self, data: Path) -> Path:
        """Return the folder of these films under `data`; a longer population shares it."""
        return folder_of(self.population, NAME, data)

    @cached_property
    def people(self) -> list[Patient]:
        """The patients drawn."""
        first = self.first_patient
        return [draw(self.population, index) for index in range(first, first + self.population.patients)]

    def load(self, data: Path) -> Cohort:
        """Return the cohort that the rules make of the population: site A split by patient, site B external.

        Parameters
        ----------
        data : Path
            The films lie in ``data/phantom_chest/<fingerprint>``, once the cohort's `make_films` has made them.

        Raises
        ------
        RunError
            What is exported can't be written.
        """
        folder = self.folder(data)
        people = self.people
        joined, table = join(people, folder, self.rules, self.codes, self.outcome, [EXTERNAL])
        if self.export:
            films.make(folder, people, joined.table["image_id"])
            export.write(self.export, people, folder)
        notes = [*NOTES, *joined.notes]
        if self.shuffle_labels is not None:
            table = shuffled(table, self.shuffle_labels)
            notes.append(SHUFFLED)
        if not self.labelled:
            table = unlabelled(table)
        name = "phantom_hospital" if self.population.kind == "hospital" else NAME
        return Cohort(
            *(name, table, joined.flow, joined.rejected),
            notes=tuple(notes),
            links=joined.links,
            make_films=partial(films.make, folder, people),
        )


def join(
    people: Sequence[Patient], folder: Path, rules: Rules, codes: CodeSet, outcome: FractureCodes, external: list[str]
) -> tuple[Joined, pd.DataFrame]:
    """Return what the rules make of patients whose films lie in a folder, and its table with classes and oracles."""
    records = tables(people)
    found = records.pop("films")
    found["image_path"] = [str(folder / films.path_of(image)) for image in found["image_id"]]
    joined = rules.apply(found, records, codes, outcome, external)
    known = truth(people).set_index("image_id")
    oracles = known[[column for column in map(str, known) if column.startswith("oracle_")]]
    table = joined.table.join(oracles, on="image_id")
    return joined, arrange(table.assign(bone_class=bone_class(table["t_score"])))


def folder_of(population: Population, name: str, data: Path) -> Path:
    """Return the folder of a population's films under `data`; a longer population shares it."""
    settings = asdict(population) | {"patients": "any", "code": sha256_of_code(bonerisk.phantom)}
    return data / name / fingerprint(settings)


def _refused(what: Population, first: int) -> list[BoneriskError]:
    """Return what is out of range."""
    found: list[BoneriskError] = []
    for name, value, allowed in (("population", what.kind, KINDS), ("events", what.events, EVENTS)):
        if value not in allowed:
            found.append(ConfigError(f"there is no {value!r}", f"dataset.{name}", f"one of {', '.join(allowed)}"))
    if absent := sorted(set(what.signal_bones) - set(BONES)):
        mend = f"of {', '.join(BONES)}"
        found.append(ConfigError(f"there is no bone {', '.join(absent)}", "dataset.signal_bones", mend))
    for name, number, low, high in (
        ("patients", what.patients, 1, math.inf),
        ("first_patient", first, 0, math.inf),
        ("seed", what.seed, 0, math.inf),
        ("bone_signal", what.bone_signal, 0, 2),
        ("quality_effect", what.quality_effect, 0, 3),
        ("shortcut", what.shortcut, 0, 1),
        ("t_score_share", 0 if what.t_score_share is None else what.t_score_share, 0, 1),
    ):
        if not low <= number <= high:  # NaN is not, either
            limits = f"{low} or more" if high == math.inf else f"between {low} and {high}"
            found.append(ConfigError(f"{name} is {number}, but must be {limits}", f"dataset.{name}"))
    return found
