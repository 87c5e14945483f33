from __future__ import annotations

import pandas as pd
import pytest

from bonerisk.cohort.targets.target import find
from bonerisk.models.tuning import score


def test_a_t_score_model_is_scored_by_how_much_it_explains() -> None:
    films = pd.DataFrame({"risk": [0.5, 1.0, 2.5], "t_score": [-0.5, -1.5, -2.5]})
    assert score(films, find("t_score")) == {"score": "R²", "value": pytest.approx(1 - 0.25 / 2)}
    assert score(films.assign(t_score=-1.0), find("t_score")) is None  # nothing to explain


def test_a_model_of_classes_is_scored_by_the_mean_of_its_cuts() -> None:
    films = pd.DataFrame({"risk": [0.1, 0.8, 0.5, 0.9, 1.2], "label": [0, 0, 1, 1, 2]})
    assert score(films, find("bone_class")) == {"score": "ordinal AUC", "value": pytest.approx((5 / 6 + 1) / 2)}
    assert score(films.assign(label=1), find("bone_class")) is None
