"""AI-CXR's figures 4 to 6: where films were parted by whether there is a T-score, drawn with an evaluation's others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.figures.style import save
from bonerisk.reporting.papers.aicxr.analyses import Analysis, analyses, splits
from bonerisk.reporting.papers.aicxr.figure_c_index import ROWS, c_index_by_t_score
from bonerisk.reporting.papers.aicxr.figure_calibration import calibration_by_t_score
from bonerisk.reporting.papers.aicxr.figure_decision import decision_by_t_score
from bonerisk.reporting.papers.aicxr.figure_incidence import incidence_by_t_score
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from bonerisk.evaluation.tables.result import Result

FIGURES = (  # in the order of the page
    "incidence_by_t_score",
    "c_index_by_t_score",
    "calibration_by_t_score",
    "decision_by_t_score",
)


def draw(folder: Path, result: Result, vocabulary: Vocabulary) -> None:
    """Draw them into `folder`; nothing where the evaluation has no strata by T-score.

    Parameters
    ----------
    folder : Path
    result : Result
    vocabulary : Vocabulary
    """
    if result.outcome != "survival":
        return
    metrics, predictions = result.metrics, result.predictions
    film = next(model for model, role in result.roles.items() if role == "film")
    cuts = {t["threshold"]: t["value"] for t in result.thresholds["thresholds"] if t["model"] == film}
    found = analyses(metrics, film, {name: cut for name, cut in cuts.items() if cut is not None})
    if not found:
        return
    last = float(metrics["horizon_years"].max())
    points = result.curves.get("incidence", pd.DataFrame())
    if "subgroup" in points:
        title = f"Cumulative incidence over {words.years(last)} by risk group and T-score (as AI-CXR's Figure 4)"
        title += ". Scales differ between columns"
        figure = incidence_by_t_score(points, metrics, predictions, found, vocabulary, last)
        save(figure, folder, FIGURES[0], title, f"{title}. {_in_words(metrics, found, 'hazard_ratio_adjusted')}")
    title = "C-index by sex and age, with and without T-score (as AI-CXR's Figure 5)"
    save(
        c_index_by_t_score(metrics, found, vocabulary),
        folder,
        FIGURES[1],
        title,
        f"{title}. {_in_words(metrics, found, 'c_index')}",
    )
    title = f"Calibration at {words.years(last)}, with and without T-score (as AI-CXR's Figure 6)"
    figure = calibration_by_t_score(result.strata_calibration, metrics, predictions, found, vocabulary, last)
    save(figure, folder, FIGURES[2], title, f"{title}. Observed incidence over predicted risk, a panel an analysis.")
    roles = {model: role for model, role in result.roles.items() if role == "baseline" or model == film}
    title = f"Decision curves at {words.years(last)} among those with a T-score: film, T-score and clinical models"
    figure = decision_by_t_score(result.strata_decision, splits(metrics, found), roles, vocabulary)
    save(figure, folder, FIGURES[3], title, f"{title}. Net benefit over threshold probability, a panel a split.")


def _in_words(metrics: pd.DataFrame, found: list[Analysis], metric: str) -> str:
    """A metric of each panel in words."""
    texts = []
    for split in splits(metrics, found):
        for arm in found:
            for within, name in ROWS.items() if metric == "c_index" else [("", "")]:
                row = arm.row(metrics, split, metric, within, "" if metric == "c_index" else arm.threshold)
                if row is not None and pd.notna(row["estimate"]):
                    who = ", ".join(filter(None, [words.split(split), arm.title, name]))
                    texts.append(f"{who}: {words.metric(metric)} {value(row)}")
    return "; ".join(texts) + "." if texts else "Nothing computable."
