"""`bonerisk predict`: a trained model on films, or rows of a table, of which no outcome is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bonerisk.cohort.recorded import record_source, write_left_out
from bonerisk.cohort.table import Cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.models import calls, new_rows, scores
from bonerisk.models.components import check_contracts
from bonerisk.models.films import film_hashes
from bonerisk.models.found_points import detector_of, with_found_points
from bonerisk.models.load import load_model
from bonerisk.models.several import note_inputs
from bonerisk.models.trained import TrainedModel
from bonerisk.runs.find import find
from bonerisk.runs.folder import Run


def predict(order: Order) -> Path:
    """Write the model's prediction of each film, with what is known of it, and the reason of each that has none."""
    config, data, outputs = order.config, Path(order.config.paths.data), Path(order.config.paths.outputs)
    model = new_rows.predicting(load_model(find(str(config.run), outputs, ["train"])))
    threshold = calls.threshold_of(model, config.threshold)
    detector = detector_of(config.keypoints, outputs) if config.keypoints else None
    with run_folder(order, model.run.name) as run:
        check_contracts(config)
        note_inputs([model], run)
        cohort = record_source(new_rows.source(config.dataset, model).load(data), run)
        if detector:
            cohort = with_found_points(cohort, detector, run, data)
        rows = model.predictable(new_rows.complete(cohort, model), data, run)
        new_rows.note_known(rows.cohort, model, run)
        predicted, features = model.predict_and_embed(rows)
        judged, calibration = model.familiarity.judge(rows.cohort.table, features), calls.tuning_calibration(model)
        called = calls.with_calls(predicted, model, threshold)
        hashes = pd.Series(film_hashes(rows.cohort, data)) if model.films else None
        found, kept = scores.scores(called, judged, calibration, model, hashes), rows.cohort
        if config.unfamiliar == "refuse":
            kept = new_rows.refuse(kept, judged["unfamiliar_because"])
            found = found[found["image_id"].isin(kept.table["image_id"])]
        found = scores.write(found, calibration, model, run)
        write_left_out(kept, run)
        _write_pages(found, kept, model, run, config.pages, outputs)
    return run.folder


def _write_pages(found: pd.DataFrame, cohort: Cohort, model: TrainedModel, run: Run, most: int, outputs: Path) -> None:
    """Write a page for each of the films of highest risk, `most` at the most."""
    from bonerisk.reporting import film_page
    from bonerisk.reporting.known_failures import evaluations_of, known_failures

    if most < 1:
        return
    training = model.run.folder
    failures = list(known_failures(evaluations_of(training, outputs), training))
    paths = cohort.table.set_index("image_id")["image_path"]
    with run.writes("pages", "pages") as folder:
        folder.mkdir()
        for number, film in enumerate(found.head(most).to_dict("records"), 1):
            path, named = paths[film["image_id"]], {str(column): value for column, value in film.items()}
            page = folder / f"{number:03d}.html"
            film_page.write(named, Path(path) if path else None, model.tuning, model.target, failures, page)
