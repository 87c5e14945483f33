from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bonerisk.phantom.chest import findings, projection, spine
from bonerisk.phantom.chest.body import Body
from bonerisk.phantom.machine.sheet import BIT, Sheet
from bonerisk.phantom.machine.texture import Bone
from bonerisk.phantom.people.disease import DRAWN, WEDGES
from bonerisk.phantom.people.patient import Patient, Population
from bonerisk.phantom.people.population import BONES, draw

SHAPE, SPACING = (512, 512), 0.7
LUNGS = BIT["lung_right"] | BIT["lung_left"]
DEVICES = {"vertebroplasty", "sternotomy", "port_a", "pacemaker", "nasogastric_tube", "endotracheal_tube"}


@pytest.fixture(scope="module")
def patient() -> Patient:
    return draw(Population(), 1)


def shadow(patient: Patient, *drawn: str, view: str = "PA", number: int = 0) -> projection.Shadow:
    film = dataclasses.replace(patient.films[0], drawn=frozenset(drawn), view=view, number=number)
    return projection.project(patient, film, 0, np.random.default_rng(0), SHAPE, SPACING)


def centre(planes: np.ndarray, name: str) -> tuple[float, float]:
    rows, columns = np.nonzero(planes & BIT[name])
    return float(rows.mean()), float(columns.mean())


@pytest.mark.parametrize("name", sorted(set(findings.NAMES) - {"cardiomegaly", "emphysematous_change", "fracture"}))
def test_every_finding_shows_in_one_place_and_leaves_the_rest(patient: Patient, name: str) -> None:
    plain, drawn = shadow(patient), shadow(patient, name)
    changed = np.abs(drawn.attenuation - plain.attenuation)
    assert changed.max() > 0.1
    assert 1e-4 < (changed > 0.02).mean() < 0.2
    assert bool((drawn.planes & BIT["device"]).any()) == (name in DEVICES)
    bones = sum(BIT[bone] for bone in BONES)
    if name != "spondylosis":
        np.testing.assert_array_equal(drawn.planes & bones, plain.planes & bones)


def test_metal_lies_on_its_side(patient: Patient) -> None:
    middle = centre(shadow(patient).planes, "vertebrae")[1]
    assert centre(shadow(patient, "pacemaker").planes, "device")[1] > middle + 20  # the patient's left
    assert centre(shadow(patient, "port_a").planes, "device")[1] < middle - 20
    assert abs(centre(shadow(patient, "sternotomy").planes, "device")[1] - middle) < 10
    bright = shadow(patient, "pacemaker").attenuation.max()
    assert bright > shadow(patient).attenuation.max() + 0.5


def test_diseases_reshape_heart_and_lungs(patient: Patient) -> None:
    plain = shadow(patient)
    heart = {name: (shadow(patient, *name).planes & BIT["heart"] > 0).sum() for name in ((), ("cardiomegaly",))}
    assert heart[("cardiomegaly",)] > 1.3 * heart[()]
    lungs = plain.planes & LUNGS > 0
    fluid = shadow(patient, "pleural_effusion").planes & LUNGS > 0
    assert 0.6 * lungs.sum() < fluid.sum() < 0.95 * lungs.sum()
    trapped = shadow(patient, "emphysematous_change")
    assert (trapped.planes & LUNGS > 0).sum() > 1.03 * lungs.sum()
    inside = lungs.repeat(2, axis=0).repeat(2, axis=1)
    assert (plain.attenuation - trapped.attenuation)[inside].mean() > 0.1


def test_a_fractured_vertebra_is_lower_and_denser(patient: Patient) -> None:
    found = []
    for drawn in (frozenset(), frozenset({"fracture"})):
        film = dataclasses.replace(patient.films[0], drawn=drawn)
        body = Body(patient, film, 0, np.random.default_rng(0))
        sheet = Sheet(SHAPE, 0.35, -90.0, 150.0 - 90.0)
        spine.project(body, Bone(sheet, "vertebrae", 1.0))
        found.append((body, sheet))
    (whole, plain), (broken, lower) = found
    ((number, lost),) = broken.wedged.items()
    height = [float(body.top[number] - body.top[number - 1]) for body in (whole, broken)]
    assert height[1] == pytest.approx((1 - lost) * height[0])
    np.testing.assert_allclose(np.diff(whole.top)[number:], np.diff(broken.top)[number:])
    mean = []
    for body, sheet in ((whole, plain), (broken, lower)):
        top = body.top[number - 1] + 0.5 * height[1] - 1
        box, _, _ = sheet.box(body.spine_x(top) - 8, body.spine_x(top) + 8, top, top + 2)
        mean.append(sheet.solid[box].mean())
    assert mean[1] > 1.2 * mean[0]


def test_what_passes_differs_between_films_and_what_stays_does_not(patient: Patient) -> None:
    for name, passes in (("pleural_effusion", True), ("consolidation", True), ("pacemaker", False)):
        first, second = (shadow(patient, name, number=number).attenuation for number in (0, 1))
        assert np.array_equal(first, second) != passes


def test_what_patients_have_can_be_drawn() -> None:
    assert {*DRAWN, *WEDGES} <= set(findings.NAMES)


def test_all_at_once_and_an_unknown_one(patient: Patient) -> None:
    for view in ("PA", "AP"):
        assert np.isfinite(shadow(patient, *findings.NAMES, view=view).attenuation).all()
    with pytest.raises(ValueError, match="halo, mass"):
        shadow(patient, "mass", "halo", "pacemaker")
