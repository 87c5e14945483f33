"""Small tables, heads that are fitted to them, and an evaluation of little but the ranking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.validation.development import Development, Refit
from bonerisk.evaluation.validation.validate import Validation, validate
from bonerisk.models.refit import Refit as ModelRefit

COX = {"_target_": "bonerisk.heads.cox.Cox", "target": "fracture", "horizons_years": [3]}
LEAN = {"error": [], "calibration": [], "net_benefit": [], "horizons_years": [3]}


def noise(n: int, width: int, seed: int, per_patient: int = 1) -> pd.DataFrame:
    """Rows whose features have nothing to do with their follow-up."""
    rng = np.random.default_rng(seed)
    time, censored = rng.exponential(5, n), rng.uniform(1, 12, n)
    patient = [f"{i // per_patient:04}" for i in range(n)]
    films = pd.DataFrame(rng.normal(size=(n, width)), columns=[f"z{i}" for i in range(width)])
    films = films.assign(event=(time <= censored).astype(int), time_years=np.minimum(time, censored))
    identity = {"dataset": "noise", "site": "A", "split": "train", "patient_id": patient}
    return films.assign(**identity, image_id=[f"{i:04}" for i in range(n)])


def cox(films: pd.DataFrame, columns: list[str] | None = None) -> Refit:
    """A Cox model of all columns z…, or of some."""
    names = columns or [str(name) for name in films if str(name).startswith("z")]
    features = {"_target_": "bonerisk.features.features.Features", "columns": names}
    return ModelRefit({"features": features, "head": COX, "seed": 0}, films, (), np.ones(len(films), bool), None)


@pytest.fixture(scope="session")
def judged(evaluation: Callable[..., Evaluation]) -> Callable[..., pd.DataFrame]:
    """Rows of the metrics table of some refits, validated as asked for."""

    def rows(
        films: pd.DataFrame, refits: dict[str, Any], method: str, repeats: int, folds: int = 5, **changes: Any
    ) -> pd.DataFrame:
        lean = evaluation(**{"n_draws": 20, "survival": LEAN, **changes})
        development: Development[Any] = Development(lean.survival, films, refits)
        return pd.DataFrame(validate(development, lean.plan, Validation(method, repeats, folds)).rows)

    return rows
