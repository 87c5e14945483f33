"""The hazard ratio of one SD of a risk: against the Cox model and the check of proportional hazards themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.tables.hazards import HAZARDS
from bonerisk.survival import cox, proportional

Build = Callable[..., Evaluation]
Films = Callable[..., pd.DataFrame]


def hazards(evaluation: Build, given: dict[str, pd.DataFrame]) -> pd.DataFrame:
    found = evaluation(survival={"subgroups": []}, n_draws=5).run(**given).hazards
    assert list(found) == list(HAZARDS)
    return found.set_index("model")


@pytest.mark.parametrize("repeated", [False, True])
def test_they_are_those_of_the_cox_model(evaluation: Build, tables: Any, followed: Films, repeated: bool) -> None:
    films = followed(400, "test", 1)
    if repeated:
        again = films[:150].assign(image_id=films["image_id"] + "_2", risk=films["risk"] + 0.5)
        films = pd.concat([films, again], ignore_index=True)
    row = hazards(evaluation, tables(films)).loc["net"]
    x = (films["risk"] / films["risk"].std()).to_numpy()[:, None]
    cluster = films["patient_id"].to_numpy() if repeated else None
    ratio = cox.fit(x, films["time_years"], films["event"], cluster=cluster).hazard_ratios()
    check = proportional.check(x, films["time_years"], films["event"])
    [of] = check.columns
    assert [row["hazard_ratio_per_sd"], row["lower"], row["upper"]] == pytest.approx(
        [ratio.estimate[0], ratio.lower[0], ratio.upper[0]]
    )
    assert [row["early"], row["late"], row["p_value"]] == pytest.approx(
        [of.hazard_ratio_early, of.hazard_ratio_late, of.p_value]
    )
    assert row["split_time_years"] == check.split_time
    assert (row["n"], row["n_events"]) == (len(films), films["event"].sum())
    assert ("400 patients" in row["note"]) == repeated


def test_they_are_of_film_baselines_and_truth_and_scale_free(evaluation: Build, tables: Any, followed: Films) -> None:
    films = followed(300, "test", 1)
    found, scaled = (hazards(evaluation, tables(t)) for t in (films, films.assign(risk=100 * films["risk"])))
    assert list(found.index) == [
        *("net", "t_score", "age_years + sex", "age_years + sex + bmi_kg_m2", "oracle_fracture_truth")
    ]
    pd.testing.assert_series_equal(found.loc["net"], scaled.loc["net"])


@pytest.mark.parametrize(
    ("change", "note"),
    [({"event": 0.0}, "under 5 patients with the outcome"), ({"risk": 1.0}, "the same risk of all films")],
)
def test_what_cannot_be_fitted_says_why(
    evaluation: Build, tables: Any, followed: Films, change: dict[str, float], note: str
) -> None:
    row = hazards(evaluation, tables(followed(200, "test", 1).assign(**change))).loc["net"]
    assert np.isnan(row["hazard_ratio_per_sd"])
    assert row["note"] == note
