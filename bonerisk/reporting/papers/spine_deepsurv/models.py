"""What each model of an evaluation is to spine DeepSurv: its image variant, its clinical model and its method.

All of it is read from the configuration of the trainings, nothing from the names of runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.wording.rows import Row
from bonerisk.runs.find import StoredRun

IMAGES = {  # by the choice of preprocessing, in the order of Table 2
    "spine_l1l5": "L1–L5 without masks",
    "spine_l1l5_masked": "L1–L5 with masks",
    "spine_l1l4": "L1–L4 without masks",
    "spine_l1l4_masked": "L1–L4 with masks",
    "spine_patches": "L1–L5 patches without masks",
    "spine_patches_masked": "L1–L5 patches with masks",
}
CLINICAL = {
    "Model 1": ("age_years", "sex"),
    "Model 2": ("age_years", "sex", "bmi_kg_m2"),
    "Model 3": ("age_years", "sex", "bmi_kg_m2", "glucocorticoids", "secondary_osteoporosis_spine"),
}
HEADS = {"cox": "CoxPH", "cox_ridge": "CoxPH (ridge)", "deepsurv": "DeepSurv", "log_hazard": "DeepSurv"}
COXPH = HEADS["cox"]
ALONE = "Image only"  # in the place of a clinical model


@dataclass(frozen=True, eq=False)
class Model:
    """A model as the paper has it.

    Parameters
    ----------
    name : str
        As the tables of the evaluation call it.
    image : str
        The image that it sees, in words; empty if it sees none.
    clinical : str
        ``Model 1`` to ``Model 3``; `ALONE` without clinical columns; empty for others.
    method : str
        ``CoxPH``, ``DeepSurv without images`` or ``DeepSurv with images``.
    training : StoredRun, optional
        None for a baseline of the evaluation.
    """

    name: str
    image: str
    clinical: str
    method: str
    training: StoredRun | None = None


def models_of(evaluation: EvaluationRun) -> list[Model]:
    """Those of the paper, in the order of the evaluation; its baselines stand for CoxPH where none was trained."""
    trained = [_trained(name, run) for name, run in evaluation.learnt.items()]
    known = {(model.method, model.clinical) for model in trained}
    table = evaluation.result.models
    given = dict(zip(table["model"], table["columns"], strict=True))
    baselines = [
        Model(name, "", _clinical(given[name].split(" + ")), COXPH)
        for name in (evaluation.models("baseline") if evaluation.result.outcome == "survival" else ())
    ]
    return [
        model for model in [*trained, *(b for b in baselines if (COXPH, b.clinical) not in known)] if model.clinical
    ]


def variants(found: list[Model]) -> list[Model]:
    """Models of an image alone, one a variant, in the paper's order."""
    alone = [model for model in found if model.clinical == ALONE and model.image in IMAGES.values()]
    first = {model.image: model for model in reversed(alone)}
    return [first[image] for image in IMAGES.values() if image in first]


def methods(found: list[Model]) -> dict[tuple[str, str], Model]:
    """Models by method and clinical model; of several image variants, that of the models with clinical columns."""
    beside = [model.image for model in found if model.image and model.clinical != ALONE]
    kept = [model for model in found if model.clinical != ALONE or not beside or model.image == beside[0]]
    return {(model.method, model.clinical): model for model in reversed(kept)}


def row_of(
    table: pd.DataFrame, split: str, model: str, metric: str, threshold: str = "", group: str = "all"
) -> Row | None:
    """A row of metrics: over the whole follow-up where it is there, else at the last horizon; None without one."""
    chosen = (table["split"] == split) & (table["model"] == model) & (table["metric"] == metric)
    chosen &= (table["reference"] == "") & (table["threshold"] == threshold) & (table["subgroup"] == group)
    found = table[chosen].sort_values("horizon_years", na_position="last")
    return found.iloc[-1] if len(found) else None


def difference(table: pd.DataFrame, split: str, pair: tuple[str, str], metric: str, group: str = "all") -> Row | None:
    """A row of paired differences, first less second whichever way it was made; None where it was not made."""
    chosen = (table["split"] == split) & (table["metric"] == metric) & (table["subgroup"] == group)
    for turned, (model, reference) in ((False, pair), (True, pair[::-1])):
        found = table[chosen & (table["model"] == model) & (table["reference"] == reference)]
        if len(found):
            row = found.sort_values("horizon_years", na_position="last").iloc[-1].copy()
            if turned:
                row["estimate"], row["lower"], row["upper"] = -row["estimate"], -row["upper"], -row["lower"]
            return row
    return None


def _trained(name: str, run: StoredRun) -> Model:
    features, choices = run.config.get("features") or {}, run.record["choices"]
    film, columns = bool(features.get("embedding")), features.get("columns") or []
    kind = choices.get("preprocessing", "").removesuffix("_demo")
    head = HEADS.get(choices.get("head", ""), choices.get("head", "").replace("_", " "))
    clinical = _clinical(columns) if columns or not film else ALONE
    method = f"{head} with images" if film else head if head.startswith(COXPH) else f"{head} without images"
    return Model(name, IMAGES.get(kind, kind) if film else "", clinical, method, run)


def _clinical(columns: list[str]) -> str:
    return next((name for name, of in CLINICAL.items() if set(of) == set(columns)), "")
