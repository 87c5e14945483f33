from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from bonerisk.config.build import build
from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting.papers.ospenscreen.figures import FIGURES, draw
from bonerisk.reporting.papers.ospenscreen.places import places
from bonerisk.reporting.papers.ospenscreen.table_characteristics import characteristics
from bonerisk.reporting.papers.ospenscreen.table_cutoffs import cut_offs
from bonerisk.reporting.runs.reported import reported
from bonerisk.reporting.wording.vocabulary import vocabulary_of
from bonerisk.runs.find import StoredRun
from tests.reporting.conftest import EVALUATION, NAME, maker
from tests.reporting.test_report import written

SECTION = "As OsPenScreen's tables and figures"


@pytest.fixture(scope="session")
def by_site(cohort: pd.DataFrame) -> pd.DataFrame:
    """The cohort with two external hospitals, one without T-scores."""
    table = cohort.copy()
    table["site"] = np.where(table["split"] == "external", np.where(table.index % 2 == 0, "near", "far"), "home")
    table["manufacturer"] = np.where(table["site"] == "far", "Borrowdale", "Aldermoor")
    table.loc[table["site"] == "far", "t_score"] = np.nan
    return table


@pytest.fixture(scope="session")
def judged(cohort: pd.DataFrame, predictions: pd.DataFrame, by_site: pd.DataFrame) -> Result:
    told = ["site", "t_score", "manufacturer"]
    table = predictions.drop(columns=told, errors="ignore").join(by_site[told])
    config = yaml.safe_load(EVALUATION.with_name("ospenscreen.yaml").read_text()) | {
        "n_draws": 30,
        "min_n": 8,
        "min_events": 2,
    }
    config["binary"] |= {"baselines": [], "calibration": [], "error": [], "net_benefit": []}
    seen, tuning = (table[table["split"].isin(names)] for names in (["test", "external"], ["tune"]))
    result: Result = build(config).run(seen, tuning, by_site[by_site["split"] == "train"], target="low_bone_mass")
    return result


@pytest.fixture(scope="session")
def drawn_by_site(by_site: pd.DataFrame, judged: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by_site") / "figures"
    draw(folder, judged, vocabulary_of(by_site, "low_bone_mass"))
    return folder


@pytest.fixture
def evaluation(tmp_path: Path, by_site: pd.DataFrame, judged: Result, drawn_by_site: Path) -> StoredRun:
    make = maker(tmp_path, by_site, judged, drawn_by_site, NAME)
    return make("evaluate", make("train"))


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")


def test_each_hospital_is_a_column_of_its_own(evaluation: StoredRun, judged: Result, tmp_path: Path) -> None:
    page = written([evaluation], tmp_path / "report")
    assert SECTION in page.headings
    performance = table(tmp_path / "report", "performance_by_site").set_index("Metric")
    assert list(performance) == ["Test: home", "External test: far", "External test: near"]
    films = judged.predictions.query("model == @NAME and site == 'near' and split == 'external'")
    positive = films["risk"] >= 0.5
    assert performance.loc["Films", "External test: near"] == str(len(films))
    tp = int((positive & (films["label"] == 1)).sum())
    assert performance.loc["TP, n (%)", "External test: near"].startswith(f"{tp} (")
    right = ((films["risk"] >= 0.5) == (films["label"] == 1)).mean()
    assert performance.loc["Accuracy (95% CI)", "External test: near"].startswith(f"{right:.2f} (")
    assert {path.stem for path in (tmp_path / "report" / "figures").glob("*.svg")} >= set(FIGURES)


def test_cut_offs_are_shown_where_the_run_that_labelled_is_on_the_page(
    evaluation: StoredRun, by_site: pd.DataFrame, tmp_path: Path
) -> None:
    found = reported([evaluation]).evaluations
    train = by_site[by_site["split"] == "train"]
    labels = {"label_origin": np.where(train.index % 3 == 0, "proxy", "dxa"), "source": "public/20250101"}
    train.assign(**labels).to_parquet(found[0].trainings[0].folder / "cohort.parquet")
    labelled = StoredRun(tmp_path / "public" / "20250101", evaluation.record)
    labelled.__dict__["config"] = {"cutoffs": {"normal": 0.99, "low_bone_mass": 0.75}}
    assert cut_offs(found, []) is None
    shown = cut_offs(found, [labelled])
    assert shown is not None and set(shown.frame["Cut-off, normal"]) == {"0.99"}


def test_severities_are_within_a_hospital_that_has_t_scores(judged: Result) -> None:
    far, near = places(judged.metrics, NAME)[1:]
    films = near.films(judged.predictions)
    mild = films[films["t_score"].between(-1.45, -1.05)]
    row = near.row(judged.metrics, "accuracy", "severity=mild", "0.5")
    assert row is not None and row["n"] == len(mild)
    assert far.row(judged.metrics, "accuracy", "severity=mild", "0.5") is None


def test_a_group_is_tested_against_the_rest_of_its_hospital(judged: Result, tmp_path: Path) -> None:
    near = places(judged.metrics, NAME)[2]
    women, men = (near.row(judged.metrics, "auc", f"sex={sex}") for sex in "FM")
    gap = near.row(judged.gaps, "auc", "sex=F")
    assert gap is not None and women is not None and men is not None
    assert gap["estimate"] == pytest.approx(women["estimate"] - men["estimate"])
    assert near.row(judged.gaps, "auc", "sex=M") is None  # the same test


def test_table_3_has_both_sexes_and_ages_of_each_hospital(evaluation: StoredRun, tmp_path: Path) -> None:
    written([evaluation], tmp_path / "report")
    rows = table(tmp_path / "report", "subgroups_by_site")
    assert set(rows["Set"]) == {"Test, home", "External test, near", "External test, far"}
    assert list(rows.loc[rows["Set"] == "Test, home", "Subgroup"])[:3] == ["Female", "Male", "Age 50–54"]
    men = rows[rows["Subgroup"] == "Male"]
    assert men["p, Bonferroni"].str.startswith("–[").all()


def test_table_1_says_where_there_are_no_t_scores(by_site: pd.DataFrame) -> None:
    internal, external = characteristics(by_site, vocabulary_of(by_site, "low_bone_mass"))
    assert not any(head[0].startswith("External") for head in internal.frame.columns)
    frame = external.frame
    column = next(head for head in frame.columns if head[0].startswith("External test, far"))
    rows = frame.set_index([frame.columns[0], frame.columns[1]])[[column]]
    severe = rows.loc["Low bone mass by T-score, n (%)", column]
    assert (severe == "NA").all()
    makers = rows.loc["X-ray manufacturer, n (%)", column]
    assert makers["Aldermoor"].startswith("0 ") and not makers["Borrowdale"].startswith("0 ")


def test_an_evaluation_not_by_hospital_has_no_places_and_draws_nothing(
    cohort: pd.DataFrame, result: Result, tmp_path: Path
) -> None:
    assert not places(result.metrics, NAME)
    draw(tmp_path, result, vocabulary_of(cohort, "low_bone_mass"))
    assert not list(tmp_path.iterdir())
