"""Cox regression on features: time to fracture (AI-CXR), without a penalty, or with one chosen by cross-validation."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from bonerisk.errors import ConfigError
from bonerisk.survival import cox, ridge
from bonerisk.survival.baseline import Baseline

Array = np.ndarray

YEARS = [1.0, 2.0, 3.0, 4.0, 5.0]


class Cox:
    """Features (n, width) → linear predictor and survival; higher is worse.

    Parameters
    ----------
    names : list of str
        Of the features.
    target : {"fracture"}
        The event.
    ties : {"efron", "breslow"}
    horizons_years : list of float, optional
        For which the predictions give survival; None: each of the first five.
    penalty : float
        λ of λ/2 · Σ coefficient², on the features as they are.
    """

    def __init__(
        self,
        names: list[str],
        target: Literal["fracture"] = "fracture",
        ties: Literal["efron", "breslow"] = "efron",
        horizons_years: list[float] | None = None,
        penalty: float = 0.0,
    ) -> None:
        self.names, self.target, self.ties, self.penalty = names, target, ties, penalty
        self.horizons_years = sorted(horizons_years or YEARS)
        if not self.horizons_years[0] > 0:
            raise ConfigError(f"horizon of {self.horizons_years[0]} years", "head.horizons_years", "take one over 0")
        self.coefficients, self.errors, self.reference = np.zeros((3, len(self.names)))
        self.baseline = Baseline(np.empty(0), np.empty(0), 0.0)
        self.notes: tuple[str, ...] = ()
        self.history = pd.DataFrame()

    def fit(self, x: Array, time: Array, event: Array, patient: Array, seed: int) -> None:
        """Fit to features (n, width); standard errors are robust to several films of a `patient` (n,).

        Raises
        ------
        DataError
            There is no event, or the likelihood has no maximum (`bonerisk.survival.cox.fit`).
        """
        model = self._fitted(x, time, event, patient, seed)
        self.coefficients, self.errors, self.reference = model.coefficients, model.standard_errors, model.reference
        self.baseline, self.notes = model.baselines[0], model.notes

    def _fitted(self, x: Array, time: Array, event: Array, patient: Array, seed: int) -> cox.Cox:
        several = patient if len(np.unique(patient)) < len(patient) else None
        model = cox.fit(x, time, event, ties=self.ties, penalty=self.penalty, cluster=several, names=self.names)
        found = {"iterations": [model.iterations], "log_likelihood_null": [model.log_likelihood_null]}
        self.history = pd.DataFrame(found | {"log_likelihood": [model.log_likelihood]})
        return model

    def risk(self, x: Array) -> Array:
        """Linear predictor (n,) of features (n, width)."""
        return x @ self.coefficients

    def survival(self, x: Array) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up that was fitted."""
        within = [horizon for horizon in self.horizons_years if horizon <= self.baseline.follow_up]
        ratio = np.exp((x - self.reference) @ self.coefficients)
        return {
            horizon: np.exp(-hazard * ratio) for horizon, hazard in zip(within, self.baseline.at(within), strict=True)
        }

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients and hazard ratios, a row a feature."""
        reach = norm.ppf((1 + level) / 2) * self.errors
        ratios = {"lower": -reach, "upper": reach}
        # Under a penalty, nothing is known of a feature that is constant: its coefficient is 0, and p is 1.
        z = np.divide(self.coefficients, self.errors, out=np.zeros(len(self.errors)), where=self.errors > 0)
        return pd.DataFrame(
            {
                "feature": self.names,
                "coefficient": self.coefficients,
                "standard_error": self.errors,
                "hazard_ratio": np.exp(self.coefficients),
                **{name: np.exp(self.coefficients + away) for name, away in ratios.items()},
                "p": 2 * norm.sf(np.abs(z)),
            }
        )

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays."""
        own = {"coefficients": self.coefficients, "standard_errors": self.errors, "reference": self.reference}
        baseline = {"baseline_times": self.baseline.times, "baseline_hazard": self.baseline.cumulative_hazard}
        return own | baseline | {"follow_up": np.array([self.baseline.follow_up])}

    def restore(self, tensors: dict[str, Array]) -> None:
        """Take what `tensors` gave."""
        self.coefficients, self.errors = tensors["coefficients"], tensors["standard_errors"]
        self.reference = tensors["reference"]
        self.baseline = Baseline(tensors["baseline_times"], tensors["baseline_hazard"], float(tensors["follow_up"][0]))


class CoxRidge(Cox):
    """The same with the penalty that predicts best in patient-grouped cross-validation on the training split.

    Parameters
    ----------
    names, target, ties, horizons_years
        As `Cox`.
    penalties : int
        How many are tried.
    folds : int
        Of patients.
    choice : {"best", "one_se"}
        The best penalty, or the largest within one standard error of it.
    """

    def __init__(
        self,
        names: list[str],
        target: Literal["fracture"] = "fracture",
        ties: Literal["efron", "breslow"] = "efron",
        horizons_years: list[float] | None = None,
        penalties: int = 20,
        folds: int = 5,
        choice: Literal["best", "one_se"] = "best",
    ) -> None:
        super().__init__(names, target, ties, horizons_years)
        self.penalties, self.folds, self.choice = penalties, folds, choice

    def _fitted(self, x: Array, time: Array, event: Array, patient: Array, seed: int) -> cox.Cox:
        found = ridge.cross_validate(
            *(x, time, event),
            patient=patient,
            penalties=self.penalties,
            folds=self.folds,
            seed=seed,
            choice=self.choice,
            ties=self.ties,
            names=self.names,
        )
        curve = {"penalty": found.penalties, "score": found.score, "standard_error": found.standard_error}
        self.history = pd.DataFrame(curve)
        return found.model
