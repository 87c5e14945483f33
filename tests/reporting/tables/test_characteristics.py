from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bonerisk.reporting.tables.characteristics import characteristics, of_means, of_proportions


def cells(cohort: pd.DataFrame, name: str) -> dict[str, str]:
    table = characteristics(cohort)
    [row] = [row for row in table.frame.to_dict("records") if row["", "Characteristic"] == name]
    return {": ".join(head): text for head, text in row.items()}


def test_counts_and_missing_values(cohort: pd.DataFrame) -> None:
    women = cohort[(cohort["split"] == "test") & (cohort["sex"] == "F")]
    n, low = len(women), int(women["label"].sum())
    column = f"Test (n = 140): Female (n = {n})"
    assert cells(cohort, "Low bone mass")[column] == f"{low} ({100 * low / n:.0f}%)"
    assert cells(cohort, "Patients")[column] == str(n)
    assert cells(cohort, "BMI, kg/m²: missing")[column].split()[0] == str(women["bmi_kg_m2"].isna().sum())


def test_severity_limits_are_the_papers(cohort: pd.DataFrame) -> None:
    edges = cohort.head(4).assign(split="test", sex="F", t_score=[-1.0, -1.5, -2.0, -2.4])
    found = [cells(edges, name)["Test (n = 4): Female (n = 4)"] for name in ("Mild, −1.0 > T > −1.5",)]
    found.append(cells(edges, "Moderate, −1.5 ≥ T > −2.0")["Test (n = 4): Female (n = 4)"])
    found.append(cells(edges, "Advanced, −2.0 ≥ T > −2.5")["Test (n = 4): Female (n = 4)"])
    assert found == ["0 (0%)", "1 (25%)", "2 (50%)"]


def test_unknown_sex_gets_a_column(cohort: pd.DataFrame) -> None:
    some = cohort.assign(sex=cohort["sex"].where(cohort.index % 2 == 0, None))
    assert any("Sex unknown" in name for _, name in characteristics(some).frame.columns)


def test_standardised_difference_of_means() -> None:
    first, other = pd.Series([0.0, 2.0]), pd.Series([1.0, 3.0])
    assert of_means(first, other) == pytest.approx(1 / math.sqrt(2))  # both variances are 2
    assert math.isnan(of_means(pd.Series([1.0, 1.0]), pd.Series([1.0, 1.0])))


def test_standardised_difference_of_proportions() -> None:
    first, other = pd.Series(["a"] * 5 + ["b"] * 5), pd.Series(["a"] * 8 + ["b"] * 2)
    binary = abs(0.5 - 0.2) / math.sqrt((0.25 + 0.16) / 2)  # Austin 2009, for two classes
    assert of_proportions(first, other) == pytest.approx(binary)
    assert of_proportions(first, first) == 0
    assert math.isnan(of_proportions(pd.Series(["a"]), pd.Series(["a"])))


def test_standardised_difference_of_three_classes() -> None:
    first, other = (pd.Series(np.repeat(["a", "b", "c"], n)) for n in ([50, 30, 20], [30, 30, 40]))
    assert of_proportions(first, other) == pytest.approx(0.498, abs=5e-4)  # by tableone 0.9.6


def test_follow_up_and_what_is_known_of_patients_are_rows(cohort: pd.DataFrame) -> None:
    half = (np.arange(len(cohort)) % 2).astype(float)
    known = cohort.assign(event=half, competing_event=0.0, time_years=2.0, diabetes=half, finding_port_a=half, gout=0.0)
    n = (known["split"] == "test") & (known["sex"] == "F")
    column = f"Test (n = 140): Female (n = {n.sum()})"
    told = f"{int(half[n].sum())} ({100 * half[n].mean():.0f}%)"
    for name in ("Fracture, n (%)", "Diabetes", "Port a"):
        assert cells(known, name)[column] == told
    assert "Gout" not in set(characteristics(known).frame["", "Characteristic"])  # nobody has it


def test_levels_of_text_are_rows_where_there_are_no_films(cohort: pd.DataFrame) -> None:
    smoking = np.resize(np.array(["never", "current", None], dtype=object), len(cohort))
    table = cohort.assign(image_path=None, smoking=smoking, remark=[f"text {n}" for n in range(len(cohort))])
    n = (table["split"] == "test") & (table["sex"] == "F")
    current, column = int((n & (table["smoking"] == "current")).sum()), f"Test (n = 140): Female (n = {n.sum()})"
    assert cells(table, "current")[column] == f"{current} ({100 * current / n.sum():.0f}%)"
    assert cells(table, "current")[": Group"] == "Smoking, n (%)"
    assert "text 1" not in set(characteristics(table).frame["", "Characteristic"])  # too many levels


def test_no_difference_to_a_split_in_which_nothing_is_known() -> None:
    classes = pd.Series(["normal", "low_bone_mass", "osteoporosis"])
    assert math.isnan(of_proportions(classes, pd.Series([None, None], dtype=object)))
