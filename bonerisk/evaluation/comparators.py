"""What a film's risk is compared with: logistic baselines, the gain over them, and what the truth itself could reach.

- *baseline*: clinical columns, fitted on the training split.
- *combined*: the film's log odds with the columns of the fullest baseline, against *refitted*: those columns alone.
  Both are fitted on the same tuning patients, so that the difference between them is the film. (On training patients
  the network's risk is far better than on others, and the combined model would trust it too much; on tuning it is
  a little better still, where early stopping chose the weights by it.)
- *oracle*: a column `oracle_<name>` of simulated films. No probability.

Film and baselines get every metric, the others those of ranking.

References
----------
Steyerberg et al. 2010, Epidemiology 21:128, and Pepe et al. 2013, Stat Med 32:1467 (gain over an established model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bonerisk.errors import DataError
from bonerisk.evaluation.calibration import log_odds
from bonerisk.evaluation.wide import Wide
from bonerisk.heads import logistic

FILM_LOG_ODDS = "log odds of the film"


@dataclass
class Comparison:
    """All models of an evaluation.

    Parameters
    ----------
    test, tuning : Wide
        Films to be evaluated, and those on which thresholds are fitted.
    kinds : dict
        Model → film, baseline, refitted, combined or oracle.
    pairs : list of tuple
        (model, reference) of each paired difference.
    notes : dict
        Model → what a reader must know of it; why it could not be fitted.
    """

    test: Wide
    tuning: Wide
    kinds: dict[str, str]
    pairs: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def graded(self) -> list[str]:
        """Models whose probabilities and thresholds are judged: the others are there for their ranking alone."""
        return [model for model, kind in self.kinds.items() if kind in ("film", "baseline")]


def compare(test: Wide, tuning: Wide, training: pd.DataFrame, baselines: Sequence[Sequence[str]]) -> Comparison:
    """Add baselines, combined models and oracles to the film models of `test` and `tuning`.

    Parameters
    ----------
    test, tuning : Wide
        With the risks of the film models.
    training : DataFrame
        The training split: `label` and the baselines' columns.
    baselines : sequence of sequence of str
        Columns of each baseline; the last of which all columns are there is the one that combined models start from.
    """
    films = test.models
    comparison = Comparison(test, tuning, dict.fromkeys(films, "film"))
    for columns in baselines:
        _add(comparison, " + ".join(columns), "baseline", training, columns)
        comparison.pairs += [(film, " + ".join(columns)) for film in films]
    full = [columns for columns in baselines if set(columns) <= set(training) & set(tuning.films)]
    if full:
        _add_gain(comparison, films, full[-1])
    names = [name for name in map(str, test.films) if name.startswith("oracle_")]
    oracles = {name: test.films[name].to_numpy(float) for name in names}
    comparison.test = comparison.test.add(oracles)
    comparison.kinds |= dict.fromkeys(oracles, "oracle")
    return comparison


def _add_gain(comparison: Comparison, films: list[str], columns: Sequence[str]) -> None:
    clinical = " + ".join(columns)
    reference = f"{clinical} (tuning)"
    _add(comparison, reference, "refitted", _with_film(comparison.tuning, None), columns)
    for film in films:
        name = f"{film} + {clinical}"
        _add(comparison, name, "combined", _with_film(comparison.tuning, film), [FILM_LOG_ODDS, *columns], film)
        comparison.pairs.append((name, reference))


def _add(
    comparison: Comparison, name: str, kind: str, table: pd.DataFrame, columns: Sequence[str], film: str | None = None
) -> None:
    """Fit a logistic model on `table` and add its risks: missing ones, and a note, where that can't be done."""
    test, tuning = _with_film(comparison.test, film), _with_film(comparison.tuning, film)
    comparison.kinds[name] = kind
    try:
        model = logistic.fit(table, columns)
        risks, tuning_risks = model.risk(test), model.risk(tuning)
        comparison.notes[name] = _note(model, kind)
    except DataError as error:
        risks, tuning_risks = np.full(len(test), np.nan), np.full(len(tuning), np.nan)
        comparison.notes[name] = f"not fitted: {error.what}"
    comparison.test = comparison.test.add({name: risks})
    comparison.tuning = comparison.tuning.add({name: tuning_risks})


def _with_film(wide: Wide, film: str | None) -> pd.DataFrame:
    return wide.films if film is None else wide.films.assign(**{FILM_LOG_ODDS: log_odds(wide.risks[film].to_numpy())})


def _note(model: logistic.Logistic, kind: str) -> str:
    parts = {
        "fitted on the tuning split": kind in ("refitted", "combined"),
        f"fitted without {model.n_missing} films that miss a value": model.n_missing,
        f"{', '.join(model.design.constant)} constant where fitted": model.design.constant,
    }
    return "; ".join(text for text, holds in parts.items() if holds)
