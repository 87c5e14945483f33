from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.masks import LEVELS, PLANES
from bonerisk.keypoints import alignment, columns
from bonerisk.keypoints.levels import LUMBAR
from bonerisk.phantom.lumbar import projection
from bonerisk.preprocessing.spine import SpineImage, SpinePatches
from bonerisk.preprocessing.spine_bodies import RING

SHAPE, SIDE = (900, 700), 60  # of the film and of a body, in pixels
CENTRES = np.array([[300.0, 200.0], [280.0, 290.0], [270.0, 390.0], [285.0, 490.0], [340.0, 580.0]])
BOX = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * SIDE


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """A dim film of bright bodies, with masks and corners."""
    pixels = np.random.default_rng(0).integers(100, 300, SHAPE, dtype=np.uint16)
    mask = np.zeros(SHAPE, np.uint16)
    row = columns.values(LUMBAR, CENTRES.tolist())
    for place, (level, centre) in enumerate(zip(LUMBAR, CENTRES, strict=True)):
        left, top = (centre - SIDE / 2).astype(int)
        pixels[top : top + SIDE, left : left + SIDE] += np.uint16(1000 + 500 * place)
        mask[top : top + SIDE, left : left + SIDE] |= np.uint16(1 << (len(PLANES) + LEVELS.index(level)))
        row |= columns.values([f"{level}_{corner}" for corner in RING], (centre + BOX).tolist())
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "a.png"), mask)
    return Film(pixels, 12, (0.3, 0.3), tmp_path / "films" / "a.dcm", row=row)


def test_bits_of_single_bodies_are_those_of_simulated_films() -> None:
    assert (*PLANES, *LEVELS) == projection.PLANES


def test_l1_and_l5_lie_at_a_fifth_and_four_fifths(film: Film) -> None:
    transform = pickle.loads(pickle.dumps(SpineImage()))
    image = transform(film)
    assert (image.shape, image.dtype, image.min(), image.max()) == ((384, 384), np.uint8, 0, 255)
    assert image[307, 191] > 200  # L5 is the brightest body
    assert image[76, 191] > 80
    shown = transform.covered(np.ones(SHAPE, bool), film) > 0
    rows, across = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    spacing = alignment.spacings(CENTRES).mean() * 0.6 * 384 / np.linalg.norm(CENTRES[-1] - CENTRES[0])
    assert rows[[0, -1]] == pytest.approx([76.3 - spacing / 2, 306.7 + spacing / 2], abs=1)
    assert (across[0] < 191 - spacing / 2, across[-1] == pytest.approx(191.5 + spacing / 2, abs=1)) == (True, True)
    assert image[~shown].max() == 0
    without = SpineImage(last="l4")
    seen = without.covered(np.ones(SHAPE, bool), film) > 0
    assert np.flatnonzero(seen.any(1))[-1] == pytest.approx(249.5 + spacing / 2, abs=8)
    assert (seen & ~shown).sum() == 0  # the same scale


@pytest.mark.parametrize("kind", [SpineImage, SpinePatches])
def test_masks_and_corners_show_bodies_alone(kind: type[SpineImage] | type[SpinePatches], film: Film) -> None:
    everywhere, body = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
    body[170:230, 270:330] = True  # L1
    by_mask, by_corners = kind(bodies="masks"), kind(bodies="corners")
    assert by_mask.columns == (*columns.columns(LUMBAR), "view")
    assert len(by_corners.columns) == 10 + 1 + 40
    seen = by_mask.covered(everywhere, film)
    assert np.abs(seen - by_corners.covered(everywhere, film)).mean() < 0.01
    plain = kind().covered(body, film)
    masked = by_mask.covered(body, film)
    first = (0,) if kind is SpinePatches else ()
    assert masked[first].sum() == pytest.approx(plain[first].sum(), rel=0.03)
    assert (by_mask(film)[seen == 0] == 0).all()
    if kind is SpinePatches:
        assert masked[1:].sum() == 0  # a patch shows its own body
        assert seen.sum((1, 2)).min() > 1000
    no_file = replace(film, path=film.path and film.path.with_name("b.dcm"))
    with pytest.raises(DataError, match="no organ mask"):
        by_mask(no_file)
    crossed = {**film.row, **columns.values(["l3_anterior_superior"], [(CENTRES[2] + BOX[2] - [0, 10]).tolist()])}
    with pytest.raises(DataError, match="outline of L3 crosses itself"):
        by_corners(replace(film, row=crossed))
    with pytest.raises(DataError, match="a corner of L2 is missing"):
        by_corners(replace(film, row={**film.row, "l2_posterior_inferior_y_px": None}))


def test_patches_are_squares_of_the_local_spacing(film: Film) -> None:
    patches = SpinePatches(size=96)(film)
    assert (patches.shape, patches.dtype) == ((5, 96, 96), np.uint8)
    assert (patches.max((1, 2)) == 255).all()  # each by its own range
    body = np.zeros(SHAPE, bool)
    for x, y in CENTRES.astype(int):
        body[y - 30 : y + 30, x - 30 : x + 30] = True
    share = SpinePatches(size=96, side=1.0).covered(body, film).mean((1, 2))
    apart = alignment.spacings(CENTRES)
    local = np.array([apart[0], *(apart[:-1] + apart[1:]) / 2, apart[-1]])
    assert share == pytest.approx((SIDE / local) ** 2, rel=0.03)
    same = SpinePatches(size=96, side=0.7, align="rigid").covered(body, film).mean((1, 2))
    assert same == pytest.approx([(SIDE * 0.3 / (0.7 * alignment.LENGTH_MM / 4)) ** 2] * 5, rel=0.03)


def test_a_film_that_cannot_be_aligned_is_refused_with_the_reason(film: Film) -> None:
    for wrong, reason in (
        ({"l5_x_px": None}, "no point for L5"),
        ({"view": "AP"}, "the film is frontal"),
        ({"l2_y_px": "high"}, "no point for L2"),
        ({"l2_y_px": 100.0}, "L2 lies above L1"),
    ):
        for transform in (SpineImage(), SpinePatches()):
            with pytest.raises(DataError, match=reason):
                transform(replace(film, row={**film.row, **wrong}))
    blank = replace(film, pixels=np.full(SHAPE, 7, np.uint16))
    with pytest.raises(DataError, match="blank"):
        SpinePatches()(blank)
    for spacing, reason in ((None, "spacing is unknown"), ((0.2, 0.3), "one scale")):
        with pytest.raises(DataError, match=reason):
            SpineImage(align="rigid")(replace(film, spacing_mm=spacing))


def test_settings_out_of_range_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        SpineImage(last="l3", margin=0, bodies="bones", align="warp")  # type: ignore[arg-type]
    for key in ("last", "margin", "bodies", "align"):
        assert f"preprocessing.{key}" in str(caught.value)
    with pytest.raises(ConfigError, match=r"preprocessing\.side"):
        SpinePatches(side=9)
