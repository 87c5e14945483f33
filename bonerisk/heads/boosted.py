"""Gradient-boosted trees by XGBoost: how many are grown, what they predict, and which features they use.

The margin is the sum of a row's leaves and of the linear model that the trees start from, if there is one, on the scale
of the objective's link. Trees are grown by histograms: they are the same whatever the number of threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.linear_start import Line, LinearStart
from bonerisk.heads.row_outcomes import RowOutcomes, read_both
from bonerisk.heads.threads import threads
from bonerisk.survival.rows import moments, rows_of

if TYPE_CHECKING:
    import xgboost

Array = np.ndarray


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    Parameters
    ----------
    eta : sequence of float
        Learning rates to be tried.
    max_depth : sequence of int
        Maximum depths to be tried, each with each rate.
    subsample : float
        Share of the rows that each tree sees, in (0, 1].
    rounds : int
        Maximum number of trees.
    patience : int
        Growth stops after so many trees without a lower loss on the tuning split; those after the lowest are cut.

    Raises
    ------
    ConfigError
    """

    eta: Sequence[float]
    max_depth: Sequence[int]
    subsample: float
    rounds: int
    patience: int

    def __post_init__(self) -> None:
        wrong = []
        if not self.eta or min(self.eta) <= 0 or max(self.eta) > 1:
            wrong.append(f"eta={[*self.eta]} must be rates over 0, up to 1, such as [0.1]")
        if not self.max_depth or min(self.max_depth) < 1:
            wrong.append(f"max_depth={[*self.max_depth]} must be depths of 1 or more, such as [3]")
        if not 0 < self.subsample <= 1:
            wrong.append(f"subsample={self.subsample} must be over 0, up to 1")
        if self.rounds < 1 or self.patience < 1:
            wrong.append(f"rounds={self.rounds} and patience={self.patience} must be 1 or more")
        if wrong:
            raise ConfigError("; ".join(wrong), "head")


class Boosted(ABC):
    """Features (n, width) → margin (n,); each subclass says what its margin means.

    Parameters
    ----------
    names : list of str
        Names of the features.
    settings : dict
        XGBoost's parameters, including the objective.
    metric : str
        XGBoost's name of the loss that is watched on the tuning split.
    growth : Growth
    start : LinearStart, optional
        Linear model that the trees start from; None: they start from a constant.
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
        settings: Mapping[str, object],
        metric: str,
        growth: Growth,
        start: LinearStart | None = None,
    ) -> None:
        self.names, self.metric, self.growth, self.start = names, metric, growth, start
        self.settings = {"tree_method": "hist", "eval_metric": metric, "verbosity": 0, **settings}
        self.booster: xgboost.Booster | None = None
        self.line: Line | None = None
        self.history = pd.DataFrame()
        self.notes = ()

    def grow(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width) until the loss of the tuning rows stops falling, at each rate and depth.

        The trees of the rate and depth with the lowest loss are kept, but none if they start from a linear model and do
        not improve it by cross-validation on the training split.

        Raises
        ------
        DataError
            A feature is missing or infinite, or a split has no event, or labels of one kind only.
        """

        of_train, of_tuning = read_both(self.labels, outcomes, tuning[1])
        train, tune = self._matrix(x, **of_train), self._matrix(tuning[0], **of_tuning)
        self.line, unfit = self._begun(x, outcomes, seed)
        if self.line is not None:
            train.set_base_margin(self.line(x))
            tune.set_base_margin(self.line(tuning[0]))
        common = {**self.settings, "subsample": self.growth.subsample, "seed": seed, "nthread": threads(x)}
        pairs = [*product(self.growth.eta, self.growth.max_depth)]
        tried = [{**common, "eta": eta, "max_depth": depth} for eta, depth in pairs]
        grown = [self._grown(settings, train, tune) for settings in tried]
        chosen = int(np.argmin([history["tune"].min() for _, history in grown]))
        (self.booster, self.history), (eta, depth) = grown[chosen], pairs[chosen]
        best = self.booster.num_boosted_rounds()
        self.notes = (f"{best} trees: more of them did not lower the loss on the tuning split ({self.metric})",)
        if best == self.growth.rounds:
            self.notes = (f"The loss on the tuning split still fell at the last of {best} trees: raise head.rounds",)
        if len(tried) > 1:
            self.notes += (
                f"Learning rate {eta:g} and depth {depth} had the lowest loss on tuning of {len(tried)} pairs",
            )
        self.notes += unfit
        self.history["kept"] = self.history["round"] == best
        if self.start is not None and self.line is not None:
            self._confirm(self.start, tried[chosen], train, tune, outcomes, seed)

    def _begun(self, x: Array, outcomes: RowOutcomes, seed: int) -> tuple[Line | None, tuple[str, ...]]:
        """The linear model, or a note if it was asked for and can't be fitted."""
        if self.start is None:
            return None, ()
        try:
            return self.start.fit(x, outcomes, self.names, seed), ()
        except DataError as error:
            return None, (f"The trees start from a constant, as there is no linear model: {error.what}",)

    def _confirm(
        self,
        start: LinearStart,
        settings: Mapping[str, object],
        train: xgboost.DMatrix,
        tune: xgboost.DMatrix,
        outcomes: RowOutcomes,
        seed: int,
    ) -> None:
        """Drop all trees if the linear model predicts as well without them; it is round 0 of the history.

        As many trees are grown without each fold of the training rows, and predict it. The linear model has seen all
        rows, which leaves the trees less to add: it stays alone rather too often.
        """
        import xgboost

        alone = xgboost.train(dict(settings), train, 0)
        fold, rounds = start.folds(outcomes, seed), self._fitted().num_boosted_rounds()
        margin = np.empty(len(outcomes))
        for k in np.unique(fold):
            kept, out = (train.slice(np.flatnonzero(rows)) for rows in (fold != k, fold == k))
            margin[fold == k] = xgboost.train(dict(settings), kept, rounds).predict(out, output_margin=True)
        before = start.log_likelihood(alone.predict(train, output_margin=True).astype(float), outcomes, fold)
        after = start.log_likelihood(margin, outcomes, fold)
        losses = {
            split: float(alone.eval(rows).rpartition(":")[2]) for split, rows in (("train", train), ("tune", tune))
        }
        first = pd.DataFrame([{"round": 0, **losses, "kept": False}])
        self.history = pd.concat([first, self.history], ignore_index=True)
        if after <= before:
            self.booster = alone
            self.history["kept"] = self.history["round"] == 0
            found = f"log-likelihood {after:.2f} with and {before:.2f} without them, by cross-validation on train"
            self.notes = (f"No trees: those chosen on the tuning split do not improve the linear model ({found})",)

    def _grown(
        self, settings: Mapping[str, object], train: xgboost.DMatrix, tune: xgboost.DMatrix
    ) -> tuple[xgboost.Booster, pd.DataFrame]:
        """The trees up to the lowest loss on tuning, and the losses by round."""
        import xgboost

        losses: dict[str, dict[str, list[float]]] = {}
        booster = xgboost.train(
            dict(settings),
            train,
            self.growth.rounds,
            evals=[(train, "train"), (tune, "tune")],
            early_stopping_rounds=self.growth.patience,
            evals_result=losses,
            verbose_eval=False,
        )
        values = {split: found[self.metric] for split, found in losses.items()}
        history = pd.DataFrame({"round": np.arange(1, len(values["tune"]) + 1), **values})
        return booster[: booster.best_iteration + 1], history

    @abstractmethod
    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """The outcomes as XGBoost takes them, by the name of DMatrix's argument."""

    @abstractmethod
    def risk(self, x: Array) -> Array:
        """Risk (n,) of features (n, width); higher is worse."""

    def margin(self, x: Array) -> Array:
        """Sum (n,) of the leaves of features (n, width), and of the linear model that they start from."""
        leaves = self._predict(x, output_margin=True)
        return leaves if self.line is None else self.line(x) + leaves

    def contributions(self, x: Array) -> Array:
        """SHAP (n, width): what each feature adds to the mean margin.

        That of a linear model is slope × (value − mean of the training rows). TreeSHAP is added to it: exact for these
        trees, with features as they occur together in the training rows (path-dependent). Contributions and the mean
        margin, which is not returned, add up to the margin.

        References
        ----------
        Lundberg et al. 2020, Nat Mach Intell 2:56.
        """
        shap = self._predict(x, pred_contribs=True)[:, :-1]
        return shap if self.line is None else self.line.contributions(x) + shap

    def importance(self, x: Array) -> pd.DataFrame:
        """How much each feature moves the margin, the largest first.

        Returns
        -------
        DataFrame
            `feature`; `splits`, how many use it; `gain`, by how much they lower the loss in total, and `mean_gain`, per
            split, all of the trees alone; and `mean_abs_shap`, the mean |contribution| over the rows `x`.
        """
        booster = self._fitted()
        scores = {kind: booster.get_score(importance_type=kind) for kind in ("weight", "total_gain", "gain")}
        splits, gain, mean = ([scores[kind].get(f"f{j}", 0.0) for j in range(len(self.names))] for kind in scores)
        shap = np.abs(self.contributions(x)).mean(axis=0)
        found = {"feature": self.names, "splits": splits, "gain": gain, "mean_gain": mean, "mean_abs_shap": shap}
        return pd.DataFrame(found).sort_values("mean_abs_shap", ascending=False, kind="stable", ignore_index=True)

    def table(self) -> pd.DataFrame:
        """Empty: trees have no coefficients."""
        return pd.DataFrame(columns=["feature", "coefficient", "standard_error"])

    def tensors(self) -> dict[str, Array]:
        """The trees, as the bytes of XGBoost's UBJSON, and the linear model that they start from."""
        booster = np.frombuffer(self._fitted().save_raw("ubj"), dtype=np.uint8).copy()
        return {"booster": booster, **({} if self.line is None else self.line.tensors())}

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        import xgboost

        self.booster = xgboost.Booster(model_file=bytearray(tensors["booster"].tobytes()))
        self.line = Line.restored(tensors)

    def _matrix(self, x: Array, **labels: Array) -> xgboost.DMatrix:
        import xgboost

        if not len(x):
            raise DataError("no rows", "XGBoost", "the training and the tuning split need rows")
        moments(rows_of(x, self.names))  # refuses missing values: the model of a competing event can't use them
        return xgboost.DMatrix(x, nthread=threads(x), **labels)

    def _predict(self, x: Array, **what: bool) -> Array:
        booster = self._fitted()
        booster.set_param({"nthread": threads(x)})
        rows = self._matrix(x)
        if self.line is not None:
            rows.set_base_margin(np.zeros(len(x)))
        return booster.predict(rows, **what).astype(float)

    def _fitted(self) -> xgboost.Booster:
        if self.booster is None:
            raise DataError("the trees are not grown yet", "XGBoost", "fit or restore the head first")
        return self.booster
