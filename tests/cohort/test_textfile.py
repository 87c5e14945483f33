from __future__ import annotations

from pathlib import Path

import pytest

from bonerisk.cohort import textfile
from bonerisk.errors import DataError


@pytest.fixture
def write(tmp_path: Path):
    def writer(content: str | bytes) -> Path:
        path = tmp_path / "films.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_marks_and_line_ends(write, delimiter: str, mark: bytes, end: str) -> None:
    lines = [delimiter.join(row) for row in (["id", "name"], ["007", " Ä "], ["", ""])]
    rows, ragged = textfile.read(write(mark + end.join(lines).encode()))
    assert rows.to_dict("index") == {2: {"id": "007", "name": "Ä"}} and ragged.empty


def test_rows_bear_the_line_that_an_editor_shows(write) -> None:
    rows, _ = textfile.read(write('a,b\n1,"two\nlines"\n\n3,4\n'))
    assert rows.index.tolist() == [2, 5]


def test_odd_rows_are_set_apart_and_empty_cells_at_the_end_forgiven(write) -> None:
    rows, ragged = textfile.read(write("a,b\n1,-2,5\n3\n4,5,,\n"))
    assert rows.index.tolist() == [4] and ragged.to_dict() == {2: "1,-2,5", 3: "3"}


def test_blank_lines_before_the_header_hide_no_separator(write) -> None:
    rows, _ = textfile.read(write("\n \na;b\n1,5;2\n"))
    assert rows.to_dict("index") == {4: {"a": "1,5", "b": "2"}}


def test_quotes_hold_separators_line_ends_and_quotes(write) -> None:
    rows, ragged = textfile.read(write('\n\n"a;1",b\r\n"x, ""y""",2\r\n\r\n"1\r\n2",3'))
    assert rows.to_dict("split") == {
        "index": [4, 6],
        "columns": ["a;1", "b"],
        "data": [['x, "y"', "2"], ["1\r\n2", "3"]],
    }
    assert ragged.empty


def test_cells_of_one_text_are_kept_once(write) -> None:
    rows, _ = textfile.read(write("a,b\n2020-01-01,x\n2020-01-01,2020-01-01\n"))
    assert rows.loc[2, "a"] is rows.loc[3, "a"] is rows.loc[3, "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\nMüller,1\n".encode("cp1252"), r"not UTF-8: byte 0xfc[\s\S]*row 2[\s\S]*iconv -f WINDOWS-1252"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16"),
        (b"PK\x03\x04", "spreadsheet"),
        ("", "no rows"),
        ("a,b\n", "no rows"),
        ('a,b\n"1,2\n3,4\n', r"row 2[\s\S]*quotation mark"),
        ("a,b,a\n1,2,3\n", "a column twice: a"),
    ],
)
def test_files_that_are_no_table_say_what_they_are(write, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        textfile.read(write(content))


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.csv", "can't be opened"), (tmp_path, "this is a folder")):
        with pytest.raises(DataError, match=f"{words}[\\s\\S]*{path}"):
            textfile.read(path)


@pytest.mark.parametrize("first", ["sep=;\r\n", "sep=;\n", '"sep=;"\n', "SEP=;\n\n"])
def test_a_line_that_names_the_separator_is_no_header(write, first: str) -> None:
    rows, ragged = textfile.read(write(first + "a;b,c\n1,5;2\n"))
    assert rows.to_dict("list") == {"a": ["1,5"], "b,c": ["2"]} and ragged.empty
    assert rows.index.tolist() == [first.count("\n") + 2]


def test_vertical_bars_between_cells(write) -> None:
    rows, _ = textfile.read(write("a|b|c\n1,5|x;y|2\n"))
    assert rows.loc[2].tolist() == ["1,5", "x;y", "2"]


@pytest.mark.parametrize("title", ["Patients, exported 2024\n\n", "Patients\n"])
def test_a_title_above_the_header_is_said_to_be_there(write, title: str) -> None:
    with pytest.raises(DataError, match=r"3 of 3 rows have 3 cells, but row 1, the header[\s\S]*remove lines above"):
        textfile.read(write(title + "a,b,c\n1,2,3\n4,5,6\n"))
