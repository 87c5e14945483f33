"""AI-CXR's tables and figures: where an evaluation of follow-up parted films by whether there is a T-score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.papers.aicxr.analyses import Analysis, analyses
from bonerisk.reporting.papers.aicxr.figures import FIGURES
from bonerisk.reporting.papers.aicxr.table_demographics import by_t_score, demographics
from bonerisk.reporting.papers.aicxr.table_incidence import incidence
from bonerisk.reporting.papers.aicxr.table_risk_groups import risk_groups
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.runs.reported import Participants
from bonerisk.reporting.tables.hazards import hazards
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words

ORDER = 43
TITLE = "As AI-CXR's tables and figures"
SHOWN = {  # what a figure shows, and the number it has in the paper
    "incidence_by_t_score": "Figure 4, incidence by risk group and T-score",
    "c_index_by_t_score": "Figure 5, C-index by sex and age with and without T-score",
    "calibration_by_t_score": "Figure 6, calibration with and without T-score",
    "decision_by_t_score": "decision curves among those with a T-score",
}


def sections(page: Context) -> Iterator[Section]:
    """One an evaluation of which films were parted by T-score."""
    for evaluation in page.runs.evaluations:
        found = analyses(evaluation.metrics, evaluation.model, evaluation.thresholds)
        if found:
            yield _section(evaluation, found, page.runs.participants_of(evaluation), page.drawings(evaluation))


def _section(
    evaluation: EvaluationRun, found: list[Analysis], source: Participants | None, drawn: Mapping[str, Drawing]
) -> Section:
    """Tables and figures, with `source` (the films evaluated and those learnt from) also who the patients are."""
    parts: list[Part] = [Text(text) for text in _introduction(found, evaluation)]
    lacking: list[str] = []
    vocabulary = evaluation.vocabulary
    if source is not None:
        patients = [demographics(source.films, vocabulary), *by_t_score(source.films, vocabulary)]
        parts += [table for table in patients if len(table.frame)]
    parts += [drawn[name] for name in FIGURES if name in drawn]
    lacking += [SHOWN[name] for name in FIGURES if name not in drawn]
    parts.append(incidence(evaluation.result.strata_incidence, evaluation.metrics, found, vocabulary))
    groups, ratios = evaluation.result.groups, evaluation.result.hazards
    tables = risk_groups(groups, evaluation.model, found[0].threshold, vocabulary) if len(groups) else []
    parts += tables
    lacking += [] if tables else ["Table 2 and Extended Data tables 3 and 4, who is at high risk"]
    over_time = hazards(ratios, vocabulary, evaluation.concerned) if len(ratios) else None
    parts += [over_time] if over_time else []
    lacking += [] if over_time else ["hazard over time"]
    named = [replace(part, name=part.name + evaluation.suffix) if isinstance(part, Table) else part for part in parts]
    return Section(f"{TITLE}{evaluation.place}", named, evaluation.number, list(_reasons(evaluation, lacking)))


def _introduction(found: list[Analysis], evaluation: EvaluationRun) -> Iterator[str]:
    """What the section sets side by side."""
    rows = evaluation.vocabulary.rows.lower()
    film = next((arm for arm in found if not arm.by_t_score), None)
    text = f"The paper sets three analyses side by side: the film's risk in {rows} with a T-score (main), the T-score "
    text += f"in the same {rows}, and the film's risk in {rows} without one (secondary). "
    if film is not None:
        cut = words.threshold(film.threshold, film.cut)
        text += f"High risk begins at a cut-off chosen before, on the tuning split: {cut}. "
    yield text + "Incidence counts death as an end (Aalen–Johansen); the paper's Kaplan–Meier does not."


def _reasons(evaluation: EvaluationRun, lacking: list[str]) -> Iterator[str]:
    for what in lacking:
        yield f"{TITLE}: {what}: the evaluation {evaluation.run.folder.name} has no data for it."
