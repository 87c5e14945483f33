"""Example films of an evaluation: for each outcome the most extreme case and the one nearest the threshold."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from bonerisk.imaging.film import Film
from bonerisk.imaging.read import read

EDGE_PX = 480  # long edge of an example
OUTCOMES = {(1, 1): "true positive", (0, 1): "false negative", (1, 0): "false positive", (0, 0): "true negative"}


def write_examples(predictions: pd.DataFrame, threshold: float, paths: pd.Series, folder: Path) -> None:
    """Write PNGs of example films and `examples.csv`, which says whose they are.

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
    chosen = pd.concat([_choose(rows, threshold) for _, rows in predictions.groupby("split", sort=False)])
    chosen["file"] = [f"{number:02d}.png" for number in range(len(chosen))]
    for image_id, name in zip(chosen["image_id"], chosen["file"], strict=True):
        cv2.imwrite(str(folder / name), _picture(read(Path(paths[image_id]))))
    columns = ["image_id", "split", "label", "risk", "t_score", "group", "file"]
    chosen.reindex(columns=columns).to_csv(folder / "examples.csv", index=False)


def _choose(rows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    distance = (rows["risk"] - threshold).abs()
    positive = (rows["risk"] >= threshold).astype(int)
    found = []
    for (called, label), outcome in OUTCOMES.items():
        there = distance[(positive == called) & (rows["label"] == label)].sort_values()
        extreme = "highest risk" if called else "lowest risk"
        picks = {extreme: there.index[-1:], "borderline": there.index[: min(len(there) - 1, 1)]}
        found += [rows.loc[index].assign(group=f"{outcome}, {kind}") for kind, index in picks.items() if len(index)]
    return pd.concat(found)


def _picture(film: Film) -> np.ndarray:
    """The film as 8-bit grey, as a viewer shows it, its long edge `EDGE_PX`."""
    scale = EDGE_PX / max(film.pixels.shape)
    small = cv2.resize(film.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, [0.5, 99.5])
    return (np.clip((small - low) / max(high - low, 1), 0, 1) * 255).astype(np.uint8)
