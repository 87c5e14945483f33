"""From a patient to what reaches the detector: the line integral of attenuation, and which organ lies where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bonerisk.phantom.chest import devices, girdle, pathology, ribs, soft, spine, vessels
from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine import texture
from bonerisk.phantom.machine.sheet import BIT, COARSE, Array, Sheet
from bonerisk.phantom.people.patient import Exposure, Patient


@dataclass(frozen=True)
class Shadow:
    """One projected patient.

    Parameters
    ----------
    attenuation : Array (rows, columns)
        Line integral through the patient.
    planes : uint16 (rows / 2, columns / 2)
        Organs as bits (`sheet.BIT`); they overlap, as in a film.
    """

    attenuation: Array
    planes: npt.NDArray[np.uint16]


def project(
    patient: Patient, film: Exposure, seed: int, pose: np.random.Generator, shape: tuple[int, int], spacing_mm: float
) -> Shadow:
    """Project `patient` on a grid of `shape` pixels, even in both directions.

    Parameters
    ----------
    patient : Patient
    film : Exposure
        Gives what changes between films: age, densities, quality, findings and view.
    seed : int
    pose : Generator
        Draws the position on the film.
    shape : (int, int)
    spacing_mm : float

    Raises
    ------
    ValueError
        `film.drawn` names a finding that can't be drawn.
    """
    body = Body(patient, film, seed, pose)
    left = -shape[1] / 2 * spacing_mm + float(pose.normal(0, 5))
    top = (body.level(1) + body.level(13)) / 2 - shape[0] / 2 * spacing_mm + float(pose.normal(4, 7))
    sheet = Sheet(shape, spacing_mm, left, top)
    tissue = soft.project(body, *sheet.axes(COARSE))
    drawn = vessels.project(body, sheet.planes.shape, COARSE * spacing_mm, left, top)
    grain = texture.grain(body.rng, film.shown_quality, sheet)
    for name, lay in (
        ("vertebrae", spine.project),
        ("ribs", ribs.project),
        ("scapulae", girdle.scapulae),
        ("humeri", girdle.humeri),
        ("clavicles", girdle.clavicles),
    ):
        quality = film.shown_quality + texture.BONE_SD * float(body.rng.standard_normal())
        lay(body, texture.Bone(sheet, name, film.density[name], quality, grain))
    pathology.calcify(body, sheet)
    devices.project(body, sheet)
    lungs = tissue.right + tissue.left
    coarse = tissue.attenuation + body.air * drawn * np.minimum(lungs / 60, 1)
    attenuation: Array = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)
    attenuation += sheet.solid
    planes = sheet.planes
    for name, chord in (
        ("body", tissue.body),
        ("lung_right", tissue.right),
        ("lung_left", tissue.left),
        ("heart", tissue.heart),
    ):
        planes |= np.where(chord > 2, np.uint16(BIT[name]), np.uint16(0))
    return _tilt(attenuation, planes, float(pose.normal(0, 0.9)))


def _tilt(attenuation: Array, planes: npt.NDArray[np.uint16], degrees: float) -> Shadow:
    """Turn the patient in the plane of the film."""
    turned: list[npt.NDArray[Any]] = []
    for image, how in ((attenuation, cv2.INTER_LINEAR), (planes, cv2.INTER_NEAREST)):
        rows, columns = image.shape
        matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), degrees, 1.0)
        turned.append(cv2.warpAffine(image, matrix, (columns, rows), flags=how, borderMode=cv2.BORDER_REPLICATE))
    return Shadow(turned[0], turned[1])
