"""A filter of rows: an expression such as ``sex == 'F' and age_years >= 50``, which can compare and nothing else.

A comparison with a missing or unreadable value is unknown, and a row is kept only where the whole is known to be true.
Text is compared as it is written, numbers as numbers; a chain such as ``50 <= age_years < 80`` may be written.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from typing import Any

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.table import few
from bonerisk.errors import ConfigError, DataError

KEY = "dataset.where"
ALLOWED = (
    "column names, numbers, 'words', ==, !=, <, <=, >, >=, in [...], not in [...], and, or, not, ( ); a column with "
    "other signs in its name is named by dataset.columns.<name>=<column>"
)
Compare = Callable[[Any, Any], Any]
COMPARE: Mapping[type[ast.cmpop], Compare] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}


@dataclass(frozen=True)
class Where:
    """A filter of a table's rows.

    Parameters
    ----------
    text : str
        The expression.

    Raises
    ------
    ConfigError
        The expression can't be read, or does more than compare columns with values.

    Examples
    --------
    >>> people = pd.DataFrame({"sex": ["F", "M", "F", None], "age_years": ["71", "65", None, "80"]})
    >>> Where("sex == 'F' or age_years > 70").holds(people).tolist()
    [True, False, True, True]
    >>> Where("not (sex == 'F')").holds(people).tolist()
    [False, True, False, False]
    >>> Where("__import__('os')")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bonerisk.errors.ConfigError: "__import__('os')" can't be used: the filter must compare columns with values...
    """

    text: str

    def __post_init__(self) -> None:
        _check(self._tree, self.text)

    @property
    def _tree(self) -> ast.expr:
        try:
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            what = f"{self.text!r} is no expression ({error.args[0] if error.args else type(error).__name__})"
            raise ConfigError(what, KEY, f"write {ALLOWED}") from None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that it reads."""
        return tuple(dict.fromkeys(node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)))

    def absent(self, names: Sequence[str]) -> Iterator[DataError]:
        """Yield an error for each column that is not among the names of a table's columns."""
        for name in self.columns:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                mend = f"did you mean {near[0]}? " if near else ""
                yield DataError(f"the table has no column {name!r}", KEY, f"{mend}it has {few(names)}")

    def holds(self, rows: pd.DataFrame) -> pd.Series:
        """Which rows the filter keeps.

        Parameters
        ----------
        rows : DataFrame
            Text or numbers, with all `columns`.

        Raises
        ------
        DataError
            A column without any number is compared with one.
        """
        return _holds(self._tree, rows).fillna(False).astype(bool)


def _check(node: ast.expr, text: str) -> None:
    """Refuse what is neither a comparison nor made of comparisons."""
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            _check(part, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check(node.operand, text)
    elif not isinstance(node, ast.Compare) or not all(_pair(*pair) for pair in _pairs(node)):
        what = f"{text!r} can't be used: the filter must compare columns with values, not {ast.unparse(node)}"
        raise ConfigError(what, KEY, f"write {ALLOWED}")


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    """Yield each comparison of a chain, the column first."""
    sides = [node.left, *node.comparators]
    for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(right, ast.Name) and not isinstance(left, ast.Name):
            yield right, TURNED.get(type(sign), type(sign))(), left
        else:
            yield left, sign, right


def _pair(column: ast.expr, sign: ast.cmpop, value: ast.expr) -> bool:
    """Whether a comparison is of a column with a value, or of a column with a list of values."""
    within = isinstance(sign, ast.In | ast.NotIn)
    listed = isinstance(value, ast.List | ast.Tuple) and bool(value.elts) and all(map(_is_value, value.elts))
    return isinstance(column, ast.Name) and (listed if within else type(sign) in COMPARE and _is_value(value))


def _is_value(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
        return isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, str)


def _holds(node: ast.expr, rows: pd.DataFrame) -> pd.Series:
    """Return whether an expression holds for each row, missing where that is unknown (Kleene's logic)."""
    if isinstance(node, ast.BoolOp):
        parts = [_holds(part, rows) for part in node.values]
        return reduce(operator.and_ if isinstance(node.op, ast.And) else operator.or_, parts)
    if isinstance(node, ast.UnaryOp):
        return ~_holds(node.operand, rows)
    assert isinstance(node, ast.Compare)
    return reduce(operator.and_, [_compared(*pair, rows) for pair in _pairs(node)])


def _compared(column: ast.expr, sign: ast.cmpop, value: ast.expr, rows: pd.DataFrame) -> pd.Series:
    name, meant = ast.unparse(column), ast.literal_eval(value)
    if isinstance(sign, ast.In | ast.NotIn):
        found = reduce(operator.or_, [_one(rows[name], operator.eq, one, name) for one in meant])
        return ~found if isinstance(sign, ast.NotIn) else found
    return _one(rows[name], COMPARE[type(sign)], meant, name)


def _one(cells: pd.Series, compare: Compare, value: object, name: str) -> pd.Series:
    if not isinstance(value, str) and not pd.api.types.is_numeric_dtype(cells):
        there = cells.dropna()
        cells = values.number(cells)
        if len(there) and cells.isna().all():
            signs = few(sorted({str(cell) for cell in there})[:5])
            raise DataError(f"{name} holds no numbers, and {KEY} compares it with {value}", KEY, f"it holds {signs}")
    if isinstance(value, str):
        cells = cells.astype("object").where(cells.notna(), None)
        cells = cells.map(lambda cell: cell if isinstance(cell, str) else f"{cell:g}", na_action="ignore")
    known = cells.notna()
    found = pd.Series(pd.NA, cells.index, dtype="boolean")
    found[known] = compare(cells[known], value).astype("boolean")
    return found
