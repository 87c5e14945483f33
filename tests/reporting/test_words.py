from __future__ import annotations

import pytest

from bonerisk.reporting import words


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("ospenscreen_demo", "film", "ospenscreen_demo"),
        ("age_years + sex + bmi_kg_m2", "baseline", "age + sex + BMI"),
        ("age_years + sex (tuning)", "refitted", "age + sex (refitted on tuning)"),
        ("ospenscreen_demo + age_years + sex", "combined", "ospenscreen_demo + age + sex"),
        ("oracle_filmed_density", "oracle", "true filmed density (oracle)"),
    ],
)
def test_models(name: str, kind: str, text: str) -> None:
    assert words.kind(name, "ospenscreen_demo") == kind
    assert words.model(name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sex=F", "Female"),
        ("age=50-54", "Age 50–54"),
        ("age=65+", "Age ≥ 65"),
        ("age=<50", "Age < 50"),
        ("severity=mild", "Mild"),
    ],
)
def test_subgroups(name: str, text: str) -> None:
    assert words.subgroup(name) == text


def test_units_stand_after_the_name() -> None:
    assert words.covariate("bmi_kg_m2", unit=True) == "BMI, kg/m²"
    assert words.covariate("t_score", unit=True) == "T-score"
