"""A model beside others: the metrics of each, the paired differences, and the net benefit."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import Kind, about
from bonerisk.evaluation.validation.validate import UNTESTED
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables.cells import Cells, at_horizon, keys, outcome_by, sizes, whole, with_horizon
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, listed, number, p_value
from bonerisk.reporting.wording.rows import rows_of

COMPARED: set[Kind] = {"ranking", "error", "other"}


def models(evaluation: EvaluationRun, horizon: float) -> Table:
    """A row a model: how well it ranks and how far its probabilities are off in each split, on the whole split.

    Parameters
    ----------
    evaluation : EvaluationRun
    horizon : float
        In years; NaN where the outcome has none.
    """
    cells, metrics = Cells(evaluation.vocabulary), with_horizon(whole(evaluation.metrics), horizon)
    shown = at_horizon(keys(metrics, COMPARED), horizon)
    rows = []
    for (split, name), part in metrics.groupby(["split", "model"], sort=False):
        if name not in evaluation.concerned:
            continue
        n, events = sizes(evaluation, part, split, horizon)
        row = {"Split": words.split(str(split)), "Model": words.model(str(name))}
        row |= {evaluation.vocabulary.rows: count(n), outcome_by(evaluation, horizon): count(events)}
        rows.append(row | {words.metric(key.metric): cells.text(key.of(part, split), absent="") for key in shown})
    notes = cells.notes(metrics, shown)
    errors = [words.metric(key.metric) for key in shown if about(key.metric).kind == "error"]
    if any(not row[error] for row in rows for error in errors):
        notes = ("Empty cells: only the ranking of the model is judged.", *notes)
    return Table(_named("models", horizon), _titled("Models compared", shown), pd.DataFrame(rows), notes, group="Split")


def differences(evaluation: EvaluationRun, horizon: float) -> Table | None:
    """Paired differences between models with Holm's p, a row a pair and split; None where nothing was compared.

    An evaluation of an earlier version has no p-values, nor has one of validated models.
    """
    cells, table = Cells(evaluation.vocabulary), with_horizon(evaluation.metrics, horizon)
    paired = table[(table["subgroup"] == "all") & (table["reference"] != "")]
    known = evaluation.result.differences
    known = known[known["split"].isin(table["split"]) & (known["subgroup"] == "all")]
    known = known[known["metric"].isin(table["metric"])]
    tested = bool(known["p"].notna().any())
    if tested:
        paired = known
    shown = at_horizon(keys(paired, COMPARED), horizon)
    rows: list[dict[tuple[str, str], str]] = []
    for (split, model, reference), part in paired.groupby(["split", "model", "reference"], sort=False):
        n, events = sizes(evaluation, part, split, horizon)
        row = {("", "Split"): words.split(str(split)), ("", "Model"): words.model(str(model))}
        row |= {("", "minus"): words.model(str(reference))}
        row |= {("", evaluation.vocabulary.rows): count(n), ("", outcome_by(evaluation, horizon)): count(events)}
        for key in shown:
            found, head = key.of(part, split), f"Δ {words.metric(key.metric)}"
            row[head, "Difference"] = cells.text(found, sign=True, absent="")
            if tested:
                row[head, "p, Holm"] = p_value(found["p_holm"].iloc[0]) if len(found) else ""
        rows.append(row)
    if not rows:
        return None
    note = f"Differences are paired: the same {evaluation.vocabulary.row}s, the same bootstrap draws. "
    note += f"Over 0: the first model is better{_exceptions(shown)}."
    notes = (note, *filter(None, [_tests(evaluation, known)]), *cells.notes(paired, shown))
    name, title = _named("differences", horizon), _titled("Paired differences", shown)
    heads = list(rows[0])
    columns = pd.MultiIndex.from_tuples(heads) if tested else pd.Index([top or below for top, below in heads])
    frame = pd.DataFrame([list(row.values()) for row in rows], columns=columns)
    return Table(name, title, frame, notes, group="Split")


def _tests(evaluation: EvaluationRun, known: pd.DataFrame) -> str:
    """How p-values were found, or why there are none; empty where the cells say so."""
    if known.empty:
        return "There are no p-values: an earlier version evaluated the models."
    if not evaluation.tested:
        return f"{UNTESTED[:1].upper()}{UNTESTED[1:]}."
    if known["p"].isna().all():
        return ""
    alpha = number(1 - known["level"].iloc[0])
    return (
        "p: two-sided test of no difference, by the method of the interval: unadjusted, it is under "
        f"{alpha} if and only if the interval leaves out 0. Holm adjusts for all differences of the split in that "
        "metric, and p may be above. B draws give none under 2/(B + 1). differences.csv of the "
        "evaluation has p unadjusted and by Bonferroni, too."
    )


def _exceptions(shown: Sequence[TableKey]) -> str:
    """``; for Brier score, under 0``: metrics of which the higher value is not the better one."""
    lower, neither = ([key.name for key in shown if about(key.metric).higher_is_better is way] for way in (False, None))
    text = f"; for {listed(lower)}: under 0" if lower else ""
    return text + (f"; for {listed(neither)}: neither" if neither else "")


def _named(name: str, horizon: float) -> str:
    return "_".join(filter(None, [name, words.in_file("", horizon)]))


def _titled(title: str, shown: Sequence[TableKey]) -> str:
    """``Models compared, at 5 years but for Harrell's C-index``."""
    horizon = next((key.horizon for key in shown if not isnan(key.horizon)), nan)
    without = [key.name for key in shown if isnan(key.horizon)]
    if isnan(horizon):
        return title
    return f"{title},{words.at(horizon)}" + (f" but for {listed(without)}" if without else "")


def net_benefit(evaluation: EvaluationRun) -> Table | None:
    """Net benefit of each model, and of treating everybody, a row a threshold probability; None without any."""
    metrics = whole(evaluation.metrics)
    metrics = metrics[metrics["metric"] == "net_benefit"]
    cells, rows = Cells(evaluation.vocabulary), []
    places = ["split", "threshold", "horizon_years"]
    for (split, threshold, _), part in metrics.groupby(places, sort=False, dropna=False):
        horizon = part["horizon_years"].iloc[0]
        share = float(str(threshold))
        row = {"Split": words.split(str(split)) + words.at(horizon), "Threshold probability": f"{100 * share:g}%"}
        row |= {words.model(row.model): cells.text(part[part["model"] == row.model]) for row in rows_of(part)}
        rows.append(row | {"Treat everybody": _everybody(evaluation, str(split), horizon, share), "Treat nobody": "0"})
    if not rows:
        return None
    first = float(str(metrics["threshold"].iloc[0]))
    scale = f"{about('net_benefit').scale:,} {evaluation.vocabulary.row}s"
    notes = (
        f"Cases found per {scale}, less those treated in vain, which the threshold probability weighs: at "
        f"{100 * first:g}%, one case is worth {1 / first - 1:.3g} treated in vain. A model is useful if it is above "
        "both treating everybody and 0.",
        *cells.notes(metrics),
    )
    return Table("net_benefit", f"Net benefit per {scale}", pd.DataFrame(rows), notes, group="Split")


def _everybody(evaluation: EvaluationRun, split: str, horizon: float, share: float) -> str:
    """Net benefit of treating everybody: incidence less that of the others at the rate of exchange."""
    name = evaluation.model
    if evaluation.horizons:
        row = evaluation.value(split, name, TableKey("incidence", horizon))
        incidence = float("nan") if row is None else row["estimate"]
    else:
        row = evaluation.value(split, name)
        incidence = float("nan") if row is None else row["n_events"] / row["n"]
    return number(about("net_benefit").scale * (incidence - (1 - incidence) * share / (1 - share)), 1)
