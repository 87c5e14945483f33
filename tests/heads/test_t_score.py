from __future__ import annotations

import numpy as np
import torch

from bonerisk.heads.t_score import TScoreHead


def test_a_lower_estimate_is_a_higher_risk() -> None:
    head = TScoreHead(width=6)
    assert head(torch.randn(3, 6)).shape == (3,)
    found = head.predictions(torch.tensor([-2.5, 0.0, 1.0]))
    assert found["estimate"].tolist() == [-2.5, 0.0, 1.0]
    np.testing.assert_array_equal(found["risk"], -found["estimate"])
    assert found["risk"].dtype == np.float64
