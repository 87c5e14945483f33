"""What a film's risk is compared with: clinical baselines, models with and without the film, and the truth itself.

- *baseline*: clinical columns, fitted on the training split: logistic, multinomial, linear or Cox, by the outcome.
- *combined*: the film's risk (its log odds, or its linear predictor) with clinical columns, by default those of the
  fullest baseline, against *refitted*: those columns alone. Both are fitted on the same tuning patients, so that the
  difference between them is the film. (On training patients the network's risk is far better than on others, and the
  combined model would rely on it too much; on tuning it is still a little better where early stopping chose the weights
  by it.)
- *rule*: a clinical score (`bonerisk.evaluation.models.clinical_scores`), as a probability by a logistic regression on
  the tuning split, which keeps its ranking; judged at its published cut-off, too. One that was made for another outcome
  or horizon is taken as it is.
- *oracle*: a column `oracle_<name>` of simulated films. No probability.

Models with probabilities (film models, baselines, recalibrated ones, most rules) have every metric, the others those of
ranking. The first of several film models is the reference of the others, and the one that combined models take; if it
has no risks on tuning, as two stages, there are no combined models.

References
----------
Steyerberg et al. 2010, Epidemiology 21:128, and Pepe et al. 2013, Stat Med 32:1467 (gain over an established model).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.models.clinical_scores import ClinicalScore
from bonerisk.evaluation.outcomes.outcome import ClinicalModel, Films, Outcome
from bonerisk.evaluation.samples.risk_table import RiskTable
from bonerisk.evaluation.samples.subgroups import demand_no_misspelling

FILM = "risk of the film"
Role = Literal["film", "baseline", "refitted", "combined", "recalibrated", "rule", "oracle"]
ROUNDING = 1e-9  # of a risk: one that equals the cut-off is positive, whatever its last bit
GRADED = ("film", "baseline", "recalibrated")
Given = tuple[np.ndarray, Mapping[float, np.ndarray], Mapping[str, np.ndarray]]  # what `RiskTable.add` takes


@dataclass(frozen=True)
class Compared:
    """What one model of an evaluation is.

    Parameters
    ----------
    role : {"film", "baseline", "refitted", "combined", "recalibrated", "rule", "oracle"}
    trained : str
        The trained model whose risk it takes, itself for a trained one; empty if it takes none.
    columns : tuple of str
        Clinical columns that it was fitted to.
    note : str
        What a reader must know of it; why it could not be fitted.
    cuts : tuple of Threshold
        Published cut-offs of a rule, on its risk; empty if it has no probability, and is judged by its ranking alone.
    """

    role: Role
    trained: str = ""
    columns: tuple[str, ...] = ()
    note: str = ""
    cuts: tuple[Threshold, ...] = ()


@dataclass
class Comparison(Generic[Films]):
    """All models of an evaluation.

    Parameters
    ----------
    kind : Binary or Survival
        How the outcome is evaluated.
    test, tuning : RiskTable
        Films to be evaluated, and those on which thresholds are fitted.
    models : dict
        Name → `Compared`, in the order of the tables.
    pairs : list of tuple
        (model, reference) of each paired difference.
    """

    kind: Outcome[Films, Any]
    test: RiskTable
    tuning: RiskTable
    models: dict[str, Compared]
    pairs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def graded(self) -> list[str]:
        """Models whose probabilities and thresholds are judged: the others are there for their ranking alone."""
        return [name for name, model in self.models.items() if model.role in GRADED or model.cuts]

    @property
    def films(self) -> list[str]:
        """Film models."""
        return [name for name, model in self.models.items() if model.role == "film"]

    def tuning_sample(self, model: str) -> Films:
        """Tuning films with what a model predicts of them, where it has a risk."""
        known = self.tuning.risks[model].notna()
        predicted = {horizon: of[known].to_numpy() for horizon, of in self.tuning.probabilities(model).items()}
        risk = self.tuning.risks.loc[known, model].to_numpy()
        patient = pd.factorize(patients(self.tuning.films[known]), sort=True)[0]
        return self.kind.sample(self.tuning.seen_by(model)[known], risk, patient, predicted)


def compare(
    kind: Outcome[Films, Any],
    test: RiskTable,
    tuning: RiskTable,
    training: pd.DataFrame,
    own: Sequence[str] = (),
    every_pair: bool = False,
) -> Comparison[Films]:
    """Add baselines, combined models and oracles to the film models of `test` and `tuning`.

    Parameters
    ----------
    kind : Binary or Survival
        With the columns of each baseline, and of each clinical model that combined models start from; by default of
        the last baseline of which all columns are there.
    test, tuning : RiskTable
        With the risks of the film models.
    training : DataFrame
        The training split: the outcome and the baselines' columns.
    own : sequence of str
        Columns that the models have learnt from: a baseline of the same is left out, and so is the gain over columns
        that are all among them.
    every_pair : bool
        Whether film models are compared with each other, not only with the first.
    """
    films = test.models
    comparison = Comparison(kind, test, tuning, {film: Compared("film", film) for film in films})
    known = {str(name) for name in training if training[name].notna().any()} & set(map(str, tuning.films))
    for columns in kind.baselines:
        for column in columns:
            demand_no_misspelling(column, list(map(str, training)), "evaluation baselines")
        if not set(columns) & known or set(columns) == set(own):
            continue  # a table of other columns altogether, or the model itself
        name = _add(comparison, " + ".join(columns), Compared("baseline", columns=tuple(columns)), training)
        comparison.pairs += [(film, name) for film in films]
    for columns in _gains(kind, training, known):
        if not set(columns) <= set(own) and tuning.risks[films[0]].notna().any():
            _add_gain(comparison, films[0], columns)
    for name, score in kind.rules.items():
        if score.cut is None:
            _add_ranked(comparison, name, score)
        else:
            _add_rule(comparison, name, score, score.cut)
    pairs = [(later, film) for place, film in enumerate(films) for later in films[place + 1 :]]
    comparison.pairs += pairs if every_pair else [pair for pair in pairs if pair[1] == films[0]]
    for name in map(str, test.films):
        if name.startswith("oracle_"):
            comparison.test = comparison.test.add(name, test.films[name].to_numpy(float))
            comparison.models[name] = Compared("oracle")
    return comparison


def _add_ranked(comparison: Comparison, name: str, score: ClinicalScore) -> None:
    """A score as it is, for its ranking; nothing where the films lack a column of it."""
    films = comparison.test.films
    for column in score.columns:
        demand_no_misspelling(column, list(map(str, films)), "evaluation rules")
    if not score.lacks(films):
        comparison.test = comparison.test.add(name, score.risk(films))
        comparison.models[name] = Compared("rule", note=score.note)
        comparison.pairs += [(film, name) for film in comparison.films]


def _add_rule(comparison: Comparison, name: str, score: ClinicalScore, cut: float) -> None:
    """A clinical score as a probability, by a regression on the tuning split; as it is where that can't be fitted.

    A score that is lower in those with the outcome stays as it is: the regression would turn it around.
    """
    tables = {which: getattr(comparison, which) for which in ("test", "tuning")}
    risks = {which: np.full(len(wide.films), np.nan) for which, wide in tables.items()}
    notes = [score.note]
    cuts: tuple[Threshold, ...] = ()
    if absent := sorted({column for wide in tables.values() for column in score.lacks(wide.films)}):
        notes.append(f"not computed: no column {', '.join(absent)}")
    else:
        risks = {which: score.risk(wide.films) for which, wide in tables.items()}
        try:
            model = comparison.kind.fit(tables["tuning"].films.assign(**{name: risks["tuning"]}), [name])
            ends = model.risk(pd.DataFrame({name: [0.0, 1.0, cut]}))
            if not ends[1] > ends[0]:
                raise DataError("it does not rise with the outcome on tuning")
        except DataError as error:
            notes.append(f"no probability: {error.what}")
        else:
            risks = {which: model.risk(pd.DataFrame({name: risk})) for which, risk in risks.items()}
            cuts = (Threshold(score.label, float(ends[2]) * (1 - ROUNDING)),)
            notes.append("probabilities by logistic regression on the tuning split")
    own = name if name not in comparison.models else f"{name} (rule)"
    comparison.models[own] = Compared("rule", note="; ".join(notes), cuts=cuts)
    for which, wide in tables.items():
        setattr(comparison, which, wide.add(own, risks[which]))
    comparison.pairs += [(film, own) for film in comparison.films]


def _gains(kind: Outcome[Films, Any], training: pd.DataFrame, known: Set[str]) -> list[Sequence[str]]:
    """Columns of each clinical model that the film's risk is added to, of those that are all there."""
    for column in {column for columns in kind.gains or () for column in columns}:
        demand_no_misspelling(column, list(map(str, training)), "evaluation gains")
    asked = kind.baselines if kind.gains is None else kind.gains
    full = [columns for columns in asked if set(columns) <= known]
    return full[-1:] if kind.gains is None else full


def _add_gain(comparison: Comparison, film: str, columns: Sequence[str]) -> None:
    """Clinical columns with and without a film's risk, fitted on the same tuning films."""
    clinical, tuning = " + ".join(columns), comparison.tuning
    rows = tuning.films[tuning.risks[film].notna()]
    alone, both = Compared("refitted", columns=tuple(columns)), Compared("combined", film, tuple(columns))
    reference = _add(comparison, f"{clinical} (tuning)", alone, rows)
    name = _add(comparison, f"{film} + {clinical}", both, _with_film(comparison, tuning, film))
    comparison.pairs.append((name, reference))


def _add(comparison: Comparison, name: str, what: Compared, table: pd.DataFrame) -> str:
    """Fit a model on `table` and add its risks: missing ones, and a note, where that can't be done.

    Returns the name it got, which is another where a model is called so already.
    """
    while name in comparison.models:
        name += f" ({what.role})"
    comparison.models[name] = what  # it keeps its place among the models; the note follows
    given = {which: getattr(comparison, which) for which in ("test", "tuning")}
    found: dict[str, Given] = {which: (np.full(len(wide.films), np.nan), {}, {}) for which, wide in given.items()}
    try:
        model = comparison.kind.fit(table, [*([FILM] if what.trained else []), *what.columns])
        note = _note(model, what.role)
        for which, wide in given.items():
            rows = _with_film(comparison, wide, what.trained)
            predicted = comparison.kind.predicted(model, rows, list(wide.predicted))
            found[which] = model.risk(rows), predicted, comparison.kind.classes(model, rows)
    except DataError as error:
        note = f"not fitted: {error.what}"
    comparison.models[name] = replace(what, note=note)
    for which, wide in given.items():
        setattr(comparison, which, wide.add(name, *found[which]))
    return name


def _with_film(comparison: Comparison, wide: RiskTable, film: str) -> pd.DataFrame:
    """The films, with the risk that the trained model `film` gives them as a column; as they are where it is empty."""
    if not film:
        return wide.films
    return wide.films.assign(**{FILM: comparison.kind.term(wide.risks[film].to_numpy())})


def _note(model: ClinicalModel, role: Role) -> str:
    parts = {
        "fitted on the tuning split": role in ("refitted", "combined"),
        f"fitted without {model.n_missing} films that miss a value": model.n_missing,
        f"{', '.join(model.design.constant)} constant where fitted": model.design.constant,
    }
    said = getattr(model, "notes", ())  # a Cox model may have some, a logistic one has none
    return "; ".join([*(text for text, holds in parts.items() if holds), *said])
