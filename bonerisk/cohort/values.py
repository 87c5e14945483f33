"""What a cell of a user's table means: text to numbers, ages, dates, sexes and classes.

Every parser takes a Series of text (None where missing) and returns one of values, missing where it can't tell:
nothing ambiguous is guessed. `BOUNDS` are the limits within which a number can be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from bonerisk.cohort.table import SPLITS

MISSING = {"", "na", "n/a", "#n/a", "nan", "nat", "null", "none", ".", "-", "–", "?"}  # in lower case
YEARS = {"": 1.0, "Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}  # DICOM's age units (PS3.5, AS)
SEX_WORDS = {"f": "F", "female": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}
CLASS_WORDS = {
    "normal": "normal",
    "low_bone_mass": "low_bone_mass",
    "osteopenia": "low_bone_mass",
    "osteopenic": "low_bone_mass",
    "osteoporosis": "osteoporosis",
    "osteoporotic": "osteoporosis",
}
FLAG_WORDS = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "no": 0.0, "yes": 1.0}
BOUNDS = {
    "age_years": (0.0, 120.0),
    "t_score": (-8.0, 8.0),
    "time_years": (0.0, 120.0),
    "height_cm": (30.0, 250.0),
    "weight_kg": (0.3, 400.0),
    "bmi_kg_m2": (5.0, 150.0),
}

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


def present(text: pd.Series) -> pd.Series:
    """Return `text` stripped, with None for the ways to write that there is nothing."""
    text = text.astype("object").str.strip()
    return text.where(text.notna() & ~text.str.lower().isin(MISSING), None)


def number(text: pd.Series) -> pd.Series:
    """Numbers with a decimal point or comma; a minus may be the typographic one. "1.234,5" is not guessed at."""
    plain = text.str.replace("[\u2212\u2013]", "-", regex=True).str.replace(",", ".")
    return pd.to_numeric(plain.where(plain.str.fullmatch(NUMBER).eq(True)), errors="coerce").astype("float64")


def age(text: pd.Series) -> pd.Series:
    """Ages in years from "58", "58,5", or DICOM's "058Y", "8M", "12W", "400D"."""
    parts = text.str.upper().str.extract(r"^(.*?)\s*([YMWD]?)$")
    return number(parts[0]) * parts[1].map(YEARS)


def date(text: pd.Series) -> pd.Series:
    """Dates from "2024-05-31", "20240531", or either with a time; day and month are never guessed."""
    parts = text.str.extract(r"^(\d{4})(-?)(\d\d)\2(\d\d)(?:[T ].*)?$")
    return pd.to_datetime(parts[0] + parts[2] + parts[3], format="%Y%m%d", errors="coerce").astype("datetime64[ns]")


def sex(text: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    """F or M from words, or from the user's own `codes`; numbers mean opposite things in different sources."""
    lower = text.str.lower().str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    return lower.map(SEX_WORDS | {code.lower(): sex for code, sex in codes.items()})


def bone_class(text: pd.Series) -> pd.Series:
    """Return the contract's classes, from their names or "osteopenia" and the like."""
    return text.str.lower().str.replace(r"[\s-]+", "_", regex=True).map(CLASS_WORDS)


def flag(text: pd.Series) -> pd.Series:
    """1 or 0 from 1/0, true/false or yes/no."""
    return text.str.lower().str.replace(r"^(\d+)\.0+$", r"\1", regex=True).map(FLAG_WORDS)


def split(text: pd.Series) -> pd.Series:
    """Return the names of splits, in any case."""
    return text.str.lower().where(text.str.lower().isin(SPLITS), None)


def covariate(text: pd.Series) -> pd.Series:
    """Numbers where every cell is one, else text; leading zeros make a code, not a number."""
    numbers = number(text)
    is_code = text.str.fullmatch(r"0\d+").eq(True).any()
    return text if is_code or (numbers.isna() & text.notna()).any() else numbers


PARSERS: dict[str, tuple[Callable[[pd.Series], pd.Series], str]] = {  # beside sex; and what to tell of the others
    "age_years": (age, "no age: write 58, 058Y, 8M, 12W or 400D"),
    "film_date": (date, "no date: write YYYY-MM-DD or YYYYMMDD"),
    "bone_class": (bone_class, "no bone class: write normal, low_bone_mass or osteoporosis"),
    "event": (flag, "no event flag: write 1 or 0"),
    "competing_event": (flag, "no event flag: write 1 or 0"),
    **{column: (number, "no number") for column in BOUNDS if column != "age_years"},
}
