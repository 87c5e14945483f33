from __future__ import annotations

import math

import pytest

from bonerisk.audit.measures import measure
from bonerisk.audit.numbers import cell


@pytest.mark.parametrize(
    ("text", "label", "value", "half", "lower", "upper", "percent"),
    [
        ("0.91 (0.89–0.93)", "", 0.91, 0.005, 0.89, 0.93, None),
        ("0.91 [95% CI: 0.89, 0.93]", "", 0.91, 0.005, 0.89, 0.93, None),
        ("0.91 (95% CI 0.89 to 0.93)", "", 0.91, 0.005, 0.89, 0.93, None),
        ("0.91, 0.89-0.93", "", 0.91, 0.005, 0.89, 0.93, None),
        ("−0.12 (−0.30 to 0.06)", "", -0.12, 0.005, -0.30, 0.06, None),
        ("-0.2 (-0.3--0.1)", "", -0.2, 0.05, -0.3, -0.1, None),
        ("45.2% (40.1%; 50.3%)", "", 0.452, 0.0005, 0.401, 0.503, None),
        ("592 (44.6%)", "", 592, 0.5, None, None, 0.446),
        ("1,068 (75.4)", "Female, n (%)", 1068, 0.5, None, None, 0.754),
        ("1,068 (75.4)", "Female", 1068, 0.5, None, None, None),
        ("·85", "", 0.85, 0.005, None, None, None),
        ("1.2e-3", "", 0.0012, 0.00005, None, None, None),
    ],
)
def test_cells_as_papers_print_them(
    text: str, label: str, value: float, half: float, lower: float | None, upper: float | None, percent: float | None
) -> None:
    read = cell(text, label)
    assert read.number is not None
    assert (read.number.value, read.number.half) == pytest.approx((value, half))
    for found, wanted in ((read.lower, lower), (read.upper, upper), (read.percent, percent)):
        assert (found is None) == (wanted is None)
        assert found is None or found.value == pytest.approx(wanted)


def test_an_infinite_estimate_a_spread_and_signs() -> None:
    ratio = cell("Inf (10.84–26.28)")
    assert ratio.number is not None
    assert ratio.upper is not None
    assert math.isinf(ratio.number.value)
    assert ratio.upper.value == 26.28
    spread = cell("60.5±6.2")
    assert spread.sd is not None
    assert spread.sd.value == 6.2
    assert cell("p < 0.001").sign == "<"
    assert cell("<0.001").sign == "<"


@pytest.mark.parametrize(
    "text", ["", "NA", "not given", "above 2000 × 2000 pixels", "2012 to February 2019", "12 layers"]
)
def test_words_are_no_number(text: str) -> None:
    assert cell(text).number is None


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("AUC (95% CI)", "auc"),
        ("AUROC", "auc"),
        ("C-index (95 % CI)", "c_index"),
        ("F1 score (95% CI)", "f1"),
        ("TP, n (%)", "tp"),
        ("Normal, n (%)", "negatives"),
        ("Low bone mass, n (%)", "positives"),
        ("Adjusted HR [95% CI]", "hazard_ratio"),
        ("P value", "p_value"),
        ("Smoker, n (%)", "count"),
        ("Age, yr", ""),
    ],
)
def test_labels_as_papers_print_them(label: str, wanted: str) -> None:
    assert measure(label) == wanted
