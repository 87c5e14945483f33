"""Time the six spine variants of one decoded film, each alone and all together: `make bench`.

All six should cost at most twice one. Films are simulated; the reading of the film itself is not counted.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from bonerisk.config.build import build
from bonerisk.config.tree import config_dir
from bonerisk.datasets.phantom_spine import PhantomSpine
from bonerisk.imaging.read import read
from bonerisk.preprocessing.spine_drawing import Drawing

FILMS, ROUNDS = 8, 5
VARIANTS = [f"spine_{shape}{masked}" for shape in ("l1l5", "l1l4", "patches") for masked in ("", "_masked")]


def main() -> None:
    """Print the time of each variant and of all, in milliseconds a film, and the ratio to the dearest."""
    load = {name: yaml.safe_load((config_dir() / "preprocessing" / f"{name}.yaml").read_text()) for name in VARIANTS}
    transforms = {name: build(node) for name, node in load.items()}
    with tempfile.TemporaryDirectory() as folder:
        cohort = PhantomSpine(patients=FILMS, prevalent="keep").load(Path(folder))
        if cohort.make_films:
            cohort.make_films(cohort.table["image_id"])
        films = [
            replace(read(Path(row["image_path"])), row={str(key): value for key, value in row.items()})
            for _, row in cohort.table.iterrows()
        ]
        alone = {name: timed(films, [transform]) for name, transform in transforms.items()}
        together = timed(films, list(transforms.values()), shared=True)
    for name, seconds in alone.items():
        print(f"{name:22} {1000 * seconds:6.1f} ms")
    one = {"dearest": max(alone.values()), "cheapest": min(alone.values())}
    ratios = ", ".join(f"{together / seconds:.1f} × the {name}" for name, seconds in one.items())
    print(f"{'all six':22} {1000 * together:6.1f} ms, {ratios}")


def timed(films: list, transforms: list, shared: bool = False) -> float:
    """Median processor seconds a film; shared: what variants have in common is drawn once, as on the page."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for film in films:
            drawing = Drawing(film)
            for transform in transforms:
                transform.draw(drawing if shared else Drawing(film))
        times.append((time.process_time() - start) / len(films))
    return float(np.median(times))


if __name__ == "__main__":
    main()
