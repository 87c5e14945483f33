"""Simulated chest films of several sites with OsPenScreen's case mix: one to learn from, each other an external set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort
from bonerisk.datasets.phantom_chest import NOTES, folder_of, join
from bonerisk.errors import ConfigError, raise_together
from bonerisk.hospital.codes import CodeSet, FractureCodes
from bonerisk.hospital.rules import Rules
from bonerisk.phantom import films
from bonerisk.phantom.people import sites
from bonerisk.phantom.people.patient import Patient, Population
from bonerisk.phantom.people.population import draw

NAME = "phantom_ospenscreen"
LEARNT = "screening"  # the site that is split by patient
UNLABELLED = "unlabelled"
TRUTH = ("t_score", "t_lumbar_spine", "t_femoral_neck", "t_total_hip")
BALANCED = "test set balanced by class within each sex"


class PhantomOspenscreen:
    """Simulated sites that differ in age, sex, classes, X-ray systems and in what they tell of a DXA.

    Parameters
    ----------
    rules : Rules
    codes : CodeSet
    outcome : FractureCodes
    patients : mapping
        Number of patients of each of `bonerisk.phantom.people.sites.SITES`. The first n of a site are the same whatever
        the numbers.
    first_patient : int
        Number of each site's first patient: those from 100000 on, say, are others than those from 0 on.
    seed : int
    bone_signal : float
        How far the bones on film depart from the population's mean density: 1 as in the patient, 0 not at all.
    balanced : bool
        Whether the internal test set has as many films with low bone mass as normal ones, of each sex.

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
        patients: Mapping[str, int],
        first_patient: int = 0,
        seed: int = 0,
        bone_signal: float = 1.0,
        balanced: bool = True,
    ) -> None:
        raise_together(_refused(patients, first_patient, seed, float(bone_signal)))
        self.population = Population(sites.KIND, sum(patients.values()), seed, float(bone_signal))
        self.patients, self.first_patient, self.balanced = patients, first_patient, balanced
        self.rules, self.codes, self.outcome = rules, codes, outcome

    def folder(self, data: Path) -> Path:
        """Return the folder of these films under `data`; more patients share it."""
        return folder_of(self.population, NAME, data)

    @cached_property
    def people(self) -> list[Patient]:
        """The patients drawn."""
        chosen = (sites.numbers(site, n, self.first_patient) for site, n in self.patients.items())
        return [draw(self.population, index) for numbers in chosen for index in numbers]

    def load(self, data: Path) -> Cohort:
        """Return the cohort that the rules make of the sites.

        Parameters
        ----------
        data : Path
            The films lie in ``data/phantom_ospenscreen/<fingerprint>``, once the cohort's `make_films` has made them.
        """
        folder, people = self.folder(data), self.people
        external = [site for site in self.patients if site not in (LEARNT, UNLABELLED)]
        joined, table = join(people, folder, self.rules, self.codes, self.outcome, external)
        table.loc[table["site"] == UNLABELLED, "split"] = "train"
        flow = joined.flow
        if self.balanced and (table["split"] == "test").any():
            table, flow = _balanced(table, flow, self.rules.split_seed)
        tells = table["site"].map({name: site.tells for name, site in sites.SITES.items()})
        scores = [column for column in TRUTH if column in table]
        table.loc[tells != "t_score", scores] = np.nan
        table.loc[tells == "nothing", "bone_class"] = None
        return Cohort(
            *(NAME, table, flow, joined.rejected),
            notes=(*NOTES, *joined.notes),
            links=joined.links,
            make_films=partial(films.make, folder, people),
        )


def _balanced(table: pd.DataFrame, flow: Flow, seed: int) -> tuple[pd.DataFrame, Flow]:
    """Leave out, at random, test films of the commoner of normal and low bone mass of each sex."""
    test, rng, left_out = table[table["split"] == "test"], np.random.default_rng(seed), list[int]()
    for _, of_sex in test.groupby("sex"):
        normal, low = (of_sex.index[of_sex["bone_class"] == name] for name in ("normal", "low_bone_mass"))
        more = normal if len(normal) > len(low) else low
        left_out += rng.permutation(more)[: abs(len(normal) - len(low))].tolist()
    kept = table.drop(index=left_out).reset_index(drop=True)
    return kept, flow.step(BALANCED, table, kept, "drawn at random" if left_out else "")


def _refused(patients: Mapping[str, int], first: int, seed: int, bone_signal: float) -> list[ConfigError]:
    """Return what is out of range."""
    found = []
    for site, n in patients.items():
        key = f"dataset.patients.{site}"
        if site not in sites.SITES:
            found.append(ConfigError(f"there is no site {site}", key, f"one of {', '.join(sites.SITES)}"))
        elif not 0 <= n <= sites.BLOCK - max(first, 0):
            most = f"{sites.BLOCK:,} from patient 0 on"
            found.append(ConfigError(f"{n} patients of {site}", key, f"0 or more, and no more than {most}"))
    if not any(patients.values()):
        found.append(ConfigError("no site has a patient", "dataset.patients", "dataset.patients.screening=1500"))
    for name, value in (("first_patient", first), ("seed", seed)):
        if value < 0:
            found.append(ConfigError(f"{name} is {value}, but must be 0 or more", f"dataset.{name}"))
    if not 0 <= bone_signal <= 2:  # NaN is not, either
        what = f"bone_signal is {bone_signal}, but must be between 0 and 2"
        found.append(ConfigError(what, "dataset.bone_signal"))
    return found
