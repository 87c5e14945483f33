"""The parts of a cohort that a reader sees side by side: its splits, and apart from them films with a proxy label."""

from __future__ import annotations

import pandas as pd

from bonerisk.cohort.proxies import is_proxy
from bonerisk.cohort.table import SPLITS
from bonerisk.reporting.wording import words


def parts_of(cohort: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of each split, by its name in a head; rows whose label a model made follow as a part of their own.

    >>> films = pd.DataFrame({"split": ["test", "train", "train"], "label_origin": ["dxa", "proxy", "dxa"]})
    >>> {name: list(part.index) for name, part in parts_of(films).items()}
    {'Training': [2], 'Training, proxy labels': [1], 'Test': [0]}
    """
    proxy = is_proxy(cohort)
    found: dict[str, pd.DataFrame] = {}
    for split in SPLITS:
        here = cohort["split"] == split
        name = words.split(split)
        found |= {name: cohort[here & ~proxy], f"{name}, proxy labels": cohort[here & proxy]}
    return {name: part for name, part in found.items() if len(part)}
