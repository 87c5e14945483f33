"""Errors of each kind, planted in tables that are right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bonerisk.audit.numbers import Cell, cell
from bonerisk.audit.tables import Printed
from tests.audit import made

Planted = tuple[Printed, str]  # the table, and the check that is to find its error


def _set(table: Printed, row: int, column: int, text: str) -> Printed:
    rows = [list(cells) for cells in table.rows]
    rows[row][column] = text
    return replace(table, rows=rows)


def _find(rng: np.random.Generator, table: Printed, labels: str) -> tuple[int, int, Cell]:
    """A cell of a row or column whose label matches, at random."""
    places = [
        (i, j)
        for i, row in enumerate(table.rows)
        for j, text in enumerate(row)
        if (re.match(labels, row[0]) or re.match(labels, table.columns[j])) and cell(text).lower
    ]
    i, j = places[rng.integers(len(places))]
    return i, j, cell(table.rows[i][j])


def _text(was: Cell, estimate: float, lower: float | None = None, upper: float | None = None) -> str:
    """A cell like `was` with other numbers."""
    assert was.number is not None
    assert was.lower is not None
    assert was.upper is not None
    decimals = len(was.number.text.partition(".")[2])
    between = was.text.split(was.lower.text, 1)[1].split(was.upper.text, 1)[0]
    ends = [was.lower.value if lower is None else lower, was.upper.value if upper is None else upper]
    return f"{estimate:.{decimals}f} ({ends[0]:.{decimals}f}{between}{ends[1]:.{decimals}f})"


def _arms(was: Cell) -> tuple[float, float, float, float]:
    assert was.number is not None
    assert was.lower is not None
    assert was.upper is not None
    value = was.number.value
    return value, was.lower.value, was.upper.value, 100.0 if value > 1.5 else 1.0


def rate_of_another_matrix(rng: np.random.Generator) -> Planted:
    table = made.by_hospital(rng)
    i, j, was = _find(rng, table, "Sensitivity|Specificity|PPV|NPV|Accuracy")
    value, low, high, scale = _arms(was)
    moved = value + (0.02 + 0.05 * rng.random()) * scale * (1 if value < 0.8 * scale else -1)
    return _set(table, i, j, _text(was, moved, low + moved - value, high + moved - value)), "matrix"


def estimate_outside(rng: np.random.Generator) -> Planted:
    table = made.MADE[rng.integers(0, 3)](rng)
    i, j, was = _find(rng, table, "AUC|Sensitivity|Specificity|PPV|NPV|Accuracy")
    _, low, high, scale = _arms(was)
    away = 0.02 * scale
    return _set(table, i, j, _text(was, low - away if low > 2 * away else high + away)), "outside"


def interval_too_narrow(rng: np.random.Generator) -> Planted:
    table = made.MADE[rng.integers(0, 2)](rng)
    i, j, was = _find(rng, table, "AUC|Sensitivity|Specificity|Accuracy")
    value, low, high, scale = _arms(was)
    while not 0.1 < value / scale < 0.93 or high - low < 0.06 * scale:
        table = made.by_subgroup(rng)
        i, j, was = _find(rng, table, "AUC|Sensitivity|Specificity|Accuracy")
        value, low, high, scale = _arms(was)
    return _set(table, i, j, _text(was, value, value - 0.25 * (value - low), value + 0.25 * (high - value))), "narrow"


def arm_cut_off(rng: np.random.Generator) -> Planted:
    while True:
        table = made.MADE[rng.integers(0, 3)](rng)
        i, j, was = _find(rng, table, "AUC|Sensitivity|Specificity|PPV|NPV|Accuracy")
        value, low, high, scale = _arms(was)
        if 0.1 < value / scale < 0.9 and high - low > 0.08 * scale:
            return _set(table, i, j, _text(was, value, low, value)), "lopsided"


def count_changed(rng: np.random.Generator) -> Planted:
    table = made.by_subgroup(rng)
    i, j = int(rng.integers(1, 3)), int(rng.integers(2, 4))
    other = 5 - j
    counts = {k: cell(table.rows[i][k]).count or 0 for k in (j, other)}
    counts[j] += int(rng.integers(2, 30))
    for k in (j, other):
        table = _set(table, i, k, f"{counts[k]} ({100 * counts[k] / sum(counts.values()):.1f}%)")
    return table, "sums"


def percentage_changed(rng: np.random.Generator) -> Planted:
    table = [made.by_hospital, made.by_subgroup, made.characteristics][rng.integers(0, 3)](rng)
    places = [
        (i, j) for i, cells in enumerate(table.cells) for j, each in enumerate(cells) if each.percent and each.count
    ]
    i, j = places[rng.integers(len(places))]
    was = table.cells[i][j]
    assert was.percent is not None
    percent, sign = 100 * was.percent.value + 1 + 9 * rng.random(), "%" if "%" in was.text else ""
    return _set(table, i, j, f"{was.count} ({percent:.1f}{sign})"), "percentages"


def subgroup_as_total(rng: np.random.Generator) -> Planted:
    while True:
        table = made.by_subgroup(rng)
        part = int(rng.integers(1, 3))
        if all(cell(table.rows[part][j]).number != cell(table.rows[0][j]).number for j in (5, 6)):
            break
    rows = [list(row) for row in table.rows]
    rows[0][4:] = rows[part][4:]
    return replace(table, rows=rows), "subgroup_as_total"


def total_changed(rng: np.random.Generator) -> Planted:
    table = made.by_subgroup(rng)
    was = cell(table.rows[0][5])
    value, low, high, scale = _arms(was)
    moved = (0.06 if value < 0.7 * scale else -0.06) * scale
    return _set(table, 0, 5, _text(was, value + moved, low + moved, high + moved)), "weighted"


def infinite_ratio(rng: np.random.Generator) -> Planted:
    table = made.ratios(rng)
    i = int(rng.integers(4))
    return _set(table, i, 1, "Inf " + table.rows[i][1].split(" ", 1)[1]), "outside"


def p_against_interval(rng: np.random.Generator) -> Planted:
    table = made.ratios(rng)
    i = int(rng.integers(4))
    was = cell(table.rows[i][2])
    assert was.number is not None
    return _set(table, i, 2, "0.400" if was.number.value < 0.05 else "0.002"), "p_value"


def p_against_groups(rng: np.random.Generator) -> Planted:
    table = made.characteristics(rng)
    i = int(rng.integers(6))
    was = cell(table.rows[i][3])
    assert was.number is not None
    return _set(table, i, 3, "0.700" if was.number.value < 0.3 else "0.010"), "p_value"


def flow_changed(rng: np.random.Generator) -> Planted:
    table = made.flow(rng)
    i, j = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    changed = (cell(table.rows[i][j]).count or 0) + int(rng.integers(1, 400))
    return _set(table, i, j, f"{changed:,}"), "flow"


def rates_that_contradict(rng: np.random.Generator) -> Planted:
    while True:
        table = made.by_model(rng)
        i, j, was = _find(rng, table, "PPV|NPV")
        value, low, high, scale = _arms(was)
        if 0.2 < value / scale < 0.97:
            break
    moved = (0.08 if value < 0.8 * scale else -0.08) * scale
    return _set(table, i, j, _text(was, value + moved, low + moved, high + moved)), "together"


def no_share(rng: np.random.Generator) -> Planted:
    while True:
        table = made.by_subgroup(rng)
        i = int(rng.integers(1, 7))
        was = cell(table.rows[i][5])
        value, low, high, scale = _arms(was)
        of = cell(table.rows[i][3]).count or 0
        assert was.number is not None
        if was.number.half / scale < 1 / (8 * of):
            return _set(table, i, 5, _text(was, value + 0.5 * scale / of, low, high)), "shares"


def above_one(rng: np.random.Generator) -> Planted:
    while True:
        table = made.by_model(rng)
        i, j, was = _find(rng, table, "AUC|Sensitivity")
        _, low, _, scale = _arms(was)
        if scale == 1.0:
            return _set(table, i, j, _text(was, 1.07, low, 1.12)), "impossible"


PLANTED: Sequence[Callable[[np.random.Generator], Planted]] = (
    rate_of_another_matrix,
    estimate_outside,
    interval_too_narrow,
    arm_cut_off,
    count_changed,
    percentage_changed,
    subgroup_as_total,
    total_changed,
    infinite_ratio,
    p_against_interval,
    p_against_groups,
    flow_changed,
    rates_that_contradict,
    no_share,
    above_one,
)
