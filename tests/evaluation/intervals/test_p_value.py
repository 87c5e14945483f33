"""The p-value of a difference is the level at which its interval reaches 0."""

from __future__ import annotations

import numpy as np
import pytest

from bonerisk.evaluation.intervals.interval import Kind, interval
from bonerisk.evaluation.intervals.p_value import p_value
from bonerisk.evaluation.intervals.resampling import Distribution


def differences(n: int, decimals: int, seed: int = 0) -> list[Distribution]:
    """Differences near significance on either side, their draws skewed and biased; with few decimals, many are 0."""
    rng = np.random.default_rng(seed)
    found = []
    for shift in rng.uniform(-3, 3, n):
        drawn = (shift + rng.gamma(4, 0.5, int(rng.choice([100, 999, 1000]))) - 2 + rng.normal(0, 0.2)).round(decimals)
        drawn[rng.random(len(drawn)) < 0.01] = np.nan
        left_out = shift + rng.gamma(2, 0.01, 50)
        influence = rng.normal(size=50) / 7
        found.append(Distribution(shift, drawn, "", left_out=left_out, influence=influence))
    return found


@pytest.mark.parametrize("kind", ["percentile", "bca", "analytic"])
@pytest.mark.parametrize("level", [0.95, 0.9])
@pytest.mark.parametrize("decimals", [8, 1])
def test_it_is_under_the_level_if_and_only_if_the_interval_leaves_out_0(
    kind: Kind, level: float, decimals: int
) -> None:
    found = []
    for of in differences(400, decimals):
        bounds = interval(of, level, kind)
        found.append(bounds.lower > 0 or bounds.upper < 0)
        assert (p_value(of, kind) < 1 - level) == found[-1]
    assert 50 < sum(found) < 350


@pytest.mark.parametrize("kind", ["percentile", "bca", "analytic"])
def test_at_the_level_of_1_less_p_the_interval_ends_at_0(kind: Kind) -> None:
    tested = 0
    for of in differences(50, 8, seed=1):
        p = p_value(of, kind)
        if 0.03 < p < 1:
            bounds = interval(of, 1 - p, kind)
            assert min(abs(bounds.lower), abs(bounds.upper)) == pytest.approx(0, abs=1e-9)
            tested += 1
    assert tested > 10


def test_the_other_way_round_it_is_the_same() -> None:
    for of in differences(20, 1):
        turned = Distribution(-of.estimate, -of.drawn, "", left_out=-of.left_out)
        for kind in ("percentile", "bca"):
            assert p_value(turned, kind) == pytest.approx(p_value(of, kind))


def test_it_is_never_0_and_missing_where_there_is_nothing_to_test() -> None:
    drawn = np.random.default_rng(0).uniform(0.1, 0.2, 999)
    assert p_value(Distribution(0.15, drawn, "")) == pytest.approx(2 / 1000)
    assert p_value(Distribution(-0.15, -drawn, "")) == pytest.approx(2 / 1000)
    assert p_value(Distribution(0.0, np.zeros(999), "")) == 1  # a model less itself
    for nothing in (np.full(9, 0.2), np.full(9, np.nan), np.empty(0)):
        assert np.isnan(p_value(Distribution(0.2, nothing, "")))
    assert np.isnan(p_value(Distribution(np.nan, np.empty(0), "no case")))


def test_under_no_difference_it_is_uniform() -> None:
    rng = np.random.default_rng(2)
    pairs = rng.normal(size=(400, 80))
    found = [p_value(Distribution(x.mean(), rng.choice(x, (499, 80)).mean(axis=1), "")) for x in pairs]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.08)
