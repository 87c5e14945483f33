"""Tables of a file: of a CSV as it is printed, of an evaluation's metrics.csv, of a document in YAML."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bonerisk.audit.tables import Printed
from bonerisk.documents import read_yaml, regular
from bonerisk.errors import DataError

MOST_BYTES = 20_000_000  # of a printed table
LONG = {"metric", "estimate", "lower", "upper", "n", "n_events", "subgroup"}  # columns of metrics.csv
SEPARATORS = ",;\t|"
DECIMAL_COMMA = re.compile(r"(?<!\d)\d+,(?:\d{1,2}|\d{4,})(?!\d)")  # three digits after it may be thousands
KEYS = ["dataset", "split", "model", "subgroup", "threshold"]
FORM = "a CSV with a head, or YAML with 'tables', each with number, title, columns and rows, as reporting/published has"


def read(path: Path) -> list[Printed]:
    """Tables of a file.

    Parameters
    ----------
    path : Path
        ``.yaml``: a document of several tables, see `of_document`. Else a CSV: comma, semicolon, tab or |, decimal
        point or comma.

    Raises
    ------
    DataError
        The file can't be read, or isn't of these forms.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        content = read_yaml(path)
        if not isinstance(content, dict) or not isinstance(content.get("tables"), list):
            raise DataError("the document has no list 'tables'", str(path), f"write {FORM}")
        return of_document(content["tables"], str(path))
    head, *rows = _rows(path)
    if set(head) >= LONG:
        return of_metrics(pd.DataFrame(rows, columns=head))
    return [Printed(path.stem, path.stem, head, rows)]


def _rows(path: Path) -> list[list[str]]:
    try:
        if regular(path).stat().st_size > MOST_BYTES:
            raise DataError("the file is too large for a printed table", str(path), "name one under 20 MB")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8", str(path), "save it as CSV in UTF-8") from error
    except OSError as error:
        raise DataError(f"the file can't be read: {error.strerror}", str(path), "check the path") from error
    rows = _decimal_points(max((_split(text, separator) for separator in SEPARATORS), key=_likely))
    if len(rows) < 2:
        raise DataError("the table has no rows", str(path), f"write {FORM}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            what = f"row {number} has {len(row)} cells, the head {len(rows[0])}"
            raise DataError(what, str(path), "quote cells that hold the separator")
    return rows


def _split(text: str, separator: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=separator)]
    return [row for row in rows if any(row)]


def _likely(rows: list[list[str]]) -> tuple[bool, int]:
    """How likely a separator gave these rows: all have as many cells, and many."""
    first = len(rows[0]) if rows else 0
    return first > 1 and all(len(row) == first for row in rows), first


def _decimal_points(rows: list[list[str]]) -> list[list[str]]:
    """The rows with decimal points, if they have commas in their place."""
    cells = [cell for row in rows[1:] for cell in row]
    if any(re.search(r"\d\.\d", cell) for cell in cells) or not any(DECIMAL_COMMA.search(cell) for cell in cells):
        return rows
    return [rows[0], *([re.sub(r"(?<=\d),(?=\d)", ".", cell) for cell in row] for row in rows[1:])]


def of_document(tables: Sequence[Mapping[str, Any]], where: str) -> list[Printed]:
    """Tables of a document: mappings with number, title, columns and rows of text; facts, sums and same as `Printed`.

    Raises
    ------
    DataError
        A table lacks something, or a row has too many or too few cells.
    """
    found = []
    for table in tables:
        name = str(table.get("number", "a table without number")) if isinstance(table, Mapping) else "a table"
        try:
            columns = [str(head) for head in table["columns"]]
            rows = [[str(cell) for cell in row] for row in table["rows"]]
            asked = (table.get("facts", {}), table.get("sums", ()), bool(table.get("same", False)))
            found.append(Printed(name, str(table["title"]), columns, rows, *asked))
        except (KeyError, TypeError) as error:
            raise DataError(f"{name}: {error} is missing or of another form", where, f"write {FORM}") from error
        wrong = next((row for row in rows if len(row) != len(columns)), None)
        if wrong is not None:
            raise DataError(f"{name}: row {wrong[0]!r} has {len(wrong)} cells, the head {len(columns)}", where, FORM)
    return found


def of_metrics(metrics: pd.DataFrame) -> list[Printed]:
    """A metrics.csv as one table: a row for each dataset, split, model, subgroup and threshold.

    Differences between models are left out, and so is what holds at a horizon: with censoring it is of no whole number
    of patients.
    """
    text = metrics.astype(object).where(metrics.notna(), "").astype(str)
    for column in ("reference", "horizon_years"):
        if column in text:
            text = text[text[column] == ""]
    text = text[text["estimate"] != ""]
    keys = [key for key in KEYS if key in text]
    shown = text.assign(
        cell=[_cell(*each) for each in zip(text["estimate"], text["lower"], text["upper"], strict=True)]
    )
    names = list(dict.fromkeys(shown["metric"]))
    rows = []
    for key, of in shown.groupby(keys, sort=False):
        cells = dict(zip(of["metric"], of["cell"], strict=True))
        sizes = [of[column].iloc[0] if of[column].nunique() == 1 else "" for column in ("n", "n_events")]
        rows.append(
            [*map(str, key), *(size.removesuffix(".0") for size in sizes), *(cells.get(name, "") for name in names)]
        )
    return [Printed("metrics", "Metrics", [*keys, "n", "events", *names], rows)]


def _cell(estimate: str, lower: str, upper: str) -> str:
    numbers = [f"{float(each):.9f}" for each in (estimate, lower, upper) if each]
    return f"{numbers[0]} ({numbers[1]} to {numbers[2]})" if len(numbers) == 3 else numbers[0]
