from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.discrimination import auc, average_precision
from bonerisk.evaluation.samples.sample import Sample


def tied(n: int = 80, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, n)
    return np.round(rng.normal(size=n) + label, decimals), label


def once(metric: Any, risk: Any, label: Any) -> float:
    sample = Sample.of(risk, label)
    return float(metric(sample.drawn()).value[0])


def test_auc_is_that_of_proc_with_ties(golden: dict[str, Any]) -> None:
    assert once(auc, golden["data"]["risk"], golden["data"]["label"]) == pytest.approx(
        golden["auc"]["estimate"], abs=1e-12
    )
    assert golden["auc"]["estimate"] == pytest.approx(golden["calibration"]["val_prob_auc"])


@pytest.mark.parametrize(
    ("ours", "theirs"), [(auc, roc_auc_score), (average_precision, average_precision_score)], ids=["auc", "precision"]
)
@pytest.mark.parametrize("decimals", [0, 1, 9])
def test_each_draw_is_what_sklearn_gives_on_the_drawn_rows(ours: Any, theirs: Any, decimals: int) -> None:
    risk, label = tied(decimals=decimals)
    sample, draws = Sample.of(risk, label), Draws.of(len(risk), 30, seed=1)
    values = distributions(sample, {"": ours}, draws)[""].drawn
    rows = [np.repeat(np.arange(len(risk)), counts) for counts in draws.counts]
    np.testing.assert_allclose(values, [theirs(label[i], risk[i]) for i in rows], atol=1e-12)


def test_equal_risks_rank_like_a_coin() -> None:
    assert once(auc, np.full(10, 0.3), [0, 1] * 5) == 0.5
    assert once(average_precision, np.full(10, 0.3), [0, 1] * 5) == 0.5  # the prevalence


@pytest.mark.parametrize("transform", [np.exp, lambda r: 3 * r - 7, np.arctan], ids=["exp", "linear", "arctan"])
def test_a_rising_transform_of_risk_changes_nothing(transform: Any) -> None:
    risk, label = tied()
    assert once(auc, transform(risk), label) == once(auc, risk, label)
    assert once(average_precision, transform(risk), label) == once(average_precision, risk, label)


def test_a_backward_risk_is_not_flipped() -> None:
    risk, label = tied()
    assert once(auc, -risk, label) == pytest.approx(1 - once(auc, risk, label))
    assert once(auc, -risk, label) < 0.5


def test_one_outcome_has_no_value_and_a_reason() -> None:
    sample = Sample.of([0.1, 0.2, 0.3], [0, 0, 0])
    for metric in (auc, average_precision):
        values = metric(sample.drawn())
        assert np.isnan(values.value).all()
        assert "with" in values.undefined
