"""What is known of a film's patient: sex, age, covariates, the end of follow-up; and which of it cannot be true."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.cohort.identifiers import REASON, spoilt
from bonerisk.errors import DataError
from bonerisk.hospital import copies
from bonerisk.hospital.follow_up import DAYS_PER_YEAR
from bonerisk.hospital.placeholders import REASON as PLACEHOLDER
from bonerisk.hospital.placeholders import is_placeholder

OLDEST = 120  # years
CLOSE = 2  # years by which PatientAge may differ from the age by a birth date that agrees: it is in full years
STALE = 20  # years; assumed: an age that was entered once and never changed differs by less
TOP_CODED = 89  # years: de-identification writes older ages as 90 or as this one
INTERNAL = ("person", "film_time", "modality", "intent", "accession", "birth_date")


def incomplete(films: pd.DataFrame) -> pd.Series:
    """Return why a film cannot be joined, as text; None where it can.

    Files of one SOPInstanceUID are decoded, so that one that can be read stands for the film.
    """
    problem = pd.Series(None, films.index, dtype="object")
    problem = problem.mask(films["film_date"].isna(), "the header has no valid date")
    problem = problem.mask(is_placeholder(films["film_date"]), f"the header's date is {PLACEHOLDER}")
    problem = problem.mask(films["patient_id"].isna(), "the header has no PatientID")
    problem = problem.mask(spoilt(films["patient_id"]), f"the header's PatientID is {REASON}")
    people = films.groupby("image_id")["patient_id"].transform("nunique")
    problem = problem.mask(people > 1, "one SOPInstanceUID under two patients")
    again = copies.spare(films[problem.isna()]).reindex(films.index, fill_value=False)
    return problem.mask(again, "a second file of the same SOPInstanceUID")


def without_placeholders(
    films: pd.DataFrame, patients: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame | None, list[str]]:
    """Return both tables without birth dates that stand for an unknown one, and notes on them and on other ages.

    Parameters
    ----------
    films : DataFrame
        Columns `birth_date`, `film_date`, `age_years` (PatientAge): a birth date that it agrees with is kept.
    patients : DataFrame, optional
        Perhaps with `birth_date`.
    """
    age = _age_years(films["birth_date"], films["film_date"])
    unknown_birth = is_placeholder(films["birth_date"]) & ~_agree(age, films["age_years"])
    counts = {"films": int(unknown_birth.sum())}
    films = films.assign(birth_date=films["birth_date"].mask(unknown_birth))
    if patients is not None and "birth_date" in patients:
        unknown = is_placeholder(patients["birth_date"])
        counts["rows of patients"] = int(unknown.sum())
        patients = patients.assign(birth_date=patients["birth_date"].mask(unknown))
    found = " and ".join(f"{count} {name}" for name, count in counts.items() if count)
    notes = [f"The birth date in {found} is {PLACEHOLDER} and is not used; PatientAge gives the age where it can."]
    other = int((age.mask(unknown_birth).notna() & films["age_years"].notna() & ~_agree(age, films["age_years"])).sum())
    told = (
        f"PatientAge differs by over {CLOSE} years from the age by the birth date in {other} films; the latter counts."
    )
    return films, patients, [*(notes if found else []), *([told] if other else [])]


def _agree(age: pd.Series, stated: pd.Series, within: float = CLOSE) -> pd.Series:
    """Whether an age and the header's PatientAge can both be true; not where one is missing."""
    return ((age - stated).abs() < within) | ((age >= TOP_CODED) & (stated >= TOP_CODED))


def contradictory(films: pd.DataFrame, patients: pd.DataFrame | None) -> pd.Series:
    """Return what contradicts itself in a patient's films and row of the table of patients, as text; else None.

    Parameters
    ----------
    films : DataFrame
        Columns `person`, `sex`, `birth_date`, `film_date`, `age_years` (PatientAge).
    patients : DataFrame, optional
        Column `person`, and perhaps `sex` and `birth_date`.
    """
    problem = pd.Series(None, films.index, dtype="object")
    for column, words in (("birth_date", "birth dates"), ("sex", "sexes")):
        columns = [table[["person", column]] for table in (films, patients) if table is not None and column in table]
        several = pd.concat(columns).groupby("person")[column].nunique() > 1
        problem = problem.mask(films["person"].map(several).astype(bool), f"the patient has two {words}")
    birth = films["birth_date"]
    if patients is not None and "birth_date" in patients:
        birth = birth.fillna(films["person"].map(patients.groupby("person")["birth_date"].first()))
    age = _age_years(birth, films["film_date"])
    other = age.notna() & films["age_years"].notna() & ~_agree(age, films["age_years"], STALE)
    problem = problem.mask(other, f"PatientAge differs by {STALE} years or more from the age by the birth date")
    return problem.mask((age < 0) | (age > OLDEST), f"by the birth date, the age at the film is not 0 to {OLDEST}")


def of_patient(films: pd.DataFrame, patients: pd.DataFrame | None, reports: pd.DataFrame | None) -> pd.DataFrame:
    """Add what the tables say of each film and its patient, and the age at the film.

    Parameters
    ----------
    films : DataFrame
        Columns `person`, `image_id`, `accession`, `film_date`, `sex`, `birth_date`, `age_years` (from the header).
    patients : DataFrame, optional
        Column `person`, and covariates; one row per person.
    reports : DataFrame, optional
        Column `image_id` or `accession`, and covariates; one row per film.

    Returns
    -------
    DataFrame
        The films with covariates; `age_years` is counted from the birth date if known, cut to a tenth of a year.
    """
    if patients is not None:
        known = patients.drop(columns=["site", "patient_id"], errors="ignore").set_index("person")
        for column in {"sex", "birth_date"} & set(known):
            films = films.assign(**{column: films[column].fillna(films["person"].map(known[column]))})
        films = films.join(known.drop(columns=["sex", "birth_date"], errors="ignore"), on="person")
    for column in ("sex", "birth_date"):  # another film of the patient may have it
        films = films.assign(**{column: films[column].fillna(films.groupby("person")[column].transform("first"))})
    if reports is not None:
        keys = report_keys(reports)
        reported = reports.set_index(keys).drop(columns="accession", errors="ignore")
        films = films.join(reported, on=keys, rsuffix="_report")  # a column of patients keeps its name
    age = _age_years(films["birth_date"], films["film_date"]).fillna(films["age_years"])
    return films.assign(age_years=np.floor(age * 10 + 1e-6) / 10)


def report_keys(reports: pd.DataFrame) -> list[str]:
    """Return the columns by which reports are joined to films."""
    return [*(["site"] if "site" in reports else []), "image_id" if "image_id" in reports else "accession"]


def _age_years(birth: pd.Series, day: pd.Series) -> pd.Series:
    """Return ages in years whose whole part changes on the birthday, unlike days / 365.25."""
    before_birthday = (day.dt.month * 100 + day.dt.day) < (birth.dt.month * 100 + birth.dt.day)
    completed = day.dt.year - birth.dt.year - before_birthday
    return ((day - birth).dt.days / DAYS_PER_YEAR).clip(completed, completed + 0.999)


def ends(follow_up: pd.DataFrame | None, persons: pd.Series, administrative_end: pd.Timestamp | None) -> pd.DataFrame:
    """Return last_contact and death_date of each person; last_contact is never after death or the administrative end.

    Parameters
    ----------
    follow_up : DataFrame, optional
        Columns `person`, and `last_contact` or `death_date` or both.
    persons : Series of int
        The films' persons.
    administrative_end : Timestamp, optional
        Latest possible end of follow-up, and the last contact of persons who have none.

    Raises
    ------
    DataError
        Nobody has a last contact, and there is no administrative end.
    """
    people = pd.Index(persons.unique(), name="person")
    nothing = pd.DataFrame({"last_contact": pd.NaT, "death_date": pd.NaT}, index=people)
    known = nothing if follow_up is None else follow_up.set_index("person").reindex(people)
    unclear = known.get("unclear", pd.Series(False, people)).eq(True)
    known = known.reindex(columns=["last_contact", "death_date"]).astype("datetime64[ns]")
    last = known["last_contact"]
    if administrative_end is not None:
        last = last.where(last <= administrative_end, administrative_end)
        last = last.mask(unclear)
    elif last.isna().all():
        raise DataError(
            "no patient has a last contact, so no end of follow-up is known",
            "dataset.tables.follow_up",
            "a table with last_contact; or dataset.administrative_end=<day until which all events are known>",
        )
    death = known["death_date"]
    return pd.DataFrame({"last_contact": last.where(~(death < last), death), "death_date": death})


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the columns that only joining needed, and with BMI.

    Dates become days from the patient's first film: no date leaves the hospital.
    """
    first = table.groupby("person")["film_date"].transform("min")
    table = table.assign(days_from_first_film=(table["film_date"] - first).dt.days.astype("float64"))
    if {"height_cm", "weight_kg"} <= set(table):
        bmi = (table["weight_kg"] / (table["height_cm"] / 100) ** 2).round(2)
        table = table.assign(bmi_kg_m2=table.get("bmi_kg_m2", bmi).fillna(bmi))
    return table.drop(columns=[*INTERNAL, "film_date"], errors="ignore").reset_index(drop=True)
