"""`bonerisk prepare`: check films and tables, and decode the films once."""

from __future__ import annotations

from pathlib import Path

from bonerisk.cohort.recorded import load_cohort, write_cohort
from bonerisk.config.build import build
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.models.films import decoded


def prepare(order: Order) -> Path:
    """Write the cohort of a dataset; its films, if it has any, lie decoded under data/ afterwards."""
    config = order.config
    with run_folder(order, order.choices["dataset"]) as run:
        dataset, data = build(config.dataset), Path(config.paths.data)
        cohort = load_cohort(dataset, run, data)
        if config.preprocessing and not cohort.features:
            cohort = decoded(cohort, dataset, config.preprocessing, run, data).cohort
        write_cohort(cohort, run)
    return run.folder
