from __future__ import annotations

from math import nan

import pytest

from bonerisk.reporting.wording import words


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ospenscreen_demo", "ospenscreen_demo"),
        ("age_years + sex + bmi_kg_m2", "age + sex + BMI"),
        ("age_years + sex (tuning)", "age + sex (refitted on tuning)"),
        ("ospenscreen_demo + age_years + sex", "ospenscreen_demo + age + sex"),
        ("oracle_filmed_density", "true filmed density (oracle)"),
        ("oracle_fracture_clinical", "best possible from clinical records (oracle)"),
        ("t_score", "T-score"),
        ("ospenscreen_demo (recalibrated)", "ospenscreen_demo (recalibrated)"),
    ],
)
def test_models(name: str, text: str) -> None:
    assert words.model(name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sex=F", "Female"),
        ("age=50-54", "Age 50–54"),
        ("age=65+", "Age ≥ 65"),
        ("age=<50", "Age < 50"),
        ("severity=mild", "Mild"),
        ("age_decade=60-69", "Age 60–69"),
        ("sex=F & age=65+", "Female, age ≥ 65"),
        ("site=b", "Site b"),
        ("all", "All"),
    ],
)
def test_subgroups(name: str, text: str) -> None:
    assert words.subgroup(name) == text


def test_units_stand_after_the_name() -> None:
    assert words.covariate("bmi_kg_m2", unit=True) == "BMI, kg/m²"
    assert words.covariate("t_score", unit=True) == "T-score"


@pytest.mark.parametrize(
    ("name", "horizon", "text"),
    [
        ("auc", nan, "AUC"),
        ("c_index", nan, "Harrell's C-index"),
        ("uno_c", 5.0, "Uno's C at 5 years"),
        ("auc_t", 1.0, "AUC at 1 year"),
        ("incidence", 4.8563, "Incidence by 4.86 years"),
        ("ppv_at_prevalence_0.2", nan, "PPV at prevalence 0.2"),
    ],
)
def test_metrics_with_their_horizon(name: str, horizon: float, text: str) -> None:
    assert words.metric(name, horizon) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("0.5", 0.5, "Threshold 0.5"),
        ("youden", -0.431, "Youden's threshold (risk −0.43)"),
        ("sensitivity=0.9", None, "Threshold for sensitivity 0.9"),
    ],
)
def test_thresholds(name: str, value: float | None, text: str) -> None:
    assert words.threshold(name, value) == text


def test_columns_in_a_sentence() -> None:
    text = "not fitted: no column bmi_kg_m2; adjusted for age_years, sex, t_score"
    assert words.in_words(text) == "not fitted: no column BMI; adjusted for age, sex, T-score"


def test_features() -> None:
    names = ["age_years", "sex=M", "x0", "hypertension"]
    assert [words.feature(name) for name in names] == ["Age, years", "Male", "x0", "Hypertension"]
    assert words.feature("age_years''") == "Age, years, bend 2"
