"""A folder of simulated films: made in parallel, complete or not there at all.

``films/<image_id>.dcm``  the films
``masks/<image_id>.png``  organs as bit planes of a 16-bit image of half the film's size; bit k is `sheet.PLANES[k]`
``films.csv``             what a hospital would know, a row a film
``truth.csv``             what only the simulation knows: true T-scores and the densities as filmed
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from bonerisk.errors import RunError
from bonerisk.imaging.parallel import parallel_map
from bonerisk.phantom import detector, dicom, projection
from bonerisk.phantom.population import Patient, draw
from bonerisk.progress import track

FILMS, MASKS, TABLE, TRUTH = "films", "masks", "films.csv", "truth.csv"
FILM_BYTES = 2.5e6
SPARE_BYTES = 64 * 2**20
KEPT_BYTES = 24 * 2**20


@dataclass(frozen=True)
class Maker:
    """Makes the film and the mask of one patient; survives pickling."""

    folder: Path
    seed: int
    bone_signal: float

    def __call__(self, index: int) -> int:
        """Write film and mask of patient `index`, which depend on it and the seed alone."""
        _keep_memory()
        patient = draw(self.seed, index, self.bone_signal)
        film, planes = simulate(patient, self.seed)
        system = detector.SYSTEMS[patient.site]
        dicom.write(self.folder / FILMS / f"{patient.image_id}.dcm", patient, system, film, self.seed)
        _, data = cv2.imencode(
            ".png", planes, [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
        )
        (self.folder / MASKS / f"{patient.image_id}.png").write_bytes(data.tobytes())
        return index


def _keep_memory() -> None:
    """Let the C library keep the memory of arrays for the next ones, else a sixth of the time goes to getting it anew.

    glibc hands freed blocks back to the system from a size on, which rises to that of the largest block freed so far.
    """
    np.empty(KEPT_BYTES, np.uint8)


def simulate(patient: Patient, seed: int) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Return the film (bright = dense, 12 bit) and the organs' bit planes of half its size."""
    system = detector.SYSTEMS[patient.site]
    rng = np.random.default_rng([seed, patient.index, 1])
    shadow = projection.project(patient, rng, system.shape, system.spacing_mm)
    return detector.expose(system, shadow.attenuation, rng), shadow.planes


def make(folder: Path, patients: int, seed: int, bone_signal: float) -> None:
    """Fill `folder` with films, masks and tables, unless it is there: it gets its name when it is complete.

    Raises
    ------
    RunError
        The folder can't be written, the disk is full, or a process was killed.
    """
    if folder.exists():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _refuse_if_full(folder.parent, patients)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
            unfinished = Path(name) / "films"
            for part in (FILMS, MASKS):
                (unfinished / part).mkdir(parents=True)
            _write_tables(unfinished, [draw(seed, index, bone_signal) for index in range(patients)])
            results = parallel_map(Maker(unfinished, seed, bone_signal), range(patients), died=_died)
            for _ in track(results, "simulating films", patients):
                pass
            try:
                unfinished.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process has made the same films meanwhile
                    raise
    except OSError as error:
        mend = "free space there, or choose another folder with paths.data"
        raise RunError(f"the simulated films can't be written: {error.strerror}", str(folder), mend) from error


def _refuse_if_full(folder: Path, patients: int) -> None:
    needed, free = patients * FILM_BYTES + SPARE_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise RunError(
            f"{patients} simulated films need {needed / 2**30:.2f} GiB, the disk has {free / 2**30:.2f} GiB",
            str(folder),
            "free space there, choose another folder with paths.data, or fewer dataset.patients",
        )


def _died(index: int) -> int:
    raise RunError(f"the process that simulated film {index} was killed: memory ran out?", mend="run again")


def _write_tables(folder: Path, people: Sequence[Patient]) -> None:
    pd.DataFrame([_known(patient) for patient in people]).to_csv(folder / TABLE, index=False)
    pd.DataFrame([_truth(patient) for patient in people]).to_csv(folder / TRUTH, index=False)


def _known(patient: Patient) -> dict[str, Any]:
    fields = asdict(patient)
    names = ("patient_id", "image_id", "site", "sex", "age_years", "height_cm", "weight_kg", "film_date")
    known = {name: fields[name] for name in names}
    readings = {f"t_{site}": round(t, 1) for site, t in patient.t_read.items()}
    return known | {"bmi_kg_m2": round(patient.bmi_kg_m2, 2)} | readings | {"t_score": patient.t_score}


def _truth(patient: Patient) -> dict[str, Any]:
    true = {"patient_id": patient.patient_id, "image_id": patient.image_id, "latent_t": patient.latent_t}
    true |= {f"true_t_{site}": t for site, t in patient.t_true.items()}
    true |= {f"density_{bone}": density for bone, density in patient.density.items()}
    return true | {"filmed_density": patient.filmed_density}
