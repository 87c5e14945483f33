"""`bonerisk prepare`: check films and tables, and decode the films once."""

from __future__ import annotations

from pathlib import Path

from bonerisk.config.build import build
from bonerisk.config.sweep import Order
from bonerisk.jobs.films import load_films, write_cohort
from bonerisk.jobs.folder import run_folder


def prepare(order: Order) -> Path:
    """Write the cohort of a dataset; its films lie decoded under data/ afterwards."""
    config = order.config
    with run_folder(order, order.choices["dataset"]) as run:
        films = load_films(build(config.dataset), config.preprocessing, run, Path(config.paths.data))
        write_cohort(films.cohort, run)
    return run.folder
