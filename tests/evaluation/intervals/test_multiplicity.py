from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.evaluation.intervals.multiplicity import adjust

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
