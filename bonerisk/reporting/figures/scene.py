"""One split of an evaluation at one horizon, or of one class: its tables, and the words that say whose figure it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.cohort.table import BONE_CLASSES
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import listed
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bonerisk.evaluation.tables.result import Result

ENOUGH = 0.95  # share of the films


@dataclass(frozen=True)
class Scene:
    """What the figures of one split and horizon share.

    Parameters
    ----------
    folder : Path
        For the figures.
    result : Result
    vocabulary : Vocabulary
    split : str
    horizon : float
        In years; NaN: figures of the whole follow-up, or of an outcome without times.
    bone_class : str
        A class against the rest; empty: figures of the outcome itself.
    """

    folder: Path
    result: Result
    vocabulary: Vocabulary
    split: str
    horizon: float = nan
    bone_class: str = ""

    def classes(self) -> Iterator[Scene]:
        """Scenes of each class against the rest, where the outcome is of classes."""
        for name in BONE_CLASSES if self.result.outcome == "ordinal" else ():
            yield replace(self, bone_class=name)

    def horizons(self) -> Iterator[Scene]:
        """Scenes of each horizon; this one where the outcome has none."""
        found = self.of(self.result.metrics)["horizon_years"].dropna().unique()
        for horizon in sorted(found):
            yield replace(self, horizon=horizon)
        if self.result.outcome != "survival":
            yield self

    @property
    def model(self) -> str:
        """The trained model that the evaluation is about, the first."""
        return next(model for model, role in self.result.roles.items() if role == "film")

    @property
    def roles(self) -> dict[str, str]:
        """Model → role of those that are drawn: the first trained one and what it has to beat, of this outcome.

        Other trained models, and what they add to baselines, would hide it: a figure of the report ranks them all. A
        model that is judged on some of the films alone is on other axes: its prevalence is another.
        """
        table = self.result.models
        shown = (table["concerns"] == self.result.target) & table["trained"].isin(["", self.model])
        shown &= ~table["model"].isin(self.of_other_films)
        return dict(table.loc[shown, ["model", "role"]].itertuples(index=False))

    @property
    def of_other_films(self) -> list[str]:
        """Models without a risk for more than one in twenty of the films."""
        judged = self.of(self.result.predictions).groupby("model", sort=False)["image_id"].nunique()
        return [str(model) for model in judged.index if judged[model] < ENOUGH * judged.get(self.model, 0)]

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows of this split, and horizon where there is one."""
        rows = table[table["split"] == self.split] if len(table) else table
        at_horizon = "horizon_years" in rows and not isnan(self.horizon)
        return rows[rows["horizon_years"] == self.horizon] if at_horizon else rows

    def ours(self, table: pd.DataFrame) -> pd.DataFrame:
        """The film model's rows among these."""
        rows = self.of(table)
        return rows[rows["model"] == self.model] if len(rows) else rows

    def curve(self, name: str) -> pd.DataFrame:
        """Points of a curve, of all models; empty where there are none."""
        points = self.of(self.result.curves.get(name, pd.DataFrame()))
        return points[points["class"] == self.bone_class] if "class" in points else points

    @property
    def where(self) -> str:
        """``Test: 140 films, 62 with low bone mass``, or, at a horizon, ``…, 9 with a fracture by 5 years``."""
        rows = self.ours(self.result.metrics)
        whole = rows[(rows["subgroup"] == "all") & (rows["reference"] == "") & (rows["metric"] != "incidence")]
        if whole.empty:
            return words.split(self.split)
        first = whole.iloc[0]  # of a ranking: all films, all events until the horizon
        if self.bone_class:
            n = int((self.ours(self.result.predictions)["label"] == BONE_CLASSES.index(self.bone_class)).sum())
            of_class = words.BONE_CLASSES[self.bone_class].lower()
            return f"{words.split(self.split)}: {self.vocabulary.counted(first['n'])}, {n:,} {of_class}"
        by = "" if isnan(self.horizon) else f" by {words.years(self.horizon)}"
        sizes = f"{self.vocabulary.counted(first['n'])}, {first['n_events']:,.0f} with {self.vocabulary.having}{by}"
        return f"{words.split(self.split)}: {sizes}"

    def save(self, figure: Figure, kind: str, title: str, numbers: str, more: str = "") -> None:
        """Save a figure as ``<kind>_<split>``, with ``_5y`` at a horizon, and `more`; `numbers` is for the alt text."""
        names = [kind, self.split, self.bone_class, words.in_file("", self.horizon), more]
        caption = f"{title}. {self.where}"
        left_out = [words.model(model) for model in self.of_other_films if self.result.roles[model] == "baseline"]
        why = f"Not drawn, as on some of these {self.vocabulary.rows.lower()} alone"
        beside = f". {why}: {listed(left_out)}" if left_out else ""
        name = "_".join(filter(None, names))
        save(figure, self.folder, name, f"{caption}{beside}", f"{caption}. {numbers}.")
