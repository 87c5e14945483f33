"""Which columns of a cohort a model may see."""

from __future__ import annotations

from collections.abc import Sequence

from bonerisk.cohort.controls import ORACLE
from bonerisk.cohort.table import COMPETING_TIME, CONFIDENCE, FOLLOW_UP, ORIGIN, SAMPLING, SEEN, SOURCE
from bonerisk.errors import ConfigError

NO_FEATURES = (
    "patient_id",
    "image_id",
    "split",
    "film_date",
    "label",
    *FOLLOW_UP,
    COMPETING_TIME,
    *SEEN,
    *SAMPLING,
    ORIGIN,
    CONFIDENCE,
    SOURCE,
)  # identity, date, outcome, how rows are weighed, and where they and their labels come from


def forbidden(name: str) -> bool:
    """Whether a column can't be a feature: an identifier, a date, an outcome or a simulated truth."""
    return name in NO_FEATURES or name.startswith(ORACLE)


def wrong_features(names: Sequence[str] | None, key: str) -> list[ConfigError]:
    """Errors in a list of features that are wrong for any table: none, one twice, or one that is not allowed.

    Parameters
    ----------
    names : sequence of str or None
        None: no list is given, which is no error.
    key : str
        Key of the configuration, for the errors.
    """
    if names is None:
        return []
    wrong = [ConfigError(f"{name} can't be a feature", key, "take it out") for name in names if forbidden(name)]
    twice = sorted({name for name in names if names.count(name) > 1})
    wrong += [ConfigError(f"{name} is listed twice", key, "take one out") for name in twice]
    return wrong if names else [ConfigError("no feature is named", key, f"'{key}=[…]', or {key}=null")]
