"""A Cox model of a table without films, and of simulated films' records: train → evaluate → report, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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
    assert (pd.read_csv(run / "proportional.csv")["name"] == ["x", "smoker=yes"]).all()
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
    assert "among those on whom" in err


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
        (["encoder.columns=[nothing]"], 3, "no column nothing"),
        (["training=classifier"], 2, "nothing to train"),
        (["encoder=small_cnn"], 2, "encoder=columns"),
        (["resume=latest"], 2, "nothing to resume"),
        (["head=binary"], 2, "choose head=cox"),
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
    code, out, err = typed(tmp_path, "train", "model=cox", *given, "encoder.columns=[age_years,sex]")
    assert code == 0, err
    assert not list((tmp_path / "data").rglob("*.dcm"))
    code, out, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.n_draws=20")
    assert code == 0, err
    metrics = pd.read_csv(tmp_path / out[-1] / "metrics.csv")
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
