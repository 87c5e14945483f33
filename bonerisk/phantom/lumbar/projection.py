"""From a patient to what reaches the detector, and where everything lies on the film."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bonerisk.phantom.lumbar import arches, bodies, pelvis, ribs, soft
from bonerisk.phantom.lumbar.build import Build, build
from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.posture import Placed, Points, Posture, draw_posture, place
from bonerisk.phantom.lumbar.rooms import ROOMS, Room
from bonerisk.phantom.machine import sheet, texture
from bonerisk.phantom.machine.sheet import Array, Sheet
from bonerisk.phantom.people.clinic import LEVELS, MEASURED, SpineFilm, SpinePatient

COARSE = 4  # film pixels a side of a pixel of the soft tissue
SOFTER = 1.3  # contrast of bone at 85 kVp over that at 120 kVp (`sheet`); XCOM: 1.48 at 50 keV over 60 keV; assumed
EXPOSED = 2.6  # attenuation behind the spine to which the automatic exposure is set
OPEN = 1.2  # the detector is full at exp(1.2) of that exposure's beam
OPEN_SIGNAL = 1.0  # signal over which a pixel lies beside the patient
PLANES = (*sheet.PLANES, *MEASURED)  # the bits of a chest film's mask, and one for each measured vertebra
BIT = {name: 1 << place for place, name in enumerate(PLANES)}


@dataclass(frozen=True)
class Scene:
    """The geometry of a film, without its pixels.

    Parameters
    ----------
    room : Room
    build : Build
    posture : Posture
    placed : dict
        Bodies by level, and "s1", in mm of the patient.
    """

    room: Room
    build: Build
    posture: Posture
    placed: dict[str, Placed]

    @property
    def spacing_mm(self) -> float:
        """Pixel in mm of the patient, at the spine."""
        return self.room.system.spacing_mm / self.posture.magnification

    @property
    def corner(self) -> tuple[float, float]:
        """x and y of the first pixel, before a mirrored film is mirrored."""
        rows, columns = self.room.system.shape
        x, y = self.posture.centre
        return x - (columns - 1) / 2 * self.spacing_mm, y - (rows - 1) / 2 * self.spacing_mm

    def pixels(self, points: Points) -> Points:
        """Return column and row on the film of points (n, 2); the first pixel's centre is (0, 0)."""
        found = (points - self.corner) / self.spacing_mm
        if self.posture.right:
            found[:, 0] = self.room.system.shape[1] - 1 - found[:, 0]
        return np.asarray(found)


def scene(patient: SpinePatient, film: SpineFilm) -> Scene:
    """Return the geometry of a film."""
    made, posture = build(patient, film), posture_of(patient, film)
    return Scene(ROOMS[film.system], made, posture, place(made, posture))


def posture_of(patient: SpinePatient, film: SpineFilm) -> Posture:
    """Return how the patient lies on a film."""
    pose = np.random.default_rng([patient.population.seed, patient.index, 7, film.number])
    room = ROOMS[film.system]
    return draw_posture(room.distance_mm, room.turned, patient.bmi_kg_m2, pose)


def project(patient: SpinePatient, film: SpineFilm, scene: Scene) -> Array:
    """Return the attenuation (rows, columns) that the film's detector meets, relative to its exposure."""
    rng = np.random.default_rng([patient.population.seed, patient.index, 8])  # the same in both films
    canvas = Sheet(scene.room.system.shape, scene.spacing_mm, *scene.corner)
    grain = texture.grain(rng, film.shown_quality, canvas)
    size, placed = scene.build.size, scene.placed
    shape = soft.Shape(size, patient.bmi_kg_m2, patient.sex == "M")

    def bone(level: str) -> texture.Bone:
        quality = film.shown_quality + texture.BONE_SD * float(rng.standard_normal())
        return texture.Bone(canvas, None, film.density[level], quality, grain)

    for level, below in zip(LEVELS, (*LEVELS[1:], "s1"), strict=True):
        one = bone(level)
        bodies.lay(placed[level], one)
        bodies.spurs(placed[level], placed[below], one)
        arches.lay(placed[level], one, size, 0.85 if level.startswith("t") else 1.0, rng)
    last = bone("sacrum")
    bodies.lay(placed["s1"], last)
    pelvis.sacrum(placed["s1"], last, size)
    pelvis.wings(placed["s1"], scene.posture, last, size, rng)
    ribs.project(placed, scene.posture, bone("t12"), size, soft.belly_mm(shape), rng)
    soft.aorta(scene.build, placed, canvas, np.random.default_rng([patient.population.seed, patient.index, 11]))
    passing = np.random.default_rng([patient.population.seed, patient.index, 10, film.number])
    coarse = soft.trunk(shape, placed, rng, passing, *canvas.axes(COARSE))
    attenuation: Array = cv2.resize(coarse, canvas.shape[::-1], interpolation=cv2.INTER_LINEAR)
    attenuation += canvas.solid * np.float32(SOFTER)
    attenuation -= np.float32(_exposed(attenuation) - EXPOSED)
    np.maximum(attenuation, np.float32(-OPEN), out=attenuation)
    return np.ascontiguousarray(attenuation[:, ::-1]) if scene.posture.right else attenuation


def _exposed(attenuation: Array) -> float:
    """Return the attenuation before the chambers of the automatic exposure, in the film's middle."""
    rows, columns = attenuation.shape
    return float(np.median(attenuation[rows // 3 : rows * 2 // 3 : 8, columns * 2 // 5 : columns * 3 // 5 : 8]))


def planes(scene: Scene) -> npt.NDArray[np.uint16]:
    """Return the vertebral bodies and the first sacral one (rows, columns) as bits (`BIT`): what outlines enclose."""
    found = np.zeros(scene.room.system.shape, np.uint16)
    for level, body in scene.placed.items():
        bit = BIT["vertebrae"] | BIT.get(level, 0)
        outline = scene.pixels(Outline(body).contour())
        low, high = np.maximum(outline.min(axis=0).astype(int) - 2, 0), outline.max(axis=0).astype(int) + 3
        part = found[low[1] : high[1], low[0] : high[0]]
        filled = np.zeros(part.shape, np.uint8)
        cv2.fillPoly(filled, [np.round((outline - low) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        part |= filled.astype(np.uint16) * np.uint16(bit)
    return found
