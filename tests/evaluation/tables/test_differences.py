"""Differences between models: the rows of the metrics table, with p-values of each family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.intervals.multiplicity import adjust
from bonerisk.evaluation.metrics_table import METRICS
from bonerisk.evaluation.tables.differences import FAMILY, difference_rows
from bonerisk.evaluation.tables.result import Result


@pytest.fixture
def run(
    evaluation: Callable[..., Evaluation], predictions: pd.DataFrame, tuning: pd.DataFrame, training: pd.DataFrame
) -> Callable[..., Result]:
    """Two models and baselines, the second a little worse than the first."""

    def evaluated(**changes: Any) -> Result:
        both = []
        for table in (predictions, tuning):
            noise = np.random.default_rng(len(table)).normal(0, 0.1, len(table))
            other = table.assign(model="noisy", risk=(table["risk"] + noise).clip(0.001, 0.999))
            both.append(pd.concat([table, other], ignore_index=True))
        return evaluation(**changes).run(*both, training)

    return evaluated


@pytest.mark.parametrize("interval", ["percentile", "bca", "analytic"])
def test_they_are_those_of_the_metrics_table_and_p_agrees_with_the_interval(
    run: Callable[..., Result], interval: Literal["percentile", "bca", "analytic"]
) -> None:
    result = run(interval=interval, reclassification=interval == "percentile")
    found, same = result.differences, list(METRICS)
    paired = result.metrics[result.metrics["reference"] != ""]
    order = [*FAMILY, "model", "reference"]
    pd.testing.assert_frame_equal(
        found[same].sort_values(order, ignore_index=True), paired.sort_values(order, ignore_index=True)
    )
    known = found[found["p"].notna()]
    left_out = (known["lower"] > 0) | (known["upper"] < 0)
    assert ((known["p"] < 0.05) == left_out).all()
    assert left_out.nunique() == 2
    spread = found["estimate"].notna() & (found["lower"] < found["upper"])
    assert (found["p"].notna() | ~spread).all()


def test_p_values_are_adjusted_over_all_pairs_of_a_metric_in_a_split(run: Callable[..., Result]) -> None:
    found = run().differences
    auc = found[(found["metric"] == "auc") & (found["subgroup"] == "all")]
    pairs = set(zip(auc["model"], auc["reference"], strict=True))
    assert {("noisy", "net"), *((model, "age_years + sex") for model in ("net", "noisy"))} < pairs
    assert (auc["n_tests"] == len(auc)).all()
    for _, family in found.groupby(list(FAMILY), dropna=False):
        expected = adjust(family["p"])
        np.testing.assert_array_equal(family["p_holm"], expected.holm)
        np.testing.assert_array_equal(family["p_bonferroni"], expected.bonferroni)
        assert (family["n_tests"] == expected.size).all()


def test_a_horizon_is_a_family_of_its_own_and_so_is_none() -> None:
    where = {**dict.fromkeys(FAMILY, ""), "model": "a", "reference": "b", "note": ""}
    horizons = [float("nan"), 2.0, np.float64("nan"), 2.0, 5.0]
    found = list(difference_rows({**where, "horizon_years": at, "p": 0.02} for at in horizons))
    assert [(row["p_holm"], row["n_tests"]) for row in found] == [(0.04, 2)] * 4 + [(0.02, 1)]


def test_what_cannot_be_tested_has_no_p_and_says_why() -> None:
    where = {**dict.fromkeys(FAMILY, ""), "model": "a", "p": 0.01, "note": "3 draws left out"}
    [row] = difference_rows([where | {"reference": "b"}, where | {"reference": ""}], "no p-value: why")
    assert np.isnan([row["p"], row["p_holm"], row["p_bonferroni"]]).all()
    assert (row["n_tests"], row["note"]) == (0, "3 draws left out; no p-value: why")
