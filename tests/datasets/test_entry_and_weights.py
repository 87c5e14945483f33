"""Entry times, strata and weights of a user's table: what is read, and what is refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.datasets.survival_table import SurvivalTable
from bonerisk.errors import ConfigError, DataError

COLUMNS = {"entry_years": "start", "stratum": "centre", "case_weight": "w"}


def load(folder: Path, columns: dict[str, str | None] | None = None, **changes: Any) -> Any:
    n = 300
    rng = np.random.default_rng(0)
    found = {"patient_id": [f"P{i:03}" for i in range(n)], "x": rng.normal(size=n).round(4), "event": [0, 1] * (n // 2)}
    found |= {"time_years": rng.uniform(24, 60, n).round(), "start": rng.uniform(0, 20, n).round()}
    found |= {"centre": ["A", "B", "C"] * (n // 3), "w": rng.uniform(0.5, 3, n).round(2)}
    table = pd.DataFrame(found | changes)
    table.to_csv(folder / "t.csv", index=False)
    source = SurvivalTable(str(folder / "t.csv"), ["x"], columns or COLUMNS, time_unit="months")
    return source.load(folder), table


def changed(column: str, *values: object) -> dict[str, Any]:
    """The column of `load` with other values in its first rows."""
    rows = {"start": [1.0] * 300, "w": [1.0] * 300, "centre": ["A"] * 300}[column]
    return {column: [*values, *rows[len(values) :]]}


def test_entry_is_in_the_unit_of_times_and_a_stratum_is_text(tmp_path: Path) -> None:
    cohort, table = load(tmp_path)
    np.testing.assert_allclose(cohort.table["entry_years"], table["start"] / 12)
    assert cohort.table["stratum"].tolist() == table["centre"].tolist()
    np.testing.assert_allclose(cohort.table["case_weight"], table["w"])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("start", -1, "under 0"),
        ("start", 999, "not before time_years"),
        ("start", "soon", "no number"),
        ("start", None, "missing"),
        ("w", 0, "not over 0"),
        ("w", -2, "not over 0"),
        ("w", "heavy", "no number"),
        ("w", None, "missing"),
        ("centre", None, "missing"),
    ],
)
def test_a_bad_value_is_refused_with_its_reason(tmp_path: Path, column: str, value: object, reason: str) -> None:
    cohort, _ = load(tmp_path, **changed(column, value))
    assert len(cohort.table) == 299
    assert cohort.rejected["column"].tolist() == [column]
    assert reason in cohort.rejected["reason"].item()


def test_entries_that_are_mostly_late_are_of_another_time_scale(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="entry_years is not before time_years in 20 of 300 rows"):
        load(tmp_path, **changed("start", *[70] * 20))


def test_entries_need_times(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="entry_years without time_years"):
        load(tmp_path, {**COLUMNS, "time_years": None})


@pytest.mark.parametrize("name", ["entry_years", "stratum", "case_weight"])
def test_they_can_be_no_features(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} can't be a feature"):
        SurvivalTable("t.csv", ["x", name])


NEAR = {"weights": "case_weight", "weight": "case_weight", "strata": "stratum"}


@pytest.mark.parametrize("name", NEAR)
def test_a_near_name_is_not_taken_for_a_covariate(name: str) -> None:
    with pytest.raises(ConfigError, match=f"dataset.columns.{NEAR[name]}=w"):
        SurvivalTable("t.csv", ["x"], {name: "w"})
