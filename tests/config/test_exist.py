"""What a command names and is not there is told at once, before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bonerisk.config.check import check
from bonerisk.config.exist import demand
from bonerisk.errors import BoneriskError

HEAVY = ("pandas", "torch", "scipy", "pydicom", "matplotlib")


def told(command: str, *overrides: str) -> str:
    with pytest.raises(BoneriskError) as caught:
        demand(command, check(command, list(overrides), multirun=False))
    return str(caught.value)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.csv").write_text("sep=;\nFile;T-score\n1.png;-1,5\n")
    (tmp_path / "films").mkdir()
    return tmp_path


def test_files_folders_and_weights(here: Path) -> None:
    given = ["model=ospenscreen", "dataset=image_table", "dataset.table=label.csv", "dataset.image_root=film"]
    text = told("train", *given, "encoder.weights=nowhere.pt")
    assert "did you mean dataset.table=labels.csv?" in text
    assert "did you mean dataset.image_root=films?" in text
    assert "encoder.weights=nowhere.pt" in text


def test_columns_that_are_mapped_but_not_in_the_table(here: Path) -> None:
    given = ["dataset=image_table", "dataset.table=labels.csv", "dataset.image_root=films"]
    mapped = ["dataset.columns.image_path=File", "dataset.columns.t_score=T_score", "dataset.columns.age_years=Age"]
    text = told("prepare", *given, *mapped)
    assert "did you mean dataset.columns.t_score=T-score?" in text
    assert "the table has no column 'Age'" in text
    assert "'File'" not in text


def test_tables_of_a_hospital(here: Path) -> None:
    (here / "dxa.csv").write_text("PAT,DAY\n1,2\n")
    given = ["dataset=dicom_folder", "dataset/rules=aicxr", "dataset.image_root=films", "dataset.tables.dxa=dxa.csv"]
    text = told("prepare", *given, "dataset.tables.drugs=atc.csv", "dataset.columns.dxa.patient_id=PATIENT")
    assert "atc.csv" in text
    assert "dataset.columns.dxa.patient_id" in text


@pytest.mark.parametrize(
    ("command", "overrides"),
    [
        ("evaluate", ["run=latest"]),
        ("evaluate", ["run=20250101"]),  # looks like a number
        ("report", ["runs=[20250101]"]),
        ("train", ["model=cox", "dataset=run", "dataset.run=latest"]),
        ("train", ["model=ospenscreen", "dataset=merged", "dataset.runs=[20250101,latest]"]),
        ("pseudolabel", ["run=20250101", "dataset=phantom_chest"]),
        ("train", ["model=aicxr", "encoder=trained", "encoder.run=latest", "dataset=phantom_chest"]),
        ("train", ["model=ospenscreen", "dataset=phantom_chest", "resume=latest"]),
    ],
    ids=" ".join,
)
def test_runs(here: Path, command: str, overrides: list[str]) -> None:
    assert "there is no" in told(command, *overrides)


def test_what_is_told_needs_no_heavy_import(tmp_path: Path) -> None:
    lines = [
        "import sys",
        "from bonerisk.config.sweep import execute",
        "table = ['model=cox', 'dataset=survival_table', 'dataset.table=t.csv']",
        "assert execute('train', None, table, []) == 3",
        "open('t.csv', 'w').write('a,b\\n1,2\\n')",
        "assert execute('train', None, [*table, 'dataset.columns.event=c'], []) == 3",
        "assert execute('evaluate', None, ['run=latest'], []) == 2",
        f"print([name for name in {HEAVY} if name in sys.modules])",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]", done.stderr
