"""Grad-CAM over films: chosen films as the network sees them, and their maps in red over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd

from bonerisk.explain.attention import laid_out
from bonerisk.explain.directions import DIRECTIONS, part
from bonerisk.reporting.wording.rows import rows_of

if TYPE_CHECKING:
    from bonerisk.explain.explained import Explained

EDGE_PX = 224  # of a square picture
QUALITY = 88  # of JPEG, 0 to 100
RED = (40, 20, 235)  # blue, green, red, as OpenCV has them
OPAQUE = 0.65  # of the strongest place of a map
FILM, SHUFFLED = "film", "shuffled"
OVERLAYS = ("split", "truth", "correct", "extreme", "risk", "estimate", "t_score", "score", "direction", "file")


def write_overlays(found: Explained, folder: Path) -> None:
    """Write a JPEG of each chosen film and of each of its maps, and `overlays.csv` without any identifier.

    A map is as strong as its share of the film's strongest place in either direction, or among all classes.

    Parameters
    ----------
    found : Explained
    folder : Path
        Made here. `score` is `FILM` for the image itself, and `SHUFFLED` for the map of a network of shuffled weights.
    """
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = []
    for place, film in enumerate(rows_of(found.chosen)):
        own = found.subject.films.iloc[film.film]
        about = {"split": film.split, "truth": film.truth, "correct": film.correct, "extreme": film.extreme}
        about |= {"risk": own["risk"], "estimate": own.get("estimate"), "t_score": own.get("t_score")}
        for score, direction, picture in _pictures(found, place, film.film):
            name = f"{len(rows):03d}.jpg"  # a page of PNGs would be five times as large
            cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            rows.append({**about, "score": score, "direction": direction, "file": name})
    pd.DataFrame(rows).reindex(columns=list(OVERLAYS)).to_csv(folder / "overlays.csv", index=False)


def panels(scores: list[str]) -> list[tuple[str, str]]:
    """What is shown of a film: each class's map, or, with one score alone, its map in both directions."""
    classes = scores[1:]
    return [(score, "towards") for score in classes] or [(scores[0], direction) for direction in DIRECTIONS]


def _pictures(found: Explained, place: int, film: int) -> Iterator[tuple[str, str, np.ndarray]]:
    image = _grey(laid_out(found.subject.image(film), next(iter(found.maps.values())).shape[1:]))
    yield FILM, "", cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    shown = panels(list(found.maps))
    maps = {(score, direction): part(found.maps[score][film], direction) for score, direction in shown}
    strongest = max(of.max() for of in maps.values())
    for (score, direction), of in maps.items():
        yield score, direction, _over(image, of, strongest)
    of = np.abs(found.shuffled[shown[0][0]][place])  # which has no direction to speak of
    yield SHUFFLED, "", _over(image, of, of.max())


def _grey(image: np.ndarray) -> np.ndarray:
    """The image as uint8, with the area of a square of `EDGE_PX`: patches below each other are long."""
    scale = EDGE_PX / float(np.sqrt(image.size))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(np.rint(image).astype(np.uint8), None, fx=scale, fy=scale, interpolation=kind)


def _over(image: np.ndarray, weights: np.ndarray, strongest: float) -> np.ndarray:
    """The image with red where a map is strong."""
    share = weights / strongest if strongest > 0 else np.zeros_like(weights)
    smooth = cv2.resize(share.astype(np.float32), image.shape[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
    opaque = OPAQUE * smooth[..., None]
    return np.rint(image[..., None] * (1 - opaque) + np.array(RED) * opaque).astype(np.uint8)
