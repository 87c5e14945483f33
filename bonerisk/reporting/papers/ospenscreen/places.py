"""The sets that OsPenScreen judges one by one: each hospital of each split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.rows import Row

BY = "site="
BINARY = "auc"  # which only a yes-or-no outcome has


@dataclass(frozen=True)
class Place:
    """Films of a hospital in a split.

    Parameters
    ----------
    split, site : str
    model : str
        The one that the evaluation is about.
    """

    split: str
    site: str
    model: str

    @property
    def head(self) -> tuple[str, str]:
        """Heads of its column, from the top: ``External test``, ``town``."""
        return words.split(self.split), self.site

    @property
    def name(self) -> str:
        """``External test, town``."""
        return ", ".join(self.head)

    def subgroup(self, within: str = "") -> str:
        """Name of its subgroup, or of one crossed with it: ``site=town & sex=F``."""
        return " & ".join(filter(None, [BY + self.site, within]))

    def films(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Its rows in a table of predictions."""
        here = (predictions["split"] == self.split) & (predictions["site"].astype(str) == self.site)
        return predictions[here & (predictions["model"] == self.model)]

    def row(self, table: pd.DataFrame, metric: str = "", within: str = "", threshold: str = "") -> Row | None:
        """Its row of metrics, of gaps or, without a metric, of confusion; None where there is none."""
        chosen = (table["split"] == self.split) & (table["model"] == self.model)
        chosen &= (table["subgroup"] == self.subgroup(within)) & (table["threshold"] == threshold)
        if metric:
            chosen &= table["metric"] == metric
        if "reference" in table:
            chosen &= table["reference"] == ""
        found = table[chosen]
        return found.iloc[0] if len(found) else None


def places(metrics: pd.DataFrame, model: str) -> list[Place]:
    """Those that an evaluation of a yes-or-no outcome has, in order; none where it was not by hospital."""
    rows = metrics[(metrics["model"] == model) & (metrics["metric"] == BINARY)]
    rows = rows[rows["subgroup"].str.startswith(BY) & ~rows["subgroup"].str.contains(" & ")]
    names = dict.fromkeys(zip(rows["split"], rows["subgroup"].str.removeprefix(BY), strict=True))
    order = [*words.SPLITS, *rows["split"].unique()]
    return [Place(split, site, model) for split, site in sorted(names, key=lambda name: order.index(name[0]))]


def cut_off(thresholds: Sequence[str] | Mapping[str, float]) -> str:
    """The threshold of the tables: the first, 0.5 as printed where it is the default."""
    return next(iter(thresholds))
