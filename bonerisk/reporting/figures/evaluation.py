"""All figures of an evaluation: drawn in its job, once, and embedded by every report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting import words
from bonerisk.reporting.figures.calibration import calibration
from bonerisk.reporting.figures.confusion import confusion
from bonerisk.reporting.figures.discrimination import precision_recall, roc, whole_value
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.figures.subgroups import subgroups
from bonerisk.reporting.numbers import interval, plural
from bonerisk.reporting.rows import rows_of

if TYPE_CHECKING:
    from bonerisk.evaluation.binary import BinaryResult

FOREST = {"auc": "", "sensitivity": "0.5", "specificity": "0.5", "accuracy": "0.5"}  # metric → threshold


def draw(folder: Path, result: BinaryResult) -> None:
    """Draw ROC, precision–recall and calibration curves, confusion matrices and subgroups of each split.

    Parameters
    ----------
    folder : Path
        Made here; gets ``<kind>_<split>.svg`` and ``.png``.
    result : BinaryResult
    """
    film = next(model for model, kind in result.kinds.items() if kind == "film")
    for split in result.metrics["split"].unique():
        tables = {
            name: _of(getattr(result, name), split)
            for name in ("metrics", "confusion", "roc", "precision_recall", "calibration", "predictions")
        }
        ours = {name: table[table["model"] == film] for name, table in tables.items()}
        _draw_curves(folder, split, tables, dict(result.kinds), film)
        _draw_calibration(folder, split, ours["calibration"], ours["predictions"])
        _draw_confusion(folder, split, ours["confusion"])
        _draw_forests(folder, split, ours["metrics"])


def _of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    return table[table["split"] == split]


def _draw_curves(folder: Path, split: str, tables: dict[str, pd.DataFrame], kinds: dict[str, str], film: str) -> None:
    metrics, where = tables["metrics"], _where(split, tables["metrics"])
    texts = {"roc": ("auc", "ROC curves"), "precision_recall": ("average_precision", "Precision–recall curves")}
    for name, function in (("roc", roc), ("precision_recall", precision_recall)):
        if tables[name].empty:
            continue
        metric, title = texts[name]
        values = [f"{words.model(model)} {value}" for model in kinds if (value := whole_value(metrics, model, metric))]
        alt = f"{title}. {where}. {words.metric(metric)}: {'; '.join(values) or 'not computable'}."
        save(function(tables[name], metrics, kinds, where), folder, f"{name}_{split}", f"{title}. {where}", alt)


def _draw_calibration(folder: Path, split: str, groups: pd.DataFrame, predictions: pd.DataFrame) -> None:
    if groups.empty:
        return
    points = ", ".join(f"{row.predicted:.2f} predicted {row.observed:.2f} observed" for row in rows_of(groups))
    where = (
        f"{words.split(split)}: {plural(len(predictions), 'film')}, {predictions['label'].sum():,} with {words.OUTCOME}"
    )
    title = f"Calibration. {where}"
    save(calibration(groups, predictions["risk"], where), folder, f"calibration_{split}", title, f"{title}: {points}.")


def _draw_confusion(folder: Path, split: str, rows: pd.DataFrame) -> None:
    rows = rows[(rows["subgroup"] == "all") & rows[["tp", "fp", "fn", "tn"]].notna().all(axis=1)]
    if rows.empty:
        return
    counts = rows[["tp", "fp", "fn", "tn"]].iloc[0]
    where = (
        f"{words.split(split)}: {plural(counts.sum(), 'film')}, {counts['tp'] + counts['fn']:,.0f} with {words.OUTCOME}"
    )
    title = f"Confusion matrices. {where}"
    texts = "; ".join(
        f"{words.threshold(row.threshold)}: {row.tp} true positive, {row.fp} false positive, "
        f"{row.fn} false negative, {row.tn} true negative"
        for row in rows_of(rows)
    )
    save(confusion(rows, where), folder, f"confusion_{split}", title, f"{title}. {texts}.")


def _draw_forests(folder: Path, split: str, metrics: pd.DataFrame) -> None:
    for metric, threshold in FOREST.items():
        chosen = (metrics["metric"] == metric) & (metrics["threshold"] == threshold) & (metrics["reference"] == "")
        rows = metrics[chosen]
        if rows["estimate"].notna().sum() == 0:
            continue
        label = words.metric(metric) + (f" at {threshold}" if threshold else "")
        where = _where(split, metrics)
        title = f"{label} by subgroup. {where}"
        values = "; ".join(
            f"{'all' if row.subgroup == 'all' else words.subgroup(row.subgroup)} "
            f"{interval(row.estimate, row.lower, row.upper)}"
            for row in rows_of(rows)
        )
        save(subgroups(rows, label, where), folder, f"subgroups_{metric}_{split}", title, f"{title}: {values}.")


def _where(split: str, metrics: pd.DataFrame) -> str:
    whole = metrics[(metrics["subgroup"] == "all") & (metrics["metric"] == "auc")]
    sizes = f": {plural(whole['n'].iloc[0], 'film')}, {whole['n_events'].iloc[0]:,} with {words.OUTCOME}"
    return words.split(split) + (sizes if len(whole) else "")
