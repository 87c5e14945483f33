"""Nobody is evaluated on whom something was fitted."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.errors import DataError

SHOWN = 5  # patients named in an error


def refuse_seen(table: pd.DataFrame, seen: pd.DataFrame, what: str) -> None:
    """Stop where a patient (within site) of `table` is among those of `seen`.

    Parameters
    ----------
    table, seen : DataFrame
        With `patient_id` and `site`.
    what : str
        What was fitted on `seen`, such as "thresholds".

    Raises
    ------
    DataError
        Names the first of them.
    """
    both = table.loc[patients(table).isin(set(patients(seen))), ["patient_id", "site"]].drop_duplicates()
    if len(both):
        names = ", ".join(f"{patient} (site {site})" for patient, site in both.head(SHOWN).to_numpy())
        raise DataError(
            f"{len(both)} patients to be evaluated are among those on whom {what} were fitted",
            where=f"patient {names}{', …' if len(both) > SHOWN else ''}",
            mend="evaluate other patients; where two people share an id, tell them apart by `site`",
        )
