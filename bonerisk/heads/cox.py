"""Cox regression on features: time to fracture (AI-CXR), without a penalty, or with one chosen by cross-validation.

Entry times, strata and weights are used as by ``coxph(Surv(entry, time, event) ~ x + strata(stratum), weights)``, with
the robust variance of sampling weights (``robust = TRUE``). If death competes, it has its own Cox model, and the
probabilities of fracture allow for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from bonerisk.cohort.targets.target import SurvivalTarget
from bonerisk.heads.hazards import Hazards, horizons
from bonerisk.heads.row_outcomes import SPECIAL, RowOutcomes
from bonerisk.heads.strata import Strata
from bonerisk.survival import cause_specific, cox, ridge
from bonerisk.survival.cause_specific import Hazard

Array = np.ndarray


class Cox:
    """Features (n, width) → linear predictor and survival; higher is worse.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : str
        Name of a target with times.
    ties : {"efron", "breslow"}
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    penalty : float
        λ of λ/2 · Σ coefficient², for the features as given.

    Examples
    --------
    >>> outcomes = RowOutcomes(np.arange(6), time=np.arange(1.0, 7), event=np.array([1, 1, 1, 0, 1, 0]))
    >>> x = np.array([[2.0], [0.0], [1.0], [2.0], [1.0], [0.0]])
    >>> head = Cox(["n_fractures"], horizons_years=[2, 5])
    >>> head.fit(x, outcomes, tuning=(x, outcomes), seed=0)
    >>> head.table()[["feature", "coefficient", "hazard_ratio"]].round(2)
           feature  coefficient  hazard_ratio
    0  n_fractures         0.35          1.43
    >>> head.survival(x[:2])[2].round(2)  # no event by year 2
    array([0.59, 0.77])
    """

    names: list[str]
    target: str
    horizons_years: Sequence[float]
    history: pd.DataFrame
    notes: tuple[str, ...]
    needs_tuning = False
    uses: Sequence[str] = SPECIAL
    ratio = "hazard_ratio"

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        ties: Literal["efron", "breslow"] = "efron",
        horizons_years: list[float] | None = None,
        penalty: float = 0.0,
    ) -> None:
        self.names, self.target, self.ties, self.penalty = names, target, ties, penalty
        self.horizons_years = horizons(horizons_years)
        self.spread = np.zeros((len(self.names), len(self.names)))  # covariance of the coefficients
        self.strata = Strata({0: Hazards.unknown(len(self.names))})
        self.notes = ()
        self.history = pd.DataFrame()

    @property
    def hazard(self) -> Hazard:
        """Hazard of the event itself, in the first stratum."""
        return self.strata.first.event

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Fit to features (n, width); standard errors are robust to several films of a patient, and to weights.

        A competing event is fitted in the same way; if that is impossible, its hazard is the same for everybody, and
        `notes` say so. The tuning rows are not used.

        Raises
        ------
        DataError
            There is no event, or the likelihood has no maximum (`bonerisk.survival.cox.fit`).
        """
        followed = outcomes.followed
        model, self.history = self._fitted(x, outcomes, followed.event, seed)
        self.spread, self.notes = model.covariance, model.notes
        competing = None
        if outcomes.competing is not None:

            def fitted(x: Array, time: Array, event: Array) -> cox.CoxFit:
                return self._fitted(x, outcomes, event, seed)[0]

            competing, told = cause_specific.competing_hazard(
                *(fitted, x, followed.time, followed.event, outcomes.competing),
                weights=outcomes.weight,
                strata=outcomes.stratum,
                entry=followed.entry,
            )
            self.notes += told
        self.strata = Strata.of(model, competing)
        self.notes += self.strata.notes(self.horizons_years)

    def _fitted(self, x: Array, outcomes: RowOutcomes, event: Array, seed: int) -> tuple[cox.CoxFit, pd.DataFrame]:
        """Return the model of one cause, whose `event` (n,) ended the follow-up, and the history of its fit."""
        several = len(np.unique(outcomes.patient)) < len(outcomes) or outcomes.weight is not None
        model = cox.fit(
            *(x, outcomes.followed.time, event),
            ties=self.ties,
            penalty=self.penalty,
            weights=outcomes.weight,
            strata=outcomes.stratum,
            entry=outcomes.followed.entry,
            cluster=outcomes.patient if several else None,
            names=self.names,
        )
        return model, history(model)

    def risk(self, x: Array) -> Array:
        """Linear predictor (n,) of features (n, width): the log hazard of the event itself, up to a constant."""
        return x @ self.hazard.coefficients

    def survival(self, x: Array, stratum: Array | None = None) -> dict[float, Array]:
        """Probability (n,) of no event by each horizon within the follow-up that was fitted.

        Patients with a competing event first never have the event; they count as event-free. NaN in a stratum that was
        not followed so long.
        """
        return self.strata.survival(x, self.horizons_years, stratum)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients and hazard ratios of the event, one row per feature; a ratio beyond float64 is 0 or inf.

        With a penalty there are no standard errors, intervals and p: shrunken coefficients are biased on purpose.
        """
        coefficients = self.hazard.coefficients
        errors = np.full(len(self.names), np.nan) if self.covariance is None else np.sqrt(np.diag(self.covariance))
        reach = ndtri((1 + level) / 2) * errors
        found = {"feature": self.names, "coefficient": coefficients, "standard_error": errors}
        with np.errstate(over="ignore"):
            found |= {self.ratio: np.exp(coefficients), "lower": np.exp(coefficients - reach)}
            found |= {"upper": np.exp(coefficients + reach)}
        return pd.DataFrame(found | {"p": 2 * ndtr(-np.abs(coefficients / errors))})

    @property
    def penalised(self) -> bool:
        """Whether coefficients are shrunken."""
        return self.penalty > 0

    @property
    def covariance(self) -> Array | None:
        """Covariance (width, width) of the coefficients; None if they are shrunken."""
        return None if self.penalised else self.spread

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays, with the competing event's if there is one."""
        return {"covariance": self.spread, **self.strata.tensors()}

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Restore what `tensors` returned."""
        old = tensors.get("standard_errors")  # of runs before there was a covariance
        self.spread = tensors["covariance"] if old is None else np.diag(old**2)
        self.strata = Strata.restored(tensors)

    def importance(self, x: Array) -> None:
        """None: the coefficients show it."""

    def contributions(self, x: Array) -> None:
        """None: a feature's contribution is its coefficient times its value."""


def history(model: cox.CoxFit) -> pd.DataFrame:
    """Record of a fit at once."""
    found = {"iterations": [model.iterations], "log_likelihood_null": [model.log_likelihood_null]}
    return pd.DataFrame(found | {"log_likelihood": [model.log_likelihood]})


class CoxRidge(Cox):
    """`Cox` with the penalty that predicts best in patient-grouped cross-validation on the training split.

    Parameters
    ----------
    names, target, ties, horizons_years
        As `Cox`.
    penalties : int
        How many penalties are tried.
    folds : int
        Number of folds of patients.
    choice : {"best", "one_se"}
        The best penalty, or the largest within one standard error of it.
    """

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        ties: Literal["efron", "breslow"] = "efron",
        horizons_years: list[float] | None = None,
        penalties: int = 20,
        folds: int = 5,
        choice: Literal["best", "one_se"] = "best",
    ) -> None:
        super().__init__(names, target, ties, horizons_years)
        self.penalties, self.folds, self.choice = penalties, folds, choice

    @property
    def penalised(self) -> bool:
        """Whether coefficients are shrunken: always."""
        return True

    def _fitted(self, x: Array, outcomes: RowOutcomes, event: Array, seed: int) -> tuple[cox.CoxFit, pd.DataFrame]:
        found = ridge.cross_validate(
            *(x, outcomes.followed.time, event),
            patient=outcomes.patient,
            weights=outcomes.weight,
            strata=outcomes.stratum,
            entry=outcomes.followed.entry,
            penalties=self.penalties,
            folds=self.folds,
            seed=seed,
            choice=self.choice,
            ties=self.ties,
            names=self.names,
        )
        curve = {"penalty": found.penalties, "score": found.score, "standard_error": found.standard_error}
        return found.model, pd.DataFrame(curve)
