"""A film's embedding as one number: the log hazard that a ridge Cox model gives it.

A model ranks films whose outcome it has seen far better than new films, so that trees fitted to such risks ignore
everything else. Films in the fit therefore get their risk from models that have not seen their patients (out of fold);
in-sample risks are offered because AI-CXR prints no other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from bonerisk.errors import DataError
from bonerisk.heads.cox import CoxRidge
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival.ridge import deal

Array = np.ndarray

FOLDS = 5  # of patients
FEWEST = 10  # patients with an event: without one fold, enough are left for the ridge's own folds


class ImageRisk:
    """Embeddings (n, width) to log hazards (n,), 0 at the mean of the fitted films; higher is worse.

    Parameters
    ----------
    width : int
        Width of the embedding.
    """

    def __init__(self, width: int) -> None:
        self.model = _ridge(width)

    def fit(self, x: Array, outcomes: RowOutcomes, how: Literal["out_of_fold", "in_sample"], seed: int) -> Array:
        """Fit to all films, and return the risk (n,) of each, out of fold (by patient) or in sample.

        Raises
        ------
        DataError
            Fewer than 10 patients with an event: each fold's model is cross-validated without the others.
        """
        ill = np.unique(outcomes.patient[np.asarray(outcomes.event) == 1])
        if len(ill) < FEWEST:
            what = f"{len(ill)} patients of the train split have an event, too few for the image's risk out of fold"
            mend = f"bring at least {FEWEST}, or take features=patient_findings or features=embedding"
            raise DataError(what, "features.image_risk", mend)
        alone = replace(outcomes, competing=None)  # deaths count as censored: the hazard is the event's own
        self.model.fit(x, alone, (x[:0], alone[:0]), seed)
        if how == "in_sample":
            return self.risk(x)
        fold = deal(alone.patient, np.asarray(alone.event) == 1, FOLDS, seed)
        risk = np.empty(len(x))
        for number in range(FOLDS):
            out, rest = fold == number, fold != number
            model = _ridge(x.shape[1])
            model.fit(x[rest], alone[rest], (x[:0], alone[:0]), seed)
            risk[out] = _log_hazard(model, x[out])
        return risk

    def risk(self, x: Array) -> Array:
        """Log hazard (n,) of embeddings (n, width)."""
        return _log_hazard(self.model, x)

    def tensors(self) -> dict[str, Array]:
        """What was learnt."""
        return self.model.tensors()

    def restore(self, tensors: dict[str, Array]) -> None:
        """Restore what `tensors` returned."""
        self.model.restore(tensors)


def _ridge(width: int) -> CoxRidge:
    return CoxRidge([f"embedding_{number:03d}" for number in range(width)])


def _log_hazard(model: CoxRidge, x: Array) -> Array:
    return np.log(model.hazard.ratio(x))
