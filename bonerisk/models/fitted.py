"""A head fitted to fixed features: its predictions and its file."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from safetensors import safe_open
from safetensors.numpy import save_file

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import find
from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import ConfigError
from bonerisk.features.features import Features
from bonerisk.features.terms import terms
from bonerisk.models.blocks import in_blocks
from bonerisk.models.components import component
from bonerisk.models.embeddings import Embedded
from bonerisk.models.predictions import predictions
from bonerisk.parts import FittedHead
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run
from bonerisk.training.files import HISTORY_FILE

SHOWN = 10  # rows of coefficients in the log
TOLERATED = 0.05  # share of rows that may lack a column without a word on the page

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fitted:
    """Features and the head that was fitted to them."""

    features: Features
    head: FittedHead

    def predict(self, table: pd.DataFrame, films: Embedded | None, dataset: str, name: str) -> pd.DataFrame:
        """The predictions table for the rows of `table`: `risk` (n,), and survival if the head gives it."""
        embeddings = films.of(table) if films else None

        def of(at: np.ndarray) -> dict[str, np.ndarray]:
            rows = table.iloc[at]
            x = self.features.matrix(rows, None if embeddings is None else embeddings[at])
            found = self.head.survival(x, self.features.columns.stratum(rows))
            return {"risk": self.head.risk(x)} | {f"survival_{years:g}y": values for years, values in found.items()}

        return predictions(table, dataset, name, in_blocks(of, len(table)))


def learn_columns(features: Features, cohort: Cohort, target: str) -> None:
    """Learn the columns from the training rows for which a target is defined.

    Raises
    ------
    ConfigError, DataError
        A column can be no feature, the target is derived from it, or there is nothing to learn from.
    """
    features.learn(cohort.table[cohort.table["split"] == "train"], cohort.features)
    if names := find(target).known_from.intersection(features.columns.used):
        what = f"head.target={target} is derived from {', '.join(sorted(names))}"
        raise ConfigError(what, "features.columns", "leave it out")


def load_fitted(run: StoredRun) -> Fitted:
    """Features and head of a training run."""
    with safe_open(run.path(MODEL_FILE), framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        state = json.loads(file.metadata()["features"])
    features = component(run.config["features"], Features, "features")
    features.restore(state, tensors)
    head = component(run.config["head"], FittedHead, "head", names=features.names)
    head.restore(tensors)
    return Fitted(features, head)


def keep_complete(cohort: Cohort, features: Features, run: Run, name: str) -> Cohort:
    """The rows with a value in every column of the model, as a step of the flow; a note if many are lost."""
    columns = features.columns
    if not columns.used and not columns.strata:
        return cohort
    known = cohort.table[columns.complete(cohort.table)].reset_index(drop=True)
    why = columns.lacking(cohort.table)
    flow = cohort.flow.step("every column of the model known", cohort.table, known, "; ".join(why))
    lost = len(cohort.table) - len(known)
    if lost > TOLERATED * len(cohort.table):
        text = f"{lost} of {len(cohort.table)} rows ({lost / len(cohort.table):.0%}) lack a column of {name} and are "
        text += f"left out: {'; '.join(why)}"
        run.note(f"{text}. The remaining rows may not be representative.")
        log.warning(text)
    if invented := columns.imputed(known):
        counts = ", ".join(f"{column} {n}" for column, n in invented.items())
        run.note(f"{name}: missing values of {len(known)} rows imputed from the training split: {counts}.")
    return replace(cohort, table=known, flow=flow)


def write(model: Fitted, run: Run) -> None:
    """Write the model's file, the record of its fit, and its coefficients."""
    with run.writes("model", MODEL_FILE) as path:
        state = {"features": json.dumps(model.features.state())}
        save_file(_contiguous({**model.features.tensors(), **model.head.tensors()}), path, state)
    with run.writes("history", HISTORY_FILE) as path:
        model.head.history.to_csv(path, index=False)
    table = model.head.table()
    if len(table):
        with run.writes("coefficients", "coefficients.csv") as path:
            model.features.owners.merge(table, how="right", on="feature").to_csv(path, index=False)
        tested = _terms(model, table)
        if len(tested):
            with run.writes("terms", "terms.csv") as path:
                tested.to_csv(path, index=False)
        brief = table[:SHOWN].drop(columns=["coefficient", "standard_error"], errors="ignore").dropna(axis=1, how="all")
        more = f"\n… and {len(table) - SHOWN} more" if len(table) > SHOWN else ""
        log.info("coefficients.csv:\n%s%s", brief.to_string(index=False, float_format="{:.3g}".format), more)


def _terms(model: Fitted, table: pd.DataFrame) -> pd.DataFrame:
    """Tests of the columns that have several coefficients."""
    design, covariance = model.features.columns.design, model.head.covariance
    last = len(model.features.names) - len(design.terms)
    coefficients = table.set_index("feature")["coefficient"].loc[design.names].to_numpy(dtype=float)
    return terms(design, coefficients, None if covariance is None else covariance[last:, last:])


def _contiguous(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(values) for name, values in tensors.items()}
