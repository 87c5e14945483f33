"""Three classes in order: the head's probabilities, and the cross-entropy that it is trained by."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bonerisk.heads.classes import ClassesHead
from bonerisk.training.objectives.cross_entropy import CrossEntropy


def test_probabilities_sum_to_one_and_risk_is_the_expected_class() -> None:
    found = ClassesHead(width=4).predictions(torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])))
    assert list(found) == ["risk", "p_normal", "p_low_bone_mass", "p_osteoporosis"]
    assert found["risk"] == pytest.approx([0.7, 1.7]) and found["p_osteoporosis"] == pytest.approx([0.2, 0.8])


def test_what_explanations_are_of() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]))
    scores = ClassesHead(width=4).scores(logits)
    assert list(scores) == ["risk", "normal", "low_bone_mass", "osteoporosis"]
    assert scores["risk"].tolist() == pytest.approx([0.7, 1.7])
    assert torch.equal(scores["osteoporosis"], logits[:, 2])


def test_cross_entropy_of_classes() -> None:
    logits, classes = (
        torch.log(torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2]])),
        np.array([0.0, 2, 1]),
    )
    found = CrossEntropy().score(logits, classes)
    assert found["tune_loss"] == pytest.approx(-np.log([0.5, 0.8, 0.6]).mean(), abs=1e-6) and found["tune_auc"] == 1
    assert CrossEntropy("balanced").weights(np.array([0.0, 0, 1, 2])) == pytest.approx([2 / 3, 2 / 3, 4 / 3, 4 / 3])
