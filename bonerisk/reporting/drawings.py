"""All figures of an evaluation: drawn in its job, once, and embedded by every report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.reporting.contents import modules
from bonerisk.reporting.figures.agreement import bland_altman, estimates
from bonerisk.reporting.figures.calibration import calibration
from bonerisk.reporting.figures.confusion import confusion, confusion_of_classes
from bonerisk.reporting.figures.decision import decision
from bonerisk.reporting.figures.discrimination import precision_recall, roc
from bonerisk.reporting.figures.incidence import incidence
from bonerisk.reporting.figures.models import whole_value
from bonerisk.reporting.figures.scene import Scene
from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.figures.subgroups import subgroups
from bonerisk.reporting.tables.cells import whole
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import number
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from bonerisk.evaluation.tables.result import Result

# In the order of the page: what is drawn of a split, and the metrics of its forest plots with their thresholds.
CURVES = ("incidence", "roc", "precision_recall", "calibration", "decision", "estimates", "agreement", "confusion")
FORESTS = {
    "auc": "",
    "sensitivity": "0.5",
    "specificity": "0.5",
    "accuracy": "0.5",
    "c_index": "",
    "auc_t": "",
    "ordinal_auc": "",
    "mae": "",
    "mean_error": "",
}
ABOUT_ESTIMATES = ("pearson_r", "mae", "r_squared", "icc", "mean_error", "lower_limit", "upper_limit")
AREAS = {"binary": "auc", "survival": "auc_t"}  # under the ROC curve


def draw(folder: Path, result: Result, cohort: pd.DataFrame) -> None:
    """Draw the figures of each split, and, for time to an event, of each horizon.

    Parameters
    ----------
    folder : Path
        Made here; gets ``<kind>_<split>.svg`` and ``.png``, at a horizon ``<kind>_<split>_5y``.
    result : Result
    cohort : DataFrame
        The films evaluated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = vocabulary_of(cohort, result.target, result.target_words)
    for paper in modules("draw"):
        paper.draw(folder, result, vocabulary)
    for split in result.metrics["split"].unique():
        whole = Scene(folder, result, vocabulary, split)
        for scene in whole.horizons():
            _draw_roc(scene)
            _draw_calibration(scene)
            _draw_decision(scene)
            _draw_forests(scene)
        for scene in whole.classes():
            _draw_roc(scene)
            _draw_calibration(scene)
        if result.outcome == "survival":
            _draw_incidence(whole)
            _draw_forests(whole)
        else:
            _draw_precision_recall(whole)
            _draw_agreement(whole)
            _draw_confusion(whole)
            _draw_classes(whole)


def of_kinds(drawings: Mapping[str, Drawing], kinds: Iterable[str], splits: Sequence[str]) -> list[Drawing]:
    """Those of some kinds in the order of the page: by kind, then by split.

    Parameters
    ----------
    drawings : mapping
        Name → figure, as `draw` names them: ``roc_test``, ``roc_test_5y``, ``incidence_test_youden``.
    kinds, splits : sequence of str
    """
    return [
        drawing
        for kind in kinds
        for split in splits
        for name, drawing in drawings.items()
        if name == f"{kind}_{split}" or name.startswith(f"{kind}_{split}_")
    ]


def _draw_roc(scene: Scene) -> None:
    curve = scene.curve("roc")
    if len(curve):
        area = f"auc_{scene.bone_class}" if scene.bone_class else AREAS[scene.result.outcome]
        metrics, name = scene.of(scene.result.metrics), words.metric(area, scene.horizon)
        title = f"ROC curves{_of_class(scene)}{words.at(scene.horizon)}"
        # Thresholds are of the risk: where another event competes, they may lie off the curve of the probability.
        title += ", by probability; marked: thresholds of the risk" if _competing(scene) else ""
        figure = roc(curve, metrics, scene.roles, scene.where, area, name)
        scene.save(figure, "roc", title, f"{name}: {_values(scene, area)}")


def _competing(scene: Scene) -> bool:
    predictions = scene.of(scene.result.predictions)
    return "competing_event" in predictions and bool((predictions["competing_event"] == 1).any())


def _draw_precision_recall(scene: Scene) -> None:
    curve, area = scene.curve("precision_recall"), "average_precision"
    if len(curve):
        metrics, name = scene.of(scene.result.metrics), words.metric(area)
        figure = precision_recall(curve, metrics, scene.roles, scene.where, area, name)
        scene.save(figure, "precision_recall", "Precision–recall curves", f"{name}: {_values(scene, area)}")


def _values(scene: Scene, metric: str) -> str:
    """Each model's value in words."""
    metrics = scene.of(scene.result.metrics)
    values = {model: whole_value(metrics, model, metric) for model in scene.roles}
    return "; ".join(f"{words.model(model)} {text}" for model, text in values.items() if text) or "not computable"


def _draw_calibration(scene: Scene) -> None:
    groups = scene.ours(scene.curve("calibration"))
    if groups.empty:
        return
    predictions, vocabulary = scene.ours(scene.result.predictions), scene.vocabulary
    title, smooth = f"Calibration{_of_class(scene)}{words.at(scene.horizon)}", None
    if scene.bone_class:
        risk, of = predictions[f"p_{scene.bone_class}"], words.BONE_CLASSES[scene.bone_class].lower()
        labels = (f"Predicted probability of {of}", f"Observed proportion {of}")
    elif isnan(scene.horizon):
        risk = predictions["risk"]
        labels = ("Predicted risk", f"Observed proportion with {vocabulary.having}")
    else:
        years = words.years(scene.horizon)
        smooth = scene.ours(scene.curve("smooth_calibration"))
        risk = 1 - predictions[f"survival_{scene.horizon:g}y"]
        labels = (f"Predicted risk by {years}", f"Observed incidence by {years}")
        groups = groups[groups["observed"].notna()]
    points = ", ".join(
        f"{number(row.predicted, 3)} predicted {number(row.observed, 3)} observed" for row in rows_of(groups)
    )
    figure = calibration(groups, risk, scene.where, (*labels, f"{vocabulary.row}s"), smooth)
    scene.save(figure, "calibration", title, points)


def _of_class(scene: Scene) -> str:
    """`` of osteoporosis against the rest``; empty for the outcome itself."""
    return f" of {words.BONE_CLASSES[scene.bone_class].lower()} against the rest" if scene.bone_class else ""


def _draw_decision(scene: Scene) -> None:
    curve = scene.curve("decision")
    ours = scene.ours(curve)
    if ours.empty:
        return
    title = f"Decision curves{words.at(scene.horizon)}"
    better = ours[ours["advantage"] > 0]["threshold"]
    better_where = "The model never beats treating everybody or nobody"
    if len(better):
        better_where = "The model beats treating everybody and nobody at threshold probabilities between "
        better_where += f"{100 * better.min():.1f}% and {100 * better.max():.1f}%"
    scene.save(decision(curve, scene.roles, scene.where), "decision", title, better_where)


def _draw_agreement(scene: Scene) -> None:
    films = scene.ours(scene.curve("estimates"))
    if films.empty:
        return
    found = whole(scene.ours(scene.result.metrics)).set_index("metric", drop=False)
    said = {name: value(found.loc[name]) for name in found.index.intersection(list(ABOUT_ESTIMATES))}
    texts = [f"{words.metric(str(name))} {text}" for name, text in said.items()]
    scene.save(estimates(films, scene.where), "estimates", "T-score estimated and read", "; ".join(texts[:4]))
    figure = bland_altman(films, found, scene.where)
    scene.save(figure, "agreement", "Agreement of the estimated T-score with DXA (Bland–Altman)", "; ".join(texts[4:]))


def _draw_confusion(scene: Scene) -> None:
    rows = scene.ours(scene.result.confusion)
    rows = rows[(rows["subgroup"] == "all") & rows[["tp", "fp", "fn", "tn"]].notna().all(axis=1)]
    if rows.empty:
        return
    texts = "; ".join(
        f"{words.threshold(row.threshold)}: {row.tp:.0f} true positive, {row.fp:.0f} false positive, "
        f"{row.fn:.0f} false negative, {row.tn:.0f} true negative"
        for row in rows_of(rows)
    )
    # The limits of a T-score part different films: each matrix is of its own.
    named = ("beyond it", "not beyond") if scene.result.outcome == "amount" else (scene.vocabulary.outcome,)
    scene.save(confusion(rows, scene.where, *named), "confusion", "Confusion matrices", texts)


def _draw_classes(scene: Scene) -> None:
    counts = scene.of(scene.result.class_counts)
    trained = [model for model, role in scene.result.roles.items() if role == "film"]
    counts = counts[(counts["subgroup"] == "all") & counts["model"].isin(trained)]
    if counts.empty:
        return
    matrices = {words.model(str(model)): rows for model, rows in counts.groupby("model", sort=False)}
    texts = {
        model: ", ".join(
            f"{row.n:.0f} {words.BONE_CLASSES[row.observed].lower()} called {words.BONE_CLASSES[row.called].lower()}"
            for row in rows_of(rows)
        )
        for model, rows in matrices.items()
    }
    figure = confusion_of_classes(matrices, scene.where)
    numbers = "; ".join(f"{model}: {text}" for model, text in texts.items())
    title = f"Confusion {'matrix' if len(matrices) == 1 else 'matrices'}: the class by DXA, and the class called"
    scene.save(figure, "confusion", title, numbers)


def _draw_incidence(scene: Scene) -> None:
    points = scene.ours(scene.curve("incidence"))
    points = points[points["subgroup"] == "all"] if "subgroup" in points else points
    predictions = scene.ours(scene.result.predictions)
    fitted = {t["threshold"]: t["value"] for t in scene.result.thresholds["thresholds"] if t["model"] == scene.model}
    for threshold, rows in points.groupby("threshold", sort=False) if len(points) else ():
        high = predictions["risk"] >= fitted[threshold]
        followed = {
            name: predictions.loc[keep, "time_years"].to_numpy() for name, keep in (("high", high), ("low", ~high))
        }
        horizons = [each.horizon for each in scene.horizons()]
        names = {group: _in_group(scene, str(threshold), group, horizons) for group in followed}
        ylabel = f"Cumulative incidence of {scene.vocabulary.having}"
        figure = incidence(rows, followed, names, horizons, scene.where, ylabel)
        title = f"Cumulative incidence by risk group. {words.threshold(str(threshold))}"
        ratio = whole_value(_at(scene.ours(scene.result.metrics), str(threshold)), scene.model, "hazard_ratio")
        title += f"; hazard ratio {ratio}" if ratio else ""
        if rows["time_years"].max() < max(horizons):
            title += "; drawn while enough of both groups are followed"
        numbers = "; ".join(names.values()).replace("\n", " ")
        scene.save(figure, "incidence", title, numbers, words.in_file(str(threshold)))


def _in_group(scene: Scene, threshold: str, group: str, horizons: list[float]) -> str:
    """``High risk: 8.6% (6.9–10.6) by 5 years``, a line a horizon."""
    metrics = _at(scene.ours(scene.result.metrics), threshold)
    rows = metrics[(metrics["metric"] == "incidence") & (metrics["subgroup"] == f"risk={group}")]
    known = rows[rows["estimate"].notna() & rows["horizon_years"].isin(horizons)]
    found = [f"{value(row)} by {words.years(row.horizon_years)}" for row in rows_of(known)]
    return f"{group.capitalize()} risk" + (": " + ",\n".join(found) if found else "")


def _at(metrics: pd.DataFrame, threshold: str) -> pd.DataFrame:
    return metrics[metrics["threshold"] == threshold]


def _draw_forests(scene: Scene) -> None:
    metrics = scene.ours(scene.result.metrics)
    if scene.result.outcome == "survival":  # each metric once: at its horizon, or over the whole follow-up
        metrics = metrics[metrics["horizon_years"].isna() == isnan(scene.horizon)]
    for metric, threshold in FORESTS.items():
        chosen = (metrics["metric"] == metric) & (metrics["threshold"] == threshold) & (metrics["reference"] == "")
        rows = metrics[chosen]
        if rows["estimate"].notna().sum() == 0 or rows["subgroup"].eq("all").all():
            continue
        label = words.metric(metric, scene.horizon) + (f" at {threshold}" if threshold else "")
        numbers = "; ".join(f"{words.subgroup(row.subgroup)} {value(row)}" for row in rows_of(rows))
        scene.save(
            subgroups(rows, label, scene.where, scene.vocabulary),
            f"subgroups_{metric}",
            f"{label} by subgroup",
            numbers,
        )
