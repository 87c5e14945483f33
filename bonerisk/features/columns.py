"""Columns of the cohort as features: numbers as they are, text as indicators; missing ones imputed, or rows left out.

What is learnt (levels, constants, values to impute) is learnt from the training split alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from bonerisk.cohort.allowed import forbidden, wrong_features
from bonerisk.cohort.design import Design, as_levels, demand
from bonerisk.cohort.spline import KNOTS
from bonerisk.cohort.table import few
from bonerisk.errors import ConfigError, DataError, raise_together

KEY = "features.columns"
WITHOUT = "features.without"
REFERENCE, SPLINES = "features.reference", "features.splines"
T_SCORES = ("t_score", "t_")  # prefixes of what is never imputed: patients are selected for DXA; a guess would hide it


class Columns:
    """Some columns of a cohort as numbers.

    Parameters
    ----------
    columns : list of str, optional
        Names, or patterns such as ``finding_*``; None: the features that the dataset names.
    without : list of str
        Columns left out of these.
    impute : bool
        Whether a missing number becomes the training split's median, and a missing text its commonest level. A missing
        T-score is never imputed.
    reference : mapping
        Column → the level that its other levels are compared with; by default the first in sorted order. A column of
        numbers that is named here becomes levels.
    splines : mapping
        Column of numbers → number of knots of its restricted cubic spline, 3 to 7.

    Raises
    ------
    ConfigError
        A column is named twice, or can be no feature: an identifier, a date, the outcome, or a risk known from the
        truth; a spline has too few or too many knots.

    Examples
    --------
    >>> train = pd.DataFrame({"age_years": [60.0, 70.0, None], "sex": ["F", "M", "F"]})
    >>> columns = Columns(["age_years", "sex"], impute=True)
    >>> columns.fit(train, named=[])
    >>> columns.names
    ['age_years', 'sex=M']
    >>> columns.matrix(train)
    array([[60.,  0.],
           [70.,  1.],
           [65.,  0.]])
    """

    def __init__(
        self,
        columns: list[str] | None = None,
        without: Sequence[str] = (),
        impute: bool = False,
        reference: Mapping[str, str] | None = None,
        splines: Mapping[str, int] | None = None,
    ) -> None:
        wrong = wrong_features(columns, KEY) if columns else []
        self.reference = {column: str(level) for column, level in (reference or {}).items()}
        self.splines = dict(splines or {})
        raise_together([*wrong, *_wrong_knots(self.splines)])
        self.asked, self.without, self.impute = columns, tuple(without), impute
        self.design = Design(())
        self.filled: dict[str, float | str] = {}
        self.strata: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        return self.design.names

    @property
    def used(self) -> tuple[str, ...]:
        """Columns of the cohort that the features are made of."""
        return self.design.columns

    def fit(self, train: pd.DataFrame, named: Sequence[str]) -> None:
        """Learn from the training split; `named` are the features that the dataset names.

        Raises
        ------
        ConfigError
            No columns are named, here or by the dataset; a reference or a spline is of a column that is no feature, or
            there is no such level.
        DataError
            A column is absent, or a text with over 100 levels, a pattern matches none, a name in `without` leaves
            nothing out, no row has a value in all of them, all are constant, or one can have no spline.
        """
        columns = self._found(train, list(named) if self.asked is None else self.asked)
        demand(train, columns, KEY)
        raise_together([*_not_among(columns, self.reference, REFERENCE), *_not_among(columns, self.splines, SPLINES)])
        imputed = [column for column in columns if self.impute and not column.startswith(T_SCORES)]
        empty = [column for column in columns if train[column].isna().all()]
        if empty:
            what = f"no film of the train split has a value in {', '.join(empty)}"
            raise DataError(what, KEY, f"leave out {', '.join(empty)}")
        self.filled = {column: _commonest(train[column], column in self.reference) for column in imputed}
        filled = self._filled(train)
        self.design = Design.of(filled, columns, KEY, self.reference, self.splines)
        self.strata = tuple(sorted(train["stratum"].dropna().unique())) if "stratum" in train else ()
        if columns and not self.design.complete(filled).any():
            what = f"no film of the train split has a value in all of {', '.join(columns)}"
            raise DataError(what, KEY, "leave out columns that few films have")
        if columns and not self.names:
            what = f"{few(columns)} have one value in the whole train split"
            raise DataError(what, KEY, "name columns that differ between patients")

    def complete(self, table: pd.DataFrame) -> np.ndarray:
        """Mask (n,) of the rows that have a value in every column, after imputation.

        Raises
        ------
        DataError
            A column is absent, or is text although numbers were learnt.
        """
        absent = [column for column in (*self.used, *self._by) if column not in table]
        if absent:
            mend = f"bring it, or name the table's own by dataset.columns.{absent[0]}=<column>"
            raise DataError(f"the cohort has no column {', '.join(absent)}, which the model needs", KEY, mend)
        known = self.design.complete(self._filled(table))
        return known & table["stratum"].isin(self.strata).to_numpy() if self.strata else known

    def stratum(self, table: pd.DataFrame) -> np.ndarray | None:
        """Number (n,) of each complete row's stratum; None without strata."""
        return table["stratum"].map(self.strata.index).to_numpy(dtype=int) if self.strata else None

    @property
    def _by(self) -> tuple[str, ...]:
        return ("stratum",) if self.strata else ()

    def lacking(self, table: pd.DataFrame) -> list[str]:
        """Why rows are incomplete: for each column, how many lack a value or have a level that was not learnt."""
        filled = self._filled(table)
        why = [f"{column} missing {n}" for column in (*self.used, *self._by) if (n := filled[column].isna().sum())]
        for column, learnt in {**self.design.levels, **dict.fromkeys(self._by, self.strata)}.items():
            other = as_levels(filled[column].dropna()).loc[lambda text, learnt=learnt: ~text.isin(learnt)]
            why += [f"{column} with a level not learnt, as {other.iloc[0]}, {len(other)}"] if len(other) else []
        return why

    def lacking_of_each(self, table: pd.DataFrame) -> pd.Series:
        """Why each row is incomplete, in words; empty for a complete one."""
        filled, why = self._filled(table), pd.DataFrame("", table.index, [*self.used, *self._by])
        for column in (*self.used, *self._by):
            why.loc[filled[column].isna(), column] = f"{column} is not known"
        for column, learnt in {**self.design.levels, **dict.fromkeys(self._by, self.strata)}.items():
            levels = as_levels(filled[column].dropna())
            other = levels[~levels.isin(learnt)]
            why.loc[other.index, column] = column + " " + other + f" is none of {few(list(learnt))}"
        return why.apply(lambda row: "; ".join(filter(None, row)), axis=1) if len(why) else pd.Series(dtype="object")

    def imputed(self, table: pd.DataFrame) -> dict[str, int]:
        """How many values of each column are imputed."""
        counts = {column: int(table[column].isna().sum()) for column in self.filled}
        return {column: n for column, n in counts.items() if n}

    def matrix(self, table: pd.DataFrame) -> np.ndarray:
        """Features (n, width) of complete rows."""
        return self.design.matrix(self._filled(table))

    def state(self) -> dict[str, object]:
        """What was learnt, for JSON."""
        return {"design": dataclasses.asdict(self.design), "filled": self.filled, "strata": self.strata}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        self.design, self.filled = Design.restored(state["design"]), state["filled"]
        self.strata = tuple(state.get("strata", ()))  # older models have none

    def _found(self, train: pd.DataFrame, asked: list[str]) -> list[str]:
        """The columns meant by names and patterns, each once, in the order asked for."""
        if self.asked is None and not asked:
            raise ConfigError(
                "no columns to learn from: the dataset names no features", KEY, f"'{KEY}=[age_years,sex]', for example"
            )
        there = [name for name in map(str, train) if not forbidden(name)]
        found: list[str] = []
        for name in asked:
            pattern = name not in there and any(sign in name for sign in "*?[")  # "BMD [g/cm2]" is a name
            matching = [column for column in there if fnmatchcase(column, name)] if pattern else [name]
            if not matching:
                others = ",".join(other for other in asked if other != name)
                mend = f"bring such columns, or leave it out, as '{KEY}=[{others}]'"
                raise DataError(f"no column matches {name!r}", KEY, mend)
            found += matching
        useless = [name for name in self.without if name not in found]
        if useless:
            near = get_close_matches(useless[0], found, n=1)
            mend = f"did you mean {near[0]}?" if near else f"remove it from {WITHOUT}"
            raise DataError(f"{', '.join(useless)} is not among the columns to leave it out of", WITHOUT, mend)
        return [column for column in dict.fromkeys(found) if column not in self.without]

    def _filled(self, table: pd.DataFrame) -> pd.DataFrame:
        filled = {}
        for column, value in self.filled.items():
            if column in table:
                cells = table[column].astype(float) if isinstance(value, float) else table[column].astype(object)
                filled[column] = cells.where(cells.notna(), value)
        return table.assign(**filled)


def _commonest(column: pd.Series, levels: bool) -> float | str:
    """The median of numbers, the commonest of `levels` and texts (of equally common ones the first in order)."""
    numbers = pd.api.types.is_numeric_dtype(column)
    if numbers and not levels:
        return float(column.median())
    first = column.mode().sort_values().iloc[0]
    return float(first) if numbers else str(first)


def _wrong_knots(splines: Mapping[str, int]) -> Iterator[ConfigError]:
    for column, n in splines.items():
        if n not in KNOTS:
            what = f"a restricted cubic spline has {KNOTS[0]} to {KNOTS[-1]} knots, not {n}"
            yield ConfigError(what, f"{SPLINES}.{column}", f"{SPLINES}={{{column}: 4}}, or leave it a straight line")


def _not_among(columns: Sequence[str], named: Iterable[str], key: str) -> Iterator[ConfigError]:
    """Yield an error for each name that is none of the features' columns."""
    for name in named:
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            mend = f"did you mean {near[0]}? " if near else ""
            yield ConfigError(f"{name} is no column of the features", key, f"{mend}they are {few(columns)}")
