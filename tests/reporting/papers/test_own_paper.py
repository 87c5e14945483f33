"""A paper is added by one folder: its section is on the page, and its figures are drawn with an evaluation's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting import contents, papers
from bonerisk.reporting.drawings import draw
from tests.reporting.conftest import MakeRun
from tests.reporting.test_report import written

FILES = {
    "__init__": '"""A paper of a user\'s own."""',
    "section": '''"""Its section."""
from bonerisk.reporting.page import Section, Text

ORDER = 44


def sections(page):
    for evaluation in page.runs.evaluations:
        yield Section(f"Own paper{evaluation.place}", [Text("Its text.")], evaluation.number)
''',
    "figures": '''"""Its figures."""


def draw(folder, result, vocabulary):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.txt").write_text(f"{result.outcome}: {vocabulary.having}")
''',
}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder beside those of the other papers."""
    (tmp_path / "papers" / "own_paper").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / "papers" / "own_paper" / f"{name}.py").write_text(text)
    monkeypatch.setattr(papers, "__path__", [*papers.__path__, str(tmp_path / "papers")])
    contents.modules.cache_clear()
    yield
    for name in [name for name in sys.modules if name.startswith("bonerisk.reporting.papers.own_paper")]:
        del sys.modules[name]
    contents.modules.cache_clear()


@pytest.mark.usefixtures("own")
def test_its_section_follows_each_evaluation(make_run: MakeRun, tmp_path: Path) -> None:
    headings = written([make_run("evaluate"), make_run("evaluate")], tmp_path / "report").headings
    for number in (1, 2):
        place = headings.index(f"Own paper, evaluation {number}")
        assert headings[place - 1] == f"Example films, evaluation {number}"


@pytest.mark.usefixtures("own")
def test_its_figures_are_drawn_with_an_evaluations(result: Result, cohort: pd.DataFrame, tmp_path: Path) -> None:
    draw(tmp_path / "figures", result, cohort)
    assert (tmp_path / "figures" / "own.txt").read_text() == "binary: low bone mass"
