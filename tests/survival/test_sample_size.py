from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.survival import cox_snell
from bonerisk.survival.sample_size import (
    Minimum,
    anticipated_shrinkage,
    before_fit,
    binary_minimum,
    expected_shrinkage,
    survival_minimum,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/sample_size.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["survival"], ids=lambda case: f"{case['n_columns']} columns")
def test_a_survival_minimum_is_that_of_the_formulae(case: dict[str, Any]) -> None:
    arguments = {key: value for key, value in case.items() if key not in ("minimum", "max_r2")}
    assert survival_minimum(**arguments) == Minimum(**case["minimum"])
    assert cox_snell.maximum(case["rate"] * case["mean_followup"]) == pytest.approx(case["max_r2"], abs=1e-14)


@pytest.mark.parametrize("case", GOLDEN["binary"], ids=lambda case: f"{case['n_columns']} columns {case['r2']}")
def test_a_binary_minimum_is_that_of_the_formulae(case: dict[str, Any]) -> None:
    arguments = {key: value for key, value in case.items() if key not in ("minimum", "max_r2")}
    assert binary_minimum(**arguments) == Minimum(**case["minimum"])
    assert cox_snell.maximum_binary(case["prevalence"]) == pytest.approx(case["max_r2"], abs=1e-14)


@pytest.mark.parametrize("case", GOLDEN["c_index"], ids=lambda case: str(case["c_index"]))
def test_r2_of_a_c_index_is_that_of_the_formulae(case: dict[str, float]) -> None:
    r2 = cox_snell.of_c_index(case["c_index"], case["n_events"] / case["n"])
    assert r2 == pytest.approx(case["r2"], abs=1e-14)


@pytest.mark.parametrize("case", GOLDEN["auc"], ids=lambda case: str(case["auc"]))
def test_r2_of_an_auc_is_that_of_adaptive_quadrature(case: dict[str, float]) -> None:
    assert cox_snell.of_auc(case["auc"], case["prevalence"]) == pytest.approx(case["r2"], abs=1e-11)


def test_published_examples() -> None:
    """The first is that of Riley 2020, the others are of pmsampsize, which rounds within the second criterion."""
    thrombosis = survival_minimum(30, 0.051, rate=0.065, mean_followup=2.07, horizon=2)
    assert (thrombosis.n, thrombosis.n_events) == (5143, 692)
    for columns, r2, rate, followup, first, second in [
        (25, 0.051, 0.065, 2.07, 4286, 875),
        (25, 0.051, 0.1, 2.07, 4286, 725),
        (40, 0.06, 0.08, 5, 5798, 974),
        (80, 0.3, 0.03, 5, 1974, 2279),
    ]:
        minimum = survival_minimum(columns, r2, rate, followup, horizon=2)
        assert minimum.by_shrinkage == first
        assert minimum.by_optimism == pytest.approx(second, rel=0.02)
    binary = binary_minimum(24, 0.288, 0.174)
    assert (binary.by_shrinkage, binary.by_overall_risk) == (623, 221)
    assert binary.by_optimism == pytest.approx(668, rel=0.02)


def test_the_anticipated_shrinkage_inverts_the_first_criterion() -> None:
    n = survival_minimum(30, 0.051, 0.065, 2.07, 2, shrinkage=0.8).by_shrinkage
    assert anticipated_shrinkage(n, 30, 0.051) == pytest.approx(0.8, abs=1e-4)
    shrinkages = [anticipated_shrinkage(n, 512, 0.02) for n in (1, 10, 100, 1000, 10**5, 10**8)]
    assert shrinkages == sorted(shrinkages)
    assert 0.02 <= shrinkages[0] < shrinkages[-1] < 1


def test_the_heuristic_shrinkage_of_a_fit() -> None:
    assert expected_shrinkage(140.0, 14) == pytest.approx(0.9)
    assert expected_shrinkage(7.0, 14) == pytest.approx(-1)
    with pytest.raises(ConfigError, match="chi2 is 0"):
        expected_shrinkage(0.0, 14)


def test_better_ranking_explains_more_and_never_more_than_can_be() -> None:
    for share in (0.001, 0.03, 0.3):
        explained = [cox_snell.of_c_index(c, share) for c in (0.501, 0.6, 0.7, 0.8, 0.9, 0.999)]
        assert explained == sorted(explained)
        assert 0 < explained[0] < explained[-1] < cox_snell.maximum(share)
        assert 0 < cox_snell.of_auc(0.9, share) < cox_snell.maximum_binary(share)


def test_the_summary_before_a_fit() -> None:
    rows = np.arange(20000)
    summary = before_fit(np.where(rows % 4, 5.0, 3.0), rows % 20 == 0, 14, horizon=5)
    assert (summary.n_columns, summary.n, summary.n_events) == (14, 20000, 1000)
    assert summary.r2 == pytest.approx(0.15 * cox_snell.maximum(0.05))
    assert summary.minimum == survival_minimum(14, summary.r2, 0.05 / 4.5, 4.5, 5)
    assert summary.text == (
        "fit of 14 columns to 1,000 events: 71 events per variable; expected shrinkage 0.99; Riley's minimum is 2,480 "
        "patients (124 events), if the Cox–Snell R² is 0.049, 15% of its maximum."
    )
    wide = before_fit([1.0, 2.0], [1, 0], 512, horizon=1, c_index=0.7)
    assert wide.text.startswith("fit of 512 columns to 1 event: 0.002 events per variable;")
    assert "that of a C-index of 0.7. 2 patients are too few" in wide.text


def test_what_is_out_of_range_is_said() -> None:
    with pytest.raises(DataError, match="none of 2 rows has an event"):
        before_fit([1, 2], [0, 0], 3, 5)
    with pytest.raises(ConfigError, match="n_columns is 0"):
        before_fit([1, 2], [0, 1], 0, 5)
    with pytest.raises(ConfigError, match="horizon is 0"):
        before_fit([1, 2], [0, 1], 3, 0)
    with pytest.raises(ConfigError, match=r"c_index is 0\.5"):
        before_fit([1, 2], [0, 1], 3, 5, c_index=0.5)
    with pytest.raises(ConfigError, match=r"r2 is 0\.9, but must lie between 0 and its maximum of 0\.555"):
        survival_minimum(3, 0.9, 0.065, 2.07, 2)
    with pytest.raises(ConfigError, match="shrinkage is 1"):
        survival_minimum(3, 0.05, 0.065, 2.07, 2, shrinkage=1)
    with pytest.raises(ConfigError, match="prevalence is 0"):
        binary_minimum(3, 0.05, 0)
