"""Spine DeepSurv's tables and figures: where an evaluation has one of its image variants, or its clinical model 3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.evaluation.validation.development import APPARENT
from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.overlays import FILM, SHUFFLED
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.figures.variants import TABLE
from bonerisk.reporting.page import FilmGrid, Part, Section, Text
from bonerisk.reporting.papers.spine_deepsurv.figure_c_index import c_index, in_words
from bonerisk.reporting.papers.spine_deepsurv.models import IMAGES, Model, methods, models_of, row_of, variants
from bonerisk.reporting.papers.spine_deepsurv.table_characteristics import characteristics
from bonerisk.reporting.papers.spine_deepsurv.table_methods import (
    C_INDEX,
    FRAX,
    by_method,
    differences,
    frax_of,
    set_name,
)
from bonerisk.reporting.papers.spine_deepsurv.table_variants import area, caution, image_variants
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.sections.explained import read_overlays
from bonerisk.reporting.tables.keypoints import keypoints
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.numbers import number
from bonerisk.reporting.wording.rows import rows_of

ORDER = 44
TITLE = "As spine DeepSurv's tables and figures"
FOLDER = "figures/variants"
FIGURES = {APPARENT: "Figure 3", "test": "Figure 4"}


def sections(page: Context) -> Iterator[Section]:
    """One an evaluation of the paper's models; the detector's precision is in the first."""
    found_points = keypoints(page.runs)
    for evaluation in page.runs.evaluations:
        found = models_of(evaluation) if evaluation.result.outcome != "points" else []
        if any(model.training and (model.image in IMAGES.values() or model.clinical == "Model 3") for model in found):
            yield _section(page, evaluation, found, found_points)
            found_points = None


def _section(page: Context, evaluation: EvaluationRun, found: list[Model], found_points: Table | None) -> Section:
    lacking: list[str] = []
    parts: list[Part] = [Text(_introduction(evaluation))]
    source = page.runs.participants_of(evaluation)
    if source is not None and "event" in source.films:
        parts.append(characteristics(source.films, evaluation.vocabulary))
    parts += [found_points] if found_points else []
    parts += list(_films(evaluation))
    images = variants(found)
    for split in evaluation.splits if images else ():
        if any(row_of(evaluation.metrics, split, model.name, area(evaluation)) is not None for model in images):
            parts += [image_variants(evaluation, images, split), Text(caution(evaluation, images, split), "caution")]
    lacking += [] if images else ["Table 2, the image variants, which needs models of an image alone"]
    by = methods(found)
    sets = [split for split in (APPARENT, *evaluation.splits) if _judged(evaluation, by, split)]
    if sets:
        parts += [_figure(page.figures, evaluation, by, split) for split in sets]
        parts.append(by_method(evaluation, by, sets))
        compared = (differences(evaluation, by, split) for split in sets)
        parts += [table for table in compared if table]
    missing = {"Figure 3, C-index of the training set (evaluation.validation=apparent)": APPARENT not in sets}
    missing |= {"Figure 4, C-index by clinical model and method, which needs time to fracture": not sets}
    lacking += [what for what, lacks in missing.items() if lacks]
    maps = list(_heatmaps(evaluation))
    parts += maps
    lacking += [] if maps else ["Supplemental Figure S2, heatmaps (evaluation.explain=gradcam)"]
    named = [replace(part, name=part.name + evaluation.suffix) if isinstance(part, Table) else part for part in parts]
    run = evaluation.run.folder.name
    reasons = [f"{TITLE}: {what}: the evaluation {run} has no data for it." for what in lacking]
    return Section(f"{TITLE}{evaluation.place}", named, evaluation.number, reasons)


def _introduction(evaluation: EvaluationRun) -> str:
    text = (
        "The paper chooses one of six images by Table 2, and compares it, alone and beside three clinical models, with "
    )
    text += "Cox regression and FRAX. Its Figure 1, the flow of patients, is under Participants. "
    return text + "FRAX is never computed here: it is a column of the data, used for its ranking alone."


def _judged(evaluation: EvaluationRun, by: dict[tuple[str, str], Model], split: str) -> bool:
    table = evaluation.result.metrics
    return any(row_of(table, split, model.name, C_INDEX) is not None for model in by.values())


def _figure(figures: Path, evaluation: EvaluationRun, by: dict[tuple[str, str], Model], split: str) -> Part:
    title = f"C-index in the set: {set_name(split)}, by clinical model and method"
    title += f" (as spine DeepSurv's {FIGURES[split]})" if split in FIGURES else ""
    frax = frax_of(evaluation)
    title += f". *: p < 0.05 for the difference to {FRAX[frax]}, unadjusted" if frax and split != APPARENT else ""
    return save(
        c_index(evaluation, by, split),
        figures,
        f"c_index_by_method_{split}{evaluation.suffix}",
        title,
        f"{title}. {in_words(evaluation, by, split)}",
    )


def _films(evaluation: EvaluationRun) -> Iterator[FilmGrid]:
    """The six images of one film, where the evaluation drew them."""
    run = evaluation.run
    if f"{FOLDER}/{TABLE}" not in run.written:
        return
    drawn = pd.read_csv(run.path(f"{FOLDER}/{TABLE}"), dtype=str)
    films = tuple((run.path(f"{FOLDER}/{row.file}"), str(row.variant)) for row in rows_of(drawn))
    if films:
        yield FilmGrid("The images that are compared, of one film", films)


def _heatmaps(evaluation: EvaluationRun) -> Iterator[FilmGrid]:
    """A film without and one with a fracture, called rightly where there is one, each with its maps."""
    run = evaluation.run
    table, films = read_overlays(run), []
    for letter, truth, extreme, who in (("A", "0", "lowest", "without"), ("B", "1", "highest", "with")):
        rows = table[(table["truth"] == truth) & (table["extreme"] == extreme)]
        rows = rows[rows["split"].isin(rows["split"].head(1)) & (rows["score"] != SHUFFLED)]
        rows = rows[rows["correct"] == rows["correct"].max()]
        for row in rows_of(rows):
            way = "higher" if row.direction == "towards" else "lower"
            of = "film" if row.score == FILM else f"what makes the risk {way}"
            caption = f"{letter}: {who} {evaluation.vocabulary.having}\n{of}, risk {number(row.risk)}"
            films.append((run.path(row.file), caption))
    if films:
        yield FilmGrid("Heatmaps (as spine DeepSurv's Supplemental Figure S2)", tuple(films))
