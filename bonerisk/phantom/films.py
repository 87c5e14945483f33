"""A folder of simulated films; missing ones are made. Each file appears whole, so that a killed build resumes.

``films/<image_id>.dcm``  the films
``masks/<image_id>.png``  organs as bit planes of a 16-bit image of half the film's size; bit k is `sheet.PLANES[k]`

A film depends only on the population's settings, except the number of patients, and on the patient's and the film's
number. So larger cohorts and other processes can share a folder.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from bonerisk.errors import RunError
from bonerisk.imaging.parallel import parallel_map
from bonerisk.phantom.chest import projection
from bonerisk.phantom.machine import detector, dicom
from bonerisk.phantom.people.patient import Exposure, Patient, Population
from bonerisk.phantom.people.population import draw
from bonerisk.progress import track

FILMS, MASKS = "films", "masks"
FILM_BYTES = 2.5e6
SPARE_BYTES = 64 * 2**20
KEPT_BYTES = 24 * 2**20

log = logging.getLogger(__name__)

Image = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Maker:
    """Makes a film and its mask; can be pickled."""

    folder: Path
    population: Population

    def __call__(self, which: tuple[int, int]) -> None:
        """Write the film and mask of a patient's index and a film's number."""
        keep_memory()
        patient = draw(self.population, which[0])
        film = patient.films[which[1]]
        pixels, planes = simulate(patient, film, self.population.seed)
        header = dicom.header(patient, film, examination(film), pixels, self.population.seed)
        save(self.folder, film.image_id, header, planes)


def examination(film: Exposure) -> dicom.Examination:
    """Return how a chest film was taken."""
    portable = film.view == "AP"
    return dicom.Examination(
        system=detector.SYSTEMS[film.system],
        station=f"SIM{film.system[-1].upper()}{2 if portable else 1}",
        description="CHEST AP portable" if portable else "Chest PA",
        body_part="CHEST",
        view=film.view,
        orientation="L",
        kvp=90 if portable else 120,
        distance_mm=1100 if portable else 1830,
    )


def save(folder: Path, image_id: str, header: Dataset, planes: Image) -> None:
    """Write a film and, before it, its mask."""
    png = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    mask = cv2.imencode(".png", planes, png)[1].tobytes()
    write(folder / MASKS / f"{image_id}.png", lambda path: path.write_bytes(mask))
    write(folder / path_of(image_id), lambda path: header.save_as(path, enforce_file_format=True))


def write(path: Path, save: Callable[[Path], object]) -> None:
    """Let `save` write a file under a temporary name of this process, then rename the whole file."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def path_of(image_id: str) -> str:
    """Return where a film lies in its folder."""
    return f"{FILMS}/{image_id}.dcm"


def keep_memory() -> None:
    """Let the C library keep the memory of freed arrays: getting it anew would take a sixth of the time.

    glibc hands freed blocks above a size back to the system; this size rises to that of the largest block freed so far.
    """
    np.empty(KEPT_BYTES, np.uint8)


def simulate(patient: Patient, film: Exposure, seed: int, processed: bool = True) -> tuple[Image, Image]:
    """Return the film's pixels and the organs' bit planes of half its size.

    The anatomy belongs to the patient; position, exposure and noise to the film.

    Parameters
    ----------
    patient : Patient
    film : Exposure
    seed : int
        Of the population.
    processed : bool
        False gives the film before the system's display processing.

    Returns
    -------
    pixels : uint16 (rows, columns)
        12 bit, bright = dense.
    planes : uint16 (rows / 2, columns / 2)

    Raises
    ------
    ValueError
        `film.drawn` names a finding that can't be drawn.
    """
    system = detector.SYSTEMS[film.system]
    rng = np.random.default_rng([seed, patient.index, 2, film.number])
    shadow = projection.project(patient, film, seed, rng, system.shape, system.spacing_mm)
    signal = detector.detect(system, shadow.attenuation, rng, film.view == "AP")
    return detector.display(system, signal, rng) if processed else detector.raw(signal), shadow.planes


def make(folder: Path, people: Sequence[Patient], wanted: Iterable[str] | None = None) -> None:
    """Write the chest films and masks of `people` that `folder` lacks.

    Parameters
    ----------
    folder : Path
        Belongs to one population, with any number of patients.
    people : sequence of Patient
        Of one population.
    wanted : iterable of str, optional
        Image ids of the films to make; by default all.

    Raises
    ------
    RunError
        The folder can't be written, the disk is full, or a process was killed.
    """
    films = {film.image_id: (patient.index, film.number) for patient in people for film in patient.films}
    if films:
        fill(folder, films, wanted, Maker(folder, people[0].population), FILM_BYTES)


def fill(
    folder: Path,
    films: Mapping[str, tuple[int, int]],
    wanted: Iterable[str] | None,
    maker: Callable[[tuple[int, int]], None],
    film_bytes: float,
) -> None:
    """Let `maker` write those of `films` that `folder` lacks; a film is its patient's index and its number.

    Parameters
    ----------
    folder : Path
    films : mapping
        By image id.
    wanted : iterable of str, optional
        As in `make`.
    maker : callable
        Writes a film of that name after all that belongs to it; can be pickled.
    film_bytes : float
        Of the disk that a film needs.

    Raises
    ------
    RunError
        As in `make`.
    """
    chosen = films.keys() if wanted is None else films.keys() & set(wanted)
    try:
        for part in (FILMS, MASKS):
            (folder / part).mkdir(parents=True, exist_ok=True)
        there = {path.stem for path in (folder / FILMS).iterdir()}
        which = [film for name, film in films.items() if name in chosen and name not in there]
        if not which:
            return
        refuse_if_full(folder, len(which), film_bytes)
        log.info("simulating %d films: %.1f GB in %s", len(which), len(which) * film_bytes / 1e9, folder)
        for _ in track(parallel_map(maker, which, died=_died), "simulating films", len(which)):
            pass
    except OSError as error:
        raise not_written(folder, error) from error


def refuse_if_full(folder: Path, films: int, film_bytes: float) -> None:
    """Raise RunError if the disk of `folder` lacks the room for this many films."""
    needed, free = films * film_bytes + SPARE_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise RunError(
            f"{films} simulated films need {needed / 2**30:.2f} GiB, the disk has {free / 2**30:.2f} GiB",
            str(folder),
            "free space there, choose another folder with paths.data, or lower dataset.patients",
        )


def not_written(folder: Path, error: OSError) -> RunError:
    """Return the error for a `folder` that can't be written."""
    mend = "free space there, or choose another folder with paths.data"
    return RunError(f"the simulated films can't be written: {error.strerror}", str(folder), mend)


def _died(which: tuple[int, int]) -> None:
    raise RunError(f"the process that simulated film {which} was killed, perhaps for lack of memory", mend="run again")
