from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.errors import DataError
from bonerisk.training.objectives.cross_entropy import CrossEntropy

LABELS = np.array([0.0, 0, 0, 1])


def test_balanced_classes_weigh_the_same() -> None:
    weights = CrossEntropy("balanced").weights(LABELS)
    assert weights[LABELS == 0].sum() == pytest.approx(weights[LABELS == 1].sum())
    assert weights.mean() == pytest.approx(1)
    assert CrossEntropy("none").weights(LABELS).tolist() == [1, 1, 1, 1]


def test_one_class_only_is_refused_in_both_splits_at_once() -> None:
    with pytest.raises(DataError) as caught:
        CrossEntropy().check(np.ones(5), np.ones(0))
    assert "'train' has 5 films" in str(caught.value)
    assert "'tune' has 0 films" in str(caught.value)
    CrossEntropy().check(LABELS, LABELS)


def test_loss_and_scores() -> None:
    objective, outputs = CrossEntropy("balanced"), torch.tensor([-1.0, 0.0, 2.0, 1.0])
    losses = objective.loss(outputs, torch.tensor(LABELS, dtype=torch.float32))
    expected = np.log1p(np.exp(np.where(LABELS == 1, -1, 1) * outputs.numpy()))
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    scores = objective.score(outputs, LABELS)
    assert list(scores) == list(objective.columns)
    assert scores["tune_loss"] == pytest.approx(expected.mean())
    assert scores["tune_auc"] == pytest.approx(2 / 3)


def test_targets_are_the_labels_of_the_cohort() -> None:
    assert CrossEntropy().targets(pd.DataFrame({"label": [1, 0]})).tolist() == [1.0, 0.0]
