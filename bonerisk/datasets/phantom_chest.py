"""Simulated posteroanterior chest films of two hospitals, with DXA readings that the films don't determine."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

import bonerisk.phantom
from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.splits import random_split
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.errors import BoneriskError, ConfigError, raise_together
from bonerisk.phantom import films
from bonerisk.runs.hashing import fingerprint, sha256_of_code

NAME = "phantom_chest"
NOTES = ("The films are simulated: they show that the chain works, and nothing about patients.",)


class PhantomChest:
    """Simulated chest films, made where they are not there yet.

    Parameters
    ----------
    patients : int
        One film each; the first n are the same whatever their number.
    seed : int
    bone_signal : float
        How far the bones on film depart from the population's mean density: 1 as in the patient, 0 not at all.

    Raises
    ------
    ConfigError
        A value is out of range.
    """

    def __init__(self, patients: int = 1600, seed: int = 0, bone_signal: float = 1.0) -> None:
        raise_together(_refused(patients, seed, bone_signal))
        self.patients, self.seed, self.bone_signal = patients, seed, float(bone_signal)

    def folder(self, data: Path) -> Path:
        """Return the folder of these films under `data`."""
        what = {
            "patients": self.patients,
            "seed": self.seed,
            "bone_signal": self.bone_signal,
            "code": sha256_of_code(bonerisk.phantom),
        }
        return data / NAME / fingerprint(what)

    def load(self, data: Path) -> Cohort:
        """Return the cohort: site A split by patient into train, tune and test, site B as the external split.

        Parameters
        ----------
        data : Path
            The films lie, or are made, in ``data/phantom_chest/<fingerprint>``.

        Raises
        ------
        RunError
            The films can't be written.
        """
        folder = self.folder(data)
        films.make(folder, self.patients, self.seed, self.bone_signal)
        table = pd.read_csv(folder / films.TABLE, dtype={"patient_id": str, "image_id": str})
        truth = pd.read_csv(folder / films.TRUTH)
        table["oracle_filmed_density"] = -truth["filmed_density"]
        table["image_path"] = [str(folder / films.FILMS / f"{image}.dcm") for image in table["image_id"]]
        table["view"] = "PA"
        table["bone_class"] = bone_class(table["t_score"])
        table["split"] = "external"
        inside = table["site"] == "site_a"
        table.loc[inside, "split"] = random_split(table[inside], self.seed)
        flow = Flow().step("simulated films", table, table)
        return Cohort(NAME, arrange(table), flow, notes=NOTES)


def _refused(patients: int, seed: int, bone_signal: float) -> list[BoneriskError]:
    found: list[BoneriskError] = []
    if patients < 1:
        found.append(ConfigError(f"patients is {patients}, but must be 1 or more", "dataset.patients"))
    if seed < 0:
        found.append(ConfigError(f"seed is {seed}, but must be 0 or more", "dataset.seed"))
    if not (math.isfinite(bone_signal) and 0 <= bone_signal <= 2):
        found.append(ConfigError(f"bone_signal is {bone_signal}, but must lie between 0 and 2", "dataset.bone_signal"))
    return found
