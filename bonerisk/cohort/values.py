"""What a cell of a user's table means: text to numbers, ages, dates, sexes and classes.

Every parser takes a Series of text (None where missing) and returns a Series of values, missing where the text is
unclear: nothing ambiguous is guessed. `BOUNDS` are the limits of numbers that make sense.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec

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
FLAG_WORDS = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "no": 0.0, "yes": 1.0, "n": 0.0, "y": 1.0}
BOUNDS = {
    "age_years": (0.0, 120.0),
    "t_score": (-8.0, 8.0),
    "time_years": (0.0, 120.0),
    "entry_years": (0.0, 120.0),
    "height_cm": (30.0, 250.0),
    "weight_kg": (0.3, 400.0),
    "bmi_kg_m2": (5.0, 150.0),
}

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
CLOCK = r"[T ]\d\d(?::?\d\d){1,2}(?:[.,]\d+)?\s*(?:Z|[+-]\d\d(?::?\d\d)?)?"  # a time after an ISO date
SYSTEM_WORDS = {
    **dict.fromkeys(("icd9", "icd9cm", "9"), "icd9"),
    **dict.fromkeys(("icd10", "icd10cm", "icd10gm", "icd10who", "10"), "icd10"),
    "atc": "atc",
    "name": "name",
}
CODES = {  # a dot may only follow the third character, and one cell holds one code: "M80 M81" is none
    "icd9": (r"(?:\d{3}|V\d\d)[.\s]*\d{0,2}|E\d{3}[.\s]*\d?", "three digits (V and two, E and three), two after a dot"),
    "icd10": (r"(?!\S+\s+[A-Z]\d[0-9A-Z])[A-Z]\d[0-9A-Z][.\s]*(?:[0-9A-Z]\s*){0,4}", "as M80 or M80.08XA"),
    "atc": (r"[A-Z]\d\d\s*(?:[A-Z]\s*(?:[A-Z]\s*(?:\d\d)?)?)?", "as H02AB, or longer or shorter"),
}

P = ParamSpec("P")


def _once(parser: Callable[Concatenate[pd.Series, P], pd.Series]) -> Callable[Concatenate[pd.Series, P], pd.Series]:
    """Let `parser` see each distinct cell once: a million rows repeat few dates and codes."""

    @wraps(parser)
    def parse(text: pd.Series, *args: P.args, **kwargs: P.kwargs) -> pd.Series:
        places, found = pd.factorize(text.astype("object"), use_na_sentinel=False)
        cells = pd.Series(found, dtype="object")
        parsed = parser(cells.where(cells.notna(), None), *args, **kwargs)
        return parsed.take(places).set_axis(text.index)

    return parse


@_once
def present(text: pd.Series) -> pd.Series:
    """Return `text` stripped, with None for any way to write a missing value."""
    text = text.astype("object").str.strip()
    return text.where(text.notna() & ~text.str.lower().isin(MISSING), None)


@_once
def number(text: pd.Series) -> pd.Series:
    """Numbers with a decimal point or comma; a minus may be the typographic one. "1.234,5" is not guessed at."""
    plain = text.str.replace("[\u2212\u2013]", "-", regex=True).str.replace(",", ".")
    return pd.to_numeric(plain.where(plain.str.fullmatch(NUMBER).eq(True)), errors="coerce").astype("float64")


@_once
def age(text: pd.Series) -> pd.Series:
    """Ages in years from "58", "58,5", or DICOM's "058Y", "8M", "12W", "400D"."""
    parts = text.str.upper().str.extract(r"^(.*?)\s*([YMWD]?)$")
    return number(parts[0]) * parts[1].map(YEARS)


@_once
def date(text: pd.Series, layout: str | None = None) -> pd.Series:
    """Dates; which number is the day and which the month is never guessed.

    Parameters
    ----------
    text : Series of str
    layout : str, optional
        As for strptime, such as "%d.%m.%Y"; a zero before a day or month may be left out between separators. By default
        ISO 8601: "2024-05-31", "20240531", or either with a time.
    """
    days = [None if cell is None else _day(cell, layout) for cell in text]
    return pd.to_datetime(pd.Series(days, text.index, dtype="object"), errors="coerce").astype("datetime64[ns]")


def _day(cell: str, layout: str | None) -> dt.date | None:
    try:
        if layout is None:
            found = re.fullmatch(rf"(\d{{4}})(-?)(\d\d)\2(\d\d)(?:{CLOCK})?", cell, re.ASCII)
            return dt.date(int(found[1]), int(found[3]), int(found[4])) if found else None
        moment = dt.datetime.strptime(cell, layout)
    except ValueError:
        return None
    # strptime reads "1122024" as %d%m%Y by a guess, which shows when it writes that day back
    return moment.date() if _without_zeros(moment.strftime(layout)) == _without_zeros(cell) else None


def _without_zeros(cell: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", cell.casefold())


@_once
def sex(text: pd.Series, codes: Mapping[str, str]) -> pd.Series:
    """F or M from words, or from the user's own `codes`; numbers mean opposite things in different sources."""
    lower = text.str.lower().str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    return lower.map(SEX_WORDS | {code.lower(): sex for code, sex in codes.items()})


@_once
def bone_class(text: pd.Series) -> pd.Series:
    """Return the contract's classes, from their names or "osteopenia" and the like."""
    return text.str.lower().str.replace(r"[\s-]+", "_", regex=True).map(CLASS_WORDS)


@_once
def flag(text: pd.Series) -> pd.Series:
    """1 or 0 from 1/0, true/false, yes/no or y/n."""
    return text.str.lower().str.replace(r"^(\d+)\.0+$", r"\1", regex=True).map(FLAG_WORDS)


@_once
def split(text: pd.Series) -> pd.Series:
    """Return the names of splits, in any case."""
    return text.str.lower().where(text.str.lower().isin(SPLITS), None)


@_once
def code_system(text: pd.Series) -> pd.Series:
    """Return icd9, icd10, atc or name, from "ICD-9-CM", "10" and the like."""
    plain = text.str.lower().str.replace(r"^(\d+)\.0+$", r"\1", regex=True).str.replace(r"[\W_]+", "", regex=True)
    return plain.map(SYSTEM_WORDS)


@_once
def code(text: pd.Series, system: str) -> pd.Series:
    """Codes of a system in upper case without dots and blanks, if they look like one; names in lower case.

    ICD's marks of cause and manifestation (†, *, +, !) and its ".-" for "not further specified" are no part of a code.
    """
    if system == "name":
        return text.str.lower().str.replace(r"\s+", " ", regex=True)
    plain = text.str.upper().str.replace(r"[.\s-]*[†*+!]?$", "", regex=True)
    plain = plain.where(plain.str.fullmatch(CODES[system][0], flags=re.ASCII).eq(True))
    return plain.str.replace(r"[.\s]", "", regex=True)


def covariate(text: pd.Series) -> pd.Series:
    """Numbers if every cell is one, else text; leading zeros make a code, not a number."""
    numbers = number(text)
    return text if is_code(text) or (numbers.isna() & text.notna()).any() else numbers


def is_code(text: pd.Series) -> bool:
    """Return whether any cell has leading zeros, as a code does and no number."""
    return bool(text.str.fullmatch(r"0\d+").eq(True).any())


PARSERS: dict[str, tuple[Callable[[pd.Series], pd.Series], str]] = {  # except sex; with the reason for a refusal
    "age_years": (age, "no age: write 58, 058Y, 8M, 12W or 400D"),
    "film_date": (date, "no date: write YYYY-MM-DD or YYYYMMDD"),
    "bone_class": (bone_class, "no bone class: write normal, low_bone_mass or osteoporosis"),
    "event": (flag, "no event flag: write 1 or 0"),
    "competing_event": (flag, "no event flag: write 1 or 0"),
    **{column: (number, "no number") for column in (*BOUNDS, "case_weight") if column != "age_years"},
    "t_score": (number, "no number: write -2.5; if only a bound is known, as <-2.5, write the class in bone_class"),
}
