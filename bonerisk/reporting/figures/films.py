"""Example films of an evaluation: for each outcome the most extreme case and the one nearest the threshold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from bonerisk.imaging.film import Film
from bonerisk.imaging.read import read

MOST = 20  # films that are looked at for an example without burned-in text
EDGE_PX = 480  # long edge of an example
OUTCOMES = {(1, 1): "true positive", (0, 1): "false negative", (1, 0): "false positive", (0, 0): "true negative"}


def write_examples(predictions: pd.DataFrame, threshold: float, paths: pd.Series, folder: Path) -> None:
    """Write PNGs of example films and `examples.csv`, which says whose they are.

    A film whose file says that text is burned into it is passed over.

    Parameters
    ----------
    predictions : DataFrame
        Rows of one model: split, image_id, label, risk, t_score.
    threshold : float
        Risk from which a film is called positive.
    paths : Series
        Path of each film by image_id.
    folder : Path
        Made here.
    """
    folder.mkdir(parents=True)
    chosen: list[dict[str, object]] = []
    for _, rows in predictions.groupby("split", sort=False):
        for group, candidates in _groups(rows, threshold):
            example = next(shown(candidates, rows["image_id"], paths), None)
            if example is not None:
                index, film = example
                name = f"{len(chosen):02d}.png"
                cv2.imwrite(str(folder / name), picture(film))
                chosen.append({**dict(rows.loc[index]), "group": group, "file": name})
    columns = ["image_id", "split", "label", "risk", "t_score", "group", "file"]
    pd.DataFrame(chosen).reindex(columns=columns).to_csv(folder / "examples.csv", index=False)


def _groups(rows: pd.DataFrame, threshold: float) -> Iterator[tuple[str, pd.Index]]:
    """Yield each kind of example with the films that could be it, the best first."""
    distance = (rows["risk"] - threshold).abs()
    positive = (rows["risk"] >= threshold).astype(int)
    for (called, label), outcome in OUTCOMES.items():
        there = distance[(positive == called) & (rows["label"] == label)].sort_values().index
        yield f"{outcome}, {'highest risk' if called else 'lowest risk'}", there[::-1]
        yield f"{outcome}, borderline", there[:-1]


def shown(candidates: pd.Index, names: pd.Series, paths: pd.Series) -> Iterator[tuple[int, Film]]:
    """Yield the films of candidates that may be shown: none with text burned in, which may be a patient's name."""
    for index in candidates[:MOST]:
        film = read(Path(paths[names[index]]), colour="luminance")
        if not film.burned_in:
            yield index, film


def picture(film: Film) -> np.ndarray:
    """The film as 8-bit grey, as a viewer shows it, its long edge `EDGE_PX`."""
    scale = EDGE_PX / max(film.pixels.shape)
    small = cv2.resize(film.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, [0.5, 99.5])
    return (np.clip((small - low) / max(high - low, 1), 0, 1) * 255).astype(np.uint8)
