from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parents[1] / "scripts" / "table_deepsurv.py"
    spec = importlib.util.spec_from_file_location("table_deepsurv", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(model: str, estimate: float, **more: object) -> dict[str, object]:
    usual = {"split": "test", "reference": np.nan, "subgroup": "all", "metric": "c_index", "n": 100, "n_events": 40}
    return {**usual, "model": model, "estimate": estimate, "lower": estimate - 0.1, "upper": estimate + 0.1, **more}


def test_seeds_are_averaged_and_the_interval_is_of_the_first(script: ModuleType) -> None:
    metrics = pd.DataFrame(
        [
            row("cox", 0.6),
            row("deepsurv (0)", 0.7),
            row("deepsurv (1)", 0.8),
            row("deepsurv (0)", 0.1, reference="cox"),
            row("deepsurv (0)", 0.2, metric="incidence"),
            row("deepsurv (0)", 0.3, subgroup="sex=F"),
        ]
    )
    cox, deepsurv = script.tabulated("a", metrics, {"deepsurv": 0.76})
    assert (cox["c_index"], cox["seeds"], deepsurv["seeds"]) == (0.6, 1, 2)
    assert np.isnan(cox["published"])
    assert np.isnan(cox["sd"])
    assert deepsurv["c_index"] == pytest.approx(0.75)
    assert deepsurv["sd"] == pytest.approx(np.std([0.7, 0.8], ddof=1))
    assert (deepsurv["published"], deepsurv["lower"], deepsurv["upper"]) == pytest.approx((0.76, 0.6, 0.8))


def test_a_cohort_that_cannot_be_used_has_a_row_with_the_reason(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(tmp_path / "gbsg_cancer_train_test.h5", "w") as file:
        file["unknown"] = np.zeros(3)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(sys, "argv", ["table_deepsurv.py", str(tmp_path)])
    assert script.main() == 3
    table = pd.read_csv(tmp_path / "outputs/deepsurv.csv")
    assert table["note"].str.contains("lacks features x").all()
    assert list(table["head"]) == ["cox", "deepsurv"]
    assert table["published"].tolist()[1] == 0.668
    assert "lacks features x" in capsys.readouterr().out


def test_a_folder_without_cohorts_is_told(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["table_deepsurv.py", str(tmp_path)])
    with pytest.raises(SystemExit):
        script.main()
    assert "make table-deepsurv DATA=" in capsys.readouterr().err
