from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bonerisk.phantom import detector, projection
from bonerisk.phantom.population import BONES, Patient, draw
from bonerisk.phantom.projection import Shadow
from bonerisk.phantom.sheet import BIT, Bone, Sheet

SHAPE, SPACING = (512, 512), 0.7


def shadow(patient: Patient, density: float = 1.0) -> Shadow:
    dense = dataclasses.replace(patient, density=dict.fromkeys(BONES, density))
    return projection.project(dense, np.random.default_rng(0), SHAPE, SPACING)


@pytest.fixture(scope="module")
def patient() -> Patient:
    return draw(0, 0)


def test_a_tube_has_the_chord_of_a_hollow_cylinder() -> None:
    sheet = Sheet((200, 200), 0.1, -10.0, -10.0)
    bone = Bone(sheet, "ribs", 1.0)
    bone.tube([(-30, 0, 5, 1), (30, 0, 5, 1)])
    _, y = sheet.axes()
    middle, edge = np.abs(y[:, 0]).argmin(), np.abs(y[:, 0] - 4.5).argmin()
    assert sheet.bone[middle, 100] == pytest.approx(2 * bone.cortical + 8 * bone.trabecular, rel=0.01)
    assert sheet.bone[edge, 100] == pytest.approx(2 * np.sqrt(25 - y[edge, 0] ** 2) * bone.cortical, rel=0.01)
    assert sheet.bone[np.abs(y[:, 0]) > 5.1].max() == 0


def test_an_ellipsoid_has_its_volume() -> None:
    sheet = Sheet((300, 300), 0.1, -15.0, -15.0)
    bone = Bone(sheet, "humeri", 1.0)
    bone.cortical = bone.trabecular
    bone.ellipse((0.0, 0.0), (6.0, 9.0), 5.0, 1.0, lean=0.4)
    assert sheet.bone.sum() * 0.01 / bone.trabecular == pytest.approx(4 / 3 * np.pi * 6 * 9 * 5, rel=0.01)


def test_columns_add_up_and_end_at_the_sheet() -> None:
    sheet = Sheet((20, 8), 1.0, 0.0, 0.0)
    bone = Bone(sheet, "ribs", 1.0)
    axis, columns = np.array([10, 10, 0, 19, 30]), np.array([2, 2, 4, 6, 7])
    bone.lay_columns(axis, columns, np.ones((5, 5), np.float32), np.zeros((5, 5), np.float32))
    laid = np.zeros(sheet.shape)
    laid[8:13, 2], laid[:3, 4], laid[17:, 6] = 2, 1, 1
    np.testing.assert_allclose(sheet.bone, bone.cortical * laid)
    assert (sheet.planes[[0, 5, 9], [2, 1, 3]] == BIT["ribs"]).all()
    assert not sheet.planes[:, 0].any()


def test_every_organ_has_a_mask_where_it_belongs(patient: Patient) -> None:
    planes = shadow(patient).planes
    rows, columns = np.indices(planes.shape)
    centre = {name: (rows[planes & bit > 0].mean(), columns[planes & bit > 0].mean()) for name, bit in BIT.items()}
    assert centre["lung_right"][1] < centre["heart"][1] < centre["lung_left"][1]
    assert centre["clavicles"][0] < centre["heart"][0]
    outside = planes & BIT["body"] == 0
    assert not (planes[outside] & (BIT["heart"] | BIT["vertebrae"])).any()


def test_bone_attenuates_in_proportion_to_its_density(patient: Patient) -> None:
    low, mean, high = (shadow(patient, density).attenuation for density in (0.89, 1.0, 1.11))
    bones = shadow(patient).planes & sum(BIT[bone] for bone in BONES) > 0
    bones = bones.repeat(2, axis=0).repeat(2, axis=1)
    step = (high - low)[bones].mean()
    empty = shadow(patient, 1e-6).attenuation
    assert step / (mean - empty)[bones].mean() == pytest.approx(0.22, abs=0.03)
    assert np.abs(high - low)[~bones].mean() < 0.02 * step


def test_display_takes_the_exposure_away_but_not_the_bone(patient: Patient) -> None:
    system = dataclasses.replace(detector.SYSTEMS["site_a"], shape=SHAPE, spacing_mm=SPACING, quanta=1e12)
    found = shadow(patient)

    def film(attenuation: np.ndarray) -> np.ndarray:
        return detector.expose(system, attenuation, np.random.default_rng(5)).astype(float)

    plain, faint = film(found.attenuation), film(found.attenuation + 0.3)
    dense = film(shadow(patient, 1.5).attenuation)
    inner = (slice(100, 400), slice(100, 400))
    assert abs(faint[inner].mean() - plain[inner].mean()) < 40  # of 4,095
    assert np.abs(dense - plain)[inner].mean() > 40
