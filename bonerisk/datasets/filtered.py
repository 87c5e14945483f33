"""The rows of a user's table that ``dataset.where`` keeps: a step of the flow, before any value is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.check import FINDING
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.refusals import Refusals
from bonerisk.cohort.where import KEY, Where
from bonerisk.datasets.follow_up import PER_YEAR, TIMES
from bonerisk.errors import DataError


def filtered(
    where: Where | None, text: pd.DataFrame, rows: pd.DataFrame, sexes: Mapping[str, str], unit: str, refusals: Refusals
) -> tuple[pd.DataFrame, pd.DataFrame, Flow]:
    """Return the rows that a filter keeps, with and without those that are refused as a whole, and the flow so far.

    Parameters
    ----------
    where : Where, optional
    text : DataFrame of str
        Columns by our names, with patient_id and site; indexed by line.
    rows : DataFrame of str
        All columns, by the file's names; indexed likewise.
    sexes : mapping of str to {"F", "M"}
        The user's codes of the sexes.
    unit : {"years", "months", "days"}
        Of times, which are compared in years.
    refusals : Refusals
        Those of rows that could not even be read are kept; those of rows that take no part are forgotten.

    Raises
    ------
    DataError
        The filter keeps no row, or compares text with a number.
    """
    ragged = refusals.table.loc[lambda table: ~table["row"].isin(text.index), "row"]
    before = text.reindex(text.index.union(pd.Index(ragged)))
    flow = Flow().step(f"rows of {refusals.file}", before, before)
    if where is None:
        return text, before, flow
    known = {name: _meant(text[name], name, sexes, unit) for name in where.columns if name in text}
    own = {name: values.present(rows[name]) for name in where.columns if name not in text}
    cells = pd.DataFrame({**known, **own}, index=text.index)
    kept = text[where.holds(cells)]
    if kept.empty:
        shown = [f"{name} as {first[0]!r}" for name in cells if (first := cells[name].dropna().head(1).tolist())]
        mend = f"the table has {', '.join(shown) or 'no value'}"
        raise DataError(f"no row of {len(text)} fits {where.text}", KEY, mend)
    unknown = int(cells.isna().any(axis=1).sum())
    why = f"it does not hold; a value is missing or unclear in {unknown}" if unknown else "it does not hold"
    after = kept.reindex(kept.index.union(pd.Index(ragged)))
    refusals.only(after.index)
    return kept, after, flow.step(where.text, before, after, why if len(kept) < len(text) else "")


def _meant(cells: pd.Series, name: str, sexes: Mapping[str, str], unit: str) -> pd.Series:
    """Return what the cells of one of our columns mean: years, F and M, 1 and 0; dates as YYYY-MM-DD."""
    if name == "sex":
        return values.sex(cells, sexes)
    if name == "split":
        return values.split(cells)
    if name == "film_date":
        return values.date(cells).dt.strftime("%Y-%m-%d")
    if name in TIMES:
        return values.number(cells) / PER_YEAR[unit]
    if name in values.PARSERS:
        return values.PARSERS[name][0](cells)
    return values.flag(cells) if name.startswith(FINDING) else cells
