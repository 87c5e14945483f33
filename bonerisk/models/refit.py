"""Fit a model's features and head again, to some of the rows that it was fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.config.build import Node
from bonerisk.errors import DataError
from bonerisk.evaluation.validation.development import Predicted
from bonerisk.features.features import Features
from bonerisk.heads.row_outcomes import RowOutcomes, fitted_kind
from bonerisk.heads.threads import steady
from bonerisk.models.components import component
from bonerisk.parts import FittedHead

Array = np.ndarray


class Refit:
    """From rows to predictions: columns, features and head, each built from the configuration and learnt anew.

    Parameters
    ----------
    config : mapping
        That of the training: its features, head and seed.
    table : DataFrame, n rows
        All rows of train and tune with an outcome, complete or not, as the columns were learnt from them.
    named : sequence of str
        Features that the dataset names.
    known : array (n,) of bool
        Rows with all that the model needs.
    embeddings : array (n, width), optional
        Of their films; None if the model sees none.
    """

    def __init__(
        self, config: Node, table: pd.DataFrame, named: tuple[str, ...], known: Array, embeddings: Array | None
    ) -> None:
        self.config, self.table, self.named = config, table, named
        self.known, self.embeddings = known, embeddings
        self.trained = (table["split"] == "train").to_numpy()

    def __call__(self, rows: Array) -> Predicted:
        """Learn from some rows (positions, with repeats), and predict all n.

        Raises
        ------
        DataError
            Nothing can be learnt from these rows.
        """
        features = component(self.config["features"], Features, "features")
        features.learn(self.table.iloc[rows[self.trained[rows]]], self.named)
        usable = self.known & features.columns.complete(self.table)
        kept = rows[usable[rows]]
        train, tune = kept[self.trained[kept]], kept[~self.trained[kept]]
        kind, seed = fitted_kind(self.config["head"]["target"]), self.config["seed"]
        parts, stratum = (self.table.iloc[train], self.table.iloc[tune]), features.columns.stratum
        outcomes, of_tuning = (RowOutcomes.of(part, kind, stratum(part)) for part in parts)
        embeddings = self._embedded(train)
        with steady(np.empty(0) if embeddings is None else embeddings):
            x = features.fit(self.table.iloc[train], embeddings, outcomes, seed)
        x_tune = features.matrix(self.table.iloc[tune], self._embedded(tune))
        head = component(self.config["head"], FittedHead, "head", names=features.names)
        if head.needs_tuning and not len(tune):
            raise DataError("no row of split tune is complete", "refit")
        with steady(x):
            head.fit(x, outcomes, (x_tune, of_tuning), seed)
        everyone = np.flatnonzero(usable)
        found = features.matrix(self.table.iloc[everyone], self._embedded(everyone))
        given = head.survival(found, stratum(self.table.iloc[everyone]))
        survival = {horizon: self._spread(everyone, values) for horizon, values in given.items()}
        return Predicted(self._spread(everyone, head.risk(found)), survival)

    def _embedded(self, rows: Array) -> Array | None:
        return None if self.embeddings is None else self.embeddings[rows]

    def _spread(self, rows: Array, values: Array) -> Array:
        """Values of some rows as an array (n,), NaN elsewhere."""
        spread = np.full(len(self.table), np.nan)
        spread[rows] = values
        return spread
