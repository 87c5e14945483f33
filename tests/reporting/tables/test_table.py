from __future__ import annotations

from pathlib import Path

import pandas as pd

from bonerisk.reporting.tables.table import Footnotes, Table

FRAME = pd.DataFrame(
    {"Split": ["Test", "Test", "External"], "Model": ["a_b", "c", "a_b"], "AUC": ["0.85 (0.82–0.88)", "–[a]", "≥ 1"]}
)


def table(**changes: object) -> Table:
    return Table(
        **{"name": "t", "title": "50% of R&D", "frame": FRAME, "notes": ("[a] Under 20 patients.",), **changes}
    )


def test_equal_neighbours_share_a_heading() -> None:
    grouped = table(group="Split")
    assert [heading for heading, _ in grouped.rows()] == ["Test", "", "External"]
    assert [cells[0] for _, cells in grouped.rows()] == ["a_b", "c", "a_b"]
    assert grouped.columns == ["Model", "AUC"]


def test_a_column_without_a_name_is_no_group() -> None:
    assert table(frame=FRAME.rename(columns={"Split": ""})).columns == ["", "Model", "AUC"]


def test_latex_is_escaped_and_ascii() -> None:
    latex = table(group="Split").latex()
    assert r"\toprule" in latex
    assert r"a\_b" in latex
    assert r"50\% of R\&D" in latex
    assert r"0.85 (0.82--0.88)" in latex
    assert r"--\textsuperscript{a}" in latex
    assert r"\textsuperscript{a} Under 20 patients." in latex
    assert r"\begin{table}[htbp]" in latex
    assert latex.count("Test") == 1  # the group's name stands once
    assert latex.isascii()


def test_files_hold_the_same_cells(tmp_path: Path) -> None:
    spanned = pd.DataFrame([["x", "1"]], columns=pd.MultiIndex.from_tuples([("", "Name"), ("Test", "Female")]))
    table(frame=spanned).write(tmp_path)
    assert pd.read_csv(tmp_path / "t.csv", dtype=str).to_dict("list") == {"Name": ["x"], "Test: Female": ["1"]}
    assert " & Test \\\\\nName & Female" in (tmp_path / "t.tex").read_text()
    assert table(frame=spanned).spans == [("", 1), ("Test", 1)]


def test_footnotes_letter_each_reason_once() -> None:
    marks = Footnotes()
    assert [marks.mark("–", reason) for reason in ("few", "", "none", "few")] == ["–[a]", "–", "–[b]", "–[a]"]
    assert marks.notes() == ("[a] Few.", "[b] None.")
