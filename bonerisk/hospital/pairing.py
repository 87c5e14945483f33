"""The DXA reading of each film: the nearest in time within a window, on request only before the first fracture."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bonerisk.errors import ConfigError

DXA_REGIONS = ("lumbar_spine", "femoral_neck", "total_hip")  # WHO's regions; the lowest counts


@dataclass(frozen=True)
class Pairing:
    """How a film gets its DXA reading.

    Parameters
    ----------
    window_days : int
        Greatest distance in days, before or after the film.
    required : bool
        Whether a film without reading is dropped.
    before_event : bool
        Leave out readings at or after a patient's first fracture, which may have been ordered because of it.
    """

    window_days: int = 180
    required: bool = True
    before_event: bool = False

    def __post_init__(self) -> None:
        if self.window_days < 0:
            raise ConfigError(
                f"window_days is {self.window_days}, but must be 0 or more", "dataset.rules.pair.window_days"
            )

    def pair(self, films: pd.DataFrame, dxa: pd.DataFrame, first_event: pd.Series) -> pd.DataFrame:
        """Find each film's reading: the nearest day, the earlier of two equally near.

        Parameters
        ----------
        films : DataFrame
            Columns `person`, `film_date`.
        dxa : DataFrame
            Columns `person`, `date` and those of `DXA_REGIONS`, one row per day.
        first_event : Series
            Date of the first fracture by person.

        Returns
        -------
        DataFrame
            One row per film, in its order: t_lumbar_spine, t_femoral_neck, t_total_hip, t_score (the lowest, in SD of
            young adults), dxa_days (from the film, negative before it) and bool tied.
        """
        if self.before_event:
            dxa = dxa[~(dxa["date"] >= dxa["person"].map(first_event))]
        films = films[["person", "film_date"]].assign(place=range(len(films))).sort_values("film_date", kind="stable")
        dxa = dxa[["person", "date", *DXA_REGIONS]].sort_values("date", kind="stable")
        window = pd.Timedelta(days=self.window_days)
        sides = [
            pd.merge_asof(
                films, dxa, left_on="film_date", right_on="date", by="person", tolerance=window, direction=direction
            )
            for direction in ("backward", "forward")
        ]
        before, after = ((side["date"] - side["film_date"]).dt.days for side in sides)
        later = after.notna() & ~(before.abs() <= after)
        chosen = sides[0].where(~later, sides[1])
        readings = chosen[list(DXA_REGIONS)].astype("float64")
        found = readings.add_prefix("t_").assign(
            t_score=readings.min(axis=1),
            dxa_days=before.where(~later, after).astype("float64"),
            tied=(before.abs() == after) & (after > 0),
        )
        return found.set_index(films["place"].to_numpy()).sort_index()
