"""Rows that a model can predict, with their images or embeddings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.models.embeddings import Embedded
from bonerisk.models.films import DecodedCohort


@dataclass(frozen=True)
class ReadyRows:
    """Rows that have all that a model needs.

    Parameters
    ----------
    cohort : Cohort
        The rows, with the steps that led to them.
    films : DecodedCohort, Embedded or None
        Images or embeddings of their films; None for a model that sees no film.
    """

    cohort: Cohort
    films: DecodedCohort | Embedded | None = None

    def among(self, table: pd.DataFrame) -> ReadyRows:
        """The rows of `table` that are also here, with `table`'s values."""
        known = table["image_id"].isin(self.cohort.table["image_id"])
        return replace(self, cohort=replace(self.cohort, table=table[known]))
