"""Rows of a cohort that a model can predict, with what it sees of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.models.embeddings import Embedded
from bonerisk.models.films import DecodedCohort


@dataclass(frozen=True)
class ReadyRows:
    """Rows that a model can predict: what it needs of each is there.

    Parameters
    ----------
    cohort : Cohort
        The rows, with the steps that led to them.
    films : DecodedCohort, Embedded or None
        Where the images or the embeddings of their films are; None for a model that sees no film.
    """

    cohort: Cohort
    films: DecodedCohort | Embedded | None = None

    def among(self, table: pd.DataFrame) -> ReadyRows:
        """Those rows of `table` that are among them, as they are there."""
        known = table["image_id"].isin(self.cohort.table["image_id"])
        return replace(self, cohort=replace(self.cohort, table=table[known]))
