"""Rows of a table that are refused, each with its place and the reason, and the errors for which the whole stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bonerisk.cohort.table import REJECTED
from bonerisk.errors import DataError, RowsRefusedError, raise_together


@dataclass(frozen=True)
class Refusals:
    """Values refused so far, of a table whose index is the line in `file`.

    Parameters
    ----------
    file : str
        As the user named it.
    names : mapping of str to str
        Our column names to the file's.
    parts : list of DataFrame
        Refused values, columns `REJECTED`.
    errors : list of DataError
        What makes any result wrong; `stop` raises all at once.
    """

    file: str
    names: Mapping[str, str] = field(default_factory=dict)
    parts: list[pd.DataFrame] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)

    def add(self, text: pd.DataFrame, refused: pd.Series, column: str, reason: str | pd.Series) -> None:
        """Refuse the rows of `text` that the mask `refused` marks, for their value of `column`."""
        text = text.loc[refused]
        found: dict[str, Any] = {name: text.get(name) for name in ("patient_id", "image_id")}
        found |= {"file": self.file, "row": text.index, "column": self.names.get(column, column)}
        found |= {"value": text.get(column), "reason": reason if isinstance(reason, str) else reason[refused]}
        self.parts.append(pd.DataFrame(found, index=text.index, columns=list(REJECTED)))

    def only(self, rows: pd.Index) -> None:
        """Forget the refusals of all rows but some, as others take no part."""
        self.parts[:] = [part[part["row"].isin(rows)] for part in self.parts]

    def place(self, column: str) -> str:
        """Return file and column, for an error; `column` is our name."""
        return f"{self.file}, column {self.names.get(column, column)}"

    def fail(self, errors: Iterable[DataError]) -> None:
        """Take errors, except those of a place that already has one: a second says the same in other words."""
        places = {error.where for error in self.errors}
        self.errors.extend(error for error in errors if error.where not in places)

    def stop(self, kept: pd.DataFrame) -> None:
        """Raise the errors found so far as one; without any, raise one if no row is kept.

        Raises
        ------
        RowsRefusedError
        """
        rejected = self.table
        none = [DataError(f"no row can be used:\n{describe(rejected)}", self.file)] if kept.empty else []
        try:
            raise_together(self.errors or none)
        except DataError as error:
            raise RowsRefusedError(error.what, error.where, error.mend, rejected) from None

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
