"""The T-score itself: the lowest of lumbar spine, femoral neck and total hip."""

from __future__ import annotations

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.classes import KNOWN_FROM, known
from bonerisk.cohort.targets.target import Target, Words
from bonerisk.errors import DataError


def rows(cohort: Cohort) -> Cohort:
    """Films with a T-score; a class alone is not enough."""
    chosen = known(cohort, "t_score", "T-score")
    train = chosen.table.loc[chosen.table["split"] == "train", "t_score"]
    if train.nunique() == 1:
        what = f"all {len(train)} films of the train split have the T-score {train.iloc[0]:g}: nothing can be learnt"
        mend = "bring films of other T-scores, or another split (dataset.split_seed, or a column `split`)"
        raise DataError(what, f"cohort {cohort.name}", mend)
    return chosen


WORDS = Words("T-score under −1.0", "a")
TARGET = Target("amount", ("t_score",), rows, WORDS, WORDS, KNOWN_FROM)
