"""Patients across tables: a number for each patient of the films, and the rows of other tables that belong to them.

A patient is an identifier within a site. A table without a column `site` is joined by the identifier alone; this is
refused if two sites use the same identifier. Identifiers that are only nearly equal are not joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bonerisk.cohort.identifiers import differently_written, form, two_writings
from bonerisk.cohort.table import few, patients, patients_are
from bonerisk.errors import DataError, raise_together
from bonerisk.hospital.facts import report_keys

LINKS = ("table", "rows", "patients", "linked_rows", "linked_patients", "unlinked_rows", "films_with", "films_without")


@dataclass(frozen=True)
class Linked:
    """A hospital's tables with a column `person`, and how many of their rows belong to films.

    Parameters
    ----------
    films : DataFrame
        With int64 column `person`.
    tables : dict of str to DataFrame
        Rows of the films' patients, each with its `person`.
    links : DataFrame
        Columns `LINKS`, one row per table.
    unlinked : DataFrame
        table, row (line in its file), site, patient_id of the rows of patients without a film.
    notes : tuple of str
        Identifiers that look alike and were not joined.
    """

    films: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    links: pd.DataFrame
    unlinked: pd.DataFrame
    notes: tuple[str, ...]


def link(films: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> Linked:
    """Number the films' patients and find their rows in each table.

    Parameters
    ----------
    films : DataFrame
        Columns `site`, `patient_id`.
    tables : mapping of str to DataFrame
        Columns `patient_id` and perhaps `site`; other columns are carried along.

    Raises
    ------
    DataError
        The films have a patient's identifier in two ways to write it, a table without sites has an identifier that two
        sites use, or no table has a patient with a film.
    """
    raise_together([*two_writings(films, "the films' PatientID")])
    films = films.assign(person=pd.factorize(patients(films))[0])
    linked, rows, unlinked, notes = {}, [], [], []
    for name, table in tables.items():
        person = _persons(name, table, films)
        known = person.notna()
        linked[name] = table[known].assign(person=person[known].astype("int64"))
        with_row = int(films["person"].isin(linked[name]["person"]).sum())
        counts = (len(table), table["patient_id"].nunique(), int(known.sum()), linked[name]["person"].nunique())
        rows.append((name, *counts, int((~known).sum()), with_row, len(films) - with_row))
        there = table.loc[~known, [column for column in ("site", "patient_id") if column in table]]
        unlinked.append(there.assign(table=name, row=there.index))
        notes += _alike(name, table.loc[~known, "patient_id"], films["patient_id"])
        if not known.any():
            notes.append(f"No row of {name} is of a patient with a film: are identifiers written alike?")
    links = pd.DataFrame(rows, columns=list(LINKS))
    if len(links) and not links["linked_rows"].any():
        forms = {name: form(table["patient_id"].iloc[0]) for name, table in tables.items()}
        seen = ", ".join(
            f"{one} in {name}" for name, one in {"films": form(films["patient_id"].iloc[0]), **forms}.items()
        )
        mend = "; ".join(notes) or "the films' PatientID and the tables' patient_id must be written alike"
        named = {site for table in tables.values() if "site" in table for site in table["site"].dropna().unique()}
        if named and not named & set(films["site"]):
            mend = f"the tables' sites are {few(sorted(named))} and the films' {few(sorted(set(films['site'])))}: "
            mend += "dataset.sites.<name in the tables>=<InstitutionName>, or dataset.columns.<table>.site=null"
        raise DataError(f"no patient of {', '.join(tables)} has a film; identifiers look like {seen}", "dataset", mend)
    nobody = pd.DataFrame(columns=["table", "row", "site", "patient_id"])
    gathered = pd.concat([nobody, *(part for part in unlinked if len(part))], ignore_index=True)
    return Linked(films, linked, links, gathered[list(nobody.columns)], tuple(notes))


def link_reports(films: pd.DataFrame, reports: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Count the reports that belong to films, by image_id or accession, within a site if they name it.

    Returns
    -------
    links : DataFrame
        The reports' row of `LINKS`; they name no patients to count.
    notes : list of str

    Raises
    ------
    DataError
        Reports without a site have an accession that films of two sites share.
    """
    key = report_keys(reports)
    if "site" not in key:
        sites = films.dropna(subset=key).groupby(key)["site"].nunique()
        doubtful = reports[key[0]].isin(sites.index[sites > 1])
        if doubtful.any():
            mend = "a column with the site, as dataset.columns.reports.site=<column>"
            what = f"{doubtful.sum()} reports fit films of two sites, which have the same {key[0]}"
            raise DataError(what, "dataset.tables.reports", mend)
    known = pd.MultiIndex.from_frame(reports[key]).isin(pd.MultiIndex.from_frame(films[key].dropna()))
    found = pd.MultiIndex.from_frame(films[key]).isin(pd.MultiIndex.from_frame(reports[key]))
    persons = films.loc[found, "person"].nunique()
    counts = [len(reports), None, int(known.sum()), persons, int((~known).sum()), int(found.sum()), int((~found).sum())]
    notes = [] if known.any() else [f"No row of reports belongs to a remaining film: is {key[-1]} written alike?"]
    return pd.DataFrame([["reports", *counts]], columns=list(LINKS)), notes


def _persons(name: str, table: pd.DataFrame, films: pd.DataFrame) -> pd.Series:
    """Return the person of each row of a table; missing where the patient has no film."""
    there = films.drop_duplicates("person")
    if "site" in table:
        return patients(table).map(pd.Series(there["person"].to_numpy(), patients(there)))
    shared = there.loc[there["patient_id"].duplicated(), "patient_id"]
    doubtful = sorted(set(shared) & set(table["patient_id"]))
    if doubtful:
        raise DataError(
            f"{len(doubtful)} identifiers are used by two sites, of the form {form(doubtful[0])}",
            f"dataset.tables.{name}",
            f"a column with the site, as dataset.columns.{name}.site=<column>",
        )
    there = there[~there["patient_id"].isin(shared)]
    return table["patient_id"].map(pd.Series(there["person"].to_numpy(), there["patient_id"]))


def _alike(name: str, unlinked: pd.Series, known: pd.Series) -> list[str]:
    """Say which identifiers differ from a film's only in how they are written; they are not joined."""
    pairs = differently_written(unlinked, known)
    if not pairs:
        return []
    examples = few(sorted({f"{form(theirs)} for {form(ours)}" for theirs, ours in pairs})[:3])
    return [
        f"{patients_are(len(pairs), f'of {name}')} written differently in the films ({examples}) and were not joined: "
        "write identifiers in the same way, zeros included"
    ]
