from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bonerisk.cohort.spline import basis
from bonerisk.evaluation.metrics.calibration.splines import Spline

GOLDEN = json.loads((Path(__file__).resolve().parents[3] / "golden/calibration.json").read_text())


def test_knots_and_columns_are_those_of_hmisc() -> None:
    x = np.log(-np.log1p(-np.array(GOLDEN["data"]["predicted"])))
    spline = Spline.curve(x)
    assert spline is not None
    np.testing.assert_allclose(spline.knots, GOLDEN["spline"]["knots"], rtol=1e-12)
    np.testing.assert_allclose(basis(x[:20], spline.knots), GOLDEN["spline"]["columns"], atol=1e-13)
    columns = spline.columns(x)
    np.testing.assert_allclose(columns.mean(axis=0), [0, 0], atol=1e-12)
    np.testing.assert_allclose(columns.T @ columns / len(x), np.eye(2), atol=1e-12)


def test_it_bends_between_the_outer_knots_only_and_without_a_kink() -> None:
    knots = np.array([-1.0, 0.0, 2.0])
    x = np.arange(-3, 4, 1e-3)
    bend = np.diff(basis(x, knots)[:, 1], n=2) / 1e-6
    outside = (x[1:-1] < -1 - 1e-3) | (x[1:-1] > 2 + 1e-3)
    assert np.abs(bend[outside]).max() < 1e-6
    assert np.abs(bend[~outside]).max() > 0.1
    assert np.abs(np.diff(bend)).max() < 1e-2


def test_a_line_is_the_variable_itself() -> None:
    x = np.array([1.0, 4.0, 7.0])
    line = Spline.line(x)
    assert line is not None
    np.testing.assert_allclose(line.columns(x)[:, 0] / line.turn[0, 0] + line.mean[0], x)


def test_too_few_values_have_no_spline() -> None:
    assert Spline.line(np.full(5, 0.3)) is None
    assert Spline.line(np.empty(0)) is None
    assert Spline.curve(np.array([0.0] * 50 + [1.0] * 50)) is None
    assert Spline.curve(np.array([0.0] * 95 + [1, 2, 3, 4, 5])) is None  # all knots at 0
    assert Spline.curve(np.empty(0)) is None
