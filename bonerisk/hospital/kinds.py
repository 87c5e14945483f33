"""The kinds of tables that a hospital has: their columns, what a cell of each holds, and which settings fit them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.columns import misnamed
from bonerisk.cohort.table import COLUMNS, FOLLOW_UP
from bonerisk.errors import ConfigError
from bonerisk.hospital.pairing import DXA_REGIONS

PATIENT = {"site": "text", "patient_id": "text"}
CODED = PATIENT | {"date": "date", "code": "code", "code_system": "text"}
KINDS: dict[str, dict[str, str]] = {  # our columns of each kind of table, and what their cells hold
    "dxa": PATIENT
    | {"date": "date", "region": "text", "side": "text", "score_type": "text", "t_score": "number"}
    | dict.fromkeys(DXA_REGIONS, "number"),
    "diagnoses": CODED,
    "drugs": CODED,
    "follow_up": PATIENT | {"last_contact": "date", "death_date": "date"},
    "patients": PATIENT
    | {"sex": "sex", "birth_date": "date"}
    | dict.fromkeys(("height_cm", "weight_kg", "bmi_kg_m2"), "number"),
    "reports": {"site": "text", "image_id": "text", "accession": "text"},
}
NEEDED = {"dxa": ("patient_id", "date"), "diagnoses": ("patient_id", "date", "code", "code_system")}
NEEDED |= {"drugs": NEEDED["diagnoses"], "follow_up": ("patient_id",), "patients": ("patient_id",), "reports": ()}
ONE_OF = {  # a table has all columns of one of these; a row of follow_up or reports has a cell in one
    "dxa": (("region", "t_score"), *((region,) for region in DXA_REGIONS)),
    "follow_up": (("last_contact",), ("death_date",)),
    "reports": (("image_id",), ("accession",)),
}
SYSTEMS = {"diagnoses": ("icd9", "icd10"), "drugs": ("atc", "name")}
WITH_COVARIATES = ("patients", "reports")
OF_FILMS = {
    *COLUMNS,
    *FOLLOW_UP,
    *DXA_REGIONS,
    "film_time",
    "birth_date",
    "modality",
    "intent",
    "body_part",
    "accession",
}
OF_FILMS |= {
    "manufacturer",
    "burned_in",
    "dxa_days",
    "days_from_first_film",
    *(f"t_{region}" for region in DXA_REGIONS),
}
DIRECTIVES = set("YmdjbBHIMSp%")  # of strptime that are allowed; a year of two digits would be a guess


def wrong_settings(
    kind: str, columns: Mapping[str, str | None], date_format: str | None = None, code_system: str | None = None
) -> Iterator[ConfigError]:
    """Yield the errors in arguments of `read` that are wrong for any file.

    One of our columns is misspelt or has the name of a film's column; a Z-score is given as T-score; a date format
    leaves the day, month or year to a guess; a code system is unknown.
    """
    key, covariates = f"dataset.columns.{kind}", kind in WITH_COVARIATES
    yield from misnamed(columns, KINDS[kind], key, covariates)
    for ours in sorted(OF_FILMS & set(columns) - set(KINDS[kind])) if covariates else ():
        mend = f"another name, as {key}.{ours}_of_{kind}={columns[ours]}"
        yield ConfigError(f"{ours!r} is already a column of the films", f"{key}.{ours}", mend)
    if date_format is not None:
        found = set(re.findall("%(.)", date_format.replace("%%", "")))
        if found - DIRECTIVES or "Y" not in found or not ("j" in found or ("d" in found and found & set("mbB"))):
            mend = "as '%d.%m.%Y': day, month (%m, or %b for “May”) and year in four digits (%Y), perhaps %H %M %S"
            yield ConfigError(f"{date_format!r} does not give a full date", f"dataset.date_formats.{kind}", mend)
    if code_system is not None and _system(code_system) not in SYSTEMS.get(kind, ()):
        mend = f"one of {', '.join(SYSTEMS.get(kind, ()))}" if kind in SYSTEMS else "leave it out"
        yield ConfigError(f"{kind} can't have the code system {code_system!r}", f"dataset.code_systems.{kind}", mend)


def _system(word: str) -> str | None:
    return values.code_system(pd.Series([str(word)])).iloc[0]
