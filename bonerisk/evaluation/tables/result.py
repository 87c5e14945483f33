"""The result of an evaluation and its files; each table is declared once."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import pandas as pd

from bonerisk.errors import RunError
from bonerisk.evaluation.metrics_table import CONFUSION, METRICS
from bonerisk.evaluation.tables import strata
from bonerisk.evaluation.tables.characteristics import GROUPS
from bonerisk.evaluation.tables.class_counts import CLASS_COUNTS
from bonerisk.evaluation.tables.differences import DIFFERENCES
from bonerisk.evaluation.tables.gaps import GAPS
from bonerisk.evaluation.tables.hazards import HAZARDS
from bonerisk.evaluation.tables.models import MODELS
from bonerisk.runs.find import StoredRun
from bonerisk.runs.folder import Run

Columns = Mapping[str, type]
OutcomeKind = Literal["binary", "survival", "amount", "ordinal", "points"]


@dataclass(frozen=True)
class Stored:
    """How a result table is stored in a run.

    Parameters
    ----------
    file : str
        The suffix sets the format.
    columns : mapping
        Name → type, in order; text that is empty is read as "", never as NaN.
    outcome : {"binary", "survival", "amount", "ordinal", "points"}, optional
        The only outcome that has it.
    optional : bool
        Whether it is written only where it has rows.
    """

    file: str
    columns: Columns = field(default_factory=dict)
    outcome: OutcomeKind | None = None
    optional: bool = False

    def write(self, table: pd.DataFrame | dict[str, object], path: Path) -> None:
        """Write the table to a path with the file's suffix."""
        if isinstance(table, dict):
            path.write_text(json.dumps(table, indent=1), encoding="utf-8")
        elif path.suffix == ".parquet":
            table.to_parquet(path, index=False)
        else:
            table.to_csv(path, index=False)

    def read(self, path: Path) -> pd.DataFrame | dict[str, object]:
        """Read the table as it was written."""
        if path.suffix == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        kinds = {name: kind for name, kind in self.columns.items() if kind is not int}  # which has no missing value
        missing = {name: [""] for name, kind in self.columns.items() if kind is not str}
        return pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=missing, float_precision="round_trip")


@dataclass(frozen=True)
class Result:
    """The result of an evaluation; the tables are as they are written.

    Parameters
    ----------
    outcome : {"binary", "survival", "amount", "ordinal", "points"}
    target : str
        Name of what was predicted (`bonerisk.cohort.targets`); empty if it is not known.
    predictions : DataFrame
        The predictions given, and those of baselines, combined models and oracles.
    models : DataFrame
        What each model is, columns as `bonerisk.evaluation.tables.models.MODELS`.
    metrics : DataFrame
        Long form, columns as `bonerisk.evaluation.metrics_table.METRICS`.
    differences : DataFrame
        Paired differences between models, columns as `bonerisk.evaluation.tables.differences.DIFFERENCES`; empty if
        there is one model.
    gaps : DataFrame
        Subgroups against the rest, columns as `bonerisk.evaluation.tables.gaps.GAPS`.
    confusion : DataFrame
        dataset, split, model, subgroup, threshold, horizon_years, tp, fp, fn, tn.
    class_counts : DataFrame
        Films by class and class called, columns as `bonerisk.evaluation.tables.class_counts.CLASS_COUNTS`.
    groups : DataFrame
        Patients at high risk beside those at low risk, columns as `bonerisk.evaluation.tables.characteristics.GROUPS`.
    hazards : DataFrame
        Hazard ratio of one SD of each model's risk, early and late, columns as
        `bonerisk.evaluation.tables.hazards.HAZARDS`.
    strata_calibration, strata_decision, strata_incidence : DataFrame
        Within strata, columns as in `bonerisk.evaluation.tables.strata`; empty if there are none.
    thresholds : dict
        Values, and the patients they were fitted on.
    curves : dict
        Name → points: dataset, split, model, further columns of where, and those of the curve. They are drawn in the
        evaluation's job and not stored; a result that was read has none.
    target_words : str, optional
        What was predicted is called so, if it is a column of the user's own.
    """

    outcome: OutcomeKind
    target: str
    predictions: Annotated[pd.DataFrame, Stored("predictions.parquet")]
    models: Annotated[pd.DataFrame, Stored("models.csv", MODELS)]
    metrics: Annotated[pd.DataFrame, Stored("metrics.csv", METRICS)]
    differences: Annotated[pd.DataFrame, Stored("differences.csv", DIFFERENCES, optional=True)]
    gaps: Annotated[pd.DataFrame, Stored("gaps.csv", GAPS)]
    confusion: Annotated[pd.DataFrame, Stored("confusion.csv", CONFUSION)]
    class_counts: Annotated[pd.DataFrame, Stored("class_counts.csv", CLASS_COUNTS, optional=True)]
    groups: Annotated[pd.DataFrame, Stored("groups.csv", GROUPS, "survival")]
    hazards: Annotated[pd.DataFrame, Stored("hazards.csv", HAZARDS, "survival")]
    strata_calibration: Annotated[pd.DataFrame, Stored("strata_calibration.csv", strata.CALIBRATION, optional=True)]
    strata_decision: Annotated[pd.DataFrame, Stored("strata_decision.csv", strata.DECISION, optional=True)]
    strata_incidence: Annotated[pd.DataFrame, Stored("strata_incidence.csv", strata.INCIDENCE, optional=True)]
    thresholds: Annotated[dict[str, Any], Stored("thresholds.json")]
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    target_words: str | None = None

    @property
    def roles(self) -> dict[str, str]:
        """Model → film, baseline, refitted, combined, recalibrated or oracle, in the order of the evaluation."""
        return dict(zip(self.models["model"], self.models["role"], strict=True))


TABLES: dict[str, Stored] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Result, include_extras=True).items()
    if hasattr(hint, "__metadata__")
}


def beside(first: Result, *others: Result) -> Result:
    """A result with what others found beside its own: the same models on other splits."""
    results = (first, *others)
    compared = [of for of in (result.differences for result in results) if len(of)] or [first.differences]
    names = dict.fromkeys(name for result in results for name in result.curves)
    parts = {name: [result.curves[name] for result in results if name in result.curves] for name in names}
    return replace(
        first,
        predictions=pd.concat([result.predictions for result in results], ignore_index=True),
        metrics=pd.concat([result.metrics for result in results], ignore_index=True),
        differences=pd.concat(compared, ignore_index=True),
        curves={name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()},
    )


def write(result: Result, run: Run) -> None:
    """Write the tables of a result into a run, and its target and outcome into the run's record."""
    run.record.update({"target": result.target, "target_words": result.target_words, "outcome": result.outcome})
    for name, table in TABLES.items():
        found = getattr(result, name)
        if table.outcome in (None, result.outcome) and (len(found) or not table.optional):
            with run.writes(name, table.file) as path:
                table.write(found, path)


def read(run: StoredRun) -> Result:
    """Read the result of an evaluation from its run; an absent optional table is empty.

    Raises
    ------
    RunError
        The run lacks a table: it is not finished, or an earlier version made it.
    """
    outcome = run.record.get("outcome")
    there = {name for name, table in TABLES.items() if table.file in run.written}
    needed = {name for name, table in TABLES.items() if table.outcome in (None, outcome) and not table.optional}
    lacking = sorted(TABLES[name].file for name in needed - there)
    if lacking or not outcome:
        what = f"the evaluation has no {', '.join(lacking) or 'outcome in its record'}; an earlier version made it"
        again = shlex.join(["bonerisk", *run.record["command_line"][1:]])
        raise RunError(what, str(run.folder), f"make it anew: {again}")
    found: dict[str, Any] = {
        name: table.read(run.path(table.file)) if name in there else pd.DataFrame(columns=list(table.columns))
        for name, table in TABLES.items()
    }
    return Result(outcome, run.record["target"], **found, target_words=run.record.get("target_words"))
