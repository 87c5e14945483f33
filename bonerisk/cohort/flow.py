"""The flow of a cohort: what each step kept and dropped, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Flow:
    """Steps from a source to the rows used; each call of `step` returns a longer flow.

    >>> import pandas as pd
    >>> films = pd.DataFrame({"patient_id": ["a", "b", "b"], "site": "x", "age_years": [47, 58, 61]})
    >>> older = films[films["age_years"] >= 50]
    >>> flow = Flow().step("rows of label.csv", films, films)
    >>> flow = flow.step("age 50 or over", films, older, "WHO's classes are meant from 50 years on")
    >>> flow.table[["step", "kept", "dropped", "kept_patients"]]
                    step  kept  dropped  kept_patients
    0  rows of label.csv     3        0              2
    1     age 50 or over     2        1              1
    """

    steps: tuple[tuple[str, int, int, int, str], ...] = ()

    def step(self, name: str, before: pd.DataFrame, after: pd.DataFrame, reason: str = "") -> Flow:
        """Return the flow with one more step.

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
        """Columns `step`, `kept` and `dropped` (images), `kept_patients`, `reason`; one row per step."""
        import pandas as pd

        return pd.DataFrame(self.steps, columns=["step", "kept", "dropped", "kept_patients", "reason"])
