"""A small table: fitted on everybody, validated by refits, reported; and what is refused, as typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Typed = Callable[..., tuple[int, list[str], str]]
ASKED = ["evaluation.validation=optimism", "evaluation.repeats=3", "evaluation.n_draws=20"]


def patients(folder: Path, n: int = 160, **changes: object) -> Path:
    """A CSV of patients: fracture or not, age, and a factor with missing values."""
    rng = np.random.default_rng(0)
    age, smoker = rng.normal(70, 9, n).round(), rng.choice(["no", "yes", None], n, p=[0.6, 0.3, 0.1])
    broke = (rng.random(n) < 1 / (1 + np.exp(-(age - 74) / 8))).astype(int)
    found = {"patient_id": [f"{i:04}" for i in range(n)], "age_years": age, "smoker": smoker, "event": broke}
    path = folder / "patients.csv"
    pd.DataFrame(found | changes).to_csv(path, index=False)
    return path


def arguments(path: Path, split: str = "train") -> list[str]:
    given = ["model=cox", "head=logistic", "dataset=survival_table", f"dataset.table={path}", f"dataset.split={split}"]
    return [*given, "dataset.columns.time_years=null", "dataset.features=[age_years,smoker]", "features.missing=impute"]


def metrics(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "metrics.csv", keep_default_na=False, na_values={"estimate": [""]})


def test_fitted_on_everybody_then_validated_and_reported(typed: Typed, tmp_path: Path) -> None:
    code, out, err = typed(tmp_path, "train", *arguments(patients(tmp_path)))
    assert code == 0, err
    code, _, err = typed(tmp_path, "evaluate", "run=latest")
    assert code == 3
    assert "nothing in split test, external" in err
    assert "evaluation.validation=optimism" in err
    code, out, err = typed(tmp_path, "evaluate", "run=latest", *ASKED)
    assert code == 0, err
    found = metrics(tmp_path / out[-1])
    assert list(found["split"].unique()) == ["apparent", "optimism", "corrected"]
    auc = found[found["metric"] == "auc"].set_index("split")["estimate"]
    assert auc["corrected"] == pytest.approx(auc["apparent"] - auc["optimism"])
    assert {"0.5", "youden"} <= set(found.loc[found["metric"] == "sensitivity", "threshold"])
    code, out, err = typed(
        tmp_path, "evaluate", "run=latest", "evaluation.validation=crossval", "evaluation.n_draws=20"
    )
    assert code == 0, err
    folder = tmp_path / out[-1]
    found = metrics(folder)
    assert list(found["split"].unique()) == ["apparent", "crossval"]
    assert set(pd.read_parquet(folder / "predictions.parquet")["split"]) == {"crossval"}
    assert (folder / "figures" / "calibration_crossval.svg").is_file()
    code, out, err = typed(tmp_path, "report", f"runs=[{folder}]")
    assert code == 0, err
    page = (tmp_path / out[-1] / "report.html").read_text()
    assert "Apparent and validated performance" in page
    assert "was validated on the same" in page
    assert "that it had not seen" not in page
    assert "film" not in page.split("<h2")[1].lower()


def test_validated_beside_a_test_split(typed: Typed, tmp_path: Path) -> None:
    assert typed(tmp_path, "train", *arguments(patients(tmp_path), "[0.5,0.2,0.3]"))[0] == 0
    code, out, err = typed(tmp_path, "evaluate", "run=latest", *ASKED)
    assert code == 0, err
    found = metrics(tmp_path / out[-1])
    assert list(found["split"].unique()) == ["test", "apparent", "optimism", "corrected"]
    assert found.loc[found["split"] == "corrected", "n"].max() == 112  # train and tune
    code, out, err = typed(tmp_path, "report", "runs=[latest]")
    assert code == 0, err
    page = (tmp_path / out[-1] / "report.html").read_text()
    assert "Apparent and validated performance" in page
    assert "that it had not seen" in page
    code, out, err = typed(
        tmp_path, "evaluate", "run=latest", "evaluation.validation=apparent", "evaluation.n_draws=20"
    )
    assert code == 0, err
    alone = metrics(tmp_path / out[-1])  # of the model as it is: the same as of one that is fitted to all of them anew
    assert list(alone["split"].unique()) == ["test", "apparent"]
    areas = [of.query("split == 'apparent' and metric == 'auc'")["estimate"].iloc[0] for of in (found, alone)]
    assert areas[0] == pytest.approx(areas[1])


def test_what_is_refused(typed: Typed, tmp_path: Path) -> None:
    path = patients(tmp_path)
    code, _, err = typed(tmp_path, "train", *arguments(path), "head=xgboost_binary")
    assert code == 3
    assert "no row is in split tune" in err
    assert "dataset.split=[0.85,0.15,0]" in err
    assert typed(tmp_path, "train", *arguments(path))[0] == 0
    code, _, err = typed(tmp_path, "evaluate", "run=latest", "split=train", *ASKED)
    assert code == 3
    assert "among those that" in err
    code, _, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.validation=optimism", "evaluation.repeats=1")
    assert code == 2
    assert "evaluation.repeats=200" in err
    code, _, err = typed(tmp_path, "evaluate", "run=latest", "evaluation.validation=crossval", "evaluation.folds=100")
    assert code == 2
    assert "evaluation.folds=5" in err
    code, _, err = typed(tmp_path, "evaluate", "run=latest", *arguments(path, "external")[2:-1], *ASKED)
    assert code == 3
    assert "nothing in split train, tune" in err
    table = pd.read_csv(path, dtype={"patient_id": str})
    table.loc[3, "age_years"] += 30
    table.to_csv(path, index=False)
    code, _, err = typed(tmp_path, "evaluate", "run=latest", *ASKED)
    assert code == 3
    assert "the model gives other risks" in err
    table.drop(index=[5, 6]).to_csv(path, index=False)
    code, _, err = typed(tmp_path, "evaluate", "run=latest", *ASKED)
    assert code == 3
    assert "0 rows of train and tune are new, and 2 are gone" in err
    assert "bonerisk train model=cox" in err
