"""Simulated X-ray systems: exposure, scatter, blur, noise, collimation, marker and display processing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bonerisk.phantom.machine.sheet import Array

BITS = 12
TOP = 2**BITS - 1


@dataclass(frozen=True)
class System:
    """One hospital's X-ray system and its processing; assumed: values within the range of digital radiography.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the film, even.
    spacing_mm : float
    monochrome : int
        1: low values are bright, 2: high values are bright.
    quanta : float
        Detected quanta a pixel in the open beam.
    scatter : float
        Ratio of scattered to primary radiation behind the grid, both averaged over the film.
    blur_px : float
        SD of the detector's point spread.
    equalisation : float
        Share of coarse contrast that processing removes.
    sharpening : float
        Share of fine contrast that processing adds.
    gamma : float
        Steepness of the display curve.
    window : (float, float)
        WindowCenter and WindowWidth.
    """

    manufacturer: str
    model: str
    shape: tuple[int, int]
    spacing_mm: float
    monochrome: int
    quanta: float
    scatter: float
    blur_px: float
    equalisation: float
    sharpening: float
    gamma: float
    window: tuple[float, float]


SYSTEMS = {
    "site_a": System(
        "Aldermoor Imaging", "Lumen DR-43", (1024, 1024), 0.35, 2, 60_000, 0.07, 0.6, 0.45, 0.8, 3.4, (2048.0, 4096.0)
    ),
    "site_b": System(
        "Borrowdale Medical", "Clarity 35C", (1120, 1024), 0.34, 1, 25_000, 0.11, 1.0, 0.35, 0.6, 3.2, (2000.0, 3600.0)
    ),
    # Of further sites (`bonerisk.phantom.people.sites`): noisy and hard; soft; blurred, as an imaging plate's.
    "site_c": System(
        "Caldbeck Digital", "Slate 17", (1152, 1152), 0.31, 2, 18_000, 0.13, 0.8, 0.25, 1.1, 3.7, (2048.0, 4096.0)
    ),
    "site_d": System(
        "Dunmail X-ray", "Axis 2", (1040, 1024), 0.35, 1, 40_000, 0.09, 0.9, 0.60, 0.5, 3.0, (2100.0, 3800.0)
    ),
    "site_e": System(
        "Ennerdale Plate", "EP-10", (1008, 1008), 0.36, 1, 12_000, 0.10, 1.6, 0.30, 0.4, 3.2, (2000.0, 3600.0)
    ),
}


GRIDLESS = 1.8  # factor on the scatter of a portable film; assumed: taken with a light grid or none
RAW_BLACK, RAW_PER_UNIT = 200, 455  # of 4,095: the open beam, and steps per unit of the natural logarithm


def detect(
    system: System, attenuation: Array, rng: np.random.Generator, portable: bool = False, letter: str | None = None
) -> Array:
    """Return the detector's signal (rows, columns), as a share of the open beam, from line integrals of attenuation.

    `letter` is that of the lead marker; by default that of the side beside which it lies, or AP on a portable film.
    """
    signal: Array = cv2.exp(-attenuation)
    signal += _scatter(system, signal) * np.float32(GRIDLESS if portable else 1)
    signal = cv2.GaussianBlur(signal, (0, 0), system.blur_px)
    signal *= _beam(system, rng, portable, letter)
    quanta = system.quanta * np.exp(rng.normal(0, 0.25))
    cv2.setRNGSeed(int(rng.integers(2**31)))  # OpenCV's normal deviates cost a quarter of NumPy's
    noise: Array = cv2.randn(np.empty_like(signal), np.zeros(1), np.full(1, quanta**-0.5))
    noise *= np.sqrt(signal)
    signal += noise
    return signal


def raw(signal: Array) -> npt.NDArray[np.uint16]:
    """Return the film (rows, columns) for processing: 12 bit, the exposure's plain logarithm, bright = dense."""
    dense: Array = cv2.log(np.maximum(signal, np.float32(1e-4)))
    return np.asarray(np.clip(RAW_BLACK - dense * np.float32(RAW_PER_UNIT), 0, TOP), np.uint16)


def _scatter(system: System, primary: Array) -> Array:
    """Scattered radiation: broad and smooth over the film."""
    small = cv2.resize(primary, None, fx=1 / 16, fy=1 / 16, interpolation=cv2.INTER_AREA)
    small = np.minimum(small, 0.35)  # the open beam beside the body scatters nothing
    broad = cv2.GaussianBlur(small, (0, 0), 45 / system.spacing_mm / 16)
    return cv2.resize(broad * np.float32(system.scatter), primary.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _beam(system: System, rng: np.random.Generator, portable: bool, letter: str | None) -> Array:
    """Heel effect, collimator blades and the lead marker, as factors of the signal."""
    rows, columns = system.shape
    blades = []
    for size, edges in ((rows, rng.uniform(-25, 7, 2)), (columns, rng.uniform(-25, 7, 2))):
        place = np.arange(size, dtype=np.float32)
        inside = np.minimum(place - edges[0] / system.spacing_mm, size - 1 - edges[1] / system.spacing_mm - place)
        blades.append(np.clip(inside / 3 + 0.5, 0.02, 1).astype(np.float32))
    heel = 1 + np.float32(rng.normal(0, 0.04)) * np.linspace(-1, 1, rows, dtype=np.float32)
    beam = (blades[0] * heel)[:, None] * blades[1][None, :]
    _mark(system, beam, rng, portable, letter)
    return beam


def _mark(system: System, beam: Array, rng: np.random.Generator, portable: bool, letter: str | None) -> None:
    """Draw the marker: `letter`, or that of a side beside that shoulder, or AP on a portable film."""
    left = rng.random() < 0.7
    size = 22 / system.spacing_mm
    high, wide = int(size * 1.6), int(size * (2.4 if portable else 1.6))
    y = int(rng.uniform(10, 24) / system.spacing_mm)
    x = int(rng.uniform(8, 24) / system.spacing_mm)
    x = beam.shape[1] - wide - x // 2 if left else x
    patch = np.zeros((high, wide), np.uint8)
    text = letter or ("AP" if portable else "L" if left else "R")
    cv2.putText(patch, text, (int(size * 0.35), int(size * 1.2)), 0, size / 32, 255, 5, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.normal(0, 6), 1)
    lead = cv2.warpAffine(patch, turn, (wide, high)).astype(np.float32) / 255
    beam[y : y + high, x : x + wide] *= 1 - np.float32(0.97) * lead


def display(
    system: System, signal: Array, rng: np.random.Generator, open_beam: float = np.inf
) -> npt.NDArray[np.uint16]:
    """Return the film (rows, columns) for presentation, 12 bit, bright = dense.

    Logarithm, equalisation, sharpening, and a display curve fitted to the film's own histogram.

    Parameters
    ----------
    system : System
    signal : Array (rows, columns)
        Of `detect`.
    rng : Generator
    open_beam : float
        Signal from which on a pixel lies beside the patient, and doesn't count in the histogram.
    """
    dark: Array = cv2.log(np.maximum(signal, np.float32(1e-4)))
    small: Array = -cv2.resize(dark, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    slow = cv2.GaussianBlur(small, (0, 0), 32 / system.spacing_mm / 8)
    medium = cv2.GaussianBlur(small, (0, 0), 2.5 / system.spacing_mm / 8)
    change = -system.equalisation * slow - system.sharpening * medium
    chest = small * (1 + system.sharpening) + change
    rows, columns = chest.shape
    chest = chest[rows // 6 : rows * 5 // 6, columns // 6 : columns * 5 // 6]
    patient = small[rows // 6 : rows * 5 // 6, columns // 6 : columns * 5 // 6] > -np.log(open_beam)
    low, high = np.quantile(chest[patient], (0.03, 0.97)) + rng.normal(0, 0.03, 2)
    steep = float(system.gamma / (high - low))
    level = (change - float(low)) * steep - 0.45 * system.gamma
    dark *= steep * (1 + system.sharpening)
    dark -= cv2.resize(level, dark.shape[::-1], interpolation=cv2.INTER_LINEAR)
    curve: Array = cv2.exp(dark, dark)  # the display curve is TOP / (1 + exp(dark))
    curve += 1
    np.divide(TOP, curve, out=curve)
    curve += 0.5
    return curve.astype(np.uint16)
