"""Reading a user's CSV as text, with the line on which an editor shows each row.

The header shows whether commas, semicolons, tabs or vertical bars separate cells, or a line ``sep=;`` above it, which
spreadsheets and laboratory devices write. Cells stay text, so identifiers keep their zeros.
"""

from __future__ import annotations

import csv
import io
import re
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bonerisk.cohort.bounds import LONGEST_LINE, MENDING, MOST_EMPTY, check_columns, check_memory
from bonerisk.documents import regular
from bonerisk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
SEPARATOR = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
RAGGED = "not as many cells as the header; a decimal comma needs quotes, or semicolons between cells"
LONGEST_HEADER = 2**20  # bytes
OFTEN = 2**16  # rows after which the memory that they take is estimated
ROW_BYTES, CELL_BYTES, TEXT_BYTES = 150, 25, 200  # that a row, a cell and a text that is kept once take


class _Stripped(dict[str, str]):
    """Cells and the same stripped: a million rows repeat few dates and codes, so each is kept once."""

    def __missing__(self, cell: str) -> str:
        self[cell] = stripped = cell.strip()
        return stripped


def read(path: Path, key: str = "dataset.table") -> tuple[pd.DataFrame, pd.Series]:
    """Read `path` as text.

    Parameters
    ----------
    path : Path
        Cells between commas, semicolons, tabs or vertical bars; UTF-8 with or without a byte order mark; with a header.
    key : str
        Configuration key of the file.

    Returns
    -------
    rows : DataFrame of str
        One column per name in the header, cells stripped; the index is the line, from 1, on which the row starts.
    ragged : Series of str
        Rows that have another number of cells than the header, with their text; indexed likewise.

    Raises
    ------
    DataError
        There is no such file, it is not UTF-8 text, has no rows, a column twice, a quote that is never closed, or more
        than fits (`cohort.bounds`), or most rows have as many cells as one another, but not as the first.
    """
    import pandas as pd

    _refuse_other_kinds(path, key)
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            delimiter, said = _separator(text)
            lines, records = _records(text, delimiter, path)
    except UnicodeDecodeError as error:
        raise _no_utf8(path, error.object[error.start : error.start + 1]) from error
    if said:
        del lines[0], records[0]
    if len(records) < 2:
        raise DataError("the table has no rows", where=str(path))
    header = _header(list(records[0]), path)
    _refuse_title(lines, records, path)
    width = len(header)
    ragged = {}
    for place in [place for place, cells in enumerate(records) if len(cells) != width]:
        cells = records[place]
        if len(cells) > width and not any(cells[width:]):
            records[place] = cells[:width]
        else:
            ragged[lines[place]] = delimiter.join(cells)
    good = [place for place in range(1, len(records)) if lines[place] not in ragged]
    rows = pd.DataFrame([records[place] for place in good], [lines[place] for place in good], header, dtype="object")
    return rows, pd.Series(ragged, dtype="object")


def header(path: Path) -> list[str]:
    """Names of the columns, from the file's beginning alone; none if it is no text, of which `read` says more."""
    with path.open("rb") as file:
        start = file.read(LONGEST_HEADER)
    if b"\0" in start:
        return []
    with io.TextIOWrapper(io.BytesIO(start), "utf-8-sig", errors="replace", newline="") as text:
        delimiter, said = _separator(text)
        records = ([cell.strip() for cell in cells] for cells in csv.reader(text, delimiter=delimiter))
        found = (cells for cells in records if any(cells))
        try:
            if said:
                next(found, None)
            return next(found, [])
        except csv.Error:
            return []


def _separator(text: TextIO) -> tuple[str, bool]:
    """Return what separates cells, and whether a line of its own says so; the text is at its beginning again."""
    lines = iter(lambda: text.readline(LONGEST_LINE), "")
    first = next((line for line in islice(lines, MOST_EMPTY) if line.strip()), "")
    said = SEPARATOR.fullmatch(first.strip())
    text.seek(0)
    return said[1] if said else _delimiter(first), said is not None


def _delimiter(header: str) -> str:
    def width(sign: str) -> int:
        try:
            return len(next(csv.reader([header], delimiter=sign), []))
        except csv.Error:  # by a wrong sign, all of a long header is one cell
            return 0

    return max(DELIMITERS, key=width)


def _records(text: TextIO, delimiter: str, path: Path) -> tuple[list[int], list[tuple[str, ...]]]:
    """Return the line on which each record starts, and its cells; skip spreadsheets' rows of bare separators."""
    kept = _Stripped()
    strip = kept.__getitem__
    lines: list[int] = []
    records: list[tuple[str, ...]] = []
    line = 1
    reader = csv.reader(_bounded(text, path), delimiter=delimiter, strict=True)
    try:
        for raw in reader:
            if not records:
                check_columns(len(raw), path)
            cells = tuple(map(strip, raw))
            if any(cells):
                lines.append(line)
                records.append(cells)
                if not len(records) % OFTEN:
                    taken = len(records) * (ROW_BYTES + CELL_BYTES * len(records[0])) + TEXT_BYTES * len(kept)
                    check_memory(taken, path)
            elif line - (lines or [0])[-1] > MOST_EMPTY:
                raise DataError(f"over {MOST_EMPTY} empty rows follow each other", f"{path}, row {line}", MENDING)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"the table can't be read: {error}",
            where=f"{path}, row {line}",
            mend="look for a quotation mark that is not closed",
        ) from error
    return lines, records


def _header(names: list[str], path: Path) -> list[str]:
    twice = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if twice:
        raise DataError(f"the table has a column twice: {', '.join(twice)}", where=str(path), mend="rename one of them")
    return names


def _refuse_title(lines: list[int], records: list[tuple[str, ...]], path: Path) -> None:
    """Refuse a table of which most rows have another number of cells than the first, such as one below a title."""
    width, rows = len(records[0]), records[1:]
    widths = Counter(len(cells) for cells in rows if len(cells) < width or any(cells[width:]))
    found, count = max(widths.items(), key=itemgetter(1), default=(width, 0))
    if count > max(len(rows) / 2, 1):
        what = f"{count} of {len(rows)} rows have {found} cells, but row {lines[0]}, the header, has {width}"
        mend = "remove lines above the header; a decimal comma needs quotes, or semicolons between cells"
        raise DataError(what, where=str(path), mend=mend)


def _bounded(text: TextIO, path: Path) -> Iterator[str]:
    """Lines of the text; raise DataError at one that has no end in sight."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise DataError(f"the line has over {LONGEST_LINE} characters", f"{path}, row {number}", MENDING)
        yield line


def _refuse_other_kinds(path: Path, key: str) -> None:
    """Raise DataError if the file can't be opened, or its beginning is a spreadsheet's or of UTF-16."""
    try:
        with regular(path).open("rb") as file:
            start = file.read(1000)
    except OSError as error:
        raise DataError(f"the table can't be opened: {error.strerror}", where=str(path), mend=f"{key}=FILE") from error
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DataError("this is a spreadsheet, not a CSV", where=str(path), mend="save it as “CSV UTF-8”")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise DataError("the table is not UTF-8 but UTF-16", where=str(path), mend=_recode("UTF-16", path))


def _no_utf8(path: Path, byte: bytes) -> DataError:
    """The error of a table with a byte that has no meaning in UTF-8, with the encoding that it seems to have."""
    what = f"the table is not UTF-8: byte 0x{byte.hex()} has no meaning there"
    mend = f"save it as “CSV UTF-8”, or (here from Western Europe; CP949: Korea) {_recode('WINDOWS-1252', path)}"
    return DataError(what, f"{path}, row {_bad_row(path)}", mend)


def _bad_row(path: Path) -> int:
    """The first line that is not UTF-8."""
    decoder, row = getincrementaldecoder("utf-8")(), 1
    with path.open("rb") as file:
        for part in iter(lambda: file.read(LONGEST_HEADER), b""):
            try:
                decoder.decode(part)
            except UnicodeDecodeError as error:
                return row + error.object[: error.start].count(b"\n")
            row += part.count(b"\n")
    return row


def _recode(encoding: str, path: Path) -> str:
    return f"iconv -f {encoding} -t UTF-8 '{path}' > '{path.stem}-utf8{path.suffix}'"
