from __future__ import annotations

import pandas as pd

from bonerisk.reporting.tables.proportional import proportional


def test_change_over_time_and_why_there_is_none() -> None:
    found = {"name": ["age_years", "b"], "hazard_ratio_early": [1.04, 2.0], "hazard_ratio_late": [1.02, float("nan")]}
    found |= {"ratio": [0.98, float("nan")], "ratio_lower": [0.96, float("nan")], "ratio_upper": [1.0, float("nan")]}
    table = proportional(
        pd.DataFrame({**found, "p_value": [0.03, 0.5], "note": [None, "no late event"], "split_time_years": 1.147})
    )
    assert table.frame.columns[1] == "Hazard ratio until 1.15 years"
    assert table.frame.iloc[0].tolist() == ["Age, years", "1.040", "1.020", "0.980 (0.960–1.000)", "0.030"]
    assert table.frame.iloc[1, 3] == "–[a]"
    assert table.notes[-1] == "[a] No late event."


def test_the_test_of_all_features_has_a_row_without_ratios() -> None:
    nothing = dict.fromkeys(
        ["hazard_ratio_early", "hazard_ratio_late", "ratio", "ratio_lower", "ratio_upper"], float("nan")
    )
    table = proportional(
        pd.DataFrame([{"name": "GLOBAL", **nothing, "p_value": 0.012, "note": "", "split_time_years": 1.0}])
    )
    assert table.frame.iloc[0].tolist() == ["All features together", "–", "–", "–", "0.012"]
