from __future__ import annotations

import pandas as pd

from bonerisk.evaluation.samples.risk_table import RiskTable


def test_times_that_differ_by_rounding_are_one_for_all_tables() -> None:
    films = pd.DataFrame({"dataset": "a", "split": "test", "image_id": ["1", "2", "3"], "model": "cox"})
    films = films.assign(patient_id=["p", "q", "r"], site="s", risk=0.5, time_years=[0.6, 60.6 - 60, 1.1])
    assert RiskTable.of(films).films["time_years"].tolist() == [0.6, 0.6, 1.1]
    unknown = films.assign(time_years=None)
    assert RiskTable.of(unknown).films["time_years"].isna().all()
