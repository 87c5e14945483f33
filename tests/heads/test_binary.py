from __future__ import annotations

import torch

from bonerisk.heads.binary import BinaryHead


def test_one_logit_a_film_and_risk_is_its_probability() -> None:
    head = BinaryHead(width=6)
    logits = head(torch.randn(3, 6))
    assert logits.shape == (3,)
    torch.testing.assert_close(head.risk(torch.tensor([-50.0, 0.0, 50.0])), torch.tensor([0.0, 0.5, 1.0]))
    assert head.target == "low_bone_mass"
