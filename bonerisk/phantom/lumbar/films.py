"""A folder of simulated lumbar films; missing ones are made, as `bonerisk.phantom.films` makes chest films.

``films/<image_id>.dcm``   the films
``masks/<image_id>.png``   vertebral bodies as bits of a 16-bit image of the film's size: bit k, `projection.PLANES[k]`
``truth/<image_id>.json``  points, densities and deformities of the film (`truth.of_film`)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bonerisk.phantom import films
from bonerisk.phantom.lumbar import truth
from bonerisk.phantom.lumbar.projection import OPEN_SIGNAL, Scene, planes, project, scene
from bonerisk.phantom.machine import detector, dicom
from bonerisk.phantom.people.clinic import Clinic, SpineFilm, SpinePatient
from bonerisk.phantom.people.clinic_draw import draw

TRUTH = "truth"
FILM_BYTES = 6.3e6
# SNOMED CT: the side that is nearer to the detector.
LEFT, RIGHT = ("LL", ("399173006", "left lateral")), ("RL", ("399198007", "right lateral"))


@dataclass(frozen=True)
class Maker:
    """Makes a film with its mask and truth; can be pickled."""

    folder: Path
    population: Clinic

    def __call__(self, which: tuple[int, int]) -> None:
        """Write the film of a patient's index and a film's number."""
        films.keep_memory()
        patient = draw(self.population, which[0])
        film = patient.films[which[1]]
        drawn = scene(patient, film)
        pixels = expose(patient, film, drawn)
        header = dicom.header(patient, film, examination(film, drawn), pixels, self.population.seed)
        text = json.dumps(truth.of_film(patient, film, drawn), indent=1)
        (self.folder / TRUTH).mkdir(exist_ok=True)
        films.write(self.folder / TRUTH / f"{film.image_id}.json", lambda path: path.write_text(text))
        films.save(self.folder, film.image_id, header, planes(drawn))


def make(folder: Path, people: Sequence[SpinePatient], wanted: Iterable[str] | None = None) -> None:
    """Write the films of `people` that `folder` lacks; arguments and errors as of `bonerisk.phantom.films.make`."""
    if people:
        listed = {film.image_id: (patient.index, film.number) for patient in people for film in patient.films}
        films.fill(folder, listed, wanted, Maker(folder, people[0].population), FILM_BYTES)


def expose(patient: SpinePatient, film: SpineFilm, drawn: Scene) -> npt.NDArray[np.uint16]:
    """Return the film's pixels (rows, columns): 12 bit, bright = dense."""
    rng = np.random.default_rng([patient.population.seed, patient.index, 9, film.number])
    system = drawn.room.system
    letter = "R" if drawn.posture.right else "L"
    signal = detector.detect(system, project(patient, film, drawn), rng, letter=letter)
    return detector.display(system, signal, rng, OPEN_SIGNAL)


def examination(film: SpineFilm, drawn: Scene) -> dicom.Examination:
    """Return how a film was taken: the side at the detector is the one that the patient lies on."""
    view, code = RIGHT if drawn.posture.right else LEFT
    return dicom.Examination(
        system=drawn.room.system,
        station=f"SIML{film.system[-1]}",
        description="L-spine lateral",
        body_part="LSPINE",
        view=view,
        orientation="A" if drawn.posture.right else "P",
        kvp=85,
        distance_mm=drawn.room.distance_mm,
        view_code=code,
    )
