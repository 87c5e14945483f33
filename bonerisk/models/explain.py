"""Explain a trained network on films that it has predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.cohort.targets.target import find
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.evaluation.samples.readings import CUTS
from bonerisk.imaging.masks import Masks
from bonerisk.models.films import DecodedCohort, transform_of
from bonerisk.models.rows import ReadyRows
from bonerisk.models.trained import TrainedModel
from bonerisk.runs.folder import Run

if TYPE_CHECKING:
    from bonerisk.explain.explained import Explained

THRESHOLDS = {
    "label": 0.5,
    "t_score": CUTS["T < −1.0"],
}  # risk from which a film is called positive; of times, the median


def explain_model(
    model: TrainedModel,
    rows: ReadyRows,
    predicted: pd.DataFrame,
    evaluation: Evaluation,
    kind: Outcome[Any, Any],
    run: Run,
) -> Explained:
    """Explain a network as an evaluation asks, and write what was found into a run.

    Parameters
    ----------
    model : TrainedModel
    rows : ReadyRows
        Rows of the cohort that the model can predict.
    predicted : DataFrame
        Its predictions of some of these.
    evaluation : Evaluation
    kind : Outcome
    run : Run

    Raises
    ------
    ConfigError
        The model is no network, or has no maps.
    DataError
        No film has a mask, where masks are needed.
    """
    from bonerisk.explain.explained import Subject, explain
    from bonerisk.imaging.organs import Organs

    network, films, settings = model.network, rows.films, evaluation.explanations
    if not isinstance(films, DecodedCohort):
        raise TypeError("these rows were made ready for another model")
    predicted = _at_most(predicted, settings.most, evaluation.plan.seed, run)
    table = rows.cohort.table.set_index("image_id", drop=False).loc[predicted["image_id"]].reset_index(drop=True)
    transform = transform_of(model.run.config["preprocessing"])
    organs = Organs(transform, Masks.of(settings.masks), rows.cohort.colour)
    subject = Subject(network.module, films.images.images, network.inputs(table, films), predicted, table, organs)
    own = find(network.head.target).columns[0]  # of a model of the T-score that is judged by its classes, the T-score
    threshold = THRESHOLDS.get(own, float(predicted["risk"].median()))
    found = explain(subject, settings, evaluation.plan, kind, threshold)
    found.write(run)
    return found


def _at_most(predicted: pd.DataFrame, most: int | None, seed: int, run: Run) -> pd.DataFrame:
    """All films, or those of random patients, as many as `most` allows."""
    if most is None or len(predicted) <= most:
        return predicted.reset_index(drop=True)
    who, people = pd.factorize(patients(predicted), sort=True)
    order = np.random.default_rng(seed).permutation(len(people))
    kept = order[np.bincount(who, minlength=len(people))[order].cumsum() <= most]
    chosen = predicted[np.isin(who, kept)].reset_index(drop=True)
    text = f"Explanations are of {len(chosen):,} of {len(predicted):,} films, those of random patients"
    run.note(f"{text}; evaluation.explain_films=null explains all.")
    return chosen
