from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.errors import RunError
from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting import contents, sections
from bonerisk.reporting.report import write
from bonerisk.reporting.runs.reported import reported
from bonerisk.reporting.sections import published as as_printed
from bonerisk.runs.find import StoredRun, load
from tests.reporting.conftest import NAME, maker

OWN_SECTION = '''"""A section of a user's own."""
from bonerisk.reporting.page import Section, Text

ORDER = 55


def sections(page):
    yield Section("Own", [Text(f"{len(page.runs.trainings)} trainings")])
'''
MakeRun = Callable[..., StoredRun]


class Page(HTMLParser):
    """Headings, images, text and outside references of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.headings: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.outside: list[str] = []
        self.text = ""
        self.folder = path.parent
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
    return make_run("evaluate", training)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, cohort: pd.DataFrame, result: Result, drawn: Path) -> Page:
    """The page of a training and its evaluation, for tests that only read it."""
    folder = tmp_path_factory.mktemp("page")
    make = maker(folder, cohort, result, drawn, NAME)
    return written([make("evaluate", make("train"))], folder / "report")


@pytest.fixture(scope="module")
def cox_page(
    tmp_path_factory: pytest.TempPathFactory, followed: pd.DataFrame, survival: Result, survival_drawn: Path
) -> Page:
    """The same of a Cox model."""
    folder = tmp_path_factory.mktemp("cox_page")
    make = maker(folder, followed, survival, survival_drawn, "cox")
    return written([make("evaluate", make("train"))], folder / "report")


@pytest.fixture
def cox(make_cox: MakeRun) -> StoredRun:
    return make_cox("evaluate", make_cox("train"))


def test_an_evaluation_fills_the_page(page: Page) -> None:
    expected = ["Summary", "Participants", "Performance", "Subgroups", "Example films", "Training"]
    assert page.headings == [*expected, "Published results, as printed", "What was run"]
    names = {path.stem for path in (page.folder / "figures").glob("*.svg")}
    assert {
        "flow",
        "history",
        "roc_test",
        "precision_recall_external",
        "calibration_test",
        "decision_test",
        "subgroups_auc_test",
    } <= names
    tables = {path.stem for path in (page.folder / "tables").glob("*.csv")}
    expected = ["headline", "characteristics", "performance", "models", "differences", "net_benefit", "gaps"]
    assert {*expected, "subgroups_05", "subgroups_youden", "rejected"} <= tables
    assert tables == {path.stem for path in (page.folder / "tables").glob("*.tex")}


def test_the_page_needs_nothing_else(page: Page) -> None:
    assert page.outside == []
    assert len(page.images) == 24  # flow, history, 18 of the evaluation, 4 films
    assert all(image["alt"] for image in page.images)


def test_a_film_without_a_t_score_has_none_below_it(page: Page) -> None:
    text = " ".join(page.text.split())
    assert "risk 0.50, T-score −1.4" in text and "risk 0.30 I3" in text


def test_the_command_is_the_one_to_type(page: Page) -> None:
    assert "bonerisk evaluate model=ospenscreen_demo" in page.text and "__main__" not in page.text


def test_summary_says_what_was_found(page: Page) -> None:
    assert "learnt from 260 films, was tuned on 100 others" in page.text
    assert re.search(r"Test: 140 films of 140 patients, \d+ with low bone mass\. The AUC was 0\.\d\d", page.text)
    assert "for age + sex alone" in page.text
    assert "The reference standard is simulated DXA." in page.text
    assert "too wide" not in page.text


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
        "Only 18 patients in test (18 films, 7 with low bone mass): the interval of the AUC, 0.50 to 0.95, is too wide"
        in text
    )


def test_a_cox_evaluation_fills_the_page(cox_page: Page) -> None:
    assert cox_page.headings == ["Summary", "Participants", "Performance", "Subgroups", "Training", "What was run"]
    names = {path.stem for path in (cox_page.folder / "figures").glob("*.svg")}
    assert {"flow", "incidence_test_youden", "roc_test_5y", "calibration_external_5y", "decision_test_5y"} < names
    assert len(cox_page.images) == len(names)  # each once
    tables = {path.stem for path in (cox_page.folder / "tables").glob("*.csv")}
    assert {"headline", "performance", "models_5y", "differences_5y", "subgroups_youden_5y", "gaps"} < tables
    assert {"net_benefit", "coefficients", "proportional"} < tables
    frame = pd.read_csv(cox_page.folder / "tables" / "headline.csv")
    test = [head for head in frame if head.startswith("Test, n = 140")]
    assert [head.partition(": ")[2] for head in test] == ["Harrell's C-index", "AUC at 5 years"]
    assert frame.iloc[:, 0].tolist()[-1] == "true hazard (oracle)"


def test_summary_of_time_to_an_event(cox_page: Page) -> None:
    text = cox_page.text
    assert "Can age and sex show who will have a fracture? The model cox learnt from 260 films" in text
    found = (
        r"Test: 140 films of 140 patients, \d+ with a fracture, \d+ of them by 5 years; \d+ had a competing event first"
    )
    assert re.search(found + r"\. Harrell's C-index was 0\.\d\d \(.{9}\), against 0\.\d\d", text)
    assert re.search(r"\d% \([\d.–]+\) had a fracture, \d\.\d\d \(.+?\) times as many as predicted", text)
    assert re.search(r"At Youden's threshold, \d+ were at high risk: .+? at low risk; the hazard ratio was", text)
    assert "The reference standard is diagnoses and follow-up." in text


@pytest.mark.parametrize(("limits", "said"), [((1.1, 1.9), "too low"), ((0.4, 0.9), "too high"), ((0.9, 1.1), "")])
def test_miscalibration_is_told(cox: StoredRun, tmp_path: Path, limits: tuple[float, float], said: str) -> None:
    path = cox.folder / "metrics.csv"
    metrics = pd.read_csv(path)
    metrics.loc[metrics["metric"] == "o_e", ["estimate", "lower", "upper"]] = [1.0, *limits]
    metrics.to_csv(path, index=False)
    text = written([cox], tmp_path / "report").text
    assert ("Test: the model's probabilities are" in text) == bool(said)
    assert said in text


def test_a_shortened_horizon_is_told(cox: StoredRun, tmp_path: Path) -> None:
    path = cox.folder / "metrics.csv"
    metrics = pd.read_csv(path)
    note = "horizon shortened from 9 years, since the follow-up ends at 8.90"
    metrics.loc[metrics["metric"] == "auc_t", "note"] = f"3 films that miss a value left out; {note}"
    metrics.to_csv(path, index=False)
    assert f"Test: {note}." in written([cox], tmp_path / "report").text


def test_splits_with_horizons_of_their_own(cox: StoredRun, tmp_path: Path) -> None:
    path = cox.folder / "metrics.csv"
    metrics = pd.read_csv(path)
    metrics.loc[(metrics["split"] == "external") & metrics["horizon_years"].notna(), "horizon_years"] = 4.5
    metrics.to_csv(path, index=False)
    text = written([cox], tmp_path / "report").text
    headline = pd.read_csv(tmp_path / "report" / "tables" / "headline.csv")
    assert [head.partition(": ")[2] for head in headline][1:] == [
        "Harrell's C-index",
        "AUC at 5 years",
        "Harrell's C-index",
        "AUC at 4.5 years",
    ]
    assert "External test, 4.5 years: The AUC was" in text
    sizes = pd.read_csv(tmp_path / "report" / "tables" / "performance.csv").set_index("Metric")
    assert sizes.loc["Fracture by 4.5 years, n", "Test"] == "–"
    for name, split in (
        ("models_5y", "Test"),
        ("models_45y", "External test"),
        ("subgroups_youden_45y", "External test"),
    ):
        assert set(pd.read_csv(tmp_path / "report" / "tables" / f"{name}.csv")["Split"]) == {split}


def test_rows_without_films_are_patients(make_cox: MakeRun, tmp_path: Path) -> None:
    runs = [make_cox("train")]
    runs.append(make_cox("evaluate", runs[0], reference_standard="follow-up as a.csv has it"))
    for run in runs:
        path = run.folder / "cohort.parquet"
        pd.read_parquet(path).assign(image_path=None).to_parquet(path)
    text = written(runs[1:], tmp_path / "report").text
    body = text.split("What was run")[1]  # from the contents to that heading
    assert "Can age and sex show who will have the event? The model cox learnt from 260 patients" in body
    assert "Test: 140 patients, " in body
    assert "The reference standard is follow-up as a.csv has it." in body
    captions = [line for line in body.splitlines() if "film" in line and "with a fracture" not in line]
    allowed = ("simulated", "film can", "best possible", "found by another")  # a run's notes, flow steps, and oracles
    assert not [line for line in captions if not any(word in line for word in allowed)]


def test_cox_runs_compared_by_c_index(make_cox: MakeRun, tmp_path: Path) -> None:
    trainings = [make_cox("train", seeds={"seed": seed}, overrides=[f"seed={seed}"]) for seed in (0, 1)]
    page = written([make_cox("evaluate", run) for run in trainings], tmp_path / "report")
    tables = tmp_path / "report" / "tables"
    overview = pd.read_csv(tables / "overview.csv")
    assert overview.columns.tolist() == [
        "Evaluation",
        "Split",
        "Films",
        "Fracture",
        "Harrell's C-index",
        "AUC at 5 years",
    ]
    assert pd.read_csv(tables / "sweep.csv").columns.tolist()[-3:] == [
        "Test Harrell's C-index",
        "External test Harrell's C-index",
        "Folder",
    ]
    assert "Tuning AUC" not in page.text


def test_no_torch_is_needed(cox: StoredRun, tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import bonerisk.jobs.evaluate, bonerisk.models.fitted, bonerisk.reporting.drawings
from bonerisk.errors import RunError
from bonerisk.reporting import contents, sections
from bonerisk.reporting.report import write
from bonerisk.runs.find import load
write([load(Path(sys.argv[1]))], Path(sys.argv[2]))
print(sorted({"torch", "timm", "lightning", "lifelines", "sksurv"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, str(cox.folder), str(tmp_path / "report")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_published_values_stay_apart(make_run: MakeRun, training: StoredRun, tmp_path: Path) -> None:
    written([make_run("evaluate", training)], tmp_path / "a")
    printed = [path for path in (tmp_path / "a" / "tables").glob("*.csv") if "0.91 (0.89–0.93)" in path.read_text()]
    assert [path.stem for path in printed] == ["as_printed_ospenscreen_table_2"]
    mine = make_run("evaluate", name="ospenscreen_mine", preset="")
    assert "as printed" not in " ".join(written([mine], tmp_path / "b").headings)


def test_an_evaluation_of_an_earlier_version_is_refused_with_the_command(evaluation: StoredRun, tmp_path: Path) -> None:
    (evaluation.folder / "models.csv").unlink()
    with pytest.raises(RunError, match=r"models\.csv") as caught:
        written([evaluation], tmp_path / "report")
    assert "bonerisk evaluate" in (caught.value.mend or "")


def test_a_training_of_an_earlier_version_still_reports(make_run: MakeRun, tmp_path: Path) -> None:
    training = make_run("train")
    record = json.loads((training.folder / "run.json").read_text())
    (training.folder / "run.json").write_text(json.dumps(record | {"choices": {}}))
    page = written([load(training.folder)], tmp_path / "report")
    assert "Training" in page.headings
    assert "as printed" not in " ".join(page.headings)


def test_a_section_is_added_by_one_file(training: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_section.py").write_text(OWN_SECTION)
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    contents.modules.cache_clear()
    headings = written([training], tmp_path / "report").headings
    sys.modules.pop("bonerisk.reporting.sections.own_section")
    contents.modules.cache_clear()
    assert headings.index("Own") == headings.index("Training") + 1


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
    page = written([make_run("evaluate", run) for run in trainings], tmp_path / "report")
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
    assert len(reported(runs).participants) == 2


def test_what_a_table_holds_is_escaped(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("prepare", name="x", notes=["<script>alert(1)</script>"])
    written([run], tmp_path / "report")
    assert "<script" not in (tmp_path / "report" / "report.html").read_text()


def test_tables_of_the_paper_are_whole() -> None:
    first, continued, second, third, _ = as_printed.tables("ospenscreen")
    assert first.frame.shape == continued.frame.shape == (6, 9)
    assert second.frame.shape == (11, 6)
    assert third.frame.shape == (26, 11)
    assert second.frame.set_index("").loc["AUC (95% CI)", "VHSMC external"] == "0.85 (0.82–0.87)"
    assert third.frame.iloc[-1]["Accuracy (95% CI)"] == "0.78 (0.74–0.82)"
