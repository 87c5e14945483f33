"""Rows of a table by the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import pandas as pd

Row: TypeAlias = Any  # a named tuple or Series: a type checker can't know the columns of a table


def rows_of(table: pd.DataFrame) -> Iterator[Row]:
    """Each row as a named tuple."""
    return table.itertuples()
