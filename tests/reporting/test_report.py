from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.reporting import as_printed
from bonerisk.reporting.chain import chain
from bonerisk.reporting.report import write
from bonerisk.runs.find import StoredRun

MakeRun = Callable[..., StoredRun]


class Page(HTMLParser):
    """Headings, images, text and outside references of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.outside: list[str] = []
        self.text = ""
        self._tags: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._tags.append(tag)
        if tag == "img":
            self.images.append(values)
        self.outside += [
            value for key in ("src", "href") if (value := values.get(key)) and not value.startswith(("data:", "#"))
        ]

    def handle_data(self, data: str) -> None:
        if self._tags[-1:] == ["h2"] and data.strip():
            self.headings.append(data.strip())
        if self._tags[-1:] != ["style"]:
            self.text += data


def written(runs: list[StoredRun], folder: Path) -> Page:
    folder.mkdir()
    write(runs, folder)
    return Page(folder / "report.html")


@pytest.fixture
def training(make_run: MakeRun) -> StoredRun:
    return make_run("train")


@pytest.fixture
def evaluation(make_run: MakeRun, training: StoredRun) -> StoredRun:
    return make_run("evaluate", parent=training)


def test_an_evaluation_fills_the_page(evaluation: StoredRun, tmp_path: Path) -> None:
    page = written([evaluation], tmp_path / "report")
    expected = ["Summary", "Participants", "Performance", "Subgroups", "Example films", "Training"]
    assert page.headings == [*expected, "Published results, as printed", "What was run"]
    names = {path.stem for path in (tmp_path / "report" / "figures").glob("*.svg")}
    assert {
        "flow",
        "history",
        "roc_test",
        "precision_recall_external",
        "calibration_test",
        "subgroups_auc_test",
    } <= names
    tables = {path.stem for path in (tmp_path / "report" / "tables").glob("*.csv")}
    assert {"headline", "characteristics", "performance", "subgroups_05", "differences", "rejected"} <= tables
    assert tables == {path.stem for path in (tmp_path / "report" / "tables").glob("*.tex")}


def test_the_page_needs_nothing_else(evaluation: StoredRun, tmp_path: Path) -> None:
    page = written([evaluation], tmp_path / "report")
    assert page.outside == []
    assert len(page.images) == 22  # flow, history, 16 of the evaluation, 4 films
    assert all(image["alt"] for image in page.images)


def test_summary_says_what_was_found(evaluation: StoredRun, tmp_path: Path) -> None:
    text = written([evaluation], tmp_path / "report").text
    assert "learnt from 260 films, was tuned on 100 others" in text
    assert re.search(r"Test: 140 films of 140 patients, \d+ with low bone mass\. The AUC was 0\.\d\d", text)
    assert "for age + sex alone" in text
    assert "The reference standard is simulated DXA." in text
    assert "too wide" not in text


def test_few_patients_are_said_to_be_few(evaluation: StoredRun, tmp_path: Path) -> None:
    path = evaluation.folder / "metrics.csv"
    metrics = pd.read_csv(path)
    wide = (metrics["split"] == "test") & (metrics["metric"] == "auc")
    metrics.loc[wide, ["lower", "upper", "n", "n_events"]] = [0.5, 0.95, 18, 7]
    metrics.to_csv(path, index=False)
    cohort = pd.read_parquet(evaluation.folder / "cohort.parquet")
    cohort.drop(cohort[cohort["split"] == "test"].index[18:]).to_parquet(evaluation.folder / "cohort.parquet")
    text = written([evaluation], tmp_path / "report").text
    assert (
        "Only 18 patients in test (18 films, 7 with low bone mass): the AUC's interval, 0.50 to 0.95, is too wide"
        in text
    )


def test_published_values_stay_apart(make_run: MakeRun, training: StoredRun, tmp_path: Path) -> None:
    written([make_run("evaluate", parent=training)], tmp_path / "a")
    printed = [path for path in (tmp_path / "a" / "tables").glob("*.csv") if "0.91 (0.89–0.93)" in path.read_text()]
    assert [path.stem for path in printed] == ["as_printed_ospenscreen_table_2"]
    other = written([make_run("evaluate", name="mine")], tmp_path / "b")
    assert "as printed" not in " ".join(other.headings)


def test_a_gone_training_is_named(evaluation: StoredRun, training: StoredRun, tmp_path: Path) -> None:
    shutil.rmtree(training.folder)
    page = written([evaluation], tmp_path / "report")
    assert "Training" not in page.headings
    assert "Not shown" in page.headings
    assert f"Training behind {evaluation.folder.name}" in page.text


def test_prepare_alone(make_run: MakeRun, tmp_path: Path) -> None:
    page = written([make_run("prepare", name="phantom_chest")], tmp_path / "report")
    assert page.headings == ["Summary", "Participants", "What was run", "Not shown"]
    assert "no evaluate run was given. `bonerisk evaluate run=" in page.text


def test_a_failed_run_is_shown_as_such(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("train", status="failed", error="loss is not finite")
    for name in ("history.csv", "cohort.parquet", "flow.csv"):
        (run.folder / name).unlink()
    text = written([run], tmp_path / "report").text
    assert "is failed, not finished" in text
    assert "has no cohort.parquet, flow.csv and history.csv" in text


def test_several_evaluations_are_compared(make_run: MakeRun, tmp_path: Path) -> None:
    trainings = [make_run("train", seeds={"seed": seed}, overrides=[f"seed={seed}"]) for seed in (0, 1)]
    page = written([make_run("evaluate", parent=run) for run in trainings], tmp_path / "report")
    assert "Runs compared" in page.headings
    assert {"Performance, evaluation 1", "Performance, evaluation 2"} <= set(page.headings)
    assert page.headings.count("Participants") == 1  # the same films, shown once
    tables = tmp_path / "report" / "tables"
    assert len(pd.read_csv(tables / "overview.csv")) == 4
    assert pd.read_csv(tables / "seeds.csv")["Seeds"].tolist() == [2]
    assert {"performance_1", "performance_2"} <= {path.stem for path in tables.glob("*.csv")}


def test_other_sources_are_shown_apart(make_run: MakeRun) -> None:
    runs = [make_run("train"), make_run("train")]
    (runs[1].folder / "config.yaml").write_text("dataset: {seed: 7}")
    assert len(chain(runs).participants) == 2


def test_what_a_table_holds_is_escaped(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("prepare", name="x", notes=["<script>alert(1)</script>"])
    written([run], tmp_path / "report")
    assert "<script" not in (tmp_path / "report" / "report.html").read_text()


def test_tables_of_the_paper_are_whole() -> None:
    second, third = as_printed.tables("ospenscreen")
    assert second.frame.shape == (11, 6)
    assert third.frame.shape == (26, 11)
    assert second.frame.set_index("").loc["AUC (95% CI)", "VHSMC external"] == "0.85 (0.82–0.87)"
    assert third.frame.iloc[-1]["Accuracy (95% CI)"] == "0.78 (0.74–0.82)"
