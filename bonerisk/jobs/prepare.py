"""`bonerisk prepare`: check films and tables, and decode the films once."""

from __future__ import annotations

from pathlib import Path

from bonerisk.cohort.recorded import recorded, write_cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.models.components import component, hold
from bonerisk.models.films import decoded
from bonerisk.parts import Dataset


def prepare(order: Order) -> Path:
    """Write the cohort of a dataset; its films, if it has any, lie decoded under data/ afterwards."""
    config = order.config
    with run_folder(order, order.choices["dataset"]) as run:
        hold(config)
        data = Path(config.paths.data)
        cohort = recorded(component(config.dataset, Dataset, "dataset").load(data), run)
        if config.preprocessing and not cohort.features:
            cohort = decoded(cohort, config.preprocessing, run, data).cohort
        write_cohort(cohort, run)
    return run.folder
