from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.evaluation.metrics.concordance import c_index
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.heads.deepsurv import DeepSurv
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import cox

NAMES = ["worse", "better", "product"]


def fitted(x: Any, target: RowOutcomes, tuning: Any, **settings: Any) -> DeepSurv:
    head = DeepSurv([f"x{j}" for j in range(x.shape[1])], **settings)
    head.fit(x, target, tuning, seed=0)
    return head


def test_without_hidden_layers_it_is_the_cox_model(simulate: Any) -> None:
    x, target, _ = simulate(500)
    settings = {"hidden": [], "weight_decay": 0.0, "epochs": 3000, "patience": 200}
    head = fitted(x, target, (x, target), **settings)
    model = cox.fit(x, target.time, target.event)
    np.testing.assert_allclose(head.layers[0][0][0], model.coefficients, atol=1e-4)
    loss = -model.log_likelihood / model.n_events
    assert head.history["tune"].min() == pytest.approx(loss, abs=1e-6)


def test_units_do_not_matter(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(300), simulate(200, seed=1)
    head = fitted(x, target, (x_tune, tuning), epochs=30)
    other = fitted(1000 * x + 50, target, (1000 * x_tune + 50, tuning), epochs=30)
    np.testing.assert_allclose(other.risk(1000 * x + 50), head.risk(x), atol=0.01)


@pytest.mark.parametrize("activation", ["selu", "relu"])
def test_prediction_is_that_of_torch(activation: str, simulate: Any) -> None:
    import torch
    from torch import nn

    x, target, _ = simulate(200)
    head = fitted(x, target, (x, target), activation=[activation], epochs=20, hidden=[5, 4])
    between = {"selu": nn.SELU, "relu": nn.ReLU}[activation]
    network = nn.Sequential(nn.Linear(3, 5), between(), nn.Linear(5, 4), between(), nn.Linear(4, 1)).double()
    for part, (weight, bias) in zip(network[::2], head.layers, strict=True):
        part.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    with torch.no_grad():
        theirs = network(torch.from_numpy(x).double())[:, 0].numpy()
    np.testing.assert_allclose(head.risk(x), theirs, rtol=1e-12)


def test_the_best_epoch_is_kept(simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(200), simulate(200, seed=1)
    head = fitted(x, target, (x_tune, tuning), patience=10, learning_rate=0.05, activation=["selu"])
    best = int(head.history["tune"].argmin()) + 1
    assert len(head.history) == best + 10
    again = fitted(x, target, (x_tune, tuning), epochs=best, learning_rate=0.05, activation=["selu"])
    np.testing.assert_array_equal(again.risk(x), head.risk(x))
    assert "raise head.epochs" in again.notes[1]


@pytest.mark.parametrize("order", [["selu", "relu"], ["relu", "selu"]])
def test_the_activation_with_the_lowest_loss_on_tuning_is_kept(order: list[str], simulate: Any) -> None:
    (x, target, _), (x_tune, tuning, _) = simulate(200), simulate(200, seed=1)
    each = {name: fitted(x, target, (x_tune, tuning), epochs=30, activation=[name]) for name in order}
    best = min(each, key=lambda name: each[name].history["tune"].min())
    head = fitted(x, target, (x_tune, tuning), epochs=30, activation=order)
    np.testing.assert_array_equal(head.risk(x), each[best].risk(x))
    assert head.chosen == best
    assert any(f"Activation {best} " in note for note in head.notes)
    restored = DeepSurv(head.names, activation=order)
    restored.restore(head.tensors())
    np.testing.assert_array_equal(restored.risk(x), head.risk(x))


@pytest.mark.parametrize("names", [[], ["tanh"], "selu"])
def test_an_unknown_activation_is_refused(names: Any) -> None:
    with pytest.raises(ConfigError, match="activation="):
        DeepSurv(NAMES, activation=names)


def test_global_random_numbers_are_left_alone(simulate: Any) -> None:
    import torch

    x, target, _ = simulate(100)
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    fitted(x, target, (x, target), epochs=2)
    assert torch.equal(torch.rand(3), expected)


def test_outputs_that_run_away_are_told(simulate: Any) -> None:
    x, target, _ = simulate(200)
    with pytest.raises(DataError, match="the outputs diverge"):
        fitted(x, target, (x, target), learning_rate=1e4)


@pytest.mark.parametrize("settings", [{"dropout": 1}, {"hidden": [0]}, {"patience": 0}])
def test_what_is_no_network_is_refused(settings: Any) -> None:
    with pytest.raises(ConfigError, match="no network"):
        DeepSurv(NAMES, **settings)


def test_nonlinear_risk_is_ranked_as_published(real_data: Path) -> None:
    """The simulated cohort with a Gaussian log hazard: test C of 0.649 published, 0.507 by Cox."""
    with h5py.File(real_data / "deepsurv/gaussian_survival_data.h5") as file:
        parts = {name: [file[name][key][:] for key in ("x", "t", "e")] for name in ("train", "valid", "test")}
    rows = {name: (x, RowOutcomes(np.arange(len(x)), None, t.astype(float), e)) for name, (x, t, e) in parts.items()}
    head = fitted(*rows["train"], rows["valid"])
    x, of = rows["test"]
    assert c_index(Followed.of(head.risk(x), of.time, of.event).drawn()).value == pytest.approx([0.649], abs=0.01)
