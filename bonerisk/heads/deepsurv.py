"""DeepSurv on features: a small network whose one output is the log hazard, trained by the partial likelihood.

The gradient of the partial log-likelihood for a row's output is (event − events expected of the row), which
`bonerisk.survival.risk_sets` gives for all rows at once, with Efron ties: every step sees every risk set whole.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bonerisk.cohort.targets.target import SurvivalTarget
from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.hazards import Hazards, calibrated, horizons
from bonerisk.heads.row_outcomes import RowOutcomes, read_both
from bonerisk.heads.threads import threads
from bonerisk.survival.risk_sets import RiskSets, risk_sets
from bonerisk.survival.rows import Moments, moments, rows_of

Array = np.ndarray

WHERE = "DeepSurv"
SELU = (1.0507009873554805, 1.6732632423543772)  # scale and alpha

ACTIVATIONS = ("selu", "relu")


class DeepSurv:
    """Features (n, width) → log hazard, up to a constant, and survival; higher is worse.

    Features are standardised on the training split. Training is by AdamW on all rows at once; it ends when the partial
    likelihood of the tuning split has not risen for `patience` epochs, and the network of its best epoch is kept. Each
    activation is tried; the one with the lowest loss on tuning is kept.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : str
        Name of a target with times.
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    hidden : list of int
        Widths of the hidden layers; without any it is a linear Cox model.
    activation : list of {"selu", "relu"}
    dropout : float
        Share of hidden units left out at each step.
    learning_rate, weight_decay : float
        Settings of AdamW.
    epochs, patience : int

    References
    ----------
    Katzman et al. 2018, BMC Med Res Methodol 18:24.
    """

    names: list[str]
    target: str
    horizons_years: Sequence[float]
    history: pd.DataFrame
    notes: tuple[str, ...]
    uses = ()
    covariance: Array | None = None
    penalised = False
    needs_tuning = True

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        hidden: Sequence[int] = (64, 64),
        activation: Sequence[str] = ACTIVATIONS,
        dropout: float = 0.2,
        learning_rate: float = 0.01,
        weight_decay: float = 0.01,
        epochs: int = 500,
        patience: int = 50,
    ) -> None:
        if not 0 <= dropout < 1 or min([1, *hidden]) < 1 or epochs < 1 or patience < 1:
            what = f"dropout={dropout}, hidden={list(hidden)}, epochs={epochs}, patience={patience} are no network"
            raise ConfigError(what, "head", "take a dropout from 0 to under 1, and whole numbers over 0")
        if not activation or not {*activation} <= {*ACTIVATIONS}:
            what = (
                f"activation={activation if isinstance(activation, str) else [*activation]} has no or an unknown name"
            )
            mend = "'head.activation=[selu,relu]' tries both, 'head.activation=[selu]' takes one"
            raise ConfigError(what, "head", mend)
        self.names, self.target, self.horizons_years = names, target, horizons(horizons_years)
        self.hidden, self.activation, self.dropout = list(hidden), tuple(activation), dropout
        self.chosen: str = self.activation[0]
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.epochs, self.patience = epochs, patience
        self.layers: list[tuple[Array, Array]] = []
        self.hazards = Hazards.unknown(1 + len(names))
        self.history = pd.DataFrame()
        self.notes = ()

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Train on features (n, width); the tuning rows end the training, and calibrate the probabilities.

        Raises
        ------
        DataError
            A feature is missing or infinite, every feature is constant, a split has no event, or the outputs diverge.
        """
        spread = moments(rows_of(x, self.names))
        moments(rows_of(tuning[0], self.names))
        if spread.constant.all():
            raise DataError("every feature is constant", WHERE, "bring one that varies")
        of_train, of_tuning = read_both(_sets, outcomes, tuning[1])
        train, tune = (x, of_train), (tuning[0], of_tuning)
        tried = {name: self._trained(train, tune, spread, name, seed) for name in self.activation}
        self.chosen = min(tried, key=lambda name: tried[name][1]["tune"].min())
        self.layers, self.history = tried[self.chosen]
        best = int(self.history["tune"].argmin())
        self.notes = (f"Epoch {best + 1} of {len(self.history)} has the lowest loss on the tuning split, and is kept",)
        if best == self.epochs - 1:
            self.notes += ("The loss on the tuning split still fell at the last epoch: raise head.epochs",)
        if len(tried) > 1:
            self.notes += (f"Activation {self.chosen} had the lowest loss on tuning of {', '.join(tried)}",)
        self.hazards, told = calibrated((self.risk(x), self.risk(tuning[0])), tuning[1], x, outcomes, seed)
        self.notes += told

    def _trained(
        self,
        train: tuple[Array, RiskSets],
        tune: tuple[Array, RiskSets],
        spread: Moments,
        activation: str,
        seed: int,
    ) -> tuple[list[tuple[Array, Array]], pd.DataFrame]:
        """Weights and biases of the layers, for features in their own units, and the loss of each epoch."""
        import torch
        from threadpoolctl import threadpool_limits
        from torch import nn

        x, x_tune = (torch.from_numpy(_standardised(of, spread)) for of in (train[0], tune[0]))
        with torch.random.fork_rng(devices=[]), threadpool_limits(threads(train[0])):
            torch.manual_seed(seed)
            parts: list[nn.Module] = []
            for width, out in zip([x.shape[1], *self.hidden], self.hidden, strict=False):
                bend = nn.SELU() if activation == "selu" else nn.ReLU()
                parts += [nn.Linear(width, out), bend, nn.Dropout(self.dropout)]
            network = nn.Sequential(*parts, nn.Linear([x.shape[1], *self.hidden][-1], 1, bias=False))
            optimiser = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
            losses: list[dict[str, float]] = []
            best, last, kept = np.inf, 0, network.state_dict()
            for epoch in range(1, self.epochs + 1):
                network.train()
                output = network(x)[:, 0]
                loss, gradient = _loss(train[1], output.detach().numpy())
                optimiser.zero_grad()
                output.backward(torch.from_numpy(gradient))
                optimiser.step()
                network.eval()
                with torch.no_grad():
                    of_tuning, _ = _loss(tune[1], network(x_tune)[:, 0].numpy())
                losses.append({"epoch": epoch, "train": loss, "tune": of_tuning})
                if of_tuning < best:
                    best, kept, last = of_tuning, copy.deepcopy(network.state_dict()), epoch
                elif epoch - last >= self.patience:
                    break
        network.load_state_dict(kept)
        learnt = [
            {name: values.numpy().astype(float) for name, values in part.state_dict().items()} for part in network
        ]
        layers = [(of["weight"], of.get("bias", np.zeros(1))) for of in learnt if of]
        weight, bias = layers[0]
        weight = np.where(spread.constant, 0, weight / spread.scale)  # nothing was learnt about a constant feature
        layers[0] = weight, bias - weight @ spread.mean
        return layers, pd.DataFrame(losses)

    def risk(self, x: Array) -> Array:
        """Output (n,) of the network for features (n, width): the log hazard, up to a constant."""
        values = np.asarray(x, dtype=float)
        for weight, bias in self.layers[:-1]:
            values = self._activated(values @ weight.T + bias)
        weight, bias = self.layers[-1]
        return (values @ weight.T + bias)[:, 0]

    def _activated(self, values: Array) -> Array:
        if self.chosen == "relu":
            return np.maximum(values, 0)
        scale, alpha = SELU
        return scale * np.where(values > 0, values, alpha * np.expm1(np.minimum(values, 0)))

    def survival(self, x: Array, stratum: Array | None = None) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up that was fitted.

        Patients with a competing event first never have the event; they count as event-free.
        """
        return self.hazards.survival(np.column_stack([self.risk(x), x]), self.horizons_years)

    def table(self) -> pd.DataFrame:
        """Empty: a network has no coefficients."""
        return pd.DataFrame(columns=["feature", "coefficient", "standard_error"])

    def importance(self, x: Array) -> None:
        """None: a network gives none."""

    def contributions(self, x: Array) -> None:
        """None: a network gives none."""

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays."""
        weights = {"activation": np.array([ACTIVATIONS.index(self.chosen)])}
        weights |= {f"weight_{j}": weight for j, (weight, _) in enumerate(self.layers)}
        return weights | {f"bias_{j}": bias for j, (_, bias) in enumerate(self.layers)} | self.hazards.tensors()

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        self.layers = [(tensors[f"weight_{j}"], tensors[f"bias_{j}"]) for j in range(len(self.hidden) + 1)]
        self.chosen = ACTIVATIONS[int(tensors["activation"][0])]
        self.hazards = Hazards.restored(tensors)


def _sets(outcomes: RowOutcomes) -> RiskSets:
    followed = outcomes.with_events
    return risk_sets(followed, np.ones(len(followed)))


def _standardised(x: Array, spread: Moments) -> Array:
    return ((x - spread.mean) / spread.scale).astype(np.float32)


def _loss(sets: RiskSets, output: Array) -> tuple[float, Array]:
    """Minus the partial log-likelihood per event, and its gradient (n,) by the outputs."""
    point = sets.at(output.astype(float))
    if point is None or not np.isfinite(point.log_likelihood):
        raise DataError("the outputs diverge", WHERE, "lower head.learning_rate, or look for outliers in the features")
    gradient = point.expected.copy()
    gradient[sets.event_row] -= sets.weights[sets.event_row]
    return -point.log_likelihood / sets.mass, (gradient / sets.mass).astype(np.float32)
