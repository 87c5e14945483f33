"""What is known of a patient at a film: sex, age, covariates, the end of follow-up; and what of it cannot be true."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.errors import DataError
from bonerisk.hospital.follow_up import DAYS_PER_YEAR

OLDEST = 120  # years
INTERNAL = ("person", "film_time", "modality", "intent", "accession", "birth_date")


def incomplete(films: pd.DataFrame) -> pd.Series:
    """Return what a film lacks to be joined at all, as text; None where it lacks nothing."""
    problem = pd.Series(None, films.index, dtype="object")
    problem = problem.mask(films["film_date"].isna(), "the header has no valid date")
    problem = problem.mask(films["patient_id"].isna(), "the header has no PatientID")
    people = films.groupby("image_id")["patient_id"].transform("nunique")
    problem = problem.mask(people > 1, "one SOPInstanceUID under two patients")
    again = films.loc[problem.isna(), "image_id"].duplicated().reindex(films.index, fill_value=False)
    return problem.mask(again, "a second file of the same SOPInstanceUID")


def contradictory(films: pd.DataFrame, patients: pd.DataFrame | None) -> pd.Series:
    """Return in what a film's patient is two people, over all films and the table of patients; else None.

    Parameters
    ----------
    films : DataFrame
        Columns `person`, `sex`, `birth_date`.
    patients : DataFrame, optional
        Column `person`, and perhaps `sex` and `birth_date`.
    """
    problem = pd.Series(None, films.index, dtype="object")
    for column, words in (("birth_date", "birth dates"), ("sex", "sexes")):
        told = [table[["person", column]] for table in (films, patients) if table is not None and column in table]
        several = pd.concat(told).groupby("person")[column].nunique() > 1
        problem = problem.mask(films["person"].map(several).astype(bool), f"the patient has two {words}")
    birth = films["birth_date"]
    if patients is not None and "birth_date" in patients:
        birth = birth.fillna(films["person"].map(patients.groupby("person")["birth_date"].first()))
    age = _age_years(birth, films["film_date"])
    return problem.mask((age < 0) | (age > OLDEST), f"by the birth date, the age at the film is not 0 to {OLDEST}")


def of_patient(films: pd.DataFrame, patients: pd.DataFrame | None, reports: pd.DataFrame | None) -> pd.DataFrame:
    """Add what tables tell of a film's patient and of the film itself, and the age at the film.

    Parameters
    ----------
    films : DataFrame
        Columns `person`, `image_id`, `accession`, `film_date`, `sex`, `birth_date`, `age_years` (from the header).
    patients : DataFrame, optional
        Column `person`, and covariates; a row a person.
    reports : DataFrame, optional
        Column `image_id` or `accession`, and covariates; a row a film.

    Returns
    -------
    DataFrame
        With covariates; `age_years` is counted from the birth date where that is known, cut to a tenth of a year.
    """
    if patients is not None:
        known = patients.drop(columns=["site", "patient_id"], errors="ignore").set_index("person")
        for column in {"sex", "birth_date"} & set(known):
            films = films.assign(**{column: films[column].fillna(films["person"].map(known[column]))})
        films = films.join(known.drop(columns=["sex", "birth_date"], errors="ignore"), on="person")
    for column in ("sex", "birth_date"):  # what one film lacks another may have
        films = films.assign(**{column: films[column].fillna(films.groupby("person")[column].transform("first"))})
    if reports is not None:
        keys = report_keys(reports)
        told = reports.set_index(keys).drop(columns="accession", errors="ignore")
        films = films.join(told, on=keys, rsuffix="_report")  # what the table of patients tells, too, keeps its name
    age = _age_years(films["birth_date"], films["film_date"]).fillna(films["age_years"])
    return films.assign(age_years=np.floor(age * 10 + 1e-6) / 10)


def report_keys(reports: pd.DataFrame) -> list[str]:
    """Return the columns by which reports meet films."""
    return [*(["site"] if "site" in reports else []), "image_id" if "image_id" in reports else "accession"]


def _age_years(birth: pd.Series, day: pd.Series) -> pd.Series:
    """Return ages in years whose whole part changes on the birthday, as ages in years of 365.25 days don't."""
    before_birthday = (day.dt.month * 100 + day.dt.day) < (birth.dt.month * 100 + birth.dt.day)
    completed = day.dt.year - birth.dt.year - before_birthday
    return ((day - birth).dt.days / DAYS_PER_YEAR).clip(completed, completed + 0.999)


def ends(follow_up: pd.DataFrame | None, persons: pd.Series, administrative_end: pd.Timestamp | None) -> pd.DataFrame:
    """Return last_contact and death_date of each person; follow-up ends with the earliest of these and of the end.

    Parameters
    ----------
    follow_up : DataFrame, optional
        Columns `person`, and `last_contact` or `death_date` or both.
    persons : Series of int
        Of the films.
    administrative_end : Timestamp, optional
        Stands for the last contact of those who have none.

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
            "no patient has a last contact, so that nobody's follow-up is known to have an end",
            "dataset.tables.follow_up",
            "a table with last_contact; or dataset.administrative_end=<day until which all events are known>",
        )
    death = known["death_date"]
    return pd.DataFrame({"last_contact": last.where(~(death < last), death), "death_date": death})


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without what only the joining needed, and with what follows from its columns.

    Dates become days from the patient's first film: what leaves a hospital holds no date.
    """
    first = table.groupby("person")["film_date"].transform("min")
    table = table.assign(days_from_first_film=(table["film_date"] - first).dt.days.astype("float64"))
    if {"height_cm", "weight_kg"} <= set(table):
        bmi = (table["weight_kg"] / (table["height_cm"] / 100) ** 2).round(2)
        table = table.assign(bmi_kg_m2=table.get("bmi_kg_m2", bmi).fillna(bmi))
    return table.drop(columns=[*INTERNAL, "film_date"], errors="ignore").reset_index(drop=True)
