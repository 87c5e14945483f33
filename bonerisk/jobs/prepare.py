"""`bonerisk prepare`: check films and tables, and decode the films once."""

from __future__ import annotations

from pathlib import Path

from bonerisk.cohort.recorded import log_counts, record_source, write_cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.models.components import check_contracts, component
from bonerisk.models.films import decode_cohort
from bonerisk.parts import Dataset


def prepare(order: Order) -> Path:
    """Write a dataset's cohort; decode its films, if any, under data/."""
    config = order.config
    with run_folder(order, order.choices["dataset"]) as run:
        check_contracts(config)
        data = Path(config.paths.data)
        cohort = record_source(component(config.dataset, Dataset, "dataset").load(data), run)
        if config.preprocessing and not cohort.features:
            cohort = decode_cohort(cohort, config.preprocessing, run, data).cohort
        write_cohort(cohort, run)
        log_counts(cohort)
    return run.folder
