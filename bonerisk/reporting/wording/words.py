"""Names that a reader sees: of models, splits, subgroups, metrics and covariates."""

from __future__ import annotations

import re
from math import isnan, nan

from bonerisk.evaluation.metrics.catalogue import about

SPLITS = {"train": "Training", "tune": "Tuning", "test": "Test", "external": "External test"}
VALIDATION = {
    "apparent": "Apparent",
    "optimism": "Optimism",
    "corrected": "Corrected for optimism",
    "crossval": "Cross-validated",
}
SEXES = {"F": "Female", "M": "Male"}
BONE_CLASSES = {"normal": "Normal", "low_bone_mass": "Low bone mass", "osteoporosis": "Osteoporosis"}
ORACLES = {
    "oracle_bone_truth": "true lowest T-score (oracle)",
    "oracle_bone_film": "best possible from the film (oracle)",
    "oracle_bone_clinical": "best possible from age, sex and BMI (oracle)",
    "oracle_fracture_truth": "true hazard (oracle)",
    "oracle_fracture_film": "best possible from the film (oracle)",
    "oracle_fracture_clinical": "best possible from clinical records (oracle)",
    "oracle_fracture_film_clinical": "best possible from film and records (oracle)",
}
RULES = {"youden": "Youden's threshold", "f1": "Threshold of the best F1 score"}
_UNITS = {"_years": "years", "_kg_m2": "kg/m²", "_cm": "cm", "_kg": "kg"}
_SHORT = {
    "bmi": "BMI",
    "t score": "T-score",
    "age decade": "age",
    "secondary osteoporosis aicxr": "secondary osteoporosis",
    "secondary osteoporosis spine": "secondary osteoporosis",
    "frax major": "FRAX, major fracture",
    "frax hip": "FRAX, hip fracture",
    "frax simulated major": "simulated score (not FRAX), major fracture",
    "frax simulated hip": "simulated score (not FRAX), hip fracture",
}


def covariate(column: str, unit: bool = False) -> str:
    """``bmi_kg_m2`` → ``BMI``, with `unit` ``BMI, kg/m²``."""
    name, text = column.removeprefix("finding_"), ""
    for suffix, written in _UNITS.items():
        if column.endswith(suffix):
            name, text = column.removesuffix(suffix), written
            break
    name = name.replace("_", " ")
    name = _SHORT.get(name, name)
    return f"{name}, {text}" if unit and text else name


def in_words(text: str) -> str:
    """A sentence in which columns are called by their names."""
    return re.sub(rf"\b[a-z_]+(?:{'|'.join(_UNITS)})\b|\bt_score\b", lambda found: covariate(found[0]), text)


def metric(name: str, horizon: float = nan) -> str:
    """A metric's name in a table's head: ``AUC``, ``AUC at 5 years``, ``PPV at prevalence 0.2``."""
    found = about(name)
    return found.name if isnan(horizon) else f"{found.name} {'by' if found.until_horizon else 'at'} {years(horizon)}"


def years(horizon: float) -> str:
    """``5 years``, ``1 year``; two decimals at most, since a horizon shortened to the follow-up has many."""
    text = f"{round(horizon, 2):g}"
    return f"{text} year{'' if text == '1' else 's'}"


def at(horizon: float) -> str:
    """`` at 5 years`` for the end of a title; empty where there is no horizon."""
    return "" if isnan(horizon) else f" at {years(horizon)}"


def split(name: str) -> str:
    """A split's name in a table's head."""
    return (SPLITS | VALIDATION).get(name, name)


def patients_of(name: str) -> str:
    """Where the patients of a split come from: ``test``; a validation is on those of the training."""
    return "training" if name in VALIDATION else split(name).lower()


def model(name: str) -> str:
    """``age_years + sex`` → ``age + sex``; an oracle is called one."""
    if name.startswith("oracle_"):
        return ORACLES.get(name, f"true {covariate(name.removeprefix('oracle_'))} (oracle)")
    first, *others = name.split(" + ")
    tuned = " (refitted on tuning)" if name.endswith(" (tuning)") else ""
    parts = [covariate(part.removesuffix(" (tuning)")) for part in others]
    known = (
        first in ("sex", "site", "t_score")
        or first.replace("_", " ") in _SHORT
        or any(first.endswith(suffix) for suffix in _UNITS)
    )
    return " + ".join([covariate(first) if known else _readable(first), *parts]) + tuned


def _readable(name: str) -> str:
    """``mine (patient_findings)`` → ``mine (patient findings)``; a run's own name stays as it is."""
    own, bracket, telling = name.partition(" (")
    return own + bracket + telling.replace("_", " ")


def feature(name: str) -> str:
    """A model's feature: ``age_years`` → ``Age, years``, ``sex=M`` → ``Male``; ``x0`` stays as it is.

    A bend of a spline, ``age_years'``, is ``Age, years, bend 1``.
    """
    if "=" in name:
        return subgroup(name)
    if bends := len(name) - len(name.rstrip("'")):
        return f"{feature(name[:-bends])}, bend {bends}"
    text = covariate(name, unit=True)
    return name if text == name and not name.isalpha() else text[:1].upper() + text[1:]


def subgroup(name: str) -> str:
    """``age=50-54`` → ``Age 50–54``, ``sex=F & age=65+`` → ``Female, age ≥ 65``, ``severity=mild`` → ``Mild``."""
    if name == "all":
        return "All"
    text = ", ".join(_level(*part.partition("=")[::2]) for part in name.split(" & "))
    return text[:1].upper() + text[1:]


def _level(column: str, value: str) -> str:
    if column == "sex":
        return SEXES.get(value, value).lower()
    if column in ("severity", "risk"):
        return value if column == "severity" else f"{value} risk"
    if column == "dxa":
        return {"yes": "with a T-score", "no": "without a T-score"}.get(value, value)
    value = re.sub(r"(?<=\d)-(?=\d)", "–", re.sub(r"^(\d+)\+$", r"≥ \1", value)).replace("<", "< ")
    return f"{covariate(column)} {value}".strip()


def threshold(name: str, value: float | None = None) -> str:
    """``Threshold 0.5``; ``Youden's threshold (0.43)`` where a rule chose it and its value is known."""
    rule, _, held = name.partition("=")
    if rule in RULES and not held:
        text = RULES[rule]
    elif held:
        name, near = rule.removesuffix("_near"), "nearest " if rule.endswith("_near") else ""
        text = f"Threshold for {metric(name)[:1].lower() + metric(name)[1:]} {near}{held}"
    else:
        return f"Threshold {name}"
    return text + (f" (risk {value:.2f})".replace("-", "−") if value is not None else "")


def in_file(threshold: str, horizon: float = nan) -> str:
    """A threshold's name and horizon as part of a file's: ``05``, ``youden_5y``, ``sensitivity_09_5y``, ``5y``."""
    parts = [
        threshold.replace(".", "").replace("=", "_"),
        "" if isnan(horizon) else f"{round(horizon, 2):g}y".replace(".", ""),
    ]
    return "_".join(filter(None, parts))
