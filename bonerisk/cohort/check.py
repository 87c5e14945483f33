"""The check of every table: text in, checked values out, and each refused value with its place and the reason.

A row with a bad value is refused, and the others are kept. If rows contradict each other and it is unknown which is
right, all of them are refused. What would make any result wrong is an error instead: a patient in two splits, or rows
refused that are not lost by chance.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import pandas as pd

from bonerisk.cohort import slips, values
from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.identifiers import REASON, spoilt, two_writings
from bonerisk.cohort.refusals import Refusals
from bonerisk.cohort.table import BODY, DTYPES, NO_SITE, SPLITS, arrange, few, patients, patients_are
from bonerisk.errors import DataError

REQUIRED = ("patient_id", "image_id", "image_path", "split")  # a row in which one of these is empty is refused
SPLIT_WORDS = {"val": "tune", "valid": "tune", "validation": "tune", "dev": "tune", "development": "tune"}
DROPPING = "dataset.columns.{0}=null leaves the column out"
FINDING = "finding_"  # prefix of the findings in a film's report, 1 or 0, which need no mapping

log = logging.getLogger(__name__)


def check(text: pd.DataFrame, refusals: Refusals, sexes: Mapping[str, str], to_predict: bool = False) -> pd.DataFrame:
    """Parse and check all rows, and refuse wrong ones.

    Parameters
    ----------
    text : DataFrame of str
        All rows, with our column names, including `patient_id`, `image_id` and `site`, and `image_path` if they are
        films. Empty cells are None; the index is the line. Columns of numbers are taken as they are.
    refusals : Refusals
        Collects refusals and errors; rows that are already in it are left out too.
    sexes : mapping of str to {"F", "M"}
        The user's codes of the sexes.
    to_predict : bool
        Whether each row is predicted by itself, so that it does not matter which others are lost, and how many.

    Returns
    -------
    DataFrame
        A cohort's table of the rows that were not refused, in the file's order.

    Raises
    ------
    RowsRefusedError
        All at once: a column is misread as a whole, rows are refused that are not lost by chance, no row is left, a
        name in `split` is unknown, a patient is in two splits or is written in two ways; and the earlier errors that
        `refusals` holds.
    """
    table = pd.DataFrame({column: _parsed(text, column, refusals, sexes) for column in text.columns}, index=text.index)
    table["site"] = table["site"].fillna(NO_SITE)
    table = _with_bmi(text, table, refusals)
    for column in REQUIRED:
        if column in text:
            refusals.add(text, text[column].isna(), column, "missing")
    refusals.add(text, spoilt(text["patient_id"]), "patient_id", REASON)
    _refuse_contradictory_classes(text, refusals, table)
    _refuse_contradictory_rows(text, refusals, "image_id")
    if "image_path" in text:
        _refuse_contradictory_rows(text[~text["image_id"].duplicated(keep=False)], refusals, "image_path")
    _refuse_contradictory_sexes(text, refusals, table)
    lost = table.index.isin(refusals.table["row"])
    if not (to_predict or lost.all() or refusals.errors):  # errors that explain what is lost
        refusals.fail(slips.losses(table, refusals))
    _refuse_copies(text, refusals)
    kept = table[~table.index.isin(refusals.table["row"])]
    refusals.fail([*_unknown_splits(text, refusals, table), *_torn_patients(refusals, kept)])
    refusals.fail(two_writings(kept, refusals.place("patient_id")))
    refusals.stop(kept)
    return arrange(kept)


def _parsed(text: pd.DataFrame, column: str, refusals: Refusals, sexes: Mapping[str, str]) -> pd.Series:
    """Return the values of a column, refusing those that can't be read or are impossible."""
    cells = text[column]
    if pd.api.types.is_numeric_dtype(cells):
        return cells
    if column == "sex":
        parsed = values.sex(cells, sexes)
        reason = "neither F nor M: say what it means with dataset.female=… and dataset.male=…"
    elif column == "split":
        return values.split(cells)  # unknown names are an error, not refused rows
    elif column in values.PARSERS:
        parser, reason = values.PARSERS[column]
        parsed = parser(cells)
        refusals.fail(slips.unread(cells, parsed, refusals.place(column), reason))
    elif column.startswith(FINDING):
        parsed, reason = values.flag(cells), f"neither 1 nor 0, yes nor no; {DROPPING.format(column)}"
    else:
        return cells if column in DTYPES else covariate(cells, refusals, column)
    refusals.add(text, cells.notna() & parsed.isna(), column, reason)
    if column in values.BOUNDS:
        low, high = values.BOUNDS[column]
        refusals.add(text, (parsed < low) | (parsed > high), column, f"outside {low:g} to {high:g}".replace("-", "−"))
    return parsed


def covariate(cells: pd.Series, refusals: Refusals, column: str, identifying: bool = True) -> pd.Series:
    """Return a covariate's values; warn if a few odd cells turn a column of numbers into text.

    Parameters
    ----------
    cells : Series of str
    refusals : Refusals
        Those of the cells' table; takes an error if a thousands sign can't be told from a decimal one.
    column : str
        Our name of the column.
    identifying : bool
        Whether the log, which may be passed on, may show an odd value.
    """
    refusals.fail(slips.thousands(cells, refusals.place(column)))
    parsed, numbers = values.covariate(cells), values.number(cells)
    odd = cells[cells.notna() & numbers.isna()]
    if parsed is cells and 0 < len(odd) < numbers.count():
        where = f"{refusals.file} row {odd.index[0]}, column {refusals.names.get(column, column)}"
        where += f", value {odd.iloc[0]!r}" if identifying else ""
        log.warning("%s: not a number, as most cells are (%d such cells), so the covariate is text", where, len(odd))
    return parsed


def _with_bmi(text: pd.DataFrame, table: pd.DataFrame, refusals: Refusals) -> pd.DataFrame:
    """Return the table with the BMI of known heights and weights; it obeys the limits of a given one."""
    if not {"height_cm", "weight_kg"} <= set(table):
        return table
    possible = {name: table[name].where(table[name].between(*values.BOUNDS[name])) for name in BODY if name in table}
    bmi = possible["weight_kg"] / (possible["height_cm"] / 100) ** 2
    if "bmi_kg_m2" in table:
        bmi = bmi.where(table["bmi_kg_m2"].isna())
    low, high = values.BOUNDS["bmi_kg_m2"]
    reason = f"outside {low:g} to {high:g}, from height_cm and weight_kg"
    derived = text.assign(bmi_kg_m2=bmi.round(1).astype(str))
    refusals.add(derived, (bmi < low) | (bmi > high), "bmi_kg_m2", reason)
    return table.assign(bmi_kg_m2=table.get("bmi_kg_m2", bmi).fillna(bmi))


def _refuse_contradictory_classes(text: pd.DataFrame, refusals: Refusals, table: pd.DataFrame) -> None:
    """Refuse rows whose class is not that of their T-score: one of the two is wrong, and it is unknown which."""
    if not {"t_score", "bone_class"} <= set(table):
        return
    meant = bone_class(table["t_score"])
    wrong = table["bone_class"].notna() & meant.notna() & (table["bone_class"] != meant)
    other = refusals.names.get("t_score", "t_score")
    says = other + " " + text["t_score"].astype(str) + " means " + meant.astype(str)
    refusals.add(text, wrong, "bone_class", says + "; " + DROPPING.format("bone_class"))


def _repeated(text: pd.DataFrame, column: str) -> Iterator[tuple[pd.DataFrame, bool]]:
    """Yield the rows of each film (or visit) that has several, and whether they differ."""
    for _, rows in text[text[column].duplicated(keep=False)].groupby(column):
        yield rows, len(rows.drop_duplicates()) > 1


def _refuse_contradictory_rows(text: pd.DataFrame, refusals: Refusals, column: str) -> None:
    """Refuse all rows of one film (or visit) if they differ."""
    one = "film" if "image_path" in text else "patient and visit"
    for rows, differ in _repeated(text, column):
        lines = few([str(row) for row in rows.index])
        refusals.add(rows, rows[column].notna() & differ, column, f"rows {lines} are of one {one} and differ")


def _refuse_copies(text: pd.DataFrame, refusals: Refusals) -> None:
    """Refuse the copies of a row, by which nothing is lost."""
    for rows, differ in _repeated(text, "image_id"):
        refusals.add(rows, rows.duplicated() & (not differ), "image_id", f"a copy of row {rows.index[0]}")


def _refuse_contradictory_sexes(text: pd.DataFrame, refusals: Refusals, table: pd.DataFrame) -> None:
    if "sex" not in table:
        return
    wrong = table["sex"].groupby(patients(table)).transform("nunique") > 1
    refusals.add(text, wrong, "sex", "the patient is both F and M")


def _unknown_splits(text: pd.DataFrame, refusals: Refusals, table: pd.DataFrame) -> Iterator[DataError]:
    """Yield an error for each name of a split that is unknown."""
    if "split" not in table:
        return
    for name in sorted(text.loc[table["split"].isna(), "split"].dropna().unique()):
        near = [SPLIT_WORDS.get(name.lower()), *get_close_matches(name.lower(), SPLITS, n=1, cutoff=0.5)]
        hint = next((f"did you mean {word}? " for word in near if word), "")
        allowed = f"write one of {', '.join(SPLITS)}; {DROPPING.format('split')}, and bonerisk splits by patient"
        yield DataError(f"there is no split {name!r}", refusals.place("split"), hint + allowed)


def _torn_patients(refusals: Refusals, table: pd.DataFrame) -> Iterator[DataError]:
    """Yield an error if patients are in two splits."""
    if "split" not in table:
        return
    torn = table["split"].groupby(patients(table)).transform("nunique") > 1
    if torn.any():
        who = table[torn].groupby(patients(table), sort=False)
        names = few([f"{rows['patient_id'].iloc[0]} (rows {few([str(row) for row in rows.index])})" for _, rows in who])
        what = f"{patients_are(len(who))} in more than one split: {names}"
        mend = f"put all films of a patient into one split, or {DROPPING.format('split')}"
        yield DataError(what, refusals.place("split"), mend)
