"""The features of a model with a frozen encoder: blocks of columns side by side, learnt on the training split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.features.columns import Columns
from bonerisk.features.image_risk import ImageRisk
from bonerisk.heads.row_outcomes import RowOutcomes

Array = np.ndarray

IMAGE_RISK = "image_risk"
OF_IMAGE = f"{IMAGE_RISK}."  # prefix of its tensors' names


class Features:
    """An embedding, or the risk predicted from it, and columns of the cohort.

    Parameters
    ----------
    embedding : bool
        Whether every number of the film's embedding is a feature.
    image_risk : {"out_of_fold", "in_sample"}, optional
        Whether the embedding's risk is a feature, and how films to which it is fitted get theirs.
    columns, without, missing, reference, splines
        As `Columns`; `missing` is "leave_out" (rows that lack a value) or "impute".

    Raises
    ------
    ConfigError
        No feature is asked for.
    """

    def __init__(
        self,
        embedding: bool = False,
        image_risk: Literal["out_of_fold", "in_sample"] | None = None,
        columns: list[str] | None = None,
        without: list[str] | None = None,
        missing: Literal["leave_out", "impute"] = "leave_out",
        reference: dict[str, str] | None = None,
        splines: dict[str, int] | None = None,
    ) -> None:
        self.embedding, self.image_risk = embedding, image_risk
        self.columns = Columns(columns, without or (), missing == "impute", reference, splines)
        self.width, self.image = 0, ImageRisk(0)
        if not self.films and columns == []:
            mend = "features=embedding, or 'features.columns=[age_years,sex]', for example"
            raise ConfigError("nothing to learn from: no embedding, no columns", "features", mend)

    @property
    def films(self) -> bool:
        """Whether films are needed."""
        return self.embedding or self.image_risk is not None

    @property
    def names(self) -> list[str]:
        """Names of the features, in their order."""
        names = [f"embedding_{number:03d}" for number in range(self.width)] if self.embedding else []
        return [*names, *([IMAGE_RISK] if self.image_risk else []), *self.columns.names]

    @property
    def owners(self) -> pd.DataFrame:
        """A row per feature: `feature`, `term` (its column of the cohort) and `reference` (a level's; else empty)."""
        design, own = self.columns.design, self.names[: len(self.names) - len(self.columns.names)]
        terms = [*own, *(column for column, _ in design.terms)]
        return pd.DataFrame({"feature": self.names, "term": terms, "reference": [*[""] * len(own), *design.references]})

    def learn(self, train: pd.DataFrame, named: Sequence[str]) -> None:
        """Learn the columns from the training split; `named` are the features that the dataset names."""
        self.columns.fit(train, named)

    def fit(self, train: pd.DataFrame, embeddings: Array | None, outcomes: RowOutcomes, seed: int) -> Array:
        """Learn from the embeddings, and return the features (n, width) that a head is fitted to.

        Parameters
        ----------
        train : DataFrame, n rows
            Complete rows of the split on which the columns were learnt.
        embeddings : array (n, width) of float32, optional
            None if no film is used.
        outcomes : RowOutcomes
        seed : int
            Seed of the folds.

        Raises
        ------
        ConfigError
            An image's risk is asked for, but the outcome has no times.
        """
        risk = None
        if embeddings is not None:
            self.width, self.image = embeddings.shape[1], ImageRisk(embeddings.shape[1])
            if self.image_risk and outcomes.time is None:
                mend = "choose a head of time to fracture, or features=embedding"
                raise ConfigError("an image's risk is a log hazard, but the head knows no times", "features", mend)
            risk = self.image.fit(embeddings, outcomes, self.image_risk, seed) if self.image_risk else None
        return self._beside(train, embeddings, risk)

    def matrix(self, table: pd.DataFrame, embeddings: Array | None) -> Array:
        """Features (n, width) of complete rows."""
        risk = self.image.risk(embeddings) if self.image_risk and embeddings is not None else None
        return self._beside(table, embeddings, risk)

    def state(self) -> dict[str, object]:
        """What was learnt, for JSON; see `tensors`."""
        return {"width": self.width, **self.columns.state()}

    def tensors(self) -> dict[str, Array]:
        """What was learnt, as arrays."""
        own = self.image.tensors() if self.image_risk else {}
        return {f"{OF_IMAGE}{name}": values for name, values in own.items()}

    def restore(self, state: Mapping[str, Any], tensors: dict[str, Array]) -> None:
        """Restore what `state` and `tensors` returned; other tensors are ignored."""
        self.columns.restore(state)
        self.width, self.image = state["width"], ImageRisk(state["width"])
        own = {name.removeprefix(OF_IMAGE): of for name, of in tensors.items() if name.startswith(OF_IMAGE)}
        if self.image_risk:
            self.image.restore(own)

    def _beside(self, table: pd.DataFrame, embeddings: Array | None, risk: Array | None) -> Array:
        blocks = [embeddings] if self.embedding and embeddings is not None else []
        blocks += [risk[:, None]] if risk is not None else []
        blocks += [self.columns.matrix(table)] if self.columns.names else []
        return blocks[0] if len(blocks) == 1 else np.column_stack([np.empty((len(table), 0)), *blocks])
