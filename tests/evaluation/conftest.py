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

from bonerisk.evaluation.binary import BinaryEvaluation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    return json.loads((ROOT / "tests/golden/binary.json").read_text())


@pytest.fixture
def evaluation() -> Callable[..., BinaryEvaluation]:
    """The evaluation of configs/evaluation/binary.yaml, with few draws unless asked otherwise."""

    def build(**changes: Any) -> BinaryEvaluation:
        arguments = yaml.safe_load((ROOT / "configs/evaluation/binary.yaml").read_text())
        del arguments["_target_"]
        return BinaryEvaluation(**{**arguments, "n_draws": 200, **changes})

    return build


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
