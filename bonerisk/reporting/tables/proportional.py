"""Whether the hazard ratios of a Cox training hold over the whole follow-up."""

from __future__ import annotations

import pandas as pd

from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import interval, number, p_value
from bonerisk.reporting.wording.rows import rows_of

DECIMALS = 3  # of a ratio per unit, which may be near 1


def proportional(table: pd.DataFrame) -> Table:
    """Hazard ratios early and late.

    Parameters
    ----------
    table : DataFrame
        proportional.csv: name, hazard_ratio_early, hazard_ratio_late, ratio, ratio_lower, ratio_upper, p_value, note,
        split_time_years; the last row, GLOBAL, has the test of all features together and no ratios.
    """
    marks, rows = Footnotes(), []
    for row in rows_of(table):
        ratio = interval(row.ratio, row.ratio_lower, row.ratio_upper, decimals=DECIMALS)
        note = row.note if isinstance(row.note, str) else ""
        early, late = (number(value, DECIMALS) for value in (row.hazard_ratio_early, row.hazard_ratio_late))
        name = "All features together" if row.name == "GLOBAL" else words.feature(row.name)
        rows.append([name, early, late, marks.mark(ratio, note), p_value(row.p_value)])
    split = f"{number(table['split_time_years'].iloc[0], 2)} years"
    heads = ["Feature", f"Hazard ratio until {split}", "Afterwards", "Late / early (95% CI)", "p"]
    notes = (
        "Half of the events happened before that time. Look at the size of the change (1: none): with many events a "
        "small change has a small p, with few events a large change has a large p. p: score test of a trend over time.",
        *marks.notes(),
    )
    frame = pd.DataFrame(rows, columns=heads)
    return Table("proportional", "Hazard ratios over time (proportional hazards)", frame, notes)
