from __future__ import annotations

import numpy as np
import pytest
import torch

from bonerisk.training.batches import batches
from bonerisk.training.optimiser import adamw, learning_rate


def test_an_epoch_sees_every_film_once_in_batches_of_nearly_equal_size() -> None:
    cut = batches(130, 64, seed=0, epoch=0)
    assert sorted(len(batch) for batch in cut) == [43, 43, 44]
    assert sorted(np.concatenate(cut)) == list(range(130))


def test_order_hangs_on_seed_and_epoch_alone() -> None:
    first = np.concatenate(batches(50, 8, seed=3, epoch=2))
    np.testing.assert_array_equal(first, np.concatenate(batches(50, 8, seed=3, epoch=2)))
    assert not np.array_equal(first, np.concatenate(batches(50, 8, seed=3, epoch=3)))
    assert not np.array_equal(first, np.concatenate(batches(50, 8, seed=4, epoch=2)))


def test_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [learning_rate(1e-3, step, warmup=10, total=100) for step in range(100)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == rates[10] == rates[9] == pytest.approx(1e-3)
    assert rates[55] == pytest.approx(5e-4)
    assert 0 < rates[-1] < 1e-6
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_vectors_are_not_decayed() -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.GroupNorm(2, 4), torch.nn.Linear(4, 1))
    decayed, spared = adamw(model, lr=1e-3, weight_decay=0.05).param_groups
    assert {tuple(p.shape) for p in decayed["params"]} == {(4, 1, 3, 3), (1, 4)}
    assert spared["weight_decay"] == 0
    assert len(decayed["params"]) + len(spared["params"]) == len(list(model.parameters()))
