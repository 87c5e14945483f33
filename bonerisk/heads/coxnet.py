"""Cox regression with an elastic net: features that add little get a coefficient of 0."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from bonerisk.cohort.targets.target import SurvivalTarget
from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.cox import Cox
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import cox
from bonerisk.survival.baseline import baselines
from bonerisk.survival.outcome import Outcome, outcome
from bonerisk.survival.ridge import deal
from bonerisk.survival.risk_sets import codes, risk_sets
from bonerisk.survival.rows import moments, rows_of

if TYPE_CHECKING:
    from sksurv.linear_model import CoxnetSurvivalAnalysis

Array = np.ndarray

WHERE = "elastic net"
NEAR, CONVERGED = 1e-7, 1e-13  # of scikit-survival; at the first, its default, coefficients may be off by 4e-4 of an SD


class Coxnet(Cox):
    """Features (n, width) → linear predictor and survival; higher is worse.

    It maximises (log partial likelihood)/n − penalty · (l1_ratio · Σ |b| + (1 − l1_ratio)/2 · Σ b²), b being
    coefficients of features standardised on the training split (SD with divisor n). The penalty has the highest
    cross-validated partial log-likelihood over folds of patients, as in `bonerisk.survival.ridge`. Ties are Breslow's,
    the only ones in scikit-survival and in R's ``glmnet(family = "cox")``.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : str
        Name of a target with times.
    horizons_years : list of float, optional
        Horizons of the predicted survival; None: each of the first five years.
    l1_ratio : float
        Over 0, up to 1, which is the lasso.
    penalties : int
        How many are tried, from the smallest at which all coefficients are 0 down to `smallest` times that.
    smallest : float
    folds : int
        Number of folds of patients.
    choice : {"best", "one_se"}
        The best penalty, or the largest within one standard error of it.

    References
    ----------
    Simon et al. 2011, J Stat Softw 39(5). Verweij & van Houwelingen 1993, Stat Med 12:2305.
    """

    uses = ()

    def __init__(
        self,
        names: list[str],
        target: SurvivalTarget = "fracture",
        horizons_years: list[float] | None = None,
        l1_ratio: float = 0.5,
        penalties: int = 50,
        smallest: float = 0.01,
        folds: int = 5,
        choice: Literal["best", "one_se"] = "best",
    ) -> None:
        if not 0 < l1_ratio <= 1:
            mend = "for a penalty without a lasso part take head=cox_ridge"
            raise ConfigError(f"l1_ratio={l1_ratio} is not over 0 and up to 1", "head.l1_ratio", mend)
        if not (0 < smallest < 1 and penalties > 1):
            what = f"penalties={penalties} and smallest={smallest} give no path"
            raise ConfigError(what, "head", "take two penalties or more, and a share `smallest` between 0 and 1")
        super().__init__(names, target, "breslow", horizons_years)
        self.l1_ratio, self.penalties, self.smallest = l1_ratio, penalties, smallest
        self.folds, self.choice = folds, choice

    @property
    def penalised(self) -> bool:
        """Whether coefficients are shrunken: always."""
        return True

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """As `Cox.fit`; notes say how many features have a coefficient, and if more penalties should be tried."""
        super().fit(x, outcomes, tuning, seed)
        used = np.count_nonzero(self.hazard.coefficients)
        self.notes += (f"{used} of {len(self.names)} features have a coefficient, the others 0",)
        if self.history["score"].argmax() == len(self.history) - 1:
            self.notes += ("The best penalty is the smallest tried: lower head.smallest",)

    def _fitted(self, x: Array, outcomes: RowOutcomes, event: Array, seed: int) -> tuple[cox.CoxFit, pd.DataFrame]:
        observed, spread = outcome(outcomes.followed.time, event), moments(rows_of(x, self.names))
        varies = ~spread.constant
        if not varies.any():
            raise DataError("every feature is constant", WHERE, "bring one that varies")
        fold = deal(codes(outcomes.patient, len(x), "patient"), observed.event, self.folds, seed)
        z = ((x - spread.mean) / spread.scale)[:, varies]
        path = self._path(z, observed, NEAR, n_alphas=self.penalties, alpha_min_ratio=self.smallest)
        grid = path.alphas_
        score, error = self._cross_validated(z, observed, fold, grid)
        best = int(np.argmax(score))
        chosen = best if self.choice == "best" else int(np.argmax(score >= score[best] - error[best]))
        final = self._path(z, observed, CONVERGED, alphas=grid[: chosen + 1])
        coefficients = np.zeros(len(varies))
        coefficients[varies] = final.coef_[:, -1] / spread.scale[varies]
        history = {"penalty": grid, "score": score, "standard_error": error}
        history["features"] = np.count_nonzero(path.coef_, axis=0)
        return _model(coefficients, x, observed, self.names, float(grid[chosen])), pd.DataFrame(history)

    def _path(
        self, z: Array, observed: Outcome, tolerance: float, **penalties: float | Array
    ) -> CoxnetSurvivalAnalysis:
        """Fits to standardised features at each of the penalties."""
        from sklearn.exceptions import ConvergenceWarning
        from sksurv.linear_model import CoxnetSurvivalAnalysis
        from sksurv.util import Surv

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                warnings.filterwarnings("ignore", "all coefficients are zero")  # as they are at the largest penalties
                model = CoxnetSurvivalAnalysis(l1_ratio=self.l1_ratio, tol=tolerance, **penalties)
                return model.fit(z, Surv.from_arrays(observed.event, observed.time))
        except (ArithmeticError, ConvergenceWarning) as error:
            mend = "raise head.smallest: without a penalty the likelihood may have no maximum"
            raise DataError(f"no convergence at the smallest penalties ({error})", WHERE, mend) from error

    def _cross_validated(self, z: Array, observed: Outcome, fold: Array, grid: Array) -> tuple[Array, Array]:
        """Cross-validated partial log-likelihood (penalties,) and its standard error, as `ridge.cross_validate`."""
        gained, events = np.empty((self.folds, len(grid))), np.empty(self.folds)
        whole = risk_sets(observed, np.ones(len(z)), ties="breslow")
        for k in range(self.folds):
            kept = fold != k
            rest = risk_sets(observed, kept.astype(float), ties="breslow")
            events[k] = whole.mass - rest.mass
            part = Outcome(observed.time[kept], observed.status[kept])
            path = self._path(z[kept], part, NEAR, alphas=grid).coef_
            # A path ends once smaller penalties explain no more; its last coefficients stand for these, as in glmnet.
            path = np.pad(path, ((0, 0), (0, len(grid) - path.shape[1])), mode="edge")
            for j, predictor in enumerate((z @ path).T):
                of_all, of_rest = whole.at(predictor), rest.at(predictor)
                gained[k, j] = of_all.log_likelihood - of_rest.log_likelihood if of_all and of_rest else -np.inf
        score = gained.sum(axis=0)
        spread = (gained / events[:, None] - score / events.sum()) ** 2
        return score, np.sqrt(events @ spread / events.sum() / (self.folds - 1)) * events.sum()


def _model(coefficients: Array, x: Array, observed: Outcome, names: list[str], penalty: float) -> cox.CoxFit:
    """A model of coefficients that were fitted elsewhere, without covariance."""
    sets, reference = risk_sets(observed, np.ones(len(x)), ties="breslow"), x.mean(axis=0, dtype=float)
    null, point = sets.at(np.zeros(len(x))), sets.at((x - reference) @ coefficients)
    if null is None or point is None:
        raise DataError("risks are too far apart for a hazard", WHERE, "look for outliers in the features")
    unknown = np.full((len(names), len(names)), np.nan)
    return cox.CoxFit(
        names=tuple(names),
        coefficients=coefficients,
        covariance=unknown,
        model_covariance=unknown,
        reference=reference,
        baselines=baselines(sets, point, observed.time, np.zeros(len(x), dtype=int)),
        strata=(None,),
        log_likelihood_null=null.log_likelihood,
        log_likelihood=point.log_likelihood,
        ties="breslow",
        penalty=penalty,
        n=len(x),
        n_events=observed.n_events,
        iterations=0,
        notes=(),
    )
