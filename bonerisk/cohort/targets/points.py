"""Points on the film: the centres of L1 to L5, or any others that the cohort has columns of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bonerisk.cohort.table import Cohort, few
from bonerisk.cohort.targets.target import Target, Words
from bonerisk.errors import ConfigError, DataError

KEY = "head.target"
FRONTAL = ("PA", "AP")


def target(names: Sequence[str]) -> Target:
    """The target that some points are, from the first to the last: their distance is the scale of errors.

    Raises
    ------
    ConfigError
        There are fewer than two, or one is named twice.
    """
    if len(set(names)) < max(len(names), 2) or "" in names:
        what = f"{'+'.join(names)} are no two or more different points"
        raise ConfigError(what, KEY, "join the names of points by a plus, from the first to the last: t12+l1+l2")
    columns = tuple(f"{name}_{axis}_px" for name in names for axis in "xy")  # as `bonerisk.keypoints.columns`
    return Target("points", columns, partial(_rows, tuple(names), columns), WORDS, WORDS, reference_standard=MARKED)


def _rows(names: Sequence[str], columns: Sequence[str], cohort: Cohort) -> Cohort:
    """Films with one of the points at least; frontal films are left out of a cohort of lateral ones.

    Oracles are known risks, which a point has not: their columns are left out.

    Raises
    ------
    DataError
        A column is absent, or no film is left.
    """
    where = f"cohort {cohort.name}"
    if lacking := [column for column in columns if column not in cohort.table]:
        there = [str(name).removesuffix("_x_px") for name in cohort.table if str(name).endswith("_x_px")]
        mend = f"it has the points {few(there)}: {KEY}=A+B+C names others" if there else ""
        mend = mend or "dataset=coco_keypoints brings annotated films, and dataset=phantom_spine simulated ones"
        raise DataError(f"there is no column {few(lacking)}, which {KEY} needs", where, mend)
    chosen = of_one_view(cohort)
    known = chosen.table[list(columns)].notna().to_numpy(dtype=bool).reshape(-1, len(names), 2).all(axis=2)
    found = replace(chosen, table=chosen.table.loc[:, ~chosen.table.columns.str.startswith("oracle_")])
    found = _kept(found, known.max(axis=1), "a point is marked", f"none of {few(names)} is marked")
    if found.table.empty:
        raise DataError(f"no film has one of the points {few(names)}", where, "look at the columns of its points")
    return found


def of_one_view(cohort: Cohort) -> Cohort:
    """The cohort without frontal films, if most of the films whose view is known are lateral."""
    view = cohort.table["view"].dropna()
    frontal = cohort.table["view"].isin(FRONTAL).to_numpy()
    if not frontal.any() or (view == "LATERAL").mean() <= 1 / 2:
        return cohort
    return _kept(cohort, ~frontal, "lateral view", "frontal films (view PA or AP) among lateral ones")


def _kept(cohort: Cohort, keep: np.ndarray, step: str, reason: str) -> Cohort:
    table = cohort.table[keep].reset_index(drop=True)
    return replace(cohort, table=table, flow=cohort.flow.step(step, cohort.table, table, "" if keep.all() else reason))


WORDS, MARKED = Words("doubtful points"), "points marked on the films"
TARGET = target(("l1", "l2", "l3", "l4", "l5"))
