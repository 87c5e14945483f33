"""`bonerisk prepare`: check films and tables, and decode the films once."""

from __future__ import annotations

from pathlib import Path

from bonerisk.cohort.recorded import log_counts, record_source, write_cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.models.components import check_contracts, component
from bonerisk.models.films import decode_cohort
from bonerisk.models.found_points import detector_of, with_found_points
from bonerisk.parts import Dataset


def prepare(order: Order) -> Path:
    """Write a dataset's cohort, with points found on its films on request; decode its films, if any, under data/."""
    config = order.config
    with run_folder(order, order.choices["dataset"]) as run:
        check_contracts(config)
        data = Path(config.paths.data)
        detector = detector_of(config.keypoints, Path(config.paths.outputs)) if config.keypoints else None
        cohort = record_source(component(config.dataset, Dataset, "dataset").load(data), run)
        if detector:
            cohort = with_found_points(cohort, detector, run, data)
        if config.preprocessing and not cohort.features:
            cohort = decode_cohort(cohort, config.preprocessing, run, data).cohort
        write_cohort(cohort, run)
        log_counts(cohort)
    return run.folder
