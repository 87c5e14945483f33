"""A sample of films with points: where they were marked, and where a model finds them.

Only films whose first and last point are marked are judged: the distance of these two is the scale of all errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bonerisk.keypoints import columns, oks

Array = np.ndarray

FOUND = "found_"  # before a point's columns: where the model finds it
ASIDE = "set_aside"  # 1: the model's doubt is too great
PREDICTED = re.compile(rf"{FOUND}.+_(?:[xy]_px|score)|{ASIDE}")  # columns that a model gives
SPACING = ("row_spacing_mm", "column_spacing_mm")  # at the detector


def names_of(predictions: pd.DataFrame) -> tuple[str, ...]:
    """Names of the points that predictions have, from the first to the last."""
    start, end = FOUND, "_x_px"
    there = [str(name) for name in predictions if str(name).startswith(start) and str(name).endswith(end)]
    return tuple(name[len(start) : -len(end)] for name in there)


def scaled(films: pd.DataFrame) -> Array:
    """Whether the first and the last point of each film are marked, (n,)."""
    names = names_of(films)
    ends = columns.columns([names[0], names[-1]]) if names else []
    return films[ends].notna().all(axis=1).to_numpy()


@dataclass(frozen=True, eq=False)
class Located:
    """Films with points.

    Parameters
    ----------
    found, true : array (n, k, 2)
        x and y in pixels of the film, from the first to the last point.
    marked : array (n, k) of bool
        Others do not count; the first and the last are marked.
    risk : array (n,)
        Doubt of the model: 1 less the lowest score of a point.
    aside : array (n,) of bool
        Whether the model sets the film aside, as its doubt is too great.
    spacing_mm : array (n, 2)
        Distance of rows and of columns at the detector; NaN where it is unknown.
    patient : array (n,) of int
        Which patient a film belongs to, a column of the draws.

    Examples
    --------
    >>> true = np.array([[[10.0, 10.0], [10.0, 110.0]]])
    >>> film = Located(true + [3, 4], true, np.ones((1, 2), bool), *map(np.array, ([0.1], [False], [[0.2, 0.2]], [0])))
    >>> film.error_px.tolist(), film.error_mm.round(3).tolist(), film.similarity.round(3).tolist()
    ([[5.0, 5.0]], [[1.0, 1.0]], [0.607])
    """

    found: Array
    true: Array
    marked: Array
    risk: Array
    aside: Array
    spacing_mm: Array
    patient: Array

    @classmethod
    def of(cls, films: pd.DataFrame, risk: Array, patient: Array | None = None) -> Located:
        """Films of a predictions table that are `scaled`, in its order; without `patient` each film is its own.

        Before a model is chosen no point is found: then all films are there, with no point.
        """
        keep, names = scaled(films), names_of(films)
        table, owners = films[keep], np.arange(len(films)) if patient is None else patient
        there = columns.columns(names)
        true = table[there].to_numpy(dtype=float).reshape(len(table), -1, 2)
        found = table[[FOUND + name for name in there]].to_numpy(dtype=float).reshape(true.shape)
        aside = table.get(ASIDE, pd.Series(0, table.index)).to_numpy() == 1
        spacing = table[list(SPACING)].to_numpy(dtype=float)
        return cls(found, true, np.isfinite(true).all(axis=2), np.asarray(risk)[keep], aside, spacing, owners[keep])

    def __len__(self) -> int:
        return len(self.true)

    @cached_property
    def length(self) -> Array:
        """Distance (n,) from the first to the last point in pixels: the scale."""
        return oks.length(self.true)

    @cached_property
    def similarity(self) -> Array:
        """OKS (n,)."""
        return oks.similarity(self.found, self.true, self.marked, oks.SCALE * self.length)

    @cached_property
    def error_px(self) -> Array:
        """Distance (n, k) of the points found from those marked; NaN where none is marked."""
        return np.where(self.marked, np.linalg.norm(self.found - self.true, axis=2), np.nan)

    @cached_property
    def error_mm(self) -> Array:
        """The same in mm at the detector; NaN where the spacing is unknown."""
        apart = (self.found - self.true) * self.spacing_mm[:, None, ::-1]
        return np.where(self.marked, np.linalg.norm(apart, axis=2), np.nan)

    @cached_property
    def n_patients(self) -> int:
        """Distinct patients."""
        return len(np.unique(self.patient))

    @property
    def one_film_each(self) -> bool:
        """Whether no patient has a second film."""
        return self.n_patients == len(self)

    def n_events_by(self, horizon: float) -> int:
        """Films set aside; there are no horizons."""
        return int(self.aside.sum())

    def patients_with(self, label: int, horizon: float = np.nan) -> int:
        """All patients: points need neither a number with an outcome nor one without."""
        return self.n_patients

    def reaches(self, horizon: float) -> bool:
        """Whether the points are known up to a horizon: they always are."""
        return True

    def drawn(self, weights: Array | None = None) -> DrawnPoints:
        """The films under `weights` (draws, n); None: each film once."""
        return DrawnPoints(self, np.ones((1, len(self))) if weights is None else weights)


@dataclass(frozen=True, eq=False)
class DrawnPoints:
    """Films with points in some draws.

    Parameters
    ----------
    sample : Located
    weights : array (draws, n)
    """

    sample: Located
    weights: Array

    def of_points(self, values: Array) -> tuple[Array, Array]:
        """Known values (m,) of points, from (n, k), and the weights (draws, m) of their films."""
        film, point = np.nonzero(np.isfinite(values))
        return values[film, point], self.weights[:, film]
