"""Names that a reader sees: of models, splits, subgroups, metrics and covariates."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["film", "baseline", "combined", "refitted", "oracle"]

METRICS = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "o_e": "Observed / expected",
    "calibration_slope": "Calibration slope",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "accuracy": "Accuracy",
    "f1": "F1 score",
}
OUTCOME = "low bone mass"
SPLITS = {"train": "Training", "tune": "Tuning", "test": "Test", "external": "External test"}
SEXES = {"F": "Female", "M": "Male"}
BONE_CLASSES = {"normal": "Normal", "low_bone_mass": "Low bone mass", "osteoporosis": "Osteoporosis"}
ORACLES = {
    "oracle_bone_truth": "true lowest T-score (oracle)",
    "oracle_bone_film": "best that the film can tell (oracle)",
    "oracle_bone_clinical": "best that age, sex and BMI can tell (oracle)",
}
_UNITS = {"_years": "years", "_kg_m2": "kg/m²", "_cm": "cm", "_kg": "kg"}
_SHORT = {"bmi": "BMI", "t score": "T-score"}


def covariate(column: str, unit: bool = False) -> str:
    """``bmi_kg_m2`` → ``BMI``, with `unit` ``BMI, kg/m²``."""
    name, text = column, ""
    for suffix, written in _UNITS.items():
        if column.endswith(suffix):
            name, text = column.removesuffix(suffix), written
            break
    name = name.replace("_", " ")
    name = _SHORT.get(name, name)
    return f"{name}, {text}" if unit and text else name


def metric(name: str) -> str:
    """A metric's name in a table's head."""
    return METRICS.get(name, name.replace("_", " "))


def split(name: str) -> str:
    """A split's name in a table's head."""
    return SPLITS.get(name, name)


def kind(model: str, run: str) -> Kind:
    """What a model of a predictions table is, from its name and that of the run that was evaluated."""
    if model == run:
        return "film"
    if model.startswith("oracle_"):
        return "oracle"
    if model.startswith(f"{run} + "):
        return "combined"
    return "refitted" if model.endswith(" (tuning)") else "baseline"


def model(name: str) -> str:
    """``age_years + sex`` → ``age + sex``; an oracle is called one."""
    if name.startswith("oracle_"):
        return ORACLES.get(name, f"true {covariate(name.removeprefix('oracle_'))} (oracle)")
    first, *others = name.split(" + ")
    tuned = " (refitted on tuning)" if name.endswith(" (tuning)") else ""
    parts = [covariate(part.removesuffix(" (tuning)")) for part in others]
    known = first in ("sex", "site") or any(first.endswith(suffix) for suffix in _UNITS)
    return " + ".join([covariate(first) if known else first, *parts]) + tuned


def subgroup(name: str) -> str:
    """``age=50-54`` → ``Age 50–54``, ``sex=F`` → ``Female``, ``severity=mild`` → ``Mild``."""
    key, _, value = name.partition("=")
    if key == "sex":
        return SEXES.get(value, value)
    if key == "severity":
        return value.capitalize()
    value = re.sub(r"(?<=\d)-(?=\d)", "–", re.sub(r"^(\d+)\+$", r"≥ \1", value)).replace("<", "< ")
    return f"{key.capitalize()} {value}".strip()


def threshold(name: str, value: float | None = None) -> str:
    """``Threshold 0.5``; ``Youden's threshold (0.43)`` where its value is known."""
    if name != "youden":
        return f"Threshold {name}"
    return "Youden's threshold" + (f" ({value:.2f})" if value is not None else "")
