"""A Cox model of a table without films, and of simulated films' records: train → evaluate → report, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError
from bonerisk.jobs.runs import verify
from bonerisk.models.load import load_model
from bonerisk.runs.find import load

Typed = Callable[..., tuple[int, list[str], str]]


def table(folder: Path, n: int = 600, **changes: object) -> Path:
    """A CSV of patients whose hazard rises with x and with smoking."""
    rng = np.random.default_rng(0)
    x, smoker = rng.normal(size=n), rng.choice(["no", "yes"], n)
    event, censored = rng.exponential(40 * np.exp(-x - 0.7 * (smoker == "yes"))), rng.uniform(6, 100, n)
    found = {"ID": [f"{i:04}" for i in range(n)], "x": x.round(3), "smoker": smoker}
    found |= {"months": np.minimum(event, censored).clip(1).round(), "broke": (event <= censored).astype(int)}
    path = folder / "patients.csv"
    pd.DataFrame(found | changes).to_csv(path, index=False)
    return path


def arguments(path: Path) -> list[str]:
    columns = {"patient_id": "ID", "event": "broke", "time_years": "months"}
    named = [f"dataset.columns.{ours}={theirs}" for ours, theirs in columns.items()]
    return ["dataset=survival_table", f"dataset.table={path}", "dataset.time_unit=months", *named]


def test_the_whole_chain_on_a_table(typed: Typed, tmp_path: Path) -> None:
    given = arguments(table(tmp_path))
    code, out, err = typed(tmp_path, "train", "model=cox", *given, "dataset.features=[x,smoker]")
    assert code == 0, err
    assert "events per variable" in err
    run = tmp_path / out[-1]
    coefficients = pd.read_csv(run / "coefficients.csv").set_index("feature")
    assert list(coefficients.index) == ["x", "smoker=yes"]
    assert coefficients.loc["x", "lower"] < np.e < coefficients.loc["x", "upper"]
    change = pd.read_csv(run / "proportional.csv").set_index("name")
    assert change["df"].to_dict() == {"x": 1, "smoker=yes": 1, "GLOBAL": 2}
    assert change.loc["GLOBAL", "chi2"] > change["chi2"].drop("GLOBAL").max()
    assert 0 < change.loc["GLOBAL", "p_value"] < 1
    code, out, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=50")
    assert code == 0, err
    evaluation = tmp_path / out[-1]
    metrics = pd.read_csv(evaluation / "metrics.csv")
    c = metrics[(metrics["metric"] == "c_index") & (metrics["subgroup"] == "all")]
    assert c["model"].tolist() == ["cox"]  # no clinical columns, so no baselines
    assert c["lower"].item() > 0.6
    predictions = pd.read_parquet(evaluation / "predictions.parquet")
    assert {"risk", "survival_5y", "event", "time_years"} <= set(predictions)
    assert predictions["image_id"].is_unique
    code, out, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err
    page = (tmp_path / out[-1] / "report.html").read_text()
    assert "C-index" in page
    assert "film" not in page.split("<h2")[1].lower()  # the summary speaks of patients
    for name in ("metrics.csv", "config.yaml"):  # a forged figure is not shown
        kept = (evaluation / name).read_bytes()
        (evaluation / name).write_bytes(kept.replace(b"0", b"1", 1))
        assert not verify("latest", tmp_path / "outputs")
        code, out, err = typed(tmp_path, "report", f"runs=[{evaluation}]")
        assert code == 1
        assert f"{name} has changed since the run wrote it" in err
        (evaluation / name).write_bytes(kept)


def test_ridge_chooses_its_penalty_and_repeats_itself(typed: Typed, tmp_path: Path) -> None:
    given = [*arguments(table(tmp_path)), "dataset.features=[x,smoker]", "head=cox_ridge"]
    runs = [tmp_path / typed(tmp_path, "train", "model=cox", *given)[1][-1] for _ in range(2)]
    first, second = (pd.read_csv(run / "coefficients.csv") for run in runs)
    pd.testing.assert_frame_equal(first, second)
    history = pd.read_csv(runs[0] / "history.csv")
    assert list(history) == ["penalty", "score", "standard_error"]
    assert len(history) == 20


def test_a_patient_who_was_trained_on_is_refused(typed: Typed, tmp_path: Path) -> None:
    given = arguments(table(tmp_path))
    assert typed(tmp_path, "train", "model=cox", *given, "dataset.features=[x]")[0] == 0
    code, _, err = typed(tmp_path, "evaluate", "run=latest", *given, "dataset.features=[x]", "dataset.split=external")
    assert code == 3
    assert "among those that" in err
    again = [*given, "dataset.features=[x]", "dataset.split=external", "dataset.name=elsewhere"]  # another site's name
    code, _, err = typed(tmp_path, "evaluate", "run=latest", *again)
    assert code == 3
    assert "have the id and all numbers of patients" in err


def test_rows_that_miss_a_column_are_a_step_of_the_flow(typed: Typed, tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=600).round(3)
    given = arguments(table(tmp_path, x=np.where(np.arange(600) % 10 == 0, np.nan, x)))
    code, out, err = typed(tmp_path, "train", "model=cox", *given, "dataset.features=[x,smoker]")
    assert code == 0, err
    flow = pd.read_csv(tmp_path / out[-1] / "flow.csv")
    assert "x missing 60" in flow[flow["step"].str.startswith("every column")].to_string()


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["dataset.features=[nothing]"], 3, "nothing"),
        (["features.columns=[nothing]"], 3, "no column nothing"),
        (["training=classifier"], 2, "nothing to train"),
        (["features=embedding"], 2, "encoder=none looks at no film"),
        (["resume=latest"], 2, "nothing to resume"),
        (["head=binary"], 2, "choose head=logistic"),
        (["training=classifier", "encoder=small_cnn"], 2, "preprocessing=none reads no films"),
        (["head.horizons_years=[0]"], 2, "horizon of 0"),
        (["head.penalty=-1"], 2, "penalty"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_does_not_go_together_is_told(
    typed: Typed, tmp_path: Path, given: list[str], code: int, said: str
) -> None:
    found, _, err = typed(tmp_path, "train", "model=cox", *arguments(table(tmp_path, n=200)), *given)
    assert (found, said in err) == (code, True), err


def test_a_film_model_of_a_table_without_films_is_refused(typed: Typed, tmp_path: Path) -> None:
    code, _, err = typed(tmp_path, "train", "model=ospenscreen_demo", *arguments(table(tmp_path, n=200)))
    assert code == 2
    assert "has no films" in err


def test_a_table_is_prepared_without_films(typed: Typed, tmp_path: Path) -> None:
    code, out, err = typed(tmp_path, "prepare", *arguments(table(tmp_path, n=200)))
    assert code == 0, err
    assert len(pd.read_parquet(tmp_path / out[-1] / "cohort.parquet")) == 200


def test_records_of_simulated_films_without_making_the_films(typed: Typed, tmp_path: Path) -> None:
    given = ["dataset=phantom_hospital", "dataset.patients=300", "dataset.events=enriched"]
    code, out, err = typed(tmp_path, "train", "model=cox", *given, "features.columns=[age_years,sex]")
    assert code == 0, err
    assert not list((tmp_path / "data").rglob("*.dcm"))
    code, out, err = typed(
        tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20", "evaluation.reclassification=true"
    )
    assert code == 0, err
    metrics = pd.read_csv(tmp_path / out[-1] / "metrics.csv")
    page = tmp_path / typed(tmp_path, "report", "runs=[latest]")[1][-1]
    assert "positive for a new model that adds nothing" in (page / "report.html").read_text()
    assert len(pd.read_csv(page / "tables/reclassification.csv"))
    assert {"oracle_fracture_truth", "oracle_fracture_film"} <= set(metrics["model"])
    assert set(metrics["split"]) == {"test", "external"}


def test_support_gives_the_published_c(typed: Typed, tmp_path: Path, real_data: Path) -> None:
    """Katzman et al. 2018: CoxPH's C on the test set of SUPPORT is 0.583."""
    given = [f"dataset.table={real_data / 'deepsurv/support_train_test.h5'}", "dataset.time_unit=days"]
    assert typed(tmp_path, "train", "model=cox", "dataset=survival_table", *given)[0] == 0
    code, out, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20")
    assert code == 0, err
    metrics = pd.read_csv(tmp_path / out[-1] / "metrics.csv")
    c = metrics[(metrics["metric"] == "c_index") & (metrics["subgroup"] == "all")]
    assert c["estimate"].item() == pytest.approx(0.583, abs=0.005)
    thresholds = json.loads((tmp_path / out[-1] / "thresholds.json").read_text())
    assert thresholds["thresholds"][0]["on_tuning"][0]["optimism"] is not None


def test_a_check_that_fails_costs_no_training(typed: Typed, tmp_path: Path) -> None:
    """The ridge can fit columns of which one determines the other; the check of proportionality can't."""
    x = np.random.default_rng(1).normal(size=600).round(3)
    given = [*arguments(table(tmp_path, x=x, twice=2 * x + 1)), "dataset.features=[x,twice]", "head=cox_ridge"]
    code, out, err = typed(tmp_path, "train", "model=cox", *given)
    assert code == 0, err
    notes = json.loads((tmp_path / out[-1] / "run.json").read_text())["notes"]
    assert any("could not be checked" in note for note in notes)


def test_another_table_that_does_not_fit_is_told_column_by_column(typed: Typed, tmp_path: Path) -> None:
    age = np.random.default_rng(2).uniform(50, 80, 600).round()
    given = ["dataset.features=[x,smoker,grade]"]
    grade = np.random.default_rng(3).integers(0, 2, 600)
    home = arguments(table(tmp_path, grade=grade))
    assert typed(tmp_path, "train", "model=cox", *home, *given)[0] == 0
    other = tmp_path / "other"
    other.mkdir()
    names = [f"B{i}" for i in range(600)]
    for changes, wanted, said in (
        ({"grade": np.where(grade == 1, "yes", "no")}, 3, "grade is text, but the model learnt numbers"),
        ({"grade": grade, "smoker": ["pipe"] * 5 + ["no"] * 595}, 0, ""),
        ({"age": age}, 3, "grade"),
    ):
        away = [*arguments(table(other, **{"ID": names, **changes})), "dataset.split=external"]
        features = given if "grade" in changes else ["dataset.features=[x,smoker]"]
        code, out, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=5", *away, *features)
        assert (code, said in err) == (wanted, True), err
        if not wanted:
            assert "smoker with a level not learnt, as pipe, 5" in (tmp_path / out[-1] / "flow.csv").read_text()


@pytest.mark.parametrize("column", ["competing_event", "event", "oracle_fracture_truth", "patient_id"])
def test_what_can_be_no_feature_is_refused(typed: Typed, tmp_path: Path, column: str) -> None:
    given = ["dataset=phantom_hospital", "dataset.patients=60", f"features.columns=[age_years,{column}]"]
    code, _, err = typed(tmp_path, "train", "model=cox", *given)
    assert (code, f"{column} can't be a feature" in err) == (2, True), err


@pytest.mark.parametrize(
    ("head", "split", "said"),
    [("deepsurv", "[0.8,0,0.2]", "no row is in split tune"), ("cox", "external", "no row is in split train")],
)
def test_a_split_without_rows_stops_the_training(
    typed: Typed, tmp_path: Path, head: str, split: str, said: str
) -> None:
    given = [*arguments(table(tmp_path, n=200)), "dataset.features=[x]", f"dataset.split={split}"]
    code, _, err = typed(tmp_path, "train", "model=cox", f"head={head}", *given)
    assert (code, said in err) == (3, True), err


def test_a_head_without_tuning_needs_no_tuning_split(typed: Typed, tmp_path: Path) -> None:
    given = [*arguments(table(tmp_path, n=200)), "dataset.features=[x,smoker]", "dataset.split=[0.8,0,0.2]"]
    code, out, err = typed(tmp_path, "train", "model=cox", *given)
    assert code == 0, err
    rows = pd.read_parquet(tmp_path / out[-1] / "cohort.parquet")
    assert rows["split"].value_counts().to_dict() == {"train": 160}
    with pytest.raises(ConfigError, match="no tuning split to choose a threshold on"):
        load_model(tmp_path / out[-1]).threshold("youden")
    code, out, err = typed(
        tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20", "evaluation.recalibration=slope"
    )
    assert code == 0, err
    evaluation = tmp_path / out[-1]
    metrics = pd.read_csv(evaluation / "metrics.csv").set_index(["model", "metric"])
    assert metrics.loc[("cox", "c_index"), "estimate"] > 0.6
    assert "not fitted: the model gives no risk on tuning" in metrics.loc[("cox", "sensitivity"), "note"]
    notes = pd.read_csv(evaluation / "models.csv").set_index("model")["note"]
    assert notes["cox (recalibrated)"] == "not recalibrated: the model gives no risk on tuning"
    code, out, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err


def test_a_test_split_in_which_nobody_breaks_is_evaluated(typed: Typed, tmp_path: Path) -> None:
    split = np.repeat(["train", "tune", "test"], [400, 100, 100])
    path = table(tmp_path, split=split)
    rows = pd.read_csv(path, dtype={"ID": str})
    rows.loc[rows["split"] == "test", "broke"] = 0
    rows.to_csv(path, index=False)
    given = [*arguments(path), "dataset.features=[x,smoker]"]
    assert typed(tmp_path, "train", "model=cox", *given)[0] == 0
    code, _, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20")
    assert code == 0, err
    code, _, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err


def test_arguments_are_typed_once(typed: Typed, tmp_path: Path) -> None:
    code, out, err = typed(tmp_path, "prepare", *arguments(table(tmp_path, n=200)), "dataset.features=[x]")
    assert code == 0, err
    assert "200 rows of 200 patients: train 140, tune 20, test 40" in err
    assert f"next: bonerisk train model=… dataset=run dataset.run={out[-1]}" in err
    code, out, err = typed(tmp_path, "train", "model=cox", "dataset=run", "dataset.run=latest")
    assert code == 0, err
    assert "hazard_ratio" in err
    assert f"next: bonerisk evaluate run={out[-1]}" in err
    stored = load(tmp_path / out[-1])
    assert stored.config["dataset"]["features"] == ["x"]  # the dataset itself, whatever is prepared later
    assert stored.record["choices"]["dataset"] == "survival_table"
    assert stored.record["tuning"]["score"] == "C-index"


def test_a_users_own_file_of_a_dataset(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "ours/dataset").mkdir(parents=True)
    table(tmp_path, n=200)
    text = "defaults: [survival_table, _self_]\ntable: patients.csv\ntime_unit: months\nfeatures: [x]\n"
    text += "columns: {patient_id: ID, event: broke, time_years: months}\n"
    (tmp_path / "ours/dataset/mine.yaml").write_text(text)
    code, out, err = typed(tmp_path, "prepare", "dataset=mine", "hydra.searchpath=[file://ours]")
    assert code == 0, err
    assert out[-1].startswith("outputs/prepare/mine/")


def test_the_jobs_of_a_sweep_are_told_apart(typed: Typed, tmp_path: Path) -> None:
    given = [*arguments(table(tmp_path, n=200)), "dataset.columns.patient_id=null", "dataset.features=[x,smoker]"]
    code, out, err = typed(tmp_path, "train", "-m", "model=cox", *given, "features.columns=[x],[smoker]")
    assert code == 0, err
    assert "[0] features.columns=[x]" in err
    assert "[1] tuning C-index" in err
    assert err.count("no column patient_id") == 1  # a warning is shown once
    assert "features.columns" in (tmp_path / out[-1] / "sweep.csv").read_text()


def test_strata_weights_splines_and_references_reach_the_page(typed: Typed, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    more = {
        "centre": rng.choice(["A", "B"], 600),
        "w": rng.uniform(1, 3, 600).round(2),
        "late": rng.choice([0, 0.5], 600),
    }
    given = [*arguments(table(tmp_path, **more)), "dataset.features=[x,smoker]"]
    special = ["dataset.columns.stratum=centre", "dataset.columns.case_weight=w", "dataset.columns.entry_years=late"]
    own = ["features.reference={smoker: yes}", "features.splines.x=3"]
    code, out, err = typed(tmp_path, "train", "model=cox", *given, *special, *own)
    assert code == 0, err
    learnt = pd.read_csv(tmp_path / out[-1] / "coefficients.csv")
    assert learnt["feature"].tolist() == ["x", "x'", "smoker=no"]
    assert pd.read_csv(tmp_path / out[-1] / "terms.csv")["nonlinear_p"].item() > 0.001
    assert not (tmp_path / out[-1] / "proportional.csv").exists()
    new = table(tmp_path, **more | {"centre": ["A"] * 580 + ["C"] * 20, "ID": [f"N{i:03}" for i in range(600)]})
    other = [*arguments(new), *special, "dataset.features=[x,smoker]", "dataset.split=external", "dataset.name=new"]
    x = pd.read_csv(new).assign(x=lambda rows: rows["x"] + 0.01)
    x.to_csv(new, index=False)
    code, out, err = typed(tmp_path, "evaluate", "run=latest", *other, "evaluation.n_draws=20")
    assert code == 0, err
    assert "stratum with a level not learnt, as C, 20" in (tmp_path / out[-1] / "flow.csv").read_text()
    assert "Metrics count each row once" in err and "are at risk only from entry_years" in err
    code, out, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err
    page = (tmp_path / out[-1] / "report.html").read_text()
    assert all(text in page for text in ("Smoker yes", "(reference)", "departure from a straight line"))
    code, _, err = typed(tmp_path, "train", "model=cox", "head=coxnet", *given, *special)
    assert code == 2 and "can't use case_weight" in err


def test_odds_ratios_of_a_table_without_times_reach_the_page(typed: Typed, tmp_path: Path) -> None:
    given = [*arguments(table(tmp_path)), "dataset.columns.time_years=null", "dataset.features=[x,smoker]"]
    code, _, err = typed(tmp_path, "train", "model=cox", "head=logistic", "head.target=any_fracture", *given)
    assert code == 0, err
    assert typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20")[0] == 0
    code, out, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err
    page = (tmp_path / out[-1] / "report.html").read_text()
    assert "Odds ratio per unit" in page and "Intercept (log odds)" in page


def test_fine_and_gray_beside_cause_specific_models(typed: Typed, tmp_path: Path) -> None:
    dead = (np.random.default_rng(3).random(600) < 0.3).astype(int)
    path = table(tmp_path)
    rows = pd.read_csv(path, dtype={"ID": str}).assign(dead=lambda found: dead * (1 - found["broke"]))
    rows.to_csv(path, index=False)
    given = [*arguments(path), "dataset.columns.competing_event=dead", "dataset.features=[x,smoker]"]
    runs = [typed(tmp_path, "train", "model=cox", f"head={head}", *given) for head in ("fine_gray", "cox")]
    assert [code for code, _, _ in runs] == [0, 0], runs
    folders = [tmp_path / out[-1] for _, out, _ in runs]
    ours, theirs = (pd.read_csv(folder / "coefficients.csv")["coefficient"] for folder in folders)
    assert (ours > 0).all() and not np.allclose(ours, theirs, rtol=0.01)
    assert not (folders[0] / "proportional.csv").exists()
    both = f"run=[{','.join(map(str, folders))}]"
    code, out, err = typed(tmp_path, "evaluate", both, "evaluation.n_draws=20")
    assert code == 0, err
    metrics = pd.read_csv(tmp_path / out[-1] / "metrics.csv").query("metric == 'o_e' and subgroup == 'all'")
    assert metrics["estimate"].between(0.6, 1.6).all() and len(metrics) >= 2
    code, out, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err
    page = (tmp_path / out[-1] / "report.html").read_text()
    assert "Subdistribution hazard ratio per unit" in page and "Hazard ratio per unit" in page
