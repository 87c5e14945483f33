from __future__ import annotations

import numpy as np
import pytest

from bonerisk.evaluation.intervals.resampling import Draws
from bonerisk.evaluation.metrics import curves
from bonerisk.evaluation.metrics.discrimination import auc, average_precision
from bonerisk.evaluation.samples.sample import Sample


@pytest.fixture
def sample() -> Sample:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 400)
    return Sample.of(np.clip(rng.normal(0.4 + 0.2 * label, 0.2), 0, 1).round(2), label)


def test_roc_runs_from_corner_to_corner_within_its_band_and_has_the_auc_below_it(sample: Sample) -> None:
    points = curves.roc(sample, Draws.of(400, 100))
    assert points.iloc[0].tolist() == [0, 0, 0, 0]
    assert points.iloc[-1].tolist() == [1, 1, 1, 1]
    assert points["sensitivity"].is_monotonic_increasing
    assert (points["lower"] <= points["upper"]).all()
    assert points["sensitivity"].between(points["lower"], points["upper"]).mean() > 0.95
    area = np.trapezoid(points["sensitivity"], points["false_positive_rate"])
    assert area == pytest.approx(auc(sample.drawn()).value[0], abs=0.005)


def test_precision_recall_has_the_average_precision_below_it(sample: Sample) -> None:
    points = curves.precision_recall(sample, Draws.of(400, 100))
    expected = average_precision(sample.drawn()).value[0]
    assert points["precision"].mean() == pytest.approx(expected, abs=0.01)
    assert points["precision"].iloc[-1] >= sample.n_events / 400


def test_calibration_groups_cover_all_films_and_keep_ties_together(sample: Sample) -> None:
    points = curves.calibration(sample, Draws.of(400, 100))
    assert len(points) == 10
    assert points["n"].sum() == 400
    assert (points["n"] * points["observed"]).sum() == pytest.approx(sample.n_events)
    assert points["predicted"].is_monotonic_increasing
    assert (points["lower"] < points["observed"]).all()
    assert len(curves.calibration(Sample.of([0.3] * 50, [0, 1] * 25), Draws.of(50, 10))) == 1


def test_one_outcome_draws_no_roc() -> None:
    one = Sample.of([0.1, 0.2], [0, 0])
    assert curves.roc(one, Draws.of(2, 5)).empty
    assert curves.precision_recall(one, Draws.of(2, 5)).empty
