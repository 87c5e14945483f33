from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from bonerisk.phantom.lumbar import truth
from bonerisk.phantom.lumbar.outline import Outline
from bonerisk.phantom.lumbar.posture import POINTS
from bonerisk.phantom.lumbar.projection import BIT, Scene, planes, scene
from bonerisk.phantom.people.clinic import MEASURED, Clinic, Deformity, SpinePatient
from bonerisk.phantom.people.clinic_draw import draw

CLINIC = Clinic(seed=2)


def drawn(index: int, number: int = 0, *deformities: Deformity) -> tuple[SpinePatient, Scene]:
    patient = replace(draw(CLINIC, index), deformities=deformities)
    return patient, scene(patient, patient.films[number])


def heights(points: dict[str, list[float]]) -> list[float]:
    """In pixels: in front, in the middle and behind."""
    sides = ("anterior", "middle", "posterior")
    return [float(np.hypot(*np.subtract(points[f"{s}_superior"], points[f"{s}_inferior"]))) for s in sides]


@pytest.mark.parametrize("index", range(6))
def test_points_lie_on_the_contours_of_the_masks(index: int) -> None:
    _, found = drawn(index)
    masks, points = planes(found), truth.points(found)
    for level in MEASURED:
        mask = (masks & BIT[level] > 0).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        assert len(contours) == 1
        edge = contours[0][:, 0].astype(float)
        for name in POINTS:
            assert np.hypot(*(edge - points[level][name]).T).min() <= 1.0, (level, name)
        column, row = np.round(points[level]["centre"]).astype(int)
        assert mask[row, column]


def test_heights_in_mm_of_the_patient_follow_from_detector_spacing_and_magnification() -> None:
    _, baseline = drawn(3)
    for found in (baseline, drawn(3, 1)[1]):
        assert 1.1 < found.posture.magnification < 1.4
        spacing = found.room.system.spacing_mm / found.posture.magnification
        points = truth.points(found)
        for level in MEASURED:
            measured = np.array(heights(points[level])) * spacing
            np.testing.assert_allclose(measured, found.build.vertebrae[level].heights, rtol=0.01)
    assert baseline.posture != drawn(3, 1)[1].posture
    assert 20 < np.mean([heights(truth.points(baseline)[level])[2] for level in MEASURED]) * baseline.spacing_mm < 32


@pytest.mark.parametrize(
    ("kind", "lost", "changed"),
    [
        ("wedge", (0.35, 0.20, 0.02), (-0.3, -0.15, 0.0)),
        ("biconcave", (0.05, 0.35, 0.02), (0.0, -0.3, 0.0)),
        ("crush", (0.35, 0.35, 0.30), (-0.3, -0.3, -0.25)),
    ],
)
def test_a_fracture_takes_height_where_its_kind_says(
    kind: str, lost: tuple[float, float, float], changed: tuple[float, float, float]
) -> None:
    fracture = Deformity("l2", kind, lost, incident=True)
    for index in range(4):
        _, before = drawn(index, 0, fracture)
        _, after = drawn(index, 1, fracture)
        relative = {
            level: np.divide(after.build.vertebrae[level].heights, before.build.vertebrae[level].heights) - 1
            for level in MEASURED
        }
        for level in set(MEASURED) - {"l2"}:
            np.testing.assert_allclose(relative[level], 0, atol=1e-9)
        for got, limit in zip(relative["l2"], changed, strict=True):
            assert got < limit if limit else got > -0.07
        points = truth.points(after)["l2"]
        front, middle, back = heights(points)
        assert (front / back < 0.85) == (kind == "wedge")
        assert (middle / front < 0.75) == (kind == "biconcave")


def test_normal_vertebrae_have_normal_ratios() -> None:
    ratios = []
    for index in range(60):
        _, found = drawn(index)
        shapes = [found.build.vertebrae[level].heights for level in MEASURED]
        ratios.append([(front / back, middle / back) for front, middle, back in shapes])
    mean, sd = np.mean(ratios, axis=0), np.std(ratios, axis=0)
    assert (np.diff(mean[:, 0]) > 0).all()  # wedges turn from kyphotic to lordotic
    assert 0.90 < mean[0, 0] < 0.98
    assert mean[-1, 0] > 1.08
    assert ((sd > 0.02) & (sd < 0.06)).all()
    assert ((mean[:, 1] > 0.85) & (mean[:, 1] < 1.0)).all()


def test_vertebrae_stack_without_overlap_in_a_lordosis() -> None:
    lordosis = []
    for index in range(40):
        _, found = drawn(index)
        bodies = list(found.placed.values())
        assert (np.diff([body.centre[1] for body in bodies]) > 10).all()
        masks = [cv2.contourArea(np.asarray(Outline(body).contour(), np.float32)) for body in bodies]
        assert min(masks) > 400  # mm²
        slopes = [_slope(found, level) for level in ("l1", "s1")]
        lordosis.append(slopes[1] - slopes[0])  # degrees, from L1 to S1
    assert 35 < np.mean(lordosis) < 60
    assert 8 < np.std(lordosis) < 18


def _slope(found: Scene, level: str) -> float:
    front, _, back = found.placed[level].points[:3]
    return float(np.degrees(np.arctan2(front[1] - back[1], back[0] - front[0])))


def test_vertebrae_do_not_overlap_on_the_film() -> None:
    for index in range(10):
        masks = planes(drawn(index)[1])
        single = np.isin(masks, [0, BIT["vertebrae"], *(BIT["vertebrae"] | BIT[level] for level in MEASURED)])
        assert single.mean() > 0.9999
