"""Simulated predictions, golden values, and the evaluation as its group file has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import expit

from bonerisk.config.build import build
from bonerisk.evaluation.evaluation import Evaluation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    return json.loads((ROOT / "tests/golden/binary.json").read_text())


@pytest.fixture(scope="session")
def evaluation() -> Callable[..., Evaluation]:
    """The evaluation of configs/evaluation/standard.yaml, with few draws unless asked otherwise.

    Changes of what a yes-or-no outcome or survival gets are `binary` and `survival`, as dicts.
    """

    def changed(**changes: Any) -> Evaluation:
        config = yaml.safe_load((ROOT / "configs/evaluation/standard.yaml").read_text())
        for kind in ("binary", "survival"):
            config[kind] |= changes.pop(kind, {})
        return build({**config, "n_draws": 200, **changes})

    return changed


def simulate(n: int, split: str, seed: int, signal: float = 1.0) -> pd.DataFrame:
    """Predictions of a film model that sees age and, by `signal`, the bone itself."""
    rng = np.random.default_rng(seed)
    age, bone, bmi = rng.uniform(50, 80, n), rng.normal(size=n), rng.normal(24, 3, n)
    sex = rng.choice(["F", "M"], n)
    t = np.clip(-1 + 0.6 * bone - 0.04 * (age - 65) + 0.06 * (bmi - 24) - 0.3 * (sex == "F"), -2.4, 3).round(1)
    risk = expit(-signal * bone + 0.04 * (age - 65) + 0.3 * rng.normal(size=n))
    return pd.DataFrame(
        {
            "dataset": "simulated",
            "split": split,
            "model": "net",
            "image_id": [f"{split}{seed}_{i}" for i in range(n)],
            "patient_id": [f"{split}{seed}_{i}" for i in range(n)],
            "site": "A",
            "risk": risk,
            "label": (t < -1).astype(int),
            "t_score": t,
            "age_years": age,
            "sex": sex,
            "bmi_kg_m2": bmi,
            "oracle_filmed_density": -bone,
        }
    )


@pytest.fixture
def predictions() -> pd.DataFrame:
    return simulate(300, "test", 1)


@pytest.fixture
def tuning() -> pd.DataFrame:
    return simulate(200, "tune", 2).drop(columns="oracle_filmed_density")


@pytest.fixture
def training() -> pd.DataFrame:
    return simulate(600, "train", 3).drop(columns=["risk", "model"])


@pytest.fixture
def simulation() -> Callable[..., pd.DataFrame]:
    return simulate


HORIZONS = (1, 2, 3, 4, 5)


def follow(n: int, split: str, seed: int, signal: float = 1.0, rate: float = 0.05) -> pd.DataFrame:
    """Predictions of a film model whose risk is the true linear predictor, scaled by `signal`, less age and sex.

    Its probabilities are those of the cause-specific hazard, without death: true where nobody dies.
    """
    rng = np.random.default_rng(seed)
    age, sex, bone = rng.uniform(50, 80, n), rng.choice(["F", "M"], n), rng.normal(size=n)
    clinical = 0.04 * (age - 65) + 0.3 * (sex == "F")
    fracture = rng.exponential(1 / (rate * np.exp(clinical + bone)))
    death = rng.exponential(1 / (0.02 * np.exp(0.07 * (age - 65))))
    censored = rng.uniform(0.5, 8, n)
    time = np.ceil(np.minimum(np.minimum(fracture, death), censored) * 365.25) / 365.25
    risk = signal * bone
    predicted = {f"survival_{h}y": np.exp(-rate * 1.2 * h * np.exp(risk)) for h in HORIZONS}
    names = [f"{split}{seed}_{i}" for i in range(n)]
    return pd.DataFrame(
        {
            **{"dataset": "simulated", "split": split, "model": "net", "image_id": names, "patient_id": names},
            **{"site": "A", "risk": risk, **predicted},
            "event": (fracture <= np.minimum(death, censored)).astype(float),
            "time_years": time,
            "competing_event": ((death < fracture) & (death <= censored)).astype(float),
            **{"age_years": age, "sex": sex, "bmi_kg_m2": rng.normal(24, 3, n), "t_score": (bone - 1).round(1)},
            "oracle_fracture_truth": clinical + bone,
        }
    )


@pytest.fixture(scope="session")
def followed() -> Callable[..., pd.DataFrame]:
    return follow


@pytest.fixture(scope="session")
def tables() -> Callable[[pd.DataFrame], dict[str, pd.DataFrame]]:
    """Arguments of a run on some test films followed up."""

    def given(test: pd.DataFrame) -> dict[str, pd.DataFrame]:
        train = follow(800, "train", 3)
        seen = [column for column in train if column.startswith(("survival_", "oracle_"))]
        tuning = follow(400, "tune", 2).drop(columns="oracle_fracture_truth")
        return {"predictions": test, "tuning": tuning, "training": train.drop(columns=["risk", "model", *seen])}

    return given
