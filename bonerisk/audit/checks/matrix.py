"""Rates beside the confusion matrix that they are said to be of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bonerisk.audit.finding import Finding
from bonerisk.audit.rates import of_matrix, printed
from bonerisk.audit.tables import Printed

TITLE = "Rates that the confusion matrix above them doesn't give"


def findings(document: Sequence[Printed]) -> Iterator[Finding | None]:
    """Sensitivity, specificity, PPV, NPV, accuracy and F1 follow from the four counts, but for their rounding."""
    for unit in (unit for table in document for unit in table.units):
        if unit.confusion is None:
            continue
        recomputed = of_matrix(*(np.array(float(count)) for count in unit.confusion))
        for name, number in printed(unit).items():
            value = float(recomputed[name])
            if np.isnan(value) or number.admits(value):
                yield None
                continue
            tp, fn, fp, tn = unit.confusion
            note = f"from TP {tp:,}, FN {fn:,}, FP {fp:,}, TN {tn:,}"
            text, size = unit.said[name].text, abs(value - number.value)
            yield Finding(unit.table, f"{unit.label}: {name}", text, f"{value:.4f}", size, note)
