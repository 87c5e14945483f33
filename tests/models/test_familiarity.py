"""What a model's training films were like, and how unlike them others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.table import arrange
from bonerisk.features.distance import Distance
from bonerisk.models import familiarity
from bonerisk.runs.find import load
from bonerisk.runs.folder import record


def films(n: int, **columns: object) -> pd.DataFrame:
    """Rows without a file, whose view stands in the table."""
    names = [f"f{i}" for i in range(n)]
    table = pd.DataFrame({"patient_id": names, "image_id": names, "split": "train", "view": "PA", "age_years": 60.0})
    return arrange(table.assign(**columns))  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [5, 2000])
def test_distance_is_in_standard_deviations_along_and_across_the_components(width: int) -> None:
    rng = np.random.default_rng(0)
    scale = np.r_[100.0, np.ones(width - 1)]
    known = Distance.fit(rng.normal(size=(400, width)) * scale, seed=0)
    typical = known.of(rng.normal(size=(400, width)) * scale)
    assert np.median(typical) == pytest.approx(np.sqrt(width), rel=0.2)
    far = np.zeros((2, width))
    far[0, 0] = far[1, 1] = 100
    along, across = known.of(far)
    assert along < 5 < 50 < across  # about one standard deviation, and a hundred
    again = Distance.restored(known.tensors())
    np.testing.assert_array_equal(again.of(far), [along, across])


def test_films_that_are_all_equal_leave_a_distance() -> None:
    known = Distance.fit(np.ones((20, 4)), seed=0)
    assert known.of(np.ones((1, 4))) == 0
    assert known.of(np.zeros((1, 4))) > 1e3


def test_the_limit_holds_for_the_stated_share_of_tuning_films() -> None:
    rng = np.random.default_rng(0)
    found = familiarity.learn(films(500), rng.normal(size=(500, 8)), rng.normal(size=(1000, 8)), [], seed=0)
    judged = found.judge(films(4000), rng.normal(size=(4000, 8)))
    assert judged["unfamiliar"].mean() == pytest.approx(familiarity.SHARE, abs=0.01)
    assert (judged["unfamiliar_because"] != "").equals(judged["unfamiliar"] == 1)


def test_views_and_numbers_of_no_training_film(tmp_path: Path) -> None:
    learnt = ["PA"] * 990 + ["AP"] * 8 + [None] * 2
    train = films(1000, view=learnt, age_years=np.linspace(50, 90, 1000), bmi_kg_m2=np.linspace(18, 40, 1000))
    found = familiarity.learn(train, None, None, ["bmi_kg_m2", "sex"], seed=0)
    assert found.kinds == {"view": ["PA"]}  # AP is too rare to be learnt
    with record("train", "a", outputs=tmp_path, config={}, choices={}, overrides=[], command_line=[]) as run:
        found.write(run)
    new = films(
        5, view=["PA", "AP", None, "PA", "ll"], age_years=[50, 60, 60, 91, 60], bmi_kg_m2=[18, 19, np.nan, 45, 20]
    )
    judged = familiarity.Familiarity.read(load(run.folder)).judge(new, None)
    assert judged["unfamiliar"].tolist() == [0, 1, 0, 1, 1]
    assert judged["unfamiliar_because"][1] == "view AP, and the training films have PA"
    assert "age_years is 91, and the training films have 50 to 90; bmi_kg_m2 is 45" in judged["unfamiliar_because"][3]
    assert "view LATERAL" in judged["unfamiliar_because"][4]
    assert judged["distance"].isna().all()
