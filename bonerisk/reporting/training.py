"""The section on a training: how it went, and what it learnt where that can be told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bonerisk.reporting.chain import Chain
from bonerisk.reporting.epochs import epochs_of, kept
from bonerisk.reporting.figures.history import history
from bonerisk.reporting.figures.ridge import ridge
from bonerisk.reporting.figures.style import Drawing, save
from bonerisk.reporting.numbers import number
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.tables import cox
from bonerisk.runs.find import StoredRun

FEW = 30  # features whose hazard ratios are worth a table


def trainings(chain: Chain, figures: Path) -> Section:
    """History, or coefficients, of the one training; several are told of in "Runs compared"."""
    parts: list[Part] = []
    for run in chain.trainings if len(chain.trainings) == 1 else []:
        epochs = epochs_of(run)
        if epochs is not None and epochs["tune_auc"].notna().any():
            parts.append(_epochs(run, epochs, figures))
        if (run.folder / "coefficients.csv").is_file():
            parts += _regression(run, figures)
    return Section("Training", parts)


def _epochs(run: StoredRun, epochs: pd.DataFrame, figures: Path) -> Drawing:
    best = kept(epochs)
    text = f"epoch {best['epoch']:.0f} of {len(epochs)}, AUC {number(best['tune_auc'])}"
    alt = f"Loss and tuning AUC by epoch; kept: {text}."
    return save(history(epochs), figures, "history", f"Training of {run.name}", alt)


def _regression(run: StoredRun, figures: Path) -> list[Part]:
    """What a Cox regression learnt."""
    learnt, fitted = (pd.read_csv(run.folder / name) for name in ("coefficients.csv", "history.csv"))
    parts: list[Part] = []
    if "penalty" in fitted:
        parts.append(_penalty(run, fitted, figures))
    if len(learnt) > FEW:
        return [*parts, Text(f"The hazard ratios of all {len(learnt)} features are in the run's coefficients.csv.")]
    parts.append(cox.coefficients(learnt, fitted))
    if (run.folder / "proportional.csv").is_file():
        parts.append(cox.proportional(pd.read_csv(run.folder / "proportional.csv")))
    return parts


def _penalty(run: StoredRun, path: pd.DataFrame, figures: Path) -> Drawing:
    best = path.iloc[path["score"].argmax()]
    within = path[path["score"] >= best["score"] - best["standard_error"]]
    one_se = run.config["head"].get("choice") == "one_se"
    chosen = within["penalty"].max() if one_se else best["penalty"]
    how = "the largest within one standard error of the best" if one_se else "the best"
    title = f"Penalty of {run.name} by cross-validation, ± 1 standard error; the circle is the one taken, {how}"
    alt = f"{title}: {chosen:.3g}, of {len(path)} between {path['penalty'].min():.3g} and {path['penalty'].max():.3g}."
    return save(ridge(path, chosen), figures, "penalty", title, alt)
