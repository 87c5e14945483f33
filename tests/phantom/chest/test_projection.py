from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bonerisk.phantom.chest import projection
from bonerisk.phantom.chest.projection import Shadow
from bonerisk.phantom.machine import detector
from bonerisk.phantom.machine.sheet import BIT, Sheet, Solid
from bonerisk.phantom.machine.texture import Bone
from bonerisk.phantom.people.patient import Exposure, Patient, Population
from bonerisk.phantom.people.population import BONES, draw

SHAPE, SPACING = (512, 512), 0.7


def shadow(patient: Patient, density: float = 1.0, **changes: object) -> Shadow:
    film = dataclasses.replace(patient.films[0], density=dict.fromkeys(BONES, density), drawn=frozenset(), view="PA")
    film = dataclasses.replace(film, **changes)
    return projection.project(patient, film, 0, np.random.default_rng(0), SHAPE, SPACING)


def film_of(patient: Patient, **changes: object) -> Exposure:
    return dataclasses.replace(patient.films[0], **changes)


@pytest.fixture(scope="module")
def patient() -> Patient:
    return draw(Population(), 0)


def test_a_tube_has_the_chord_of_a_hollow_cylinder() -> None:
    sheet = Sheet((200, 200), 0.1, -10.0, -10.0)
    Solid(sheet, "ribs", 4.0, 1.0).tube([(-30, 0, 5, 1), (30, 0, 5, 1)])
    _, y = sheet.axes()
    middle, edge = np.abs(y[:, 0]).argmin(), np.abs(y[:, 0] - 4.5).argmin()
    assert sheet.solid[middle, 100] == pytest.approx(2 * 4 + 8 * 1, rel=0.01)
    assert sheet.solid[edge, 100] == pytest.approx(2 * np.sqrt(25 - y[edge, 0] ** 2) * 4, rel=0.01)
    assert sheet.solid[np.abs(y[:, 0]) > 5.1].max() == 0


def test_an_ellipsoid_has_its_volume() -> None:
    sheet = Sheet((300, 300), 0.1, -15.0, -15.0)
    Solid(sheet, "humeri", 2.0, 2.0).ellipse((0.0, 0.0), (6.0, 9.0), 5.0, 1.0, lean=0.4)
    assert sheet.solid.sum() * 0.01 / 2.0 == pytest.approx(4 / 3 * np.pi * 6 * 9 * 5, rel=0.01)


def test_columns_add_up_and_end_at_the_sheet() -> None:
    sheet = Sheet((20, 8), 1.0, 0.0, 0.0)
    axis, columns = np.array([10, 10, 0, 19, 30]), np.array([2, 2, 4, 6, 7])
    solid = Solid(sheet, "ribs", 3.0, 1.0)
    solid.lay_columns(axis, columns, np.ones((5, 5), np.float32), np.zeros((5, 5), np.float32))
    laid = np.zeros(sheet.shape)
    laid[8:13, 2], laid[:3, 4], laid[17:, 6] = 2, 1, 1
    np.testing.assert_allclose(sheet.solid, 3 * laid)
    assert (sheet.planes[[0, 5, 9], [2, 1, 3]] == BIT["ribs"]).all()
    assert not sheet.planes[:, 0].any()


def test_every_organ_has_a_mask_where_it_belongs(patient: Patient) -> None:
    planes = shadow(patient).planes
    rows, columns = np.indices(planes.shape)
    organs = {name: bit for name, bit in BIT.items() if name != "device"}
    centre = {name: (rows[planes & bit > 0].mean(), columns[planes & bit > 0].mean()) for name, bit in organs.items()}
    assert centre["lung_right"][1] < centre["heart"][1] < centre["lung_left"][1]
    assert centre["clavicles"][0] < centre["heart"][0]
    outside = planes & BIT["body"] == 0
    assert not (planes[outside] & (BIT["heart"] | BIT["vertebrae"])).any()
    assert not (planes & BIT["device"]).any()


def test_bone_attenuates_in_proportion_to_its_density(patient: Patient) -> None:
    low, mean, high = (shadow(patient, density).attenuation for density in (0.89, 1.0, 1.11))
    bones = shadow(patient).planes & sum(BIT[bone] for bone in BONES) > 0
    bones = bones.repeat(2, axis=0).repeat(2, axis=1)
    step = (high - low)[bones].mean()
    empty = shadow(patient, 1e-6).attenuation
    assert step / (mean - empty)[bones].mean() == pytest.approx(0.22, abs=0.03)
    assert np.abs(high - low)[~bones].mean() < 0.02 * step


@pytest.mark.parametrize("index", [0, 1, 2])
def test_quality_moves_mineral_but_leaves_its_sum(index: int) -> None:
    someone = draw(Population(), index)
    empty = shadow(someone, 1e-6).attenuation
    poor, mean, good = (shadow(someone, shown_quality=quality).attenuation - empty for quality in (-2.0, 0.0, 2.0))
    assert poor.sum() == pytest.approx(good.sum(), rel=0.01)
    assert np.abs(poor - good).mean() > 0.05 * np.abs(mean).mean()


def test_poor_quality_is_a_coarser_grain_and_a_fainter_rim() -> None:
    def laid(quality: float) -> np.ndarray:
        sheet = Sheet((200, 200), 0.35, -35.0, 0.0)
        grain = np.random.default_rng(0).standard_normal(sheet.shape).astype(np.float32)
        Bone(sheet, "vertebrae", 1.0, quality, grain).tube([(-60, 35, 15, 1), (60, 35, 15, 1)])
        return sheet.solid

    rough, rim = {}, {}
    for quality in (-2.0, 0.0, 2.0):
        rows = laid(quality)[:, 20:180]
        rough[quality] = rows[100].std()
        rim[quality] = rows[[58, 59, 141, 142]].max() / rows[95:105].mean()
    assert rough[-2.0] > 1.5 * rough[0.0] > 2 * rough[2.0]
    assert rim[-2.0] < 0.95 * rim[0.0] < 0.95 * rim[2.0]


def test_the_anatomy_belongs_to_the_patient_and_the_position_to_the_film(patient: Patient) -> None:
    def project(number: int, pose: int, shape: tuple[int, int] = SHAPE) -> Shadow:
        film = film_of(patient, number=number, drawn=frozenset(), shown_quality=0.0)
        return projection.project(patient, film, 0, np.random.default_rng(pose), shape, SPACING)

    first, same, moved = project(0, 7), project(1, 7), project(1, 8)
    np.testing.assert_array_equal(first.attenuation, same.attenuation)
    assert not np.array_equal(first.attenuation, moved.attenuation)
    higher = project(0, 7, (544, 512))  # another system's film
    assert np.abs(higher.attenuation[16:-16] - first.attenuation)[60:-60, 60:-60].mean() < 0.002


def test_a_portable_film_shows_a_larger_heart_and_a_higher_diaphragm(patient: Patient) -> None:
    upright, portable = (shadow(patient, view=view).planes for view in ("PA", "AP"))
    width = [np.flatnonzero((planes & BIT["heart"] > 0).any(axis=0)).size for planes in (upright, portable)]
    lungs = BIT["lung_right"] | BIT["lung_left"]
    assert 1.07 < width[1] / width[0] < 1.2
    assert (portable & lungs > 0).sum() < 0.93 * (upright & lungs > 0).sum()


def test_display_takes_the_exposure_away_but_not_the_bone(patient: Patient) -> None:
    system = dataclasses.replace(detector.SYSTEMS["site_a"], shape=SHAPE, spacing_mm=SPACING, quanta=1e12)
    found = shadow(patient)

    def film(attenuation: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(5)
        return detector.display(system, detector.detect(system, attenuation, rng), rng).astype(float)

    plain, faint = film(found.attenuation), film(found.attenuation + 0.3)
    dense = film(shadow(patient, 1.5).attenuation)
    inner = (slice(100, 400), slice(100, 400))
    assert abs(faint[inner].mean() - plain[inner].mean()) < 40  # of 4,095
    assert np.abs(dense - plain)[inner].mean() > 40


def test_a_tube_that_ends_on_a_border_of_pixels_fits_its_box() -> None:
    sheet = Sheet((80, 80), 0.5, 0.0, 0.0)
    radius = 2 + 2**-20  # in 32 bit, the chain's box would end a pixel before its segment's
    Solid(sheet, None, 1.0, 1.0).tube([[21.5, 20, radius, 1], [27.5, 20, radius, 1]])
    assert sheet.solid.max() > 0
