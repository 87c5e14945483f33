"""What a model can do: metrics by split (as the paper's Table 2), by subgroup (Table 3), and beside other models."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bonerisk.reporting import words
from bonerisk.reporting.numbers import MISSING, count, interval, listed, share
from bonerisk.reporting.tables.table import Footnotes, Table

RANKING = ("auc", "average_precision")
PROBABILITY = ("o_e", "calibration_slope")
AT_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv", "accuracy", "f1")
CELLS = {"tp": "TP", "tn": "TN", "fp": "FP", "fn": "FN"}


def by_split(metrics: pd.DataFrame, confusion: pd.DataFrame, thresholds: Mapping[str, float]) -> Table:
    """A column a split; ranking metrics, then counts and metrics at each threshold.

    Parameters
    ----------
    metrics, confusion : DataFrame
        Of one model.
    thresholds : mapping
        Threshold's name → value.
    """
    marks = Footnotes()
    splits = metrics["split"].unique()
    whole = metrics[(metrics["subgroup"] == "all") & (metrics["reference"] == "")]
    counts = confusion[confusion["subgroup"] == "all"]
    rows: list[dict[str, str]] = []

    def add(group: str, name: str, cells: list[str]) -> None:
        rows.append({"Group": group, "Metric": name} | dict(zip(map(words.split, splits), cells, strict=True)))

    sizes = [_sizes(whole, split) for split in splits]
    add("Films", "Films", [count(n) for n, _ in sizes])
    add("Films", words.OUTCOME.capitalize() + ", n (%)", [share(events, n) for n, events in sizes])
    for metric in _there(whole, (*RANKING, *PROBABILITY)):
        add("Without a threshold", words.metric(metric), [_cell(whole, marks, split, metric) for split in splits])
    for threshold, value in thresholds.items():
        group = words.threshold(threshold, value)
        for cell, name in CELLS.items():
            add(group, f"{name}, n (%)", [_count(counts, split, threshold, cell) for split in splits])
        for metric in _there(whole, AT_THRESHOLD):
            cells = [_cell(whole, marks, split, metric, threshold) for split in splits]
            add(group, words.metric(metric), cells)
    notes = (*_methods(whole), *marks.notes())
    return Table("performance", "Performance by split", pd.DataFrame(rows), notes, group="Group")


def by_subgroup(metrics: pd.DataFrame, threshold: str, value: float | None) -> Table:
    """A row a subgroup and split, with films by outcome and the metrics at one threshold (one model's `metrics`)."""
    marks = Footnotes()
    ours = metrics[(metrics["reference"] == "") & (metrics["subgroup"] != "all")]
    rows = []
    for (split, subgroup), part in ours.groupby(["split", "subgroup"], sort=False):
        n, events = _sizes(part, split)
        row = {"Split": words.split(str(split)), "Subgroup": words.subgroup(str(subgroup))}
        row |= {"No " + words.OUTCOME: share(n - events, n), words.OUTCOME.capitalize(): share(events, n)}
        row |= {words.metric("auc"): _cell(part, marks, split, "auc")}
        for metric in _there(ours, AT_THRESHOLD):
            there = ((part["metric"] == metric) & (part["threshold"] == threshold)).any()
            row[words.metric(metric)] = _cell(part, marks, split, metric, threshold) if there else ""
        rows.append(row)
    title = f"Performance by subgroup. {words.threshold(threshold, value)}"
    notes = (*_methods(ours, ("auc", *AT_THRESHOLD)), *marks.notes())
    if ours["subgroup"].str.startswith("severity").any():
        notes = (
            "Severity: mild −1.0 > T > −1.5, moderate −1.5 ≥ T > −2.0, advanced −2.0 ≥ T > −2.5. AUC: that severity's "
            "cases against all films without the outcome; other metrics are among the cases alone.",
            *notes,
        )
    return Table(f"subgroups_{threshold.replace('.', '')}", title, pd.DataFrame(rows), notes, group="Split")


def models(metrics: pd.DataFrame) -> Table:
    """A row a model: ranking metrics in each split, all on the whole split."""
    marks = Footnotes()
    whole = metrics[(metrics["subgroup"] == "all") & (metrics["reference"] == "")]
    rows = []
    for split in whole["split"].unique():
        for name in whole["model"].unique():
            part = whole[(whole["model"] == name) & (whole["split"] == split)]
            n, events = _sizes(part, split)
            row = {"Split": words.split(split), "Model": words.model(name)}
            row |= {"Films": count(n), words.OUTCOME.capitalize(): count(events)}
            rows.append(row | {words.metric(m): _cell(part, marks, split, m) for m in _there(whole, RANKING)})
    return Table(
        "models", "Models compared", pd.DataFrame(rows), (*_methods(whole, RANKING), *marks.notes()), group="Split"
    )


def differences(metrics: pd.DataFrame) -> Table | None:
    """Paired differences between models, a row a pair and split; None where nothing was compared."""
    marks = Footnotes()
    whole = metrics[(metrics["subgroup"] == "all") & (metrics["reference"] != "")]
    rows = []
    for (split, model, reference), part in whole.groupby(["split", "model", "reference"], sort=False):
        n, events = _sizes(part, split)
        row = {"Split": words.split(str(split)), "Model": words.model(str(model))}
        row |= {"minus": words.model(str(reference))}
        row |= {"Films": count(n), words.OUTCOME.capitalize(): count(events)}
        for metric in _there(whole, RANKING):
            row[f"Δ {words.metric(metric)}"] = _cell(part, marks, split, metric, sign=True)
        rows.append(row)
    if not rows:
        return None
    paired = "Differences are paired: the same films, the same bootstrap draws. Over 0: the first model is better."
    return Table("differences", "Paired differences", pd.DataFrame(rows), (paired, *marks.notes()), group="Split")


def _there(metrics: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if (metrics["metric"] == name).any()]


def _sizes(metrics: pd.DataFrame, split: object) -> tuple[int, int]:
    """Films and events; from the AUC where there is one, since other metrics may be among the events alone."""
    rows = metrics[metrics["split"] == split]
    auc = rows[rows["metric"] == "auc"]
    n, events = (auc if len(auc) else rows)[["n", "n_events"]].iloc[0]
    return int(n), int(events)


def _cell(
    metrics: pd.DataFrame, marks: Footnotes, split: object, metric: str, threshold: str = "", sign: bool = False
) -> str:
    chosen = (metrics["split"] == split) & (metrics["metric"] == metric) & (metrics["threshold"] == threshold)
    if not chosen.any():
        return MISSING
    row = metrics[chosen].iloc[0]
    return marks.mark(interval(row["estimate"], row["lower"], row["upper"], sign), row["note"])


def _count(confusion: pd.DataFrame, split: object, threshold: str, cell: str) -> str:
    rows = confusion[(confusion["split"] == split) & (confusion["threshold"] == threshold)]
    return share(rows[cell].iloc[0], rows[list(CELLS)].iloc[0].sum()) if len(rows) else MISSING


def _methods(metrics: pd.DataFrame, only: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Say how the intervals were made."""
    rows = metrics[(metrics["method"] != "") & (metrics["metric"].isin(only or metrics["metric"]))]
    if rows.empty:
        return ()
    ways = [
        f"{method} ({listed(words.metric(name) for name in names)})"
        for method, names in rows.groupby("method", sort=False)["metric"].unique().items()
    ]
    return (f"In brackets: {100 * rows['level'].iloc[0]:.0f}% intervals, by {'; '.join(ways)}.",)
