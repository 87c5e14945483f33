from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.errors import DataError
from bonerisk.training.objectives.regression import Regression

T_SCORES = np.array([-2.6, -1.0, 0.3])


def test_a_far_reading_counts_less_by_smooth_l1() -> None:
    outputs, targets = torch.tensor([-0.6, -1.5, 0.3]), torch.tensor(T_SCORES, dtype=torch.float32)
    np.testing.assert_allclose(Regression("squared").loss(outputs, targets), [4, 0.25, 0], atol=1e-6)
    np.testing.assert_allclose(Regression("smooth_l1").loss(outputs, targets), [1.5, 0.125, 0], atol=1e-6)


def test_scores_are_those_of_the_columns() -> None:
    scores = Regression().score(torch.tensor([-0.6, -1.5, 0.3]), T_SCORES)
    assert list(scores) == list(Regression.columns)
    assert scores["tune_mae"] == pytest.approx(2.5 / 3)
    assert Regression().targets(pd.DataFrame({"t_score": T_SCORES})).tolist() == T_SCORES.tolist()


def test_nothing_to_learn_or_to_choose_by_is_refused() -> None:
    with pytest.raises(DataError, match="not of two T-scores"):
        Regression().check(np.full(5, -1.0), T_SCORES)
    with pytest.raises(DataError, match="no film with a T-score"):
        Regression().check(T_SCORES, np.empty(0))
    Regression().check(T_SCORES, T_SCORES)
