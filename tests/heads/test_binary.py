from __future__ import annotations

import numpy as np
import torch

from bonerisk.heads.binary import BinaryHead


def test_one_logit_a_film_and_risk_is_its_probability() -> None:
    head = BinaryHead(width=6)
    logits = head(torch.randn(3, 6))
    assert logits.shape == (3,)
    risk = head.predictions(torch.tensor([-50.0, 0.0, 50.0]))["risk"]
    assert risk.dtype == np.float64
    np.testing.assert_allclose(risk, [0, 0.5, 1], atol=1e-20)
    assert head.target == "low_bone_mass"
