"""Our statistics beside R's on the data of tests/golden: statistic, package, ours, R's, difference.

python scripts/golden_table.py

The tests hold many more cases (weights, clusters, strata, ties); here is one of each statistic, for reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bonerisk.evaluation.intervals.interval import wilson
from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.metrics import agreement, classes, concordance, discrimination, error, influence
from bonerisk.evaluation.metrics.calibration import at_horizon, binary
from bonerisk.evaluation.metrics.decision import net_benefit
from bonerisk.evaluation.metrics.reclassification import idi, improvement, nri
from bonerisk.evaluation.metrics.rules import rule
from bonerisk.evaluation.samples.classed import Classed
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.survival import aalen_johansen, compare, cox, firth, kaplan_meier, proportional

GOLDEN = Path(__file__).parents[1] / "tests/golden"
Row = tuple[str, str, float, float]


def golden(name: str) -> dict[str, Any]:
    """Content of one file, its lists of numbers as arrays."""

    def arrays(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: arrays(inner) for key, inner in value.items()}
        numbers = isinstance(value, list) and value and isinstance(value[0], float | int | list)
        return np.array(value) if numbers else value

    return arrays(json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")))


def of_label() -> Iterator[Row]:
    """Statistics of a yes-or-no outcome."""
    known = golden("binary")
    sample = Sample.of(known["data"]["risk"], known["data"]["label"])
    drawn, se = sample.drawn(), np.sqrt(np.sum(influence.auc(sample, len(sample)) ** 2))
    yield "AUC", "pROC", float(discrimination.auc(drawn).value[0]), known["auc"]["estimate"]
    lower = float(discrimination.auc(drawn).value[0] - 1.959963984540054 * se)
    yield "AUC, DeLong's lower bound", "pROC", lower, known["auc"]["delong_lower"]
    yield "Youden's threshold", "pROC", float(rule("youden").fit(drawn).value or np.nan), known["youden"]["threshold"]
    wilsons = known["wilson"]
    yield "Wilson's lower bound", "Hmisc", wilson(wilsons["x"][3], wilsons["n"][3])[0], wilsons["lower"][3]
    slope = float(binary.calibration_slope(drawn).value[0])
    yield "calibration slope, binary", "glm", slope, known["calibration"]["glm_slope"]
    known = golden("calibration")
    sample = Sample.of(known["data"]["predicted"], known["data"]["label"])
    for name in ("ici", "e50", "e90"):
        found = float(getattr(binary, name)(sample.drawn()).value[0])
        yield f"{name.upper()}, binary", "rms splines, glm", found, known["binary"][name]
    known = golden("decision")
    data, by = known["data"], known["reclassification"]
    found = net_benefit(data["thresholds"][2])(Sample.of(data["risk"], data["label"]).drawn())
    yield "net benefit", "formula", float(found.value[0]), known["binary"]["model"][2]
    for name, of in (("nri", nri), ("idi", idi)):
        change = Sample.of(of(data["old"], data["risk"]), data["label"]).drawn()
        yield name.upper(), "Hmisc", float(improvement(change).value[0]), by[name]["total"]
    family = golden("multiplicity")["families"]["ties_and_extremes"]
    yield "Holm's p", "stats", float(adjust(family["p"]).holm[0]), family["holm"][0]


def of_classes() -> Iterator[Row]:
    """Statistics of three classes in order."""
    known = golden("ordinal")
    drawn = Classed.of(**known["data"]).drawn()
    for metric in (classes.ordinal_auc, agreement.class_kappa, classes.ranked_probability, classes.brier_of_classes):
        yield metric.__name__.replace("_", " "), "base R", float(metric(drawn).value[0]), known[metric.__name__]


def of_follow_up() -> Iterator[Row]:
    """Discrimination, error and calibration under censoring and competing events."""
    known = golden("concordance")
    data, of = known["data"], known["competing_censored"]
    films = Followed.of(data["a"], data["time"], data["status"], np.unique(data["patient"], return_inverse=True)[1])
    n = films.patient.max() + 1
    yield "Harrell's C", "survival", float(concordance.c_index(films.drawn()).value[0]), of["harrell"]["estimate"]
    variance = float(np.sum(influence.c_index(films, n) ** 2))
    yield "its variance by patient", "survival", variance, of["harrell"]["clustered"]
    yield "Uno's C at 3", "survival", float(concordance.uno_c(films.drawn(), 3.0).value[0]), of["uno_3"]["estimate"]
    horizon, expected = known["auc_t"]["horizons"][0], known["auc_t"]["competing"][0]
    found = float(concordance.auc_t(films.drawn(), float(horizon)).value[0])
    yield f"AUC({horizon:g}), competing events", "riskRegression", found, expected
    known = golden("error")
    data, horizon = known["data"], float(known["data"]["horizons"][2])
    outcome, risk = data["competing"], data["predicted"][2]
    at = (
        Followed.of(risk, outcome["time"], outcome["status"], None, {horizon: risk}).drawn().at(horizon, predicted=True)
    )
    for name in ("brier", "ipa"):
        found = float(getattr(error, name)(at).value[0])
        yield f"{name} at {horizon:g}, competing", "riskRegression", found, known["competing"][name][2]
    known = golden("calibration")
    data = known["data"]
    for route, package in (("single", "rms, survival"), ("competing", "pseudo-values, glm")):
        outcome, h = data[route], float(data["horizon"])
        films = Followed.of(data["predicted"], outcome["time"], outcome["status"], None, {h: data["predicted"]})
        for name in ("o_e", "calibration_slope", "ici", "e50", "e90"):
            found = float(getattr(at_horizon, name)(films.drawn(), h).value[0])
            yield f"{name} at {h:g}, {route}", package, found, known[route][name]


def of_survival() -> Iterator[Row]:
    """Models, curves and tests."""
    known = golden("cox")
    data = known["data"]
    x = np.column_stack([data[name] for name in known["columns"]])
    for ties in ("efron", "breslow"):
        model = cox.fit(x, data["time"], data["event"], ties=ties)
        yield f"Cox coefficient, {ties}", "survival", float(model.coefficients[0]), known[ties]["coefficients"][0]
    model = cox.fit(x, data["time"], data["event"], cluster=data["patient"])
    expected = known["cluster_efron"]["covariance"][0, 0]
    yield "its robust variance", "survival", float(model.covariance[0, 0]), expected
    case = golden("firth")["cases"]["one_column"]
    given = case["data"]
    found = firth.fit(given["x"].reshape(-1, 1), given["time"], given["event"])
    yield "Firth's profile bound", "survival, optim", float(found.lower[0]), case["lower"]
    known = golden("curves")
    data = known["data"]
    curve = kaplan_meier.fit(data["time"], data["event"])
    expected = known["kaplan_meier"]["plain"]["survival"]
    yield "Kaplan–Meier, 20th step", "survival", float(curve.survival[20]), expected[20]
    mean = curve.restricted_mean(known["horizon"])
    yield "restricted mean", "survival", mean.estimate, known["kaplan_meier"]["plain"]["restricted_mean"]
    lost = aalen_johansen.fit(data["time"], data["status"])
    expected = known["aalen_johansen"]["plain"]["incidence"][20, 0]
    yield "Aalen–Johansen, 20th step", "survival", float(lost.incidence[20, 0]), expected
    test = compare.logrank(data["time"], data["event"], data["group"])
    yield "log-rank χ²", "survival", test.chi2, known["logrank"]["plain"]["chi2"]
    grays = compare.gray(data["time"], data["status"], data["group"])
    yield "Gray's χ²", "cmprsk", grays.chi2, float(known["gray"]["plain"]["chi2"][0])
    median = kaplan_meier.follow_up(data["time"], data["event"]).median
    yield "median follow-up", "prodlim", median.estimate, float(known["reverse"]["median"][0])
    known = golden("proportional")
    zph, case = known["data"], known["cases"][0]
    found = proportional.check(zph["x"], zph["time"], zph["event"], ties=case["ties"], transform=case["transform"])
    yield "cox.zph χ²", "survival", found.columns[0].chi2, case["table"][0][0]


def main() -> None:
    """Print the table."""
    print(f"{'statistic':34} {'package':20} {'ours':>18} {'R':>18} {'difference':>11}")
    for part in (of_label, of_classes, of_follow_up, of_survival):
        for statistic, package, ours, theirs in part():
            print(f"{statistic:34} {package:20} {ours:18.12f} {theirs:18.12f} {abs(ours - theirs):11.1e}")


if __name__ == "__main__":
    main()
