"""Patients at high risk beside those at low risk: ages, shares of a sex, findings, each with a test.

The tests assume independent rows, so each patient counts once, by the first film.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from bonerisk.errors import ConfigError
from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.subgroups import MOST, demand_no_misspelling
from bonerisk.evaluation.split import Split
from bonerisk.evaluation.tables.groupings import Grouping

GROUPS = {
    **{"dataset": str, "split": str, "subgroup": str, "model": str, "threshold": str, "column": str, "level": str},
    **{"kind": str, "high_n": int, "high_value": float, "high_sd": float, "low_n": int, "low_value": float},
    **{"low_sd": float, "test": str, "p_value": float, "p_holm": float, "note": str},
}
NO_SPREAD = {"high_sd": np.nan, "low_sd": np.nan}
SPARSE = 5  # expected count under which a chi-squared test is approximate only
Tested = tuple[str, float, str]  # test, p, why there is no p


def group_rows(split: Split[Followed], grouping: Grouping, patterns: Sequence[str]) -> Iterator[Row]:
    """Rows of the table of groups, for one grouping.

    A column of numbers is compared by its means (Welch's t), a share by its counts: Fisher's exact test for two levels,
    chi-squared for more. A column of 0 and 1 is the share of 1; one of text has one row per level, all with the
    column's p-value. Missing values are left out. Holm's adjustment is over the columns of the grouping.

    Parameters
    ----------
    split : Split
    grouping : Grouping
    patterns : sequence of str
        Columns, or patterns such as "finding_*". A pattern that matches no column with a value is ignored.

    Raises
    ------
    ConfigError
        A column of text has too many levels, or a name is nearly that of a column.
    """
    first = _first_films(split, grouping)
    several = int(grouping.known.sum()) - len(first)
    said = f"first film of each of {len(first)} patients" if several else ""
    where = {**split.name, "subgroup": grouping.stratum, "model": grouping.model, "threshold": grouping.threshold}
    high, low = (split.films.loc[first[keep[first]]] for keep in (grouping.high, ~grouping.high))
    blocks, p_values = [], []
    for column in columns_of(split.films, patterns):
        sides = [side[column].dropna() for side in (high, low)]
        block, (test, p, why) = compared(split.films[column], sides)
        found = {"column": column, "test": test, "p_value": p, "note": "; ".join(filter(None, [why, said]))}
        blocks.append([where | found | row for row in block])
        p_values.append(p)
    for block, holm in zip(blocks, adjust(p_values).holm, strict=True):
        yield from (row | {"p_holm": holm} for row in block)


def compared(column: pd.Series, sides: Sequence[pd.Series]) -> tuple[list[Row], Tested]:
    """Rows of two groups, and their test; the values of `sides`, none missing, are some of the column's.

    Raises
    ------
    ConfigError
        A column of text has too many levels.
    """
    levels = _levels(column)
    return _numbers(sides) if levels is None else _shares(sides, levels)


def columns_of(films: pd.DataFrame, patterns: Sequence[str]) -> list[str]:
    """Columns that have a value and match a pattern, in the order of the patterns.

    Raises
    ------
    ConfigError
        A name is nearly that of a column.
    """
    known = [str(column) for column in films]
    for name in (pattern for pattern in patterns if not set("*?[") & set(pattern)):
        demand_no_misspelling(name, known, "evaluation.survival.characteristics")
    found: dict[str, None] = {}
    for pattern in patterns:
        meant = [pattern] if pattern in known else [column for column in known if fnmatchcase(column, pattern)]
        found |= dict.fromkeys(meant)
    return [column for column in found if films[column].notna().any()]


def _first_films(split: Split[Followed], grouping: Grouping) -> np.ndarray:
    """Rows of each patient's first film in either group, by date where there is one, else as they stand."""
    films = split.films[grouping.known].assign(patient=split.patient[grouping.known])
    ordered = films.sort_values("film_date", kind="stable") if "film_date" in films else films
    return ordered.index[~ordered["patient"].duplicated()].to_numpy()


def _levels(column: pd.Series) -> list[object] | None:
    """Levels that are counted; None if the column is a number."""
    present = sorted(column.dropna().unique())
    if pd.api.types.is_numeric_dtype(column):
        return [0, 1] if set(present) <= {0, 1} else None
    if len(present) > MOST:
        mend = f"name columns of numbers, or of at most {MOST} levels"
        raise ConfigError(f"{column.name} has {len(present)} levels", "evaluation.survival.characteristics", mend)
    return present


def _numbers(sides: Sequence[pd.Series]) -> tuple[list[Row], Tested]:
    from scipy import stats

    high, low = (side.to_numpy(dtype=float) for side in sides)
    row: Row = {"level": "", "kind": "number"}
    for name, values in (("high", high), ("low", low)):
        row |= {f"{name}_n": len(values), f"{name}_value": values.mean() if len(values) else np.nan}
        row |= {f"{name}_sd": values.std(ddof=1) if len(values) > 1 else np.nan}
    if min(len(high), len(low)) < 2:
        return [row], ("", np.nan, "under 2 values in a group")
    if not (np.ptp(high) or np.ptp(low)):
        return [row], ("", np.nan, "no spread in either group")
    return [row], ("Welch's t", float(stats.ttest_ind(high, low, equal_var=False).pvalue), "")


def _shares(sides: Sequence[pd.Series], levels: Sequence[object]) -> tuple[list[Row], Tested]:
    from scipy import stats

    counts = {level: [int((side == level).sum()) for side in sides] for level in levels}
    n = {f"{name}_n": len(side) for name, side in zip(("high", "low"), sides, strict=True)}
    rows = [
        {"level": str(level), "kind": "share", **n, "high_value": high, "low_value": low, **NO_SPREAD}
        for level, (high, low) in counts.items()
        if levels != [0, 1] or level == 1
    ]
    table = np.array(list(counts.values())).T
    table = table[:, table.sum(axis=0) > 0]
    if not table.sum(axis=1).all():
        return rows, ("", np.nan, "no value in a group")
    if table.shape[1] < 2:
        return rows, ("", np.nan, "the same in all films")
    if table.shape[1] == 2:
        return rows, ("Fisher's exact", float(stats.fisher_exact(table).pvalue), "")
    found = stats.chi2_contingency(table, correction=False)
    sparse = f"expected counts under {SPARSE}" if found.expected_freq.min() < SPARSE else ""
    return rows, ("chi-squared", float(found.pvalue), sparse)
