from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bonerisk.errors import BoneriskError

LEVELS = ("l1", "l2", "l3")


@pytest.fixture(scope="module")
def run() -> Callable[[list[object]], None]:
    path = Path(__file__).parents[1] / "scripts" / "table_morphometry.py"
    spec = importlib.util.spec_from_file_location("table_morphometry", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda given: module.main([str(one) for one in given])


def film(image: str, anterior: dict[str, float]) -> list[tuple[object, ...]]:
    rows = []
    for n, level in enumerate(LEVELS):
        top, front = 100 * n, anterior.get(level, 60)
        for place, x, height in (("anterior", 0, front), ("middle", 40, 55), ("posterior", 80, 60)):
            rows += [(image, level, f"{place}_superior", x, top), (image, level, f"{place}_inferior", x, top + height)]
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten women: two are fractured at baseline; of the others three by the second film, one slightly."""
    rows, films, grades = [], [], []
    for n in range(10):
        before = {"l2": 30.0} if n < 2 else {}
        later = before | ({"l3": 30.0} if n in (2, 3) else {"l3": 50.0} if n == 4 else {})
        for visit, anterior in enumerate((before, later)):
            rows += film(f"{n}_{visit}", anterior)
            films.append((f"{n}_{visit}", f"P{n}", "F", f"202{visit * 2}-01-01", 0.5, 1.25))
            grades += [(f"{n}_{visit}", level, 3 if anterior.get(level, 60) < 40 else 0) for level in LEVELS]
    pd.DataFrame(rows, columns=["image_id", "level", "point", "x", "y"]).to_csv(tmp_path / "points.csv", index=False)
    names = ["image_id", "patient_id", "sex", "film_date", "spacing_mm", "magnification"]
    pd.DataFrame(films, columns=names).to_csv(tmp_path / "films.csv", index=False)
    pd.DataFrame(grades, columns=["image_id", "level", "grade"]).to_csv(tmp_path / "grades.csv", index=False)
    normal = [(level, "F", ratio, 1.0, 0.04) for level in LEVELS for ratio in ("anterior_posterior",)]
    pd.DataFrame(normal, columns=["level", "sex", "ratio", "mean", "sd"]).to_csv(tmp_path / "normal.csv", index=False)
    return tmp_path


def test_a_users_tables_give_agreement_and_outcomes(
    run: Callable[[list[object]], None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [folder / "points.csv", "--films", folder / "films.csv", "--out", folder / "out", "--draws", 50]
    run([*given, "--grades", folder / "grades.csv", "--reference", folder / "normal.csv"])
    assert "3 of 10 patients have an incident fracture" in capsys.readouterr().out
    table = pd.read_csv(folder / "out/agreement.csv").set_index(["unit", "grade", "metric"]).sort_index()
    one = table.loc[("vertebra", "mild or worse")]
    assert one[["n", "graded", "called"]].iloc[0].tolist() == [60, 6, 7]
    assert one.loc["sensitivity", "estimate"] == 1
    assert one.loc["specificity", "estimate"] == pytest.approx(53 / 54)
    assert one.loc["kappa", "estimate"] == pytest.approx(636 / 696)
    assert (one["method"].str.startswith("patient bootstrap")).all()
    found = pd.read_csv(folder / "out/follow_up.csv")
    slight = found[(found["patient_id"] == "P4") & (found["level"] == "l3")].iloc[0]
    assert slight[["incident", "height_lost"]].tolist() == [1, 0]
    assert slight[["lost_mm", "lost_unit"]].tolist() == [pytest.approx(10 * 0.5 / 1.25), "mm_patient"]
    outcomes = pd.read_csv(folder / "out/outcomes.csv").set_index("patient_id")
    assert outcomes["event"].to_dict() == {f"P{n}": float(n in (2, 3, 4)) for n in range(10)}
    assert outcomes.loc["P2", ["time_years", "time_years_midpoint"]].tolist() == pytest.approx(
        [731 / 365.25, 1.0], abs=0.01
    )
    assert outcomes["previous_fracture"].sum() == 2


def test_what_is_wrong_is_said(run: Callable[[list[object]], None], folder: Path) -> None:
    table = folder / "points.csv"
    for given, says in (
        ([table], "FILMS=films.csv"),
        ([table, "--films", folder / "films.csv"], "no level has 20"),
        ([folder], "no DEMO_H.XPT"),
        ([folder / "point.csv"], "no such file"),
        ([folder, "--set", "grades=X"], "grades=X is no setting"),
        ([folder, "--set", "mm=ten"], "mm=ten is no number"),
        ([table, "--films", folder / "films.csv", "--column", "x=X"], "no column 'X'"),
    ):
        with pytest.raises(BoneriskError, match=says):
            run(given)
