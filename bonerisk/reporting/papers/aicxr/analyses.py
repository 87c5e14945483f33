"""AI-CXR's three analyses: its risk where there is a T-score, DXA on the same films, its risk where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import pandas as pd

from bonerisk.cohort.classes import bone_class
from bonerisk.reporting.wording import words

SEXES = {"sex=F": "Female", "sex=M": "Male"}
AGES = {"age_decade=<60": "< 60", "age_decade=60-69": "60–69", "age_decade=70-79": "70–79", "age_decade=80+": "> 79"}


@dataclass(frozen=True)
class Analysis:
    """One way to part films into high and low risk, among those with or without a T-score.

    Parameters
    ----------
    name : str
        ``main``, ``dxa`` or ``secondary``.
    model : str
        As the tables of the evaluation call it.
    stratum : str
        Subgroup in them: ``dxa=yes`` or ``dxa=no``.
    threshold : str
        Name of the cut-off.
    cut : float
        Its value: of the model's risk, or of the T-score.
    """

    name: str
    model: str
    stratum: str
    threshold: str
    cut: float

    @property
    def by_t_score(self) -> bool:
        """Whether the T-score parts the films, not a model."""
        return self.name == "dxa"

    @property
    def title(self) -> str:
        """``film, with T-score``."""
        return {"main": "film, with T-score", "dxa": "T-score", "secondary": "film, no T-score"}[self.name]

    @property
    def groups(self) -> dict[str, str]:
        """Name of each group: ``High risk``, or ``T ≤ −2.5``."""
        if not self.by_t_score:
            return {"high": "High risk", "low": "Low risk"}
        cut = f"{self.cut:g}".replace("-", "−")
        return {"high": f"T ≤ {cut}", "low": f"T > {cut}"}

    def films(self, predictions: pd.DataFrame, split: str) -> dict[str, pd.DataFrame]:
        """Rows of the predictions table in each group; `predictions` has a row a film and model."""
        rows = predictions[predictions["split"] == split]
        rows = rows.drop_duplicates("image_id") if self.by_t_score else rows[rows["model"] == self.model]
        rows = rows[rows["t_score"].notna() == (self.stratum == "dxa=yes")]
        high = bone_class(rows["t_score"]) == "osteoporosis" if self.by_t_score else rows["risk"] >= self.cut
        return {"high": rows[high], "low": rows[~high]}

    def within(self, table: pd.DataFrame, split: str) -> pd.DataFrame:
        """Rows of a table within strata (`bonerisk.evaluation.tables.strata`) that are of this analysis."""
        chosen = (table["split"] == split) & (table["model"] == self.model) & (table["subgroup"] == self.stratum)
        return table[chosen]

    def risk(self, predictions: pd.DataFrame, split: str, horizon: float) -> pd.Series:
        """Predicted probability of the event by a horizon, of the films to which the model gives one."""
        rows = predictions[(predictions["split"] == split) & (predictions["model"] == self.model)]
        rows = rows[rows["t_score"].notna() == (self.stratum == "dxa=yes")]
        return 1 - rows[f"survival_{horizon:g}y"].dropna()

    def row(
        self,
        metrics: pd.DataFrame,
        split: str,
        metric: str,
        within: str = "",
        threshold: str = "",
        horizon: float = nan,
    ) -> pd.Series | None:
        """Row of metrics of the arm or, with `within`, of a crossing, as ``sex=F``; None where there is none."""
        subgroup = " & ".join(filter(None, [self.stratum, within]))
        chosen = (metrics["split"] == split) & (metrics["model"] == self.model) & (metrics["subgroup"] == subgroup)
        chosen &= (metrics["metric"] == metric) & (metrics["reference"] == "") & (metrics["threshold"] == threshold)
        at = metrics["horizon_years"].isna() if pd.isna(horizon) else metrics["horizon_years"] == horizon
        found = metrics[chosen & at]
        return found.iloc[0] if len(found) else None


def analyses(metrics: pd.DataFrame, model: str, thresholds: Mapping[str, float]) -> list[Analysis]:
    """Those that an evaluation has, in the paper's order; none where films were not parted by T-score.

    Parameters
    ----------
    metrics : DataFrame
        Long form.
    model : str
        The one that the evaluation is about.
    thresholds : mapping
        Name → value of its thresholds; the first that parts films in a stratum is taken.
    """
    parted = metrics[metrics["subgroup"].str.startswith("dxa=") & metrics["subgroup"].str.contains("risk=high")]
    found = []
    for name, whose, stratum in (
        ("main", model, "dxa=yes"),
        ("dxa", "t_score", "dxa=yes"),
        ("secondary", model, "dxa=no"),
    ):
        rows = parted[(parted["model"] == whose) & parted["subgroup"].str.startswith(stratum)]
        names = [each for each in map(str, rows["threshold"].unique()) if name == "dxa" or each in thresholds]
        if names:
            cut = float(names[0]) if name == "dxa" else thresholds[names[0]]
            found.append(Analysis(name, whose, stratum, names[0], cut))
    return found


def splits(metrics: pd.DataFrame, found: Sequence[Analysis]) -> list[str]:
    """Splits in which any arm has films, in order."""
    models, strata = {arm.model for arm in found}, {arm.stratum for arm in found}
    there = metrics[metrics["model"].isin(models) & metrics["subgroup"].isin(strata)]["split"].unique()
    return [name for name in words.SPLITS if name in there] + [name for name in there if name not in words.SPLITS]
