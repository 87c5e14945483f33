"""OsPenScreen's figures 2 and S3, drawn with the others of an evaluation that was made by hospital."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bonerisk.reporting.figures.style import save
from bonerisk.reporting.papers.ospenscreen import figure_precision, figure_severity
from bonerisk.reporting.papers.ospenscreen.places import cut_off, places
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from bonerisk.evaluation.tables.result import Result

SEVERITY, PRECISION = FIGURES = ("accuracy_by_severity", "precision_recall_by_site")  # in the order of the page


def draw(folder: Path, result: Result, vocabulary: Vocabulary) -> None:
    """Draw them into `folder`; nothing where the evaluation was not by hospital.

    Parameters
    ----------
    folder : Path
    result : Result
    vocabulary : Vocabulary
    """
    if result.outcome != "binary":
        return
    metrics, predictions = result.metrics, result.predictions
    model = next((model for model, role in result.roles.items() if role == "film"), "")
    found = places(metrics, model)
    cuts = [t["threshold"] for t in result.thresholds["thresholds"] if t["model"] == model and t["value"] is not None]
    if graded := cuts and figure_severity.with_severity(metrics, found, cut_off(cuts)):
        threshold = cut_off(cuts)
        title = "Accuracy by severity of low bone mass in each hospital (as OsPenScreen's Figure 2). "
        title += words.threshold(threshold)
        figure = figure_severity.accuracy_by_severity(metrics, graded, threshold)
        save(figure, folder, SEVERITY, title, f"{title}. {figure_severity.in_words(metrics, graded, threshold)}")
    if lines := figure_precision.drawable(predictions, found):
        title = "Precision–recall curves in each hospital (as OsPenScreen's Figure S3)"
        figure = figure_precision.precision_by_site(metrics, predictions, lines)
        save(figure, folder, PRECISION, title, f"{title}. {figure_precision.in_words(metrics, predictions, lines)}")
