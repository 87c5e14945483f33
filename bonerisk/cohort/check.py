"""The check of every table: text in, checked values out, and each refused value with its place and the reason.

A row with a bad value is refused, and the others are kept. If rows contradict each other and it is unknown which is
right, all of them are refused. What would make any result wrong (a patient in two splits) is an error instead.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import pandas as pd

from bonerisk.cohort import misread, values
from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.identifiers import REASON, spoilt, two_writings
from bonerisk.cohort.table import DTYPES, NO_SITE, REJECTED, SPLITS, arrange, few, patients
from bonerisk.errors import DataError, NothingLeftError, raise_together

REQUIRED = ("patient_id", "image_id", "image_path", "split")  # a row in which one of these is empty is refused
SPLIT_WORDS = {"val": "tune", "valid": "tune", "validation": "tune", "dev": "tune", "development": "tune"}
DROPPING = "dataset.columns.{0}=null leaves the column out"
FINDING = "finding_"  # prefix of the findings in a film's report, 1 or 0, which need no mapping

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusals:
    """Values refused so far, of a table whose index is the line in `file`.

    Parameters
    ----------
    file : str
        As the user named it.
    names : mapping of str to str
        Our column names to the file's.
    """

    file: str
    names: Mapping[str, str] = field(default_factory=dict)
    parts: list[pd.DataFrame] = field(default_factory=list)

    def add(self, text: pd.DataFrame, refused: pd.Series, column: str, reason: str | pd.Series) -> None:
        """Refuse the rows of `text` that the mask `refused` marks, for their value of `column`."""
        text = text.loc[refused]
        found: dict[str, Any] = {name: text.get(name) for name in ("patient_id", "image_id")}
        found |= {"file": self.file, "row": text.index, "column": self.names.get(column, column)}
        found |= {"value": text.get(column), "reason": reason if isinstance(reason, str) else reason[refused]}
        self.parts.append(pd.DataFrame(found, index=text.index, columns=list(REJECTED)))

    def place(self, column: str) -> str:
        """Return file and column, for an error; `column` is our name."""
        return f"{self.file}, column {self.names.get(column, column)}"

    @property
    def table(self) -> pd.DataFrame:
        """Columns `REJECTED`, in the order of the file."""
        parts = [part for part in self.parts if len(part)]
        if not parts:
            return pd.DataFrame(columns=list(REJECTED))
        table = pd.concat(parts).sort_values("row", kind="stable", ignore_index=True)
        return table.astype("object").where(table.notna(), None).astype({"row": "int64"})


def describe(rejected: pd.DataFrame, most: int = 8, identifying: bool = True) -> str:
    """Return the first of each kind of refusal: file, row, patient, column, value, reason, and how many more.

    Without `identifying`, patient and value are left out, so that a log with this text may be passed on.
    """
    lines = []
    for (column, reason), alike in rejected.groupby(["column", "reason"], sort=False):
        first = alike.iloc[0]
        more = f" (and {len(alike) - 1} more such)" if len(alike) > 1 else ""
        place = f"{first['file']} row {first['row']:.0f}" if pd.notna(first["row"]) else "films"
        if identifying:
            place += f", patient {first['patient_id'] or 'unknown'}"
        value = "nothing" if first["value"] is None else repr(first["value"])
        lines.append(f"{place}, column {column}{f', value {value}' if identifying else ''}: {reason}{more}")
    return "\n".join([*lines[:most], *([f"… and {len(lines) - most} more kinds"] if len(lines) > most else [])])


def counted(rejected: pd.DataFrame) -> str:
    """Return how many rows were refused for which column, as a reason in the flow."""
    columns = rejected.drop_duplicates("row")["column"].value_counts()
    return "refused: " + ", ".join(f"{column} {n}" for column, n in columns.items()) if len(columns) else ""


def told(rejected: pd.DataFrame) -> Iterator[str]:
    """Yield the warning that rows were refused, if any were."""
    if len(rejected):
        yield f"{rejected['row'].nunique()} rows are refused (rejected.csv):\n{describe(rejected)}"


def check(text: pd.DataFrame, refusals: Refusals, sexes: Mapping[str, str]) -> pd.DataFrame:
    """Parse and check all rows, and refuse wrong ones.

    Parameters
    ----------
    text : DataFrame of str
        All rows, with our column names, including `patient_id`, `image_id` and `site`, and `image_path` if they are
        films. Empty cells are None; the index is the line. Columns of numbers are taken as they are.
    refusals : Refusals
        Collects the refusals; rows that are already in it are left out too.
    sexes : mapping of str to {"F", "M"}
        The user's codes of the sexes.

    Returns
    -------
    DataFrame
        A cohort's table of the rows that were not refused, in the file's order.

    Raises
    ------
    DataError
        A column is misread as a whole, or no row is left; or a name in `split` is unknown, a patient is in two splits
        or is written in two ways: all such at once.
    """
    table = pd.DataFrame({column: _parsed(text, column, refusals, sexes) for column in text.columns}, index=text.index)
    table["site"] = table["site"].fillna(NO_SITE)
    for column in REQUIRED:
        if column in text:
            refusals.add(text, text[column].isna(), column, "missing")
    refusals.add(text, spoilt(text["patient_id"]), "patient_id", REASON)
    _refuse_contradictory_classes(text, refusals, table)
    _refuse_repeated(text, refusals, "image_id")
    if "image_path" in text:
        _refuse_repeated(text[~text["image_id"].duplicated(keep=False)], refusals, "image_path")
    _refuse_contradictory_sexes(text, refusals, table)
    rejected = refusals.table
    table = table[~table.index.isin(rejected["row"])]
    if table.empty:
        what = f"no row can be used:\n{describe(rejected)}"
        raise NothingLeftError(what, refusals.file, rejected=rejected)
    raise_together([*_split_errors(text, refusals, table), *two_writings(table, refusals.place("patient_id"))])
    return arrange(table)


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
        raise_together([*misread.unread(cells, parsed, refusals.place(column), reason)])
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
        Refusals of the cells' table.
    column : str
        Our name of the column.
    identifying : bool
        Whether the log, which may be passed on, may show an odd value.

    Raises
    ------
    DataError
        A thousands sign can't be told from a decimal one.
    """
    raise_together([*misread.thousands(cells, refusals.place(column))])
    parsed, numbers = values.covariate(cells), values.number(cells)
    odd = cells[cells.notna() & numbers.isna()]
    if parsed is cells and 0 < len(odd) < numbers.count():
        where = f"{refusals.file} row {odd.index[0]}, column {refusals.names.get(column, column)}"
        where += f", value {odd.iloc[0]!r}" if identifying else ""
        log.warning("%s: not a number, as most cells are (%d such cells), so the covariate is text", where, len(odd))
    return parsed


def _refuse_contradictory_classes(text: pd.DataFrame, refusals: Refusals, table: pd.DataFrame) -> None:
    """Refuse rows whose class is not that of their T-score: one of the two is wrong, and it is unknown which."""
    if not {"t_score", "bone_class"} <= set(table):
        return
    meant = bone_class(table["t_score"])
    wrong = table["bone_class"].notna() & meant.notna() & (table["bone_class"] != meant)
    other = refusals.names.get("t_score", "t_score")
    says = other + " " + text["t_score"].astype(str) + " means " + meant.astype(str)
    refusals.add(text, wrong, "bone_class", says + "; " + DROPPING.format("bone_class"))


def _refuse_repeated(text: pd.DataFrame, refusals: Refusals, column: str) -> None:
    """Refuse the copies of a row; if rows of one film (or visit) differ, refuse all of them."""
    one = "film" if "image_path" in text else "patient and visit"
    for _, rows in text[text[column].duplicated(keep=False)].groupby(column):
        lines = few([str(row) for row in rows.index])
        if len(rows.drop_duplicates()) == 1:
            refusals.add(rows, rows.duplicated(), column, f"a copy of row {rows.index[0]}")
        else:
            refusals.add(rows, rows[column].notna(), column, f"rows {lines} are of one {one} and differ")


def _refuse_contradictory_sexes(text: pd.DataFrame, refusals: Refusals, table: pd.DataFrame) -> None:
    if "sex" not in table:
        return
    wrong = table["sex"].groupby(patients(table)).transform("nunique") > 1
    refusals.add(text, wrong, "sex", "the patient is both F and M")


def _split_errors(text: pd.DataFrame, refusals: Refusals, table: pd.DataFrame) -> list[DataError]:
    """Return unknown names of splits, and patients in two of them."""
    if "split" not in table:
        return []
    where, found = refusals.place("split"), []
    unknown = sorted(text.loc[table.index[table["split"].isna()], "split"].unique())
    for name in unknown:
        near = [SPLIT_WORDS.get(name.lower()), *get_close_matches(name.lower(), SPLITS, n=1, cutoff=0.5)]
        hint = next((f"did you mean {word}? " for word in near if word), "")
        allowed = f"write one of {', '.join(SPLITS)}; {DROPPING.format('split')}, and bonerisk splits by patient"
        found.append(DataError(f"there is no split {name!r}", where, hint + allowed))
    torn = table["split"].groupby(patients(table)).transform("nunique") > 1
    if torn.any():
        who = table[torn].groupby(patients(table), sort=False)
        names = few([f"{rows['patient_id'].iloc[0]} (rows {few([str(row) for row in rows.index])})" for _, rows in who])
        what = f"{len(who)} patients are in more than one split: {names}"
        mend = f"put all films of a patient into one split, or {DROPPING.format('split')}"
        found.append(DataError(what, where, mend))
    return found
