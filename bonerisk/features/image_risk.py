"""A film's embedding as one number: the log hazard that a ridge Cox model gives it.

A model that has seen a film's own outcome ranks it far better than a new film, so that trees fitted to such risks trust
nothing else. Risks of the films that it is fitted to are therefore those of models that have not seen their patients
(out of fold); in-sample ones are there because AI-CXR prints no other.
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
FEWEST = 10  # patients with an event, so that without a fold there are still enough for the ridge's own folds


class ImageRisk:
    """Embeddings (n, width) to log hazards (n,), 0 at the mean film that it was fitted to; higher is worse.

    Parameters
    ----------
    width : int
        Of the embedding.
    """

    def __init__(self, width: int) -> None:
        self.model = _ridge(width)

    def fit(self, x: Array, target: RowOutcomes, how: Literal["out_of_fold", "in_sample"], seed: int) -> Array:
        """Fit to all films, and return the risk (n,) of each, by folds of patients or of the fit itself.

        Raises
        ------
        DataError
            Fewer than 10 patients with an event: each fold's model is cross-validated without the others.
        """
        ill = np.unique(target.patient[np.asarray(target.event) == 1])
        if len(ill) < FEWEST:
            what = f"{len(ill)} patients of the train split have an event, too few for the image's risk out of fold"
            raise DataError(what, "features.image_risk", f"{FEWEST} at least; or features=patient_findings, embedding")
        alone = replace(target, competing=None)  # who dies first is censored: the hazard is the event's own
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
        """Take what `tensors` gave."""
        self.model.restore(tensors)


def _ridge(width: int) -> CoxRidge:
    return CoxRidge([f"embedding_{number:03d}" for number in range(width)])


def _log_hazard(model: CoxRidge, x: Array) -> Array:
    return np.log(model.hazard.ratio(x))
