"""Reading a user's CSV as text, with the line on which an editor shows each row.

Commas, semicolons and tabs are told apart by the header. Cells stay text, so that identifiers keep their zeros.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from bonerisk.errors import DataError

DELIMITERS = (",", ";", "\t")


def read(path: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Read `path` as text.

    Parameters
    ----------
    path : Path
        Comma-, semicolon- or tab-separated, in UTF-8 with or without a byte order mark, with a header.

    Returns
    -------
    rows : DataFrame of str
        A column each of the header, cells stripped; the index is the line, from 1, on which the row starts.
    ragged : Series of str
        Rows that have another number of cells than the header, with their text; indexed likewise.

    Raises
    ------
    DataError
        There is no such file, it is no UTF-8 text, has no rows, a column twice, or a quote that is never closed.
    """
    text = _decode(path)
    first = next(iter(text.splitlines()), "")
    delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    records: dict[int, list[str]] = {}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):  # spreadsheets leave rows of bare separators
                records[line] = [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"the table can't be read: {error}",
            where=f"{path}, row {line}",
            mend="look for a quotation mark that is not closed",
        ) from error
    if len(records) < 2:
        raise DataError("the table has no rows", where=str(path))
    header = _header(records.pop(min(records)), path)
    width = len(header)
    records = {line: cells[:width] if not any(cells[width:]) else cells for line, cells in records.items()}
    good = {line: cells for line, cells in records.items() if len(cells) == width}
    ragged = {line: delimiter.join(cells) for line, cells in records.items() if len(cells) != width}
    rows = pd.DataFrame.from_dict(good, orient="index", columns=header, dtype="object")
    return rows, pd.Series(ragged, dtype="object")


def _header(names: list[str], path: Path) -> list[str]:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"the table has a column twice: {', '.join(twice)}", where=str(path), mend="rename one of them")
    return names


def _decode(path: Path) -> str:
    """Return the file's text, or say in which encoding it seems to be."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"the table can't be opened: {error.strerror}", where=str(path), mend="dataset.table=FILE"
        ) from error
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DataError("this is a spreadsheet, not a CSV", where=str(path), mend="save it as “CSV UTF-8”")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:1000]:
        raise DataError("the table is not UTF-8 but UTF-16", where=str(path), mend=_recode("UTF-16", path))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"the table is not UTF-8: byte 0x{content[error.start]:02x} has no meaning there",
            where=f"{path}, row {row}",
            mend=f"save it as “CSV UTF-8”, or, if it is Western European: {_recode('WINDOWS-1252', path)}",
        ) from error


def _recode(encoding: str, path: Path) -> str:
    return f"iconv -f {encoding} -t UTF-8 '{path}' > '{path.stem}-utf8{path.suffix}'"
