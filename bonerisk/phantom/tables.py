"""The tables that a hospital would have of simulated patients, and the truth that it would not have.

Text is object with None, dates are datetime64[ns] with NaT, numbers float64. The index is the row's line in a CSV file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np
import pandas as pd

from bonerisk.phantom.machine.detector import SYSTEMS
from bonerisk.phantom.machine.dicom import accession
from bonerisk.phantom.people import oracles
from bonerisk.phantom.people.codes import Record
from bonerisk.phantom.people.density import BONES, SITES
from bonerisk.phantom.people.disease import FINDINGS
from bonerisk.phantom.people.patient import Exposure, Patient

RAW = "_raw"  # ending of the image_id of a film's twin FOR PROCESSING

COLUMNS = {
    "films": "site patient_id image_id film_date film_time sex birth_date age_years modality intent view body_part "
    "burned_in manufacturer accession",
    "dxa": "site patient_id date " + " ".join(SITES),
    "diagnoses": "site patient_id date code code_system",
    "drugs": "site patient_id date code code_system",
    "follow_up": "site patient_id last_contact death_date",
    "patients": "site patient_id sex birth_date height_cm weight_kg",
    "reports": "site image_id accession " + " ".join(f"finding_{name}" for name in FINDINGS),
}
DATES = ("film_date", "birth_date", "date", "last_contact", "death_date")
NUMBERS = ("age_years", "burned_in", "height_cm", "weight_kg", *SITES, *(f"finding_{name}" for name in FINDINGS))

Cell = date | str | float | None  # of a table


def tables(people: Sequence[Patient]) -> dict[str, pd.DataFrame]:
    """Return the hospital's tables by name; a screening has films, dxa and patients only.

    Parameters
    ----------
    people : sequence of Patient
        Of one population.

    Returns
    -------
    dict
        films (one row per film, without image_path; twins FOR PROCESSING are rows of their own), dxa, diagnoses, drugs,
        follow_up, patients, reports.
    """
    made: dict[str, Iterable[list[Cell]]] = {
        "films": (row for patient in people for film in patient.films for row in _films(patient, film)),
        "dxa": ([*_who(p), one.date, *(one.t[site] for site in SITES)] for p in people for one in p.readings),
        "patients": ([*_who(p), p.sex, p.birth_date, p.height_cm, p.weight_kg] for p in people),
    }
    if any(patient.stay for patient in people):
        made |= {
            "diagnoses": _records((patient, patient.diagnoses) for patient in people),
            "drugs": _records((patient, patient.drugs) for patient in people),
            "follow_up": ([*_who(p), p.stay.last_contact, p.stay.death_date] for p in people if p.stay),
            "reports": _reports(people),
        }
    return {name: _frame(rows, COLUMNS[name].split()) for name, rows in made.items()}


def truth(people: Sequence[Patient]) -> pd.DataFrame:
    """Return what only the simulation knows, one row per film.

    Returns
    -------
    DataFrame
        site, patient_id, image_id; true_t_<site> on the day of the film; quality, frailty, shown_quality;
        density_<bone> as filmed and their mean; the oracles of `bonerisk.phantom.people.oracles`, higher is worse:
        oracle_bone_* of the lowest T-score, and in a hospital oracle_fracture_* of the linear predictor.
    """
    rows = []
    for patient in people:
        for film in patient.films:
            life, t = patient.life, patient.life.t_true(film.date)
            row: dict[str, Cell] = {"site": patient.site, "patient_id": patient.patient_id, "image_id": film.image_id}
            row |= {f"true_t_{site}": t[site] for site in SITES}
            row |= {"quality": life.quality, "frailty": life.frailty, "shown_quality": film.shown_quality}
            row |= {f"density_{bone}": film.density[bone] for bone in BONES}
            row |= {
                "filmed_density": float(np.mean(list(film.density.values()))),
                "oracle_bone_truth": -min(t.values()),
            }
            if patient.stay:
                row |= {"oracle_fracture_truth": life.predictor(film.date)}
            rows.append(row)
    table = pd.DataFrame(rows)
    expected = {"bone": oracles.bone(people)}
    if "oracle_fracture_truth" in table:
        expected["fracture"] = oracles.fracture(people)
    for outcome, by_source in expected.items():
        for source, values in by_source.items():
            table[f"oracle_{outcome}_{source}"] = values
    return table


def _who(patient: Patient) -> list[str]:
    return [patient.site, patient.patient_id]


def _films(patient: Patient, film: Exposure) -> Iterator[list[Cell]]:
    """Yield the rows of a film as its DICOM header has them; its twin follows it."""
    for name, intent in ((film.image_id, "FOR PRESENTATION"), (film.image_id + RAW, "FOR PROCESSING")):
        if intent == "FOR PRESENTATION" or film.raw_twin:
            yield [
                *_who(patient),
                *(name, film.date, film.time, patient.sex, patient.birth_date, int(film.age_years)),
                *("DX", intent, film.view, "CHEST", 0.0, SYSTEMS[film.system].manufacturer),
                accession(patient, film),
            ]


def _records(found: Iterable[tuple[Patient, Sequence[Record]]]) -> Iterator[list[Cell]]:
    for patient, records in found:
        for one in records:
            yield [*_who(patient), one.date, one.code, one.code_system]


def _reports(people: Iterable[Patient]) -> Iterator[list[Cell]]:
    for patient in people:
        for film, named in zip(patient.films, patient.reported, strict=True):
            yield [patient.site, film.image_id, accession(patient, film), *(float(name in named) for name in FINDINGS)]


def _frame(rows: Iterable[list[Cell]], columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=columns)
    for name in columns:
        if name in DATES:
            table[name] = pd.to_datetime(table[name]).astype("datetime64[ns]")
        else:
            table[name] = table[name].astype("float64" if name in NUMBERS else "object")
    table.index += 2  # below the line of names
    return table
