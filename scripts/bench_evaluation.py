"""How many times as fast bootstrap draws are as loops over the usual packages, which take one draw at a time.

Both get the same draws, made before the clock starts. A loop is timed over a few draws and scaled, as it says.

python scripts/bench_evaluation.py [draws of the loops]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
import yaml
from lifelines.utils import concordance_index
from scipy.special import expit
from sklearn import metrics

from bonerisk.config.build import build
from bonerisk.config.tree import config_dir
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics import thresholds
from bonerisk.evaluation.metrics.concordance import c_index
from bonerisk.evaluation.metrics.discrimination import auc, average_precision
from bonerisk.evaluation.metrics.metric import Metric
from bonerisk.evaluation.metrics.thresholds import Threshold
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

Array = np.ndarray

DRAWS = 1000
CUTS = 0.5, 0.35
COUNTED = {
    "accuracy": metrics.accuracy_score,
    "sensitivity": metrics.recall_score,
    "specificity": partial(metrics.recall_score, pos_label=0),
    "ppv": metrics.precision_score,
    "npv": partial(metrics.precision_score, pos_label=0),
    "f1": metrics.f1_score,
}


def cohort(n: int, share: float) -> Followed:
    """Patients of a Weibull hazard, a `share` of whom have the event under observation, to the day."""
    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    event = rng.weibull(1.3, n) * np.exp(-0.6 * risk)
    end = rng.uniform(1, 8, n)
    scale = np.quantile(end / event, 1 - share)  # so that `share` of the events come before the end
    seen = np.minimum(event * scale, end)
    return Followed.of(risk, np.ceil(seen * 365) / 365, event * scale <= end)


def compare(
    what: str,
    sample: Sample | Followed,
    ours: Mapping[str, Metric],
    theirs: Callable[[Array], list[float]],
    loops: int,
) -> None:
    """Time both and print the ratio, and how far the values are apart."""
    draws = Draws.of(len(sample), DRAWS)
    start = time.perf_counter()
    values = np.array([of.drawn[:loops] for of in distributions(sample, ours, draws).values()])
    mine = time.perf_counter() - start
    theirs(np.arange(len(sample)))  # the first call is slow
    start = time.perf_counter()
    others = [theirs(np.repeat(np.arange(len(sample)), counts[sample.patient])) for counts in draws.counts[:loops]]
    loop = (time.perf_counter() - start) * DRAWS / loops
    apart = np.abs(values - np.transpose(others)).max()
    times = f"{mine:.2f} s; loop {loop:.1f} s (from {loops} draws), {loop / mine:.0f} × as long"
    print(f"{DRAWS} draws of {what}: {times}; values at most {apart:.0e} apart")


def concordance(n: int, share: float, loops: int) -> None:
    """Harrell's C against lifelines."""
    films = cohort(n, share)
    event = films.status == 1
    compare(
        f"C, n = {n:,}, {films.n_events:,} events, against lifelines",
        films,
        {"c_index": c_index},
        lambda rows: [concordance_index(films.time[rows], -films.risk[rows], event[rows])],
        loops,
    )


def binary(n: int, loops: int) -> None:
    """AUC, average precision and six metrics at two thresholds against scikit-learn."""
    rng = np.random.default_rng(0)
    label = (rng.random(n) < 0.3).astype(int)
    films = Sample.of(expit(rng.normal(size=n) + 1.5 * label - 1.2), label)
    ours: dict[str, Metric] = {"auc": auc, "average_precision": average_precision}
    for cut in CUTS:
        for name in COUNTED:
            ours[f"{name} at {cut}"] = thresholds.at(Threshold(str(cut), cut), getattr(thresholds, name))

    def theirs(rows: Array) -> list[float]:
        label, risk = films.label[rows], films.risk[rows]
        ranking = [metrics.roc_auc_score(label, risk), metrics.average_precision_score(label, risk)]
        return ranking + [score(label, risk >= cut) for cut in CUTS for score in COUNTED.values()]

    compare(f"{len(ours)} metrics of a binary outcome, n = {n:,}, against scikit-learn", films, ours, theirs, loops)


def whole(n: int) -> None:
    """All that `bonerisk evaluate` prints of a film model of fractures, beside two baselines and a combined model."""
    evaluation = yaml.safe_load((config_dir() / "evaluation/standard.yaml").read_text(encoding="utf-8"))
    evaluation["survival"] |= {"baselines": [["age_years", "sex"], ["age_years", "sex", "bmi_kg_m2"]]}
    evaluation["survival"]["subgroups"] = ["sex", "age_decade", "smoker", "diabetes"]
    test, tune, train = (patients(size, split) for size, split in ((n, "test"), (n // 4, "tune"), (n // 2, "train")))
    start = time.perf_counter()
    found = build(evaluation).run(test, tune, train.drop(columns=["model", "risk"]))
    seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    groups, rows = found.metrics["subgroup"].nunique() - 3, len(found.metrics)
    size = f"{n:,} patients, {int(test['event'].sum()):,} events, {len(found.models)} models, {groups} subgroups"
    print(f"evaluate: {size}, {DRAWS} draws, {rows:,} numbers: {seconds:.0f} s, peak of the process {peak:.2f} GB")


def patients(n: int, split: str) -> pd.DataFrame:
    """Predictions table of simulated patients, about 5 % of whom break."""
    rng = np.random.default_rng(len(split))
    age, sex, bone = rng.uniform(45, 90, n), rng.choice(["F", "M"], n), rng.normal(size=n)
    fracture = rng.exponential(120 * np.exp(-0.05 * (age - 65) - bone))
    death, censored = rng.exponential(40 * np.exp(-0.08 * (age - 65))), rng.uniform(0.5, 9, n)
    time_years = np.ceil(np.minimum(np.minimum(fracture, death), censored) * 365.25) / 365.25
    names = [f"{split}{row}" for row in range(n)]
    survival = {f"survival_{h}y": np.exp(-h / 100 * np.exp(bone)) for h in (1, 2, 3, 4, 5)}
    return pd.DataFrame(
        {
            **{"dataset": "simulated", "split": split, "model": "film", "image_id": names, "patient_id": names},
            **{"site": "A", "risk": bone, **survival, "age_years": age, "sex": sex},
            "time_years": time_years,
            "event": (fracture <= np.minimum(death, censored)).astype(float),
            "competing_event": ((death < fracture) & (death <= censored)).astype(float),
            **{name: rng.choice(["no", "yes"], n) for name in ("smoker", "diabetes")},
            "bmi_kg_m2": rng.normal(25, 4, n),
        }
    )


def main() -> None:
    """Print the ratios."""
    loops = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    concordance(36_677, 0.05, loops)
    concordance(36_677, 0.3, loops)
    binary(3_133, loops)
    whole(36_677)


if __name__ == "__main__":
    main()
