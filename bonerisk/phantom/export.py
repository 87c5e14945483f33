"""A simulated population as a hospital would hand it over: an archive's tree of DICOM files, and CSV tables.

``dicom/<year>/<patient>/<study>/<SOPInstanceUID>.dcm``  films, some of them with the oddities of real archives
``dxa.csv`` and the others   the hospital's tables, with a semicolon, decimal commas and days as 31.05.2024
``README.txt``               what it is, and the command that reads it
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pydicom
from pydicom.dataset import Dataset

from bonerisk.errors import RunError, override
from bonerisk.phantom import films
from bonerisk.phantom.machine import dicom
from bonerisk.phantom.machine.detector import SYSTEMS, TOP
from bonerisk.phantom.people.patient import Exposure, Patient, Population
from bonerisk.phantom.tables import tables
from bonerisk.progress import track

DICOM, README = "dicom", "README.txt"
DAY = "%d.%m.%Y"

# assumed: shares of films, high enough that a small export has each.
WITHOUT_VIEW = 0.10  # ViewPosition is empty, and SeriesDescription gives the view
RESPELT = 0.06  # the name is written differently, as at another registration desk
BURNED_IN = 0.02  # name and number stand in the pixels

REGIONS = {"lumbar_spine": "L1-L4", "femoral_neck": "Neck", "total_hip": "Total hip"}
SIDED = ("femoral_neck", "total_hip")
DXA_COLUMNS = {"date": "scan_date", "t_score": "value"}  # ours to the table's

TEXT = """\
A simulated population, exported as a hospital would hand it over. No person is behind any film, name or row.
Population: {population}
Site A is "{hospitals[0]}", site B "{hospitals[1]}" (InstitutionName).

Read it with

{command}
"""


def write(folder: Path, people: Sequence[Patient], made: Path) -> None:
    """Write `people` into `folder`; files of an earlier, killed run stay.

    Parameters
    ----------
    folder : Path
    people : sequence of Patient
        Of one population.
    made : Path
        Folder of their films, where `films.make` makes missing ones. The export holds hard links to them, or copies
        on another disk, unless a header differs.

    Raises
    ------
    RunError
        The folder holds other files, can't be written, or the disk is full.
    """
    films.make(made, people)
    handed = as_handed_over(people)
    text = readme(folder, people[0].population, handed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not _is(folder / README, text):
            raise RunError("the folder of the export holds other files", str(folder), "choose an empty folder")
        (folder / README).write_text(text)
        twins = sum(film.raw_twin for patient in people for film in patient.films)
        films.refuse_if_full(folder, twins, films.FILM_BYTES)
        for patient in track(people, "exporting patients"):
            for film in patient.films:
                _write_film(folder / DICOM, made / films.path_of(film.image_id), patient, film)
        for name, table in handed.items():
            save = partial(table.to_csv, sep=";", decimal=",", date_format=DAY, index=False)
            films.write(folder / f"{name}.csv", save)
    except OSError as error:
        raise films.not_written(folder, error) from error


def readme(folder: Path, population: Population, handed: Mapping[str, pd.DataFrame]) -> str:
    """Return the text of the export's README, with the command that reads these tables."""
    rules = "ospenscreen" if population.kind == "screening" else "aicxr"
    folder = folder.absolute()
    hospitals = [dicom.institution(site) for site in ("site_a", "site_b")]
    parts = ["bonerisk prepare dataset=dicom_folder", f"dataset/rules={rules}"]
    parts += [override("dataset.image_root", folder / DICOM), f"dataset.date_format='{DAY}'"]
    parts += [override(f"dataset.tables.{name}", folder / f"{name}.csv") for name in handed]
    parts += [f"dataset.columns.dxa.{ours}={theirs}" for ours, theirs in DXA_COLUMNS.items() if "dxa" in handed]
    parts += [f"dataset.sites.site_{hospital[-1].lower()}='{hospital}'" for hospital in hospitals]
    parts += ["'dataset.external_sites=[site_b]'"]
    command = " \\\n  ".join(parts)
    return TEXT.format(population=population, hospitals=hospitals, command=command)


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def as_handed_over(people: Sequence[Patient]) -> dict[str, pd.DataFrame]:
    """Return the population's tables by name, as written to the CSVs."""
    found = {name: table for name, table in tables(people).items() if table is not None}
    del found["films"]
    if "reports" in found:
        found["reports"] = found["reports"].drop(columns=["site", "image_id"])  # the archive has other image ids
    if "dxa" in found:
        found["dxa"] = long(found["dxa"])
    return {name: table.convert_dtypes() for name, table in found.items()}


def long(readings: pd.DataFrame) -> pd.DataFrame:
    """Return DXA readings (one row per day) as one row per region, side and kind of score, as densitometers list them.

    Rows that don't count are added: Z-scores, Ward's triangle, and the better hip.
    """
    rows = [row for number, reading in enumerate(readings.to_dict("records")) for row in _regions(number, reading)]
    return pd.DataFrame(rows).rename(columns=DXA_COLUMNS)


def _regions(number: int, reading: Mapping[Hashable, Any]) -> Iterator[dict[Hashable, object]]:
    who = {name: value for name, value in reading.items() if name not in REGIONS}
    for site, region in REGIONS.items():
        t = reading[site]
        if np.isnan(t):
            continue
        side = ("left", "right")[number % 2] if site in SIDED else None
        yield {**who, "region": region, "side": side, "score_type": "T", "t_score": t}
        yield {**who, "region": region, "side": side, "score_type": "Z", "t_score": round(t + 0.9, 1)}
        if site in SIDED and number % 3 == 0:
            other = ("right", "left")[number % 2]
            yield {**who, "region": region, "side": other, "score_type": "T", "t_score": round(t + 0.2, 1)}
        if site == "femoral_neck":
            yield {**who, "region": "Ward's", "side": side, "score_type": "T", "t_score": round(t - 0.5, 1)}


def _write_film(tree: Path, source: Path, patient: Patient, film: Exposure) -> None:
    """Write a film, and its twin FOR PROCESSING if it has one."""
    seed = patient.population.seed
    rng = np.random.default_rng([seed, patient.index, 4, film.number])
    viewless, respelt, burned = rng.random(3) < (WITHOUT_VIEW, RESPELT, BURNED_IN)
    target = _place(tree, patient, film, seed)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        if viewless or respelt or burned:
            header = pydicom.dcmread(source)
            if viewless:
                header.ViewPosition = ""
            if respelt:
                header.PatientName = str(header.PatientName).upper()[:-1] + "."
            if burned:
                _burn_in(header, film)
            films.write(target, lambda path: header.save_as(path, enforce_file_format=True))
        else:
            _link(source, target)
    raw = _place(tree, patient, film, seed, processed=False)
    if film.raw_twin and not raw.exists():
        pixels, _ = films.simulate(patient, film, seed, processed=False)
        twin = dicom.header(patient, film, films.examination(film), pixels, seed, processed=False)
        films.write(raw, lambda path: twin.save_as(path, enforce_file_format=True))


def _place(tree: Path, patient: Patient, film: Exposure, seed: int, processed: bool = True) -> Path:
    uid = dicom.uid(seed, film, "presentation" if processed else "processing")
    return tree / f"{film.date.year}" / patient.patient_id / dicom.uid(seed, film, "study") / f"{uid}.dcm"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without hard links
        films.write(target, lambda path: shutil.copyfile(source, path))


def _burn_in(header: Dataset, film: Exposure) -> None:
    """Draw name and number of the fictional patient into a corner of the pixels, in white."""
    pixels = header.pixel_array.copy()
    text = np.zeros(pixels.shape, np.uint8)
    for line, words in enumerate((str(header.PatientName), f"ID {header.PatientID}")):
        place = (24, pixels.shape[0] - 64 + 32 * line)
        cv2.putText(text, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2, cv2.LINE_8)
    pixels[text > 0] = TOP if SYSTEMS[film.system].monochrome == 2 else 0
    header.PixelData = pixels.tobytes()
    header.BurnedInAnnotation = "YES"
