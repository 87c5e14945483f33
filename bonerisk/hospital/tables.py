"""Reading a hospital's CSV tables, each by a mapping of columns and one date format.

A row that can't be used is refused with a reason; the others are read. Dates and codes are never guessed: each table
has one date format, and each code a code system. A diagnosis or drug that is refused stays as a doubtful row
(`bonerisk.hospital.doubt`): without it, its patient would count as one who never had it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from bonerisk.cohort import slips, textfile, values
from bonerisk.cohort.check import FINDING, covariate
from bonerisk.cohort.columns import rename
from bonerisk.cohort.identifiers import REASON, spoilt
from bonerisk.cohort.refusals import Refusals, describe
from bonerisk.errors import DataError, RowsRefusedError, raise_together
from bonerisk.hospital import days
from bonerisk.hospital.agree import merge_agreeing, not_refused
from bonerisk.hospital.doubt import EVER
from bonerisk.hospital.kinds import KINDS, NEEDED, ONE_OF, PATIENT, SYSTEMS, wrong_settings


def read(
    kind: str,
    path: Path,
    columns: Mapping[str, str | None] | None = None,
    date_format: str | None = None,
    code_system: str | None = None,
    sexes: Mapping[str, str] | None = None,
    latest: pd.Timestamp | None = None,
) -> tuple[pd.DataFrame, Refusals]:
    """Read a hospital's table.

    Parameters
    ----------
    kind : {"dxa", "diagnoses", "drugs", "follow_up", "patients", "reports"}
    path : Path
        CSV: comma, semicolon, tab or |, UTF-8, decimal point or comma.
    columns : mapping, optional
        Our column names to the table's; None leaves out a column that has our name. In patients and reports, other
        names become covariates; a report's columns finding_… do so without being named.
    date_format : str, optional
        For strptime, as "%d.%m.%Y"; by default ISO 8601, YYYY-MM-DD or YYYYMMDD.
    code_system : str, optional
        For codes without one in the table: ICD-9 or ICD-10 for diagnoses, ATC or name for drugs.
    sexes : mapping of str to {"F", "M"}, optional
        How the table writes them, if not F/M or female/male.
    latest : Timestamp, optional
        Last day that is possible; by default today.

    Returns
    -------
    table : DataFrame
        Indexed by line. One row per code in diagnoses and drugs, per patient in follow_up and patients, per image_id
        (else accession) in reports; all rows of dxa (see `bonerisk.hospital.dxa.by_day`). Rows of diagnoses and drugs
        have `date` and `until`, the first and last day that are possible, and no code if it can't be read. Patients
        whose rows of follow_up are refused stay without dates and with `unclear` true, so that they do not count as
        alive.
    refusals : Refusals
        Rows left out.

    Raises
    ------
    ConfigError
        See `wrong_settings`.
    DataError
        The file can't be read, lacks a column, or has no row that can be used.
    """
    columns, key = {ours: theirs and str(theirs) for ours, theirs in (columns or {}).items()}, f"dataset.columns.{kind}"
    raise_together(list(wrong_settings(kind, columns, date_format, code_system)))
    rows, ragged = textfile.read(path, f"dataset.tables.{kind}")
    if kind == "reports":
        columns = {name: name for name in map(str, rows) if name.startswith(FINDING)} | columns
    needed = [column for column in NEEDED[kind] if not (column == "code_system" and code_system)]
    text, names = rename(rows, columns, needed, str(path), KINDS[kind], key)
    _check_one_of(kind, text, path)
    if "image_id" in text:
        text = text.drop(columns="accession", errors="ignore")  # the safer of two keys
    if code_system:
        given = text.get("code_system", pd.Series(None, text.index, dtype="object"))
        text = text.assign(code_system=given.fillna(str(code_system)))
    refusals = Refusals(path.name, names)
    refusals.add(ragged.to_frame("whole row"), ragged.notna(), "whole row", textfile.RAGGED)
    ours = map(str, text.columns)
    latest = latest or pd.Timestamp.now()
    found = {name: _parsed(kind, text, name, refusals, date_format, sexes or {}, latest) for name in ours}
    table = pd.DataFrame(found)
    raise_together(refusals.errors)
    _refuse_empty(kind, text, refusals)
    if kind in SYSTEMS:
        table = _with_doubtful(table, text, refusals, days.months(text["date"], date_format, latest))
    elif kind != "dxa":  # by_day needs its refused rows: it refuses their days
        table = not_refused(table, refusals)
    if kind in ("follow_up", "patients", "reports"):
        keys = [column for column in (*PATIENT, "image_id", "accession") if column in table]
        table = merge_agreeing(table, keys, refusals, "one film" if kind == "reports" else "one patient")
    if kind == "follow_up":
        table = _with_unclear(_ended(table, text, refusals), text, refusals)
    if not_refused(table, refusals).empty:
        what = f"no row can be used:\n{describe(refusals.table, identifying=False)}"
        raise RowsRefusedError(what, str(path), rejected=refusals.table)
    return table, refusals


def _check_one_of(kind: str, text: pd.DataFrame, path: Path) -> None:
    choices = ONE_OF.get(kind, ((),))
    if not any(set(choice) <= set(text) for choice in choices):
        wanted = ", or ".join(" with ".join(choice) for choice in choices)
        mend = f"dataset.columns.{kind}.{choices[0][0]}=<column>"
        raise DataError(f"the table of {kind} has no column {wanted}", str(path), mend)


def _parsed(
    kind: str,
    text: pd.DataFrame,
    column: str,
    refusals: Refusals,
    date_format: str | None,
    sexes: Mapping[str, str],
    latest: pd.Timestamp,
) -> pd.Series:
    """Return the values of a column; cells that can't be read or can't be true are refused."""
    cells, holds = text[column], KINDS[kind].get(column)
    if column == "code_system":
        allowed = SYSTEMS[kind]
        parsed = values.code_system(cells)
        parsed, reason = parsed.where(parsed.isin(allowed), None), f"no code system of {kind}: {' or '.join(allowed)}"
    elif holds == "code":
        return _codes(text, refusals)
    elif holds == "text":
        if column == "patient_id":
            refusals.add(text, spoilt(cells), column, REASON)
        return cells
    elif holds == "date":
        return days.read(kind, text, column, refusals, date_format, latest)
    elif holds == "sex":
        parsed = values.sex(cells, sexes)
        parsed = parsed.astype("object").where(parsed.notna(), None)
        reason = "neither F nor M: say what it means with dataset.female=… and dataset.male=…"
    elif holds == "number":
        parsed, reason = values.number(cells), "no number"
        refusals.fail(slips.unread(cells, parsed, refusals.place(column), reason))
        if kind != "dxa":  # in dxa, other scores are set aside first
            low, high = values.BOUNDS[column]
            refusals.add(text, (parsed < low) | (parsed > high), column, f"outside {low:g} to {high:g}")
    elif column.startswith(FINDING):
        parsed = values.flag(cells)
        reason = f"neither 1 nor 0, yes nor no; dataset.columns.{kind}.{column}=null leaves the column out"
    else:
        return _covariate(cells, refusals, column)
    refusals.add(text, cells.notna() & parsed.isna(), column, reason)
    return parsed


def _codes(text: pd.DataFrame, refusals: Refusals) -> pd.Series:
    """Return codes, each checked by the rules of its system; codes that break them are refused."""
    systems, parsed = values.code_system(text["code_system"]), pd.Series(None, text.index, dtype="object")
    for system, cells in text["code"].groupby(systems):
        parsed[cells.index] = values.code(cells, str(system))
        if system in values.CODES:
            wrong = text["code"].notna() & (systems == system) & parsed.isna()
            reason = f"no code of {system}, which is {values.CODES[str(system)][1]}; spreadsheets spoil codes"
            refusals.add(text, wrong, "code", reason)
    return parsed


def _covariate(cells: pd.Series, refusals: Refusals, column: str) -> pd.Series:
    """Return a covariate's values, yes and no as 1 and 0."""
    flags = values.flag(cells)
    if (flags.isna() & cells.notna()).any():
        return covariate(cells, refusals, column, identifying=False)
    return flags.astype("float64")


def _refuse_empty(kind: str, text: pd.DataFrame, refusals: Refusals) -> None:
    """Refuse rows that lack a patient, day, code or another value that this kind of table needs."""
    for column in [column for column in ("site", *NEEDED[kind]) if column in text and column != "code_system"]:
        refusals.add(text, text[column].isna(), column, "missing")
    if "code_system" in text:
        reason = "a code without a system: V5865 means one thing in ICD-9 and another in ICD-10; "
        reason += f"dataset.code_systems.{kind}={SYSTEMS[kind][-1]}, if all rows have it"
        refusals.add(text, text["code"].notna() & text["code_system"].isna(), "code_system", reason)
    if kind == "reports" or "last_contact" in text:  # a table of deaths alone has no date for the living
        there = [choice[0] for choice in ONE_OF[kind] if choice[0] in text]
        refusals.add(text, text[there].isna().all(axis=1), there[0], "missing")


def _with_doubtful(table: pd.DataFrame, text: pd.DataFrame, refusals: Refusals, months: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `until`; refused rows of a known patient that say a code or a day are doubtful."""
    who = [column for column in PATIENT if column in text]
    refused = ~table.index.isin(not_refused(table, refusals).index)
    nobody = [part["row"][part["column"].isin([refusals.names[column] for column in who])] for part in refusals.parts]
    table = table[~(refused & (text["code"].isna() | table.index.isin(pd.concat(nobody))))]
    code = table["code"].where(table["code_system"].notna(), None)
    first, last = (table["date"].fillna(months[name]).fillna(end) for name, end in zip(months, EVER, strict=True))
    return table.assign(date=first, until=last, code=code)


def _ended(table: pd.DataFrame, text: pd.DataFrame, refusals: Refusals) -> pd.DataFrame:
    """Return the table with both dates; a death is the last contact."""
    table = table.reindex(columns=[*table.columns, *{"last_contact", "death_date"}.difference(table)])
    table = table.astype({"last_contact": "datetime64[ns]", "death_date": "datetime64[ns]"})
    late = table["last_contact"] > table["death_date"]
    refusals.add(text.loc[table.index], late, "last_contact", "after the patient's death")
    last = table["death_date"].fillna(table["last_contact"])
    return table.assign(last_contact=last)[~late]


def _with_unclear(table: pd.DataFrame, text: pd.DataFrame, refusals: Refusals) -> pd.DataFrame:
    """Return the table, with a row marked `unclear` for each patient left only with rows refused for a value."""
    who = [column for column in PATIENT if column in table]
    lines = {line for part in refusals.parts for line in part.loc[part["value"].notna(), "row"]}
    refused = text.loc[text.index.isin(list(lines)), who].dropna(subset="patient_id").drop_duplicates()
    unclear = refused[~pd.MultiIndex.from_frame(refused).isin(pd.MultiIndex.from_frame(table[who]))]
    table = pd.concat([table.assign(unclear=False), unclear.assign(unclear=True)])
    return table.astype({"last_contact": "datetime64[ns]", "death_date": "datetime64[ns]", "unclear": bool})
