"""Films shown with their maps: of each outcome, called rightly and wrongly, those of highest and lowest risk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.imaging.film import Colour
from bonerisk.imaging.read import read

MOST = 20  # films that are looked at for one without burned-in text
CLASS = "p_"  # columns of a class model's probabilities
TRUTH = "bone_class"


def choose(films: pd.DataFrame, outcome: str, threshold: float, paths: pd.Series, colour: Colour) -> pd.DataFrame:
    """The films to show.

    A film whose file says that text is burned into it is passed over. Equal risks are in the order of the rows.

    Parameters
    ----------
    films : DataFrame
        n rows of a predictions table.
    outcome : str
        Column of the outcome, 1 or 0; of a class model it is `TRUTH`.
    threshold : float
        Risk from which a film is called positive.
    paths : Series
        Path of each film by image_id.
    colour : {"refuse", "luminance"}

    Returns
    -------
    DataFrame
        film (number of the row), split, truth, correct, extreme (highest or lowest).
    """
    truth, called = _truth(films, outcome, threshold)
    table = films.assign(film=np.arange(len(films)), truth=truth, correct=truth == called)
    rows: dict[int, tuple[str, str, bool, str]] = {}
    for split in table["split"].unique():
        for of, correct in product(sorted(truth.dropna().unique()), (True, False)):
            chosen = (table["split"] == split) & (table["truth"] == of) & (table["correct"] == correct)
            ranked = table[chosen].sort_values("risk", ascending=False, kind="stable")
            for extreme, candidates in (("highest", ranked), ("lowest", ranked[::-1])):
                film = next(_shown(candidates, paths, colour), None)
                if film is not None:
                    rows.setdefault(film, (split, of, correct, extreme))  # the only one of its group is shown once
    columns = ["split", "truth", "correct", "extreme"]
    return pd.DataFrame(rows.values(), columns=columns).assign(film=list(rows))


def _truth(films: pd.DataFrame, outcome: str, threshold: float) -> tuple[pd.Series, pd.Series]:
    """The outcome of each film as text, and what the model calls it."""
    classes = [column for column in map(str, films) if column.startswith(CLASS)]
    if len(classes) > 1 and TRUTH in films:
        return films[TRUTH], films[classes].idxmax(axis=1).map(lambda name: str(name).removeprefix(CLASS))
    return films[outcome].map({1: "1", 0: "0"}), (films["risk"] >= threshold).map({True: "1", False: "0"})


def _shown(candidates: pd.DataFrame, paths: pd.Series, colour: Colour) -> Iterator[int]:
    """Numbers of films that may be shown: none with text burned in, which may be a patient's name."""
    for film, name in candidates[["film", "image_id"]].head(MOST).itertuples(index=False):
        if not read(Path(paths[name]), colour).burned_in:
            yield int(film)
