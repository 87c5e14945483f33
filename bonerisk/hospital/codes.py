"""Diagnosis and drug codes: which rows of a hospital's tables mean an outcome, a comorbidity or a drug class.

Vocabulary. A *code list* maps a code system (icd9, icd10, atc, name) to codes. A code stands for all codes that begin
with it; dots, blanks and case don't count. Codes match within their system only: ICD-9's V58.65 is no V code of ICD-10.
Rows may be doubtful (`bonerisk.hospital.doubt`); one without a code may have any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.hospital.doubt import is_sure, may_meet

CodeList = Mapping[str, Sequence[str]]

STARTS = {  # of codes, without dots; a range such as 820-821 would match nothing
    "icd9": r"[EV]?\d{1,5}",
    "icd10": r"[A-Z](?:\d[0-9A-Z]{0,5})?",
    "atc": r"[A-Z](?:\d\d?[A-Z]{0,2}\d{0,2})?",
    "name": r"\w.*",
}
DIAGNOSES, DRUGS = ("icd9", "icd10"), ("atc", "name")
EVENT, TRAUMATIC, ENCOUNTER = "event", "traumatic", "follow-up encounter"


def matches(table: pd.DataFrame, codes: CodeList) -> pd.Series:
    """Whether each row's code belongs to a code list.

    Parameters
    ----------
    table : DataFrame
        Columns `code` (upper case, no dots; names of drugs in lower case) and `code_system`.
    codes : CodeList
    """
    found = pd.Series(False, index=table.index)
    for system, wanted in codes.items():
        starts = tuple(_plain(code, system) for code in wanted)
        there = table["code"].where(table["code_system"] == system)
        fitting = [code for code in there.dropna().unique() if code.startswith(starts)]
        found |= there.isin(fitting)
    return found


def _check_codes(lists: Mapping[str, CodeList], systems: tuple[str, ...], key: str) -> None:
    """Raise ConfigError for a code system that no row can have, and for a number: 042 without quotes is 34."""
    for name, codes in lists.items():
        for system, wanted in codes.items():
            where = f"{key}.{name}"
            if system not in systems:
                raise ConfigError(f"there is no code system {system!r}", where, f"one of {', '.join(systems)}")
            for code in wanted:
                if not isinstance(code, str):
                    what, mend = f"the code {code!r} is no text", 'put codes into quotes, as "042"'
                    raise ConfigError(what, f"{where}.{system}", mend)
                if not re.fullmatch(STARTS[system], _plain(code, system)):
                    mend = "name codes one by one; each stands for all that begin with it"
                    raise ConfigError(f"{code!r} is no code of {system}", f"{where}.{system}", mend)


def _plain(code: str, system: str) -> str:
    return code.strip().lower() if system == "name" else code.replace(".", "").replace(" ", "").upper()


@dataclass(frozen=True)
class FractureCodes:
    """The codes of a fracture; traumatic fractures and later encounters are kept apart.

    Parameters
    ----------
    name : str
    codes : mapping of str to list of str
        Code list of the fracture.
    traumatic : mapping of str to list of str
        Code list of external causes: a fracture coded on the same day is traumatic, and no event.
    subsequent : list of str
        Seventh characters of ICD-10 for an encounter after the fracture, which is no event.
    """

    name: str
    codes: dict[str, list[str]]
    traumatic: dict[str, list[str]]
    subsequent: list[str]

    def __post_init__(self) -> None:
        _check_codes({"codes": self.codes, "traumatic": self.traumatic}, DIAGNOSES, "dataset.outcome")

    def classify(self, diagnoses: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that are or may be of the outcome's codes.

        Parameters
        ----------
        diagnoses : DataFrame
            Columns `person`, `date`, `code`, `code_system`, and `until` if some are doubtful.

        Returns
        -------
        DataFrame
            With columns `kind` (event, traumatic or follow-up encounter) and bool `sure`. An event is not sure, either,
            if an external cause may lie on its day.
        """
        diagnoses = diagnoses.assign(until=diagnoses.get("until", diagnoses["date"]))
        sure, traumatic = is_sure(diagnoses), matches(diagnoses, self.traumatic)
        chosen = matches(diagnoses, self.codes) | diagnoses["code"].isna()
        perhaps = may_meet(diagnoses[chosen], diagnoses[~sure & (traumatic | diagnoses["code"].isna())])
        rows = diagnoses[chosen].assign(sure=sure[chosen] & ~perhaps)
        causes = diagnoses.loc[traumatic & sure, ["person", "date"]]
        days = pd.MultiIndex.from_frame(rows[["person", "date"]])
        by_trauma = days.isin(pd.MultiIndex.from_frame(causes)) | matches(rows, self.traumatic).to_numpy()
        later = (rows["code_system"] == "icd10") & rows["code"].str[6:7].isin(self.subsequent)
        kind = pd.Series(EVENT, rows.index).mask(by_trauma, TRAUMATIC).mask(later, ENCOUNTER)
        first = {
            name: rows[(kind == name) & rows["sure"]].groupby("person")["date"].min() for name in (EVENT, TRAUMATIC)
        }
        before = {name: rows["person"].map(dates) <= rows["date"] for name, dates in first.items()}
        of_trauma = later & before[TRAUMATIC] & ~before[EVENT]
        return rows.assign(kind=kind.mask(of_trauma, TRAUMATIC))


@dataclass(frozen=True)
class CodeSet:
    """Comorbidities and drug classes by their codes.

    Parameters
    ----------
    comorbidities : mapping of str to CodeList
        Each becomes a covariate: 1 if one of its codes is dated on the film's day or before; missing if only a doubtful
        row may be; else 0.
    composites : mapping of str to list of str
        Each becomes a covariate: 1 if any of the comorbidities is, missing if one is missing, else 0.
    drug_classes : mapping of str to CodeList
        Each becomes a covariate `drug_<class>`, in the same way.
    """

    comorbidities: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    composites: dict[str, list[str]] = field(default_factory=dict)
    drug_classes: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_codes(self.comorbidities, DIAGNOSES, "dataset.codes.comorbidities")
        _check_codes(self.drug_classes, DRUGS, "dataset.codes.drug_classes")
        for name, parts in self.composites.items():
            unknown = sorted(set(parts) - set(self.comorbidities))
            if unknown:
                what = f"{name} names unknown comorbidities: {', '.join(unknown)}"
                mend = f"known: {', '.join(self.comorbidities)}"
                raise ConfigError(what, f"dataset.codes.composites.{name}", mend)

    def flags(self, films: pd.DataFrame, diagnoses: pd.DataFrame | None, drugs: pd.DataFrame | None) -> pd.DataFrame:
        """Return a column of 1, 0 and missing values for each comorbidity and drug class, one row per film.

        Parameters
        ----------
        films : DataFrame
            Columns `person` and `film_date`.
        diagnoses, drugs : DataFrame, optional
            Columns `person`, `date`, `code`, `code_system`; without the table its columns are absent.
        """
        found: dict[str, pd.Series] = {}
        if diagnoses is not None:
            found |= {name: _before(films, diagnoses, codes) for name, codes in self.comorbidities.items()}
            found |= {name: _any([found[part] for part in parts]) for name, parts in self.composites.items()}
        if drugs is not None:
            found |= {f"drug_{name}": _before(films, drugs, codes) for name, codes in self.drug_classes.items()}
        return pd.DataFrame(found, index=films.index)


def _any(flags: Sequence[pd.Series]) -> pd.Series:
    """1 where any flag is 1, else missing where any is missing, else 0."""
    table = pd.concat(flags, axis=1)
    return table.max(axis=1).mask(table.isna().any(axis=1) & ~(table == 1).any(axis=1))


def _before(films: pd.DataFrame, rows: pd.DataFrame, codes: CodeList) -> pd.Series:
    """1 where a code of the list is dated on the film's day or before, missing where one may be, else 0."""
    fitting = matches(rows, codes)
    surely = rows.get("until", rows["date"])[fitting].groupby(rows["person"]).min()
    perhaps = rows.loc[fitting | rows["code"].isna()].groupby("person")["date"].min()
    before, maybe = (films["person"].map(first) <= films["film_date"] for first in (surely, perhaps))
    return before.astype("float64").mask(maybe & ~before)
