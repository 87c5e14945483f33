"""How many films of other kinds `bonerisk predict` flags: made of a training's own test films, simulated, or drawn.

The images are PNG, so that no header gives them away: the table is of the distance alone.

Usage: python scripts/table_unfamiliar.py RUN FOLDER [--films N]
RUN is a training on dataset=phantom_chest; FOLDER gets the images.
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from bonerisk.config.order import order_of
from bonerisk.imaging.film import Film
from bonerisk.imaging.read import read
from bonerisk.jobs.predict import predict
from bonerisk.models import load_model
from bonerisk.models.components import component
from bonerisk.models.several import dataset_of
from bonerisk.parts import Dataset
from bonerisk.phantom.lumbar.films import expose
from bonerisk.phantom.lumbar.projection import scene
from bonerisk.phantom.people.clinic import Clinic
from bonerisk.phantom.people.clinic_draw import draw

Grey = np.ndarray  # (height, width) of uint16, over the whole range
SIDE = 1200
FULL = 65535


def whole_range(film: Film) -> Grey:
    """The film's pixels as 16 bits."""
    return (film.pixels.astype(np.uint32) << (16 - film.bits)).astype(np.uint16)


def photograph(image: Grey, random: np.random.Generator) -> Grey:
    """The film on a light box, taken at an angle in uneven light, with the box's frame around it."""
    height, width = image.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inside = corners * 0.72 + np.array([width, height], np.float32) * 0.14
    seen = inside + random.normal(0, 0.03 * width, (4, 2)).astype(np.float32)
    way = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    shown = cv2.warpPerspective(image.astype(np.float32), way, (width, height), borderValue=0.9 * FULL)
    across, down = (np.linspace(*random.uniform(0.65, 1.1, 2), n) for n in (width, height))
    away = (np.indices(image.shape).T - random.uniform(0.2, 0.8, 2) * image.shape) / (0.1 * width)
    glare = np.exp(-(away**2).sum(-1)).T
    noisy = shown * down[:, None] * across + 0.5 * FULL * glare + random.normal(0, 0.02 * FULL, image.shape)
    return np.clip(noisy, 0, FULL).astype(np.uint16)


def bone(thickness: np.ndarray, ends: list[tuple[float, float]], width: float) -> None:
    """Add a long bone and the flesh around it to a map of thickness."""
    (a, b) = np.array(ends, int)
    flesh, solid = np.zeros_like(thickness), np.zeros_like(thickness)
    cv2.line(flesh, a.tolist(), b.tolist(), 1.0, int(3.2 * width))
    cv2.line(solid, a.tolist(), b.tolist(), 1.0, int(width))
    for end in (a, b):
        cv2.circle(solid, end.tolist(), int(0.75 * width), 1.0, -1)
    np.maximum(thickness, 0.35 * flesh + 0.5 * solid, out=thickness)


def hand(random: np.random.Generator) -> Grey:
    """A drawn hand: five rays of three or four bones, a wrist, and two bones of the forearm."""
    thickness = np.zeros((SIDE, SIDE), np.float32)
    wrist, unit = np.array([0.5 * SIDE, 0.72 * SIDE]) + random.normal(0, 20, 2), SIDE * random.uniform(0.85, 1.05)
    for angle, length in zip(np.deg2rad([-48, -17, -4, 9, 23]), [0.36, 0.55, 0.6, 0.56, 0.47], strict=True):
        along = np.array([np.sin(angle), -np.cos(angle)]) * length * unit
        stops = [0.12, 0.45, 0.7, 0.86, 1.0] if length > 0.4 else [0.2, 0.55, 0.8, 1.0]
        for start, end in pairwise(stops):
            bone(thickness, [wrist + start * along, wrist + (end - 0.02) * along], 0.026 * unit)
    for _ in range(8):
        cv2.circle(
            thickness, (wrist + random.normal(0, 0.035 * unit, 2)).astype(int).tolist(), int(0.03 * unit), 0.8, -1
        )
    for side in (-0.05, 0.06):
        bone(
            thickness, [wrist + np.array([side, 0.07]) * unit, wrist + np.array([1.2 * side, 0.5]) * unit], 0.05 * unit
        )
    soft = cv2.GaussianBlur(thickness, None, 4)
    return np.clip((soft + random.normal(0, 0.01, soft.shape)) * 0.9 * FULL, 0, FULL).astype(np.uint16)


def lateral_chest(random: np.random.Generator) -> Grey:
    """A drawn lateral chest: trunk, lungs, heart, spine behind and sternum in front."""
    y, x = np.indices((SIDE, SIDE)) / SIDE

    def blob(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        cx, cy = np.array([cx, cy]) + random.normal(0, 0.01, 2)
        return np.sqrt(np.clip(1 - ((x - cx) / rx) ** 2 - ((y - cy) / ry) ** 2, 0, None))

    dense = 1.0 * blob(0.5, 0.55, 0.36, 0.75) - 0.75 * blob(0.48, 0.5, 0.27, 0.36) + 0.45 * blob(0.38, 0.63, 0.14, 0.14)
    for level in np.arange(0.05, 1, 0.075):
        dense += 0.3 * blob(0.7 + 0.05 * np.sin(3 * level), level, 0.05, 0.032)
    dense += 0.2 * blob(0.22 + 0.02, 0.45, 0.02, 0.25)
    soft = cv2.GaussianBlur(dense.astype(np.float32), None, 3) + random.normal(0, 0.01, dense.shape)
    return np.clip(soft / 1.5 * FULL, 0, FULL).astype(np.uint16)


def lumbar(index: int) -> Grey:
    """A simulated lateral lumbar film: spine, pelvis and abdomen."""
    patient = draw(Clinic(), index)
    film = patient.films[0]
    return (expose(patient, film, scene(patient, film)).astype(np.uint32) << 4).astype(np.uint16)


def kinds(ordinary: pd.DataFrame) -> Iterator[tuple[str, Callable[[int, np.random.Generator], Grey]]]:
    """Each kind of film, and what makes one."""

    def of(number: int) -> Grey:
        return whole_range(read(Path(ordinary["image_path"].iloc[number % len(ordinary)])))

    yield "chest, inverted", lambda n, random: FULL - of(n)
    yield "chest, turned by 90°", lambda n, random: np.ascontiguousarray(np.rot90(of(n)))
    yield "chest, upside down", lambda n, random: np.ascontiguousarray(of(n)[::-1])
    yield "chest, the upper half alone", lambda n, random: np.ascontiguousarray(of(n)[: of(n).shape[0] // 2])
    yield "photograph of a chest film", lambda n, random: photograph(of(n), random)
    yield "lateral lumbar spine (simulated)", lambda n, random: lumbar(n)
    yield "lateral chest (drawn)", lambda n, random: lateral_chest(random)
    yield "hand (drawn)", lambda n, random: hand(random)
    yield "noise", lambda n, random: random.integers(0, FULL, (SIDE, SIDE), dtype=np.uint16)


def judged(run: Path, films: Path) -> pd.DataFrame:
    """Predictions of the films in a folder."""
    scored = predict(order_of("predict", [f"run='{run}'", f"dataset.films=['{films}']", "pages=0"]))
    return pd.read_parquet(scored / "predictions.parquet")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=40)
    given = parser.parse_args()
    model = load_model(given.run)
    table = component(dataset_of([model]), Dataset, "dataset").load(Path("data")).table
    unseen = table[table["split"].isin(["test", "external"])]
    groups: dict[str, Path] = {}
    for split, rows in unseen.groupby("split", sort=False):
        folder = given.folder / f"chest, {split} split"
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in zip(rows["image_id"], rows["image_path"], strict=True):
            if not (folder / f"{name}.png").exists():
                cv2.imwrite(str(folder / f"{name}.png"), whole_range(read(Path(path))))
        groups[folder.name] = folder
    for kind, make in kinds(unseen[unseen["split"] == "test"]):
        folder = groups[kind] = given.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(given.films):
            if not (folder / f"{number}.png").exists():
                cv2.imwrite(str(folder / f"{number}.png"), make(number, np.random.default_rng(number)))
    print(f"{'films':36s} {'n':>5s} {'flagged':>8s} {'distance / limit, median (5th to 95th percentile)':s}")
    for kind, folder in groups.items():
        found = judged(given.run, folder)
        ratio = found["distance"] / found["distance_limit"]
        low, middle, high = ratio.quantile([0.05, 0.5, 0.95])
        print(f"{kind:36s} {len(found):5d} {found['unfamiliar'].mean():8.1%} {middle:6.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
