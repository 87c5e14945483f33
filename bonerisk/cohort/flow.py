"""The flow of a cohort: what each step kept and dropped, and why."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Flow:
    """Steps from a source to the rows used; each call of `step` returns a longer flow.

    >>> flow = Flow().step("rows of label.csv", table, table)
    >>> flow = flow.step("age 50 or over", table, older, "WHO's classes are meant from 50 years on")
    >>> flow.table.to_csv("flow.csv", index=False)
    """

    steps: tuple[tuple[str, int, int, int, str], ...] = ()

    def step(self, name: str, before: pd.DataFrame, after: pd.DataFrame, reason: str = "") -> Flow:
        """Return the flow with one step more.

        Parameters
        ----------
        name : str
            What the rows kept have in common, such as "age 50 or over".
        before, after : DataFrame
            Rows (images) with `patient_id` and `site`, before and after.
        reason : str
            Why the others were dropped.
        """
        kept_patients = len(after[["site", "patient_id"]].dropna(subset="patient_id").drop_duplicates())
        return Flow((*self.steps, (name, len(after), len(before) - len(after), kept_patients, reason)))

    @property
    def table(self) -> pd.DataFrame:
        """Columns `step`, `kept` and `dropped` (images), `kept_patients`, `reason`; a row a step."""
        return pd.DataFrame(self.steps, columns=["step", "kept", "dropped", "kept_patients", "reason"])
