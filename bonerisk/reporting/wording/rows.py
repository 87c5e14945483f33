"""Rows of a table by the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Each row as a named tuple; its values are Any, since a type checker can't know what a column holds."""
    return table.itertuples()
