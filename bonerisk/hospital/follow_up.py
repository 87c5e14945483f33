"""Follow-up of each film: the next fracture, death or last contact, in years from the film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.hospital.codes import ENCOUNTER, EVENT
from bonerisk.hospital.doubt import EVER

DAYS_PER_YEAR = 365.25
DOUBTFUL = "a diagnosis whose day or code is not known may be a fracture"


@dataclass(frozen=True)
class FollowUp:
    """The rules of follow-up.

    Parameters
    ----------
    required : bool
        Whether the cohort needs an outcome; if not, films without follow-up stay.
    min_years : float
        Drop films followed for less than this without a fracture.
    look_back_days : int, optional
        Drop films with a prevalent fracture: one, or an encounter after one, in this many days before the film or on
        its day; None looks back over the whole record.
    """

    required: bool = True
    min_years: float = 0.0
    look_back_days: int | None = 365

    def __post_init__(self) -> None:
        for name, value in (("min_years", self.min_years), ("look_back_days", self.look_back_days or 0)):
            if value < 0:
                raise ConfigError(f"{name} is {value}, but must be 0 or more", f"dataset.rules.follow_up.{name}")


def follow(films: pd.DataFrame, fractures: pd.DataFrame, ends: pd.DataFrame, rule: FollowUp) -> pd.DataFrame:
    """Follow each film to the first of fracture, death and last contact.

    Parameters
    ----------
    films : DataFrame
        Columns `person`, `film_date`.
    fractures : DataFrame
        Columns `person`, `date`, `until`, `kind`, `sure` as `FractureCodes.classify` gives them.
    ends : DataFrame
        Columns `last_contact`, `death_date`, one row per person, indexed by it; follow-up ends at the last contact.
    rule : FollowUp

    Returns
    -------
    DataFrame
        One row per film, with its index: event, competing_event (1/0), time_years, bool prevalent, and `problem` (text,
        None where there is none) for a film whose dates contradict each other.
    """
    fractures, doubtful = fractures[fractures["sure"]], fractures[~fractures["sure"]]
    end = films["person"].map(ends["last_contact"])
    death = films["person"].map(ends["death_date"])
    events = fractures[fractures["kind"] == EVENT]
    following = _nearest(films, events, "forward")
    known = _nearest(films, fractures[fractures["kind"].isin([EVENT, ENCOUNTER])], "backward")
    prevalent = known.notna()
    if rule.look_back_days is not None:
        prevalent &= films["film_date"] - known <= pd.Timedelta(days=rule.look_back_days)
    last = films["person"].map(events.groupby("person")["date"].max())
    event = following <= end
    time = (following.where(event, end) - films["film_date"]).dt.days / DAYS_PER_YEAR
    problem = pd.Series(None, films.index, dtype="object")
    before = following - pd.Timedelta(days=1)
    decisive = _decisive(films, doubtful, before.where(event, end), rule) & ~prevalent
    for wrong, reason in (
        (decisive, DOUBTFUL),
        (end.isna(), "no last contact"),
        (last > death, "a fracture is dated after the patient's death"),
        (end < films["film_date"], "the last contact lies before the film"),
        (films["film_date"] > death, "the film is dated after the patient's death"),
    ):
        problem = problem.mask(wrong, reason)
    return pd.DataFrame(
        {
            "event": event.astype("float64"),
            "competing_event": (~event & (death <= end)).astype("float64"),
            "time_years": time,
            "prevalent": prevalent,
            "problem": problem,
        }
    )


def _decisive(films: pd.DataFrame, doubtful: pd.DataFrame, end: pd.Series, rule: FollowUp) -> pd.Series:
    """Whether a doubtful row may lie where it would change a film's outcome: from the look-back to the day `end`."""
    first = pd.Series(EVER[0], films.index)
    if rule.look_back_days is not None:
        first = films["film_date"] - pd.Timedelta(days=rule.look_back_days)
    known = films[["person", "film_date"]].assign(first=first, end=end, place=films.index)
    pairs = known.merge(doubtful[["person", "date", "until", "kind"]], on="person")
    last = pairs["end"].mask(pairs["kind"] == ENCOUNTER, pairs["film_date"])  # a later encounter is no event
    met = (pairs["until"] >= pairs["first"]) & (pairs["date"] <= last) & pairs["kind"].isin([EVENT, ENCOUNTER])
    return pd.Series(films.index.isin(pairs.loc[met, "place"]), films.index)


def _nearest(films: pd.DataFrame, dated: pd.DataFrame, direction: Literal["backward", "forward"]) -> pd.Series:
    """Return the date of the next row after each film's day (forward), or of the last row until then (backward)."""
    left = films[["person", "film_date"]].assign(place=films.index).sort_values("film_date", kind="stable")
    right = dated[["person", "date"]].sort_values("date", kind="stable")
    found = pd.merge_asof(
        left,
        right,
        left_on="film_date",
        right_on="date",
        by="person",
        direction=direction,
        allow_exact_matches=direction == "backward",
    )
    return found.set_index("place")["date"].reindex(films.index)
