"""The section on trainings: their history, and what they learnt if that can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.history import history, losses
from bonerisk.reporting.figures.importance import contributions, importance, ranked
from bonerisk.reporting.figures.ridge import ridge
from bonerisk.reporting.figures.style import Drawing, save
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.runs.epochs import Epochs, best, epochs_of, steps_of
from bonerisk.reporting.sections.cautions import beside
from bonerisk.reporting.tables import regression
from bonerisk.reporting.tables.proportional import proportional
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, listed, number
from bonerisk.runs.find import StoredRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 30  # features whose ratios are worth a table
MARGINS = {"XGBoostCox": "log hazard", "XGBoostAFT": "log time (less is worse)", "XGBoostBinary": "log odds"}
NAMED = 3  # features named in a figure's alternative text


ORDER = 50


def sections(page: Context) -> Iterator[Section]:
    """The one training, or those that were evaluated together; a sweep's are in "Runs compared"."""
    chain, figures = page.runs, page.figures
    judged = [each.named for each in chain.evaluations if len(each.named) > 1]
    alone = [(run.name, run) for run in chain.trainings] if len(chain.trainings) == 1 else []
    shown = list({run.folder.resolve(): (name, run) for each in [alone, *judged] for name, run in each}.values())
    parts: list[Part] = []
    notes = beside(chain)
    for place, (name, run) in enumerate(shown, start=1):
        own = notes.get(run.folder, [])
        parts += [Text(f"{words.model(name)}: {'. '.join(own)}.".replace("..", "."))] if own else []
        parts += _Training(words.model(name), run, figures, f"_{place}" if len(shown) > 1 else "").parts()
    none = "Training history: no train run was given. `bonerisk train model=… dataset=…` makes one."
    title = "Training" if len(shown) < 2 else "Trainings"
    yield Section(title, parts, missing=[] if chain.trainings else [none])


@dataclass(frozen=True)
class _Training:
    """A training, its model's name among the others, and a suffix for the names of its figures and tables."""

    name: str
    run: StoredRun
    figures: Path
    suffix: str

    def parts(self) -> list[Part]:
        """Figures and tables of the training."""
        epochs, steps = epochs_of(self.run), steps_of(self.run)
        parts: list[Part] = []
        if epochs is not None:
            parts += self._distilled()
            parts.append(self._epochs(epochs))
        if steps is not None:
            parts.append(self._steps(steps))
        if "coefficients.csv" in self.run.written:
            parts += self._regression()
        if "importance.csv" in self.run.written:
            parts += self._importance()
        return parts

    def _save(self, figure: Figure, name: str, title: str, alt: str) -> Drawing:
        return save(figure, self.figures, name + self.suffix, title, alt)

    def _distilled(self) -> list[Part]:
        """What the network was taught by, if it had a teacher; the training recorded it."""
        found = self.run.record.get("distillation")
        if not found:
            return []
        name = found["teacher"]
        teacher = f"the run {name}, whose weights stayed as they were"
        if name is None:
            teacher = "the exponential moving average of its own weights, which is what was kept"
        how = f"a share α = {found['alpha']:g} of the loss is the divergence from the teacher, "
        how += f"at temperature T = {found['temperature']:g}"
        return [Text(f"{self.name} was distilled: {how}. The teacher is {teacher}.")]

    def _epochs(self, epochs: Epochs) -> Drawing:
        row = epochs.kept
        text = f"epoch {row['epoch']:.0f} of {len(epochs.table)}, tuning {epochs.score} {number(row[epochs.decisive])}"
        alt = f"Loss and tuning {epochs.score} by epoch; kept: {text}."
        return self._save(history(epochs), "history", f"Training of {self.name}", alt)

    def _steps(self, steps: pd.DataFrame) -> Drawing:
        step, row = str(steps.columns[0]), best(steps)
        text = f"{step} {row[step]:.0f} of {len(steps)}, tuning loss {number(row['tune'], 3)}"
        alt = f"Loss on the training and the tuning split by {step}; kept: {text}."
        return self._save(losses(steps), "history", f"Training of {self.name}", alt)

    def _regression(self) -> list[Part]:
        """What a regression learnt."""
        learnt, fitted = (pd.read_csv(self.run.path(name)) for name in ("coefficients.csv", "history.csv"))
        parts: list[Part] = []
        if "penalty" in fitted:
            parts.append(self._penalty(fitted))
        if len(learnt) > FEW:
            text = f"The coefficients of all {len(learnt)} features of {self.name} are in the run's coefficients.csv."
            return [*parts, Text(text)]
        if regression.ratio_of(learnt):
            parts.append(self._named(regression.coefficients(learnt, self._read("terms.csv"), fitted)))
        changes = self._read("proportional.csv")
        return parts if changes is None else [*parts, self._named(proportional(changes))]

    def _read(self, name: str) -> pd.DataFrame | None:
        return pd.read_csv(self.run.path(name)) if name in self.run.written else None

    def _named(self, table: Table) -> Table:
        title = f"{table.title}: {self.name}" if self.suffix else table.title
        return Table(table.name + self.suffix, title, table.frame, table.notes, table.group)

    def _penalty(self, path: pd.DataFrame) -> Drawing:
        highest = path.iloc[path["score"].argmax()]
        within = path[path["score"] >= highest["score"] - highest["standard_error"]]
        one_se = self.run.config["head"].get("choice") == "one_se"
        chosen = within["penalty"].max() if one_se else highest["penalty"]
        how = "the largest within one standard error of the best" if one_se else "the best"
        title = f"Penalty of {self.name} by cross-validation, ± 1 standard error; the circle is the one taken, {how}"
        limits = f"between {path['penalty'].min():.3g} and {path['penalty'].max():.3g}"
        return self._save(ridge(path, chosen), "penalty", title, f"{title}: {chosen:.3g}, of {len(path)} {limits}.")

    def _importance(self) -> list[Part]:
        """Importance of the features of trees: AI-CXR's Extended Data Figure 1 (A)."""
        table = ranked(pd.read_csv(self.run.path("importance.csv")))
        if table.empty:
            return [Text(f"{self.name} uses no feature.")]
        first = listed(table["name"][:NAMED])
        title = f"What {self.name} looks at: share of the trees' gain, and mean |SHAP| on the tuning split"
        parts: list[Part] = [self._save(importance(table), "importance", title, f"{title}. First by SHAP: {first}.")]
        names = ("contributions.parquet", "features.parquet")
        if all(name in self.run.written for name in names):
            shap, values = (pd.read_parquet(self.run.path(name)).set_index("image_id") for name in names)
            margin = MARGINS.get(str(self.run.config["head"].get("_target_")).rpartition(".")[2], "margin")
            title = f"What each feature adds to the {margin} by {self.name}: one point per row of the tuning split"
            alt = f"{title}, {count(len(shap))} rows. The colour is the feature's value among them."
            parts.append(self._save(contributions(table, shap, values), "contributions", title, alt))
        return parts
