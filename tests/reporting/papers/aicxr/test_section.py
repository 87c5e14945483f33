from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from bonerisk.cohort.classes import bone_class
from bonerisk.config.build import build
from bonerisk.evaluation.tables.result import Result
from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.papers.aicxr import figures as by_t_score
from bonerisk.reporting.papers.aicxr.analyses import Analysis, analyses
from bonerisk.reporting.papers.aicxr.figure_c_index import c_index_by_t_score
from bonerisk.reporting.papers.aicxr.figure_incidence import incidence_by_t_score
from bonerisk.reporting.papers.aicxr.table_demographics import by_t_score as tables_by_t_score
from bonerisk.reporting.papers.aicxr.table_demographics import demographics, first_films
from bonerisk.reporting.papers.aicxr.table_risk_groups import risk_groups
from bonerisk.reporting.wording.vocabulary import vocabulary_of
from bonerisk.runs.find import StoredRun
from bonerisk.survival import aalen_johansen, kaplan_meier
from tests.reporting.conftest import EVALUATION, MakeRun, maker
from tests.reporting.test_report import written

NAME = "aicxr"
SIZES = {"train": 500, "tune": 400, "test": 700, "external": 400}
SECTION = "As AI-CXR's tables and figures"
FINDINGS = ("finding_degenerative_joint_disease", "finding_pacemaker")


def of_patients(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Columns of n films: T-scores fall with age and are known for half, those of men over 80 for none."""
    age, sex = rng.uniform(45, 90, n), rng.choice(["F", "M"], n, p=[0.6, 0.4])
    bone = (0.3 - 0.05 * (age - 50) - 0.5 * (sex == "F") + rng.normal(0, 0.8, n)).round(1)
    known = (rng.random(n) < 0.5) & ~((sex == "M") & (age > 78))
    table = pd.DataFrame({"age_years": age, "sex": sex, "bone": bone, "t_score": np.where(known, bone, np.nan)})
    return table.assign(bmi_kg_m2=rng.normal(24, 3, n), diabetes=(rng.random(n) < 0.2).astype(float))


@pytest.fixture(scope="session")
def filmed() -> pd.DataFrame:
    """2,000 films of as many patients, followed for up to 8 years to a fracture or death."""
    rng = np.random.default_rng(7)
    n = sum(SIZES.values())
    table = of_patients(rng, n)
    for number, name in enumerate(FINDINGS):
        table[name] = (rng.random(n) < 1 / (1 + np.exp(2 + (1 - number) * (table["bone"] + 1)))).astype(float)
    hazard = 0.02 * np.exp(-0.9 * (table["bone"] + 1))
    fracture, death, end = rng.exponential(1 / hazard), rng.exponential(30, n), rng.uniform(2, 8, n)
    time = np.minimum(np.minimum(fracture, death), end)
    table["event"], table["competing_event"] = (fracture == time).astype(float), (death == time).astype(float)
    table["time_years"], table["bone_class"] = time, bone_class(table["t_score"])
    table["split"] = np.repeat(list(SIZES), list(SIZES.values()))
    table["site"] = np.where(table["split"] == "external", "B", "A")
    table["patient_id"] = [f"P{i:04d}" for i in range(n)]
    table["image_id"] = [f"I{i:04d}" for i in range(n)]
    return table.assign(image_path=table["image_id"] + ".dcm", view="PA")


@pytest.fixture(scope="session")
def parted(filmed: pd.DataFrame) -> Result:
    """The evaluation of a film model, with strata by T-score."""
    risk = -0.8 * (filmed["bone"] + 1) + np.random.default_rng(8).normal(0, 0.6, len(filmed))
    films = filmed.drop(columns=["image_path", "bone"]).assign(dataset="hospital", model=NAME, risk=risk)
    predictions = films.assign(survival_5y=np.exp(-0.075 * np.exp(risk)))
    config: dict[str, Any] = yaml.safe_load(EVALUATION.with_name("aicxr.yaml").read_text()) | {"n_draws": 20}
    quick: dict[str, Any] = {key: [] for key in ("error", "calibration", "at_threshold", "net_benefit", "gains")}
    quick |= {"ranking": ["concordance.c_index", "concordance.auc_t"], "baselines": [["t_score"], ["age_years", "sex"]]}
    config["survival"] |= quick | {"characteristics": ["age_years", "sex", "diabetes", "finding_*"]}
    tuning, seen = (predictions[predictions["split"].isin(names)] for names in (["tune"], ["test", "external"]))
    result: Result = build(config).run(seen, tuning, filmed[filmed["split"] == "train"], target="fracture")
    return result


@pytest.fixture(scope="session")
def drawn_parted(filmed: pd.DataFrame, parted: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the figures by T-score of that evaluation."""
    folder = tmp_path_factory.mktemp("parted") / "figures"
    by_t_score.draw(folder, parted, vocabulary_of(filmed, "fracture"))
    return folder


@pytest.fixture
def make_aicxr(tmp_path: Path, filmed: pd.DataFrame, parted: Result, drawn_parted: Path) -> MakeRun:
    """Return a maker of run folders of the film model."""
    return maker(tmp_path, filmed.drop(columns="bone"), parted, drawn_parted, NAME)


@pytest.fixture
def evaluation(make_aicxr: MakeRun) -> StoredRun:
    """The evaluate run, with its training."""
    return make_aicxr("evaluate", make_aicxr("train"))


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv", dtype=str, keep_default_na=False)


def test_the_section_has_the_papers_tables_and_figures(evaluation: StoredRun, tmp_path: Path) -> None:
    page = written([evaluation], tmp_path / "report")
    assert SECTION in page.headings
    assert page.headings.index(SECTION) > page.headings.index("Performance")
    there = {path.stem for path in (tmp_path / "report" / "tables").glob("*.csv")}
    expected = ["demographics", "demographics_by_t_score", "findings_by_t_score", "incidence_by_t_score", "risk_groups"]
    assert {*expected, "risk_groups_with_t_score", "risk_groups_without_t_score", "hazards"} <= there
    figures = {path.stem for path in (tmp_path / "report" / "figures").glob("*_by_t_score.svg")}
    assert figures == set(by_t_score.FIGURES)
    assert not [heading for heading in page.headings if heading == "Not shown"]


def test_a_baseline_on_other_films_says_on_how_many(evaluation: StoredRun, parted: Result, tmp_path: Path) -> None:
    text = written([evaluation], tmp_path / "report").text
    films = parted.predictions.query("split == 'test' and model == @NAME")["t_score"].notna()
    assert 0 < films.sum() < len(films)
    assert f" for T-score alone in {films.sum()} films and 0." in text
    assert " for age + sex alone." in text  # on all of them
    headline = table(tmp_path / "report", "headline").set_index("Model").iloc[:, 0]
    assert headline["T-score"].endswith(")[a]")
    assert headline["age + sex"].endswith(")")
    assert f"In {films.sum()} films." in text


@pytest.fixture(scope="session")
def found(parted: Result) -> list[Analysis]:
    """The arms of the evaluation."""
    cuts = {t["threshold"]: t["value"] for t in parted.thresholds["thresholds"] if t["model"] == NAME}
    return analyses(parted.metrics, NAME, cuts)


def test_arms_are_the_papers_three(parted: Result, found: list[Analysis]) -> None:
    assert [arm.name for arm in found] == ["main", "dxa", "secondary"]
    main, dxa, secondary = (arm.films(parted.predictions, "test") for arm in found)
    sizes = [sum(map(len, groups.values())) for groups in (main, dxa, secondary)]
    films = parted.predictions.query("split == 'test' and model == @NAME")
    assert sizes == [films["t_score"].notna().sum()] * 2 + [films["t_score"].isna().sum()]
    assert (dxa["high"]["t_score"] <= -2.5).all() and (dxa["low"]["t_score"] > -2.5).all()
    rows = parted.metrics.query("split == 'test' and metric == 'incidence' and threshold != ''").set_index("subgroup")
    for arm, groups in zip(found, (main, dxa, secondary), strict=True):
        of_arm = rows[(rows["model"] == arm.model) & (rows["threshold"] == arm.threshold)]
        for group, part in groups.items():  # as the evaluation has parted them
            assert of_arm.loc[f"{arm.stratum} & risk={group}", "n"] == len(part)


def test_no_arms_without_strata(parted: Result) -> None:
    whole = parted.metrics[~parted.metrics["subgroup"].str.contains("dxa=")]
    assert analyses(whole, NAME, {"youden": 0.0}) == []


def test_an_evaluation_without_strata_has_no_section(evaluation: StoredRun, parted: Result, tmp_path: Path) -> None:
    whole = parted.metrics[~parted.metrics["subgroup"].str.contains("dxa=")]
    whole.to_csv(evaluation.folder / "metrics.csv", index=False)
    page = written([evaluation], tmp_path / "report")
    assert SECTION not in page.headings
    assert "Not shown" not in page.headings


def test_what_has_no_data_is_said(evaluation: StoredRun, tmp_path: Path) -> None:
    for name in ("groups.csv", "hazards.csv"):
        pd.read_csv(evaluation.folder / name)[:0].to_csv(evaluation.folder / name, index=False)
    (evaluation.folder / "figures").unlink()
    (evaluation.folder / "figures").mkdir()
    page = written([evaluation], tmp_path / "report")
    assert SECTION in page.headings
    for what in ("Figure 4", "Figure 5", "Figure 6", "Table 2", "hazard over time"):
        assert f"{SECTION}: {what}" in page.text
    assert "has no data for it" in page.text


def test_incidence_is_aalen_and_johansens_beside_kaplan_and_meiers(
    evaluation: StoredRun, parted: Result, found: list[Analysis], tmp_path: Path
) -> None:
    written([evaluation], tmp_path / "report")
    rows = table(tmp_path / "report", "incidence_by_t_score")
    assert len(rows) == 2 * 3 * 2
    row = rows[(rows["Split"] == "Test") & (rows["Analysis"] == "T-score") & (rows["Group"] == "T > −2.5")].iloc[0]
    films = found[1].films(parted.predictions, "test")["low"]
    time, event = films["time_years"].to_numpy(), films["event"].to_numpy()
    status = np.where(event == 1, 1, 2 * films["competing_event"].to_numpy())
    assert row["Films"] == str(len(films))
    assert row["Incidence by 5 years"].startswith(f"{100 * aalen_johansen.fit(time, status).at(5.0).estimate[0]:.1f}%")
    survival = kaplan_meier.fit(time, event).at(5.0).estimate[0]
    assert row["Kaplan–Meier by 5 years"].startswith(f"{100 * (1 - survival):.1f}%")
    high = rows[(rows["Split"] == "Test") & (rows["Group"] == "High risk")].iloc[0]
    ratio = found[0].row(parted.metrics, "test", "hazard_ratio_adjusted", threshold="youden")
    assert ratio is not None
    assert high["Adjusted hazard ratio"].startswith(f"{ratio['estimate']:.2f} ({ratio['lower']:.2f}–")


def test_findings_are_counted_in_both_groups(
    evaluation: StoredRun, parted: Result, found: list[Analysis], tmp_path: Path
) -> None:
    written([evaluation], tmp_path / "report")
    rows = table(tmp_path / "report", "risk_groups_with_t_score")
    row = rows[rows["Characteristic"] == "Degenerative joint disease"].iloc[0]
    for group, films in found[0].films(parted.predictions, "test").items():
        head = f"Test: {group.capitalize()} risk (n = {len(films)})"
        assert row[head].startswith(f"{films[FINDINGS[0]].sum():.0f} (")
    assert {"Test: p", "Test: p, Holm", "External test: p"} <= set(rows)
    assert list(dict.fromkeys(rows["Group"])) == ["Mean ± SD", "Sex, n (%)", "Conditions, n (%)", "Findings, n (%)"]


def test_what_holds_for_all_tests_of_a_split_is_said_once(parted: Result, filmed: pd.DataFrame) -> None:
    rows = parted.groups.assign(note=np.where(parted.groups["split"] == "test", "", "first film of each"))
    made = risk_groups(rows, NAME, "youden", vocabulary_of(filmed, "fracture"))[0]
    assert "External test: first film of each." in made.notes
    assert not made.frame["External test"].apply(lambda cells: cells.str.contains("[", regex=False)).to_numpy().any()


def test_a_patient_counts_once_in_demographics(filmed: pd.DataFrame) -> None:
    again = filmed.head(3).assign(image_id=["X0", "X1", "X2"], t_score=-3.0, film_date=pd.Timestamp("2020-01-02"))
    cohort = pd.concat([again, filmed.assign(film_date=pd.Timestamp("2020-01-01"))], ignore_index=True)
    rows = demographics(cohort, vocabulary_of(cohort, "fracture")).frame.set_index("Characteristic")["Training"]
    train = filmed[filmed["split"] == "train"]
    assert (rows["Patients"], rows["Films"]) == ("500", "503")
    assert rows["T ≤ −2.5"].startswith(f"{(train['t_score'] <= -2.5).sum()} (")  # the later films' T-scores do not
    assert rows["T missing"] == f"{train['t_score'].isna().sum()} ({train['t_score'].isna().mean():.1%})"
    assert set(first_films(cohort)["image_id"]) == set(filmed["image_id"])


def test_tables_by_t_score_part_the_sets_for_testing(filmed: pd.DataFrame) -> None:
    patients, findings = tables_by_t_score(filmed, vocabulary_of(filmed, "fracture"))
    counted = patients.frame.set_index(("", "Characteristic")).loc["Patients"]
    assert counted["Test"].astype(int).sum() == SIZES["test"]
    assert list(counted["External test"].index) == ["T > −2.5", "T ≤ −2.5", "T missing"]
    assert "Pacemaker" in set(findings.frame["", "Characteristic"])
    assert "Pacemaker" not in set(patients.frame["", "Characteristic"])


def test_a_small_group_says_so_in_the_figure(parted: Result, found: list[Analysis], filmed: pd.DataFrame) -> None:
    figure = c_index_by_t_score(parted.metrics, found, vocabulary_of(filmed, "fracture"))
    texts = [[text.get_text() for text in panel.texts] for panel in figure.axes]
    men = parted.metrics.query("subgroup == 'dxa=yes & sex=M' and metric == 'c_index' and split == 'external'")
    few = men[(men["model"] == NAME) & (men["reference"] == "")].iloc[0]
    assert np.isnan(few["estimate"])
    assert f"n {few['n']}, {few['n_events']} fractures: too few" in texts[3]
    whole = found[0].row(parted.metrics, "test", "c_index")
    assert whole is not None
    assert any(text.startswith(f"{whole['estimate']:.2f} (") and text.endswith(" / 37") for text in texts[0])


def test_numbers_at_risk_stand_under_each_panel(parted: Result, found: list[Analysis], filmed: pd.DataFrame) -> None:
    points, vocabulary = parted.curves["incidence"], vocabulary_of(filmed, "fracture")
    figure = incidence_by_t_score(points, parted.metrics, parted.predictions, found, vocabulary, 5.0)
    assert len(figure.axes) == 6
    for panel, arm in zip(figure.axes, found, strict=False):
        texts = [text.get_text() for text in panel.texts]
        for films in arm.films(parted.predictions, "test").values():
            at_risk = [f"{(films['time_years'] >= year).sum()}" for year in range(6)]
            start = next(i for i in range(len(texts)) if texts[i : i + 6] == at_risk)
            assert texts[start - 1] in arm.groups.values()
        assert any(text.startswith("Adjusted HR ") and "C-index 0." in text for text in texts)
    row = parted.metrics.query("subgroup == 'dxa=no & risk=high' and split == 'test' and horizon_years == 5").iloc[0]
    assert f"{100 * row['estimate']:.1f}" in [text.get_text() for text in figure.axes[2].texts]


def test_grids_of_panels_get_the_pages_width(drawn_parted: Path) -> None:
    assert all(Drawing.read(path).broad for path in drawn_parted.glob("*.svg"))
    alt = Drawing.read(drawn_parted / "c_index_by_t_score.svg").alt
    assert "Test, film, with T-score, Female: " in alt
