"""A table of films that only loses rows: the flow counts each step, and films refused for their data are listed."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import REJECTED
from bonerisk.errors import RowsRefusedError


class Selection:
    """Films on their way to a cohort.

    Parameters
    ----------
    films : DataFrame
        Columns `site`, `patient_id`, `image_id`, `image_path` at least.
    start : str
        Name of the first step, as "films in the folder".

    Attributes
    ----------
    table : DataFrame
        The films that are left.
    flow : Flow
    rejected : list of DataFrame
        Columns `REJECTED`: films with wrong data, not those that a rule leaves out.
    """

    def __init__(self, films: pd.DataFrame, start: str) -> None:
        self.table = films
        self.flow = Flow().step(start, films, films)
        self.rejected: list[pd.DataFrame] = []

    def keep(self, name: str, kept: pd.Series, reason: str = "", mend: str = "") -> None:
        """Keep the films of a mask; a step that leaves none is an error, with `mend`.

        Raises
        ------
        RowsRefusedError
            No film is left.
        """
        after = self.table[kept]
        self.flow = self.flow.step(name, self.table, after, reason if len(after) < len(self.table) else "")
        if after.empty:
            why = f" ({reason})" if reason else ""
            what = f"no film is left after the step “{name}”{why}:\n{self.summary}"
            raise RowsRefusedError(what, "dataset.rules", mend, self.refused)
        self.table = after

    @property
    def refused(self) -> pd.DataFrame:
        """Columns `REJECTED`: the films refused so far."""
        return pd.concat([pd.DataFrame(columns=list(REJECTED)), *self.rejected], ignore_index=True)

    @property
    def summary(self) -> str:
        """The steps so far, one line each."""
        return "\n".join(f"  {step}: {left} of {left + lost}" for step, left, lost, _, _ in self.flow.steps)

    def refuse(self, name: str, problem: pd.Series, column: str) -> None:
        """Refuse the films that have a `problem` (text; None where there is none) in a column, and list them."""
        wrong = problem.notna()
        there = self.table[wrong]
        listed = there[["image_id", "patient_id"]].assign(
            file=there["image_path"], column=column, reason=problem[wrong].astype("object")
        )
        if len(listed):
            self.rejected.append(listed.reindex(columns=list(REJECTED)))
        reasons = ", ".join(f"{reason} ({count})" for reason, count in problem[wrong].value_counts().items())
        self.keep(name, ~wrong, reasons)
