"""Fine and Gray's regression on features: the probability of an event that competes with another one (death)."""

from __future__ import annotations

import numpy as np

from bonerisk.cohort.targets.target import SurvivalTarget
from bonerisk.heads.cox import Cox, history
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.heads.strata import Strata
from bonerisk.survival import fine_gray
from bonerisk.survival.outcome import COMPETING, EVENT

Array = np.ndarray


class FineGray(Cox):
    """Features (n, width) → linear predictor of the subdistribution hazard, and probabilities; higher is worse.

    Parameters
    ----------
    names : list of str
        Names of the features.
    target : str
        Name of a target with times.
    horizons_years : list of float, optional
        Horizons of the predicted probabilities; None: each of the first five years.

    Examples
    --------
    >>> event, dead = np.array([1, 1, 0, 1, 0, 0]), np.array([0, 0, 1, 0, 1, 0])
    >>> outcomes = RowOutcomes(np.arange(6), time=np.arange(1.0, 7), event=event, competing=dead)
    >>> x = np.array([[2.0], [0.0], [1.0], [2.0], [1.0], [0.0]])
    >>> head = FineGray(["n_fractures"], horizons_years=[2, 5])
    >>> head.fit(x, outcomes, tuning=(x, outcomes), seed=0)
    >>> head.table()[["feature", "subdistribution_hazard_ratio"]].round(2)
           feature  subdistribution_hazard_ratio
    0  n_fractures                          2.05
    """

    uses = ()
    ratio = "subdistribution_hazard_ratio"

    def __init__(
        self, names: list[str], target: SurvivalTarget = "fracture", horizons_years: list[float] | None = None
    ) -> None:
        super().__init__(names, target, "breslow", horizons_years)

    def fit(self, x: Array, outcomes: RowOutcomes, tuning: tuple[Array, RowOutcomes], seed: int) -> None:
        """Fit to features (n, width); the variance is robust to several films of a patient.

        Raises
        ------
        DataError
            There is no event, or the likelihood has no maximum (`bonerisk.survival.fine_gray.fit`).
        """
        followed = outcomes.followed
        competing = np.zeros(len(outcomes)) if outcomes.competing is None else np.asarray(outcomes.competing)
        status = np.select([followed.event, competing == 1], [EVENT, COMPETING], 0)
        model = fine_gray.fit(x, followed.time, status, cluster=outcomes.patient, names=self.names)
        self.spread, self.notes, self.history = model.covariance, model.notes, history(model)
        if not (status == COMPETING).any():
            self.notes += ("No row has a competing event: the subdistribution hazard is the hazard itself",)
        self.strata = Strata.of(model, None)
