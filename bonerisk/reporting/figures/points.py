"""Example films with the points that were marked and those that a model found: typical, worst, and least sure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from bonerisk.evaluation.samples.located import Located, scaled
from bonerisk.imaging.film import Film
from bonerisk.reporting.figures.films import picture, shown

TABLE = "points.csv"
COLUMNS = ("split", "group", "risk", "error_mm", "error_px", "set_aside", "file")
MARKED, FOUND = (90, 200, 90), (60, 60, 230)  # blue, green, red
RADIUS = 6  # pixels of the picture


def write_points(predictions: pd.DataFrame, paths: pd.Series, folder: Path) -> None:
    """Write PNGs of example films and `points.csv`, which says which they are.

    A film whose file says that text is burned into it is passed over.

    Parameters
    ----------
    predictions : DataFrame
        Rows of one model, with points marked and found.
    paths : Series
        Path of each film by image_id.
    folder : Path
        Made here.
    """
    folder.mkdir(parents=True)
    judged = predictions[scaled(predictions)].reset_index(drop=True)
    located = Located.of(judged, judged["risk"].to_numpy())
    of_films = {"error_mm": located.error_mm, "error_px": located.error_px}
    judged = judged.assign(**{name: _mean(values) for name, values in of_films.items()})
    chosen: list[dict[str, object]] = []
    for _, rows in judged.groupby("split", sort=False):
        for group, candidates in _groups(rows):
            example = next(shown(candidates, rows["image_id"], paths), None)
            if example is not None:
                index, film = example
                name = f"{len(chosen):02d}.png"
                cv2.imwrite(str(folder / name), _drawn(film, located.true[index], located.found[index]))
                chosen.append({**dict(rows.loc[index]), "group": group, "file": name})
    pd.DataFrame(chosen).reindex(columns=list(COLUMNS)).to_csv(folder / TABLE, index=False)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean (n,) over the points of a film; NaN where none is known."""
    known = np.isfinite(values)
    return np.where(known.any(axis=1), np.nansum(values, axis=1) / known.sum(axis=1).clip(1), np.nan)


def _groups(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Index]]:
    """Yield each kind of example with the films that could be it, the best first; no film is of two kinds."""
    by_error = rows["error_px"].sort_values().index
    middle = len(by_error) // 2
    yield "typical", by_error[[*range(middle, len(by_error)), *range(middle)]]
    yield "largest error", by_error[: middle if len(by_error) > 1 else 0 : -1]
    yield "least sure", rows["risk"].sort_values(ascending=False).index


def _drawn(film: Film, marked: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The film in colours: a green ring where a point was marked, a red cross where one was found."""
    grey = picture(film)
    drawn = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    scale = max(grey.shape) / max(film.pixels.shape)
    for point in (scale * (marked + 0.5) - 0.5)[np.isfinite(marked).all(axis=1)]:
        cv2.circle(drawn, _whole(point), RADIUS, MARKED, 1, cv2.LINE_AA)
    for point in scale * (found + 0.5) - 0.5:
        cv2.drawMarker(drawn, _whole(point), FOUND, cv2.MARKER_CROSS, RADIUS, 1, cv2.LINE_AA)
    return drawn


def _whole(point: np.ndarray) -> tuple[int, int]:
    x, y = np.rint(point).astype(int).tolist()
    return x, y
