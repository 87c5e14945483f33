"""Draw simulated lateral lumbar films side by side, with their true points and outlines if asked for.

Usage: python scripts/spine_sheet.py SHEET.png PATIENT[:FILM]… [--truth] [--height PX]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from bonerisk.phantom.lumbar.films import expose
from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.projection import scene
from bonerisk.phantom.people.clinic import Clinic
from bonerisk.phantom.people.clinic_draw import draw

COLUMNS = 4
POINT, LINE = (80, 255, 80), (0, 190, 255)  # blue, green, red


def tile(index: int, number: int, truth: bool, height: int) -> np.ndarray:
    """Return a film in a frame of 0.6 times its height, named below the patient's number and deformities."""
    patient = draw(Clinic(), index)
    film = patient.films[number]
    drawn = scene(patient, film)
    image = cv2.cvtColor((expose(patient, film, drawn) >> 4).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    for body in drawn.placed.values() if truth else ():
        line = np.round(drawn.pixels(Outline(body).contour())).astype(np.int32)
        cv2.polylines(image, [line], True, LINE, 2, cv2.LINE_AA)
        for x, y in np.round(drawn.pixels(body.points)).astype(int).tolist():
            cv2.circle(image, (x, y), 7, POINT, -1)
    scale = height / image.shape[0]
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((height, max(int(0.61 * height), small.shape[1]), 3), 60, np.uint8)
    frame[: small.shape[0], : small.shape[1]] = small[:height]
    told = ", ".join(f"{one.level} {one.kind}" for one in patient.shown(film).values())
    words = f"{index}:{number} {patient.sex}{film.age_years:.0f} density {film.density['l3']:.2f} {told}"
    cv2.putText(frame, words, (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.45, LINE, 1, cv2.LINE_AA)
    return frame


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("films", nargs="+")
    parser.add_argument("--truth", action="store_true")
    parser.add_argument("--height", type=int, default=1000)
    given = parser.parse_args()
    tiles = []
    for name in given.films:
        index, _, number = name.partition(":")
        tiles.append(tile(int(index), int(number or 0), given.truth, given.height))
    wide = max(one.shape[1] for one in tiles)
    tiles = [np.pad(one, ((0, 0), (0, wide - one.shape[1]), (0, 0))) for one in tiles]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % min(COLUMNS, len(tiles)))
    columns = min(COLUMNS, len(tiles))
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    cv2.imwrite(str(given.sheet), np.vstack(rows))


if __name__ == "__main__":
    main()
