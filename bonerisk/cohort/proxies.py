"""Labels that a model made ("proxy labels"): rows to learn from, never a truth that a model is judged by."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.table import ORIGIN, PROXY
from bonerisk.errors import DataError


def is_proxy(table: pd.DataFrame) -> pd.Series:
    """Whether a model made the label of each row.

    >>> is_proxy(pd.DataFrame({"label_origin": ["dxa", "proxy", None]})).tolist()
    [False, True, False]
    """
    return table[ORIGIN] == PROXY if ORIGIN in table else pd.Series(False, table.index)


def measured(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose label no model made."""
    return table[~is_proxy(table)]


def refuse_proxies(table: pd.DataFrame) -> None:
    """Refuse to judge a model by labels that a model made.

    Raises
    ------
    DataError
        Counts such rows.
    """
    if n := int(is_proxy(table).sum()):
        what = f"{n} of {len(table)} rows have a label that a model made, which is no truth to judge a model by"
        mend = "evaluate test and external (leave out split and evaluation.validation), or measured labels alone: "
        raise DataError(what, "label_origin proxy", f"{mend}dataset=run dataset.run=PREPARE_RUN")
