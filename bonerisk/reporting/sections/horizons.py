"""A model's results at each horizon, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count
from bonerisk.reporting.wording.values import value


def paragraphs(evaluation: EvaluationRun, split: str) -> Iterator[str]:
    """One paragraph per horizon: AUC, incidence, calibration, then high and low risk at each threshold."""
    for horizon in evaluation.horizons:
        texts = [_auc(evaluation, split, horizon), _calibration(evaluation, split, horizon)]
        texts += [_groups(evaluation, split, horizon, name) for name in evaluation.thresholds]
        text = " ".join(filter(None, texts))
        if text:
            yield f"{words.split(split)}, {words.years(horizon)}: {text}"


def _auc(evaluation: EvaluationRun, split: str, horizon: float) -> str:
    row = evaluation.value(split, evaluation.model, TableKey("auc_t", horizon))
    return f"The AUC was {value(row)}." if row is not None and pd.notna(row["estimate"]) else ""


def _calibration(evaluation: EvaluationRun, split: str, horizon: float) -> str:
    """Observed events over expected ones, and the calibration slope."""
    found = {
        name: evaluation.value(split, evaluation.model, TableKey(name, horizon))
        for name in ("o_e", "calibration_slope")
    }
    known = {name: row for name, row in found.items() if row is not None and pd.notna(row["estimate"])}
    if "o_e" not in known:
        return ""
    incidence = evaluation.value(split, evaluation.model, TableKey("incidence", horizon))
    having, times = evaluation.vocabulary.having, f"{value(known['o_e'])} times as many as predicted"
    text = f"{value(incidence)} had {having}, {times}" if incidence is not None else f"{times} had {having}"
    slope = f"; the calibration slope was {value(known['calibration_slope'])}" if "calibration_slope" in known else ""
    return f"{text}{slope}."


def _groups(evaluation: EvaluationRun, split: str, horizon: float, threshold: str) -> str:
    """Incidence at high and at low risk, and the hazard ratio between them."""
    rows = TableKey("incidence", horizon, threshold).of(evaluation.ours, split)
    groups = [rows[rows["subgroup"] == f"risk={level}"] for level in ("high", "low")]
    if rows["estimate"].isna().all() or any(group.empty for group in groups):
        return ""
    high, low = (group.iloc[0] for group in groups)
    name, having = words.threshold(threshold), evaluation.vocabulary.having
    text = f"At {name[:1].lower() + name[1:] if name.startswith('T') else name}, {count(high['n'])} were at high risk: "
    text += f"{_incidence(high)} had {having}, against {_incidence(low)} of the {count(low['n'])} at low risk"
    ratio = evaluation.value(split, evaluation.model, TableKey("hazard_ratio", threshold=threshold))
    if ratio is not None and pd.notna(ratio["estimate"]):
        text += f"; the hazard ratio was {value(ratio)}"
    return f"{text}."


def _incidence(row: pd.Series) -> str:
    return value(row) if pd.notna(row["estimate"]) else "an unknown share"
