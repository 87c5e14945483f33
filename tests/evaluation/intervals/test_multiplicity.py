from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.evaluation.intervals.multiplicity import adjust, bootstrap_p

FAMILIES = json.loads((Path(__file__).parents[2] / "golden/multiplicity.json").read_text())["families"]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_adjusted_values_are_those_of_p_adjust(family: dict[str, list[float | None]]) -> None:
    p, holm, bonferroni = (np.array(family[key], dtype=float) for key in ("p", "holm", "bonferroni"))
    result = adjust(p)
    np.testing.assert_allclose(result.holm, holm, atol=1e-15)
    np.testing.assert_allclose(result.bonferroni, bonferroni, atol=1e-15)
    assert result.size == np.isfinite(p).sum()


def test_a_missing_comparison_leaves_the_others_as_they_are() -> None:
    without, among = adjust([0.01, 0.02]), adjust([0.01, np.nan, 0.02])
    np.testing.assert_array_equal(among.holm, np.insert(without.holm, 1, np.nan))


@pytest.mark.parametrize("wrong", [1.2, -0.1, np.inf])
def test_what_is_no_p_value_is_refused(wrong: float) -> None:
    with pytest.raises(DataError, match=r"not between 0 and 1\n  where: comparison 1,"):
        adjust([0.2, wrong])


def test_a_bootstrap_p_value_counts_the_smaller_side_twice() -> None:
    assert bootstrap_p(np.r_[np.full(990, 0.2), np.full(9, -0.1)]) == pytest.approx(2 * 10 / 1000)
    assert bootstrap_p(-np.r_[np.full(990, 0.2), np.full(9, -0.1)]) == pytest.approx(2 * 10 / 1000)
    assert bootstrap_p(np.full(999, 0.2)) == pytest.approx(2 / 1000)  # never 0
    assert bootstrap_p(np.zeros(999)) == 1.0  # draws without a difference are on both sides
    assert bootstrap_p([0.1, np.nan, 0.2, np.nan]) == bootstrap_p([0.1, 0.2])
    assert np.isnan(bootstrap_p([np.nan]))


def test_a_bootstrap_p_value_is_under_the_level_where_the_percentile_interval_leaves_out_0() -> None:
    rng = np.random.default_rng(0)
    for shift in rng.uniform(1.5, 2.5, 50):
        drawn = rng.normal(shift, size=1999)
        assert (bootstrap_p(drawn) <= 0.05) == (np.quantile(drawn, 0.025, method="inverted_cdf") > 0)
