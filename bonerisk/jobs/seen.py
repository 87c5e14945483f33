"""Whom a model has seen: the cohorts of a training, and of those that it started from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from bonerisk.cohort.seen import refuse_seen
from bonerisk.runs.find import load


def refuse_seen_by(table: pd.DataFrame, runs: Iterable[Path]) -> None:
    """Stop where a patient of `table` is among those whom some training runs, or those before them, have seen.

    Raises
    ------
    DataError
    """
    for name, seen in _seen_by(runs):
        refuse_seen(table, seen, f"the weights of {name}")


def _seen_by(runs: Iterable[Path]) -> Iterator[tuple[str, pd.DataFrame]]:
    for run in map(load, runs):
        if run.command == "train":
            yield run.folder.name, pd.read_parquet(run.path("cohort.parquet"))
            yield from _seen_by(run.parents)
