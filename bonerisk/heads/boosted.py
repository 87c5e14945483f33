"""Gradient-boosted trees by XGBoost: how many are grown, what they predict, and which features they use.

The margin is the sum of a row's leaves, on the scale of the objective's link. Trees are grown by histograms: they are
the same whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.row_outcomes import RowOutcomes, read_both
from bonerisk.heads.threads import threads
from bonerisk.survival.rows import moments, rows_of

if TYPE_CHECKING:
    import xgboost

Array = np.ndarray


class Boosted:
    """Features (n, width) → margin (n,); each subclass says what its margin means.

    Parameters
    ----------
    names : list of str
        Names of the features.
    settings : dict
        XGBoost's parameters, including the objective.
    metric : str
        XGBoost's name of the loss that is watched on the tuning split.
    rounds : int
        Maximum number of trees.
    patience : int
        Growth stops after so many trees without a lower loss on the tuning split; those after the lowest are cut.
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
        self, names: list[str], settings: Mapping[str, object], metric: str, rounds: int, patience: int
    ) -> None:
        if rounds < 1 or patience < 1:
            raise ConfigError(f"rounds={rounds} and patience={patience} must be 1 or more", "head")
        self.names, self.metric, self.rounds, self.patience = names, metric, rounds, patience
        self.settings = {"tree_method": "hist", "eval_metric": metric, "verbosity": 0, **settings}
        self.booster: xgboost.Booster | None = None
        self.history = pd.DataFrame()
        self.notes = ()

    def grow(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Grow trees on features (n, width) until the loss of the tuning rows stops falling.

        Raises
        ------
        DataError
            A feature is missing or infinite, or a split has no event, or labels of one kind only.
        """
        import xgboost

        losses: dict[str, dict[str, list[float]]] = {}
        of_train, of_tuning = read_both(self.labels, outcomes, tuning[1])
        train, tune = self._matrix(x, **of_train), self._matrix(tuning[0], **of_tuning)
        booster = xgboost.train(
            {**self.settings, "seed": seed, "nthread": threads(x)},
            train,
            self.rounds,
            evals=[(train, "train"), (tune, "tune")],
            early_stopping_rounds=self.patience,
            evals_result=losses,
            verbose_eval=False,
        )
        best = booster.best_iteration + 1
        self.booster = booster[:best]
        values = {split: found[self.metric] for split, found in losses.items()}
        self.history = pd.DataFrame({"round": np.arange(1, len(values["tune"]) + 1), **values})
        self.notes = (f"{best} trees: more of them did not lower the loss on the tuning split ({self.metric})",)
        if best == self.rounds:
            self.notes = (f"The loss on the tuning split still fell at the last of {best} trees: raise head.rounds",)

    def labels(self, outcomes: RowOutcomes) -> dict[str, Array]:
        """The outcomes as XGBoost takes them, by the name of DMatrix's argument."""
        raise NotImplementedError

    def margin(self, x: Array) -> Array:
        """Sum (n,) of the leaves of features (n, width)."""
        return self._predict(x, output_margin=True)

    def contributions(self, x: Array) -> Array:
        """TreeSHAP (n, width): what each feature adds to the mean margin.

        Exact for these trees, with features as they occur together in the training rows (path-dependent). Contributions
        and the mean margin, which is not returned, add up to the margin.

        References
        ----------
        Lundberg et al. 2020, Nat Mach Intell 2:56.
        """
        return self._predict(x, pred_contribs=True)[:, :-1]

    def importance(self, x: Array) -> pd.DataFrame:
        """How much each feature moves the margin, the largest first.

        Returns
        -------
        DataFrame
            `feature`; `splits`, how many use it; `gain`, by how much they lower the loss in total, and `mean_gain`, per
            split; and `mean_abs_shap`, the mean |TreeSHAP| over the rows `x`.
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
        """The trees, as the bytes of XGBoost's UBJSON."""
        return {"booster": np.frombuffer(self._fitted().save_raw("ubj"), dtype=np.uint8).copy()}

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        import xgboost

        self.booster = xgboost.Booster(model_file=bytearray(tensors["booster"].tobytes()))

    def _matrix(self, x: Array, **labels: Array) -> xgboost.DMatrix:
        import xgboost

        if not len(x):
            raise DataError("no rows", "XGBoost", "the training and the tuning split need rows")
        moments(rows_of(x, self.names))  # refuses missing values: the model of a competing event can't use them
        return xgboost.DMatrix(x, nthread=threads(x), **labels)

    def _predict(self, x: Array, **what: bool) -> Array:
        booster = self._fitted()
        booster.set_param({"nthread": threads(x)})
        return booster.predict(self._matrix(x), **what).astype(float)

    def _fitted(self) -> xgboost.Booster:
        if self.booster is None:
            raise DataError("the trees are not grown yet", "XGBoost", "fit or restore the head first")
        return self.booster
