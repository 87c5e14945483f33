from __future__ import annotations

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.keypoints import alignment

SHAPE = (900, 700)


def spine() -> np.ndarray:
    """Centres of a leaning, lordotic spine, L1 to L5."""
    return np.array([[300.3, 200.7], [280.1, 290.2], [275.6, 390.9], [285.8, 490.4], [330.2, 585.5]])


def dot(x: float, y: float) -> np.ndarray:
    """A film with a Gaussian spot at a point."""
    down, right = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return 1000 * np.exp(-((right - x) ** 2 + (down - y) ** 2) / (2 * 6**2))


def middle(image: np.ndarray) -> list[float]:
    """Centre of gravity, x and y."""
    down, right = np.mgrid[: image.shape[0], : image.shape[1]]
    return [float((image * axis).sum() / image.sum()) for axis in (right, down)]


def test_l1_and_l5_come_to_their_places_and_points_come_back() -> None:
    points = spine()
    matrix = alignment.similarity(points, 384)
    moved = alignment.apply(matrix, points)
    np.testing.assert_allclose(moved[[0, -1]], [[191.5, 0.2 * 384 - 0.5], [191.5, 0.8 * 384 - 0.5]])
    np.testing.assert_allclose(alignment.apply(alignment.inverse(matrix), moved), points, atol=1e-9)
    ratios = alignment.spacings(moved) / alignment.spacings(points)
    np.testing.assert_allclose(ratios, ratios[0])  # no shear
    assert np.linalg.det(matrix[:, :2]) > 0  # no mirror


@pytest.mark.parametrize("size", [96, 384, 1200])
def test_the_image_moves_as_its_points_do(size: int) -> None:
    points = spine()
    matrix = alignment.similarity(points, size)
    for x, y in points[[0, 2, 4]]:
        drawn = alignment.warp(dot(x, y), matrix, (size, size))
        assert middle(drawn) == pytest.approx(alignment.apply(matrix, np.array([[x, y]]))[0].tolist(), abs=0.02)


def test_rigid_keeps_the_height() -> None:
    tall, short = spine(), spine() * 0.8
    at = [alignment.apply(alignment.rigid(of, 384, 0.3), of) for of in (tall, short)]
    lengths = [np.linalg.norm(of[-1] - of[0]) for of in at]
    assert lengths[1] / lengths[0] == pytest.approx(0.8)
    for of in at:
        assert ((of[0] + of[-1]) / 2).tolist() == pytest.approx([191.5, 191.5])
        assert of[0, 0] == pytest.approx(of[-1, 0])
    assert lengths[0] == pytest.approx(0.6 * 384 * np.linalg.norm(tall[-1] - tall[0]) * 0.3 / alignment.LENGTH_MM)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([0, 1, None, 3, 4], "no point for L3"),
        ([0, 1, 2, 3, None], "four lumbar vertebrae"),
        ([0, 2, 1, 3, 4], "L3 lies above L2: points are exchanged"),
        ([4, 3, 2, 1, 0], "L5 lies above L1"),
        ([0, 1, 1.1, 2, 3], "L2 and L3 are 0.1 times .* two points are on one vertebra"),
        ([0, 1, 3, 4, 5], "L2 and L3 are 2.* a vertebra between them has no point"),
        ([0, 1, 2, 3, 9], "L5 at .* lies outside the film"),
    ],
)
def test_points_that_are_not_l1_to_l5_are_refused(rows: list[float | None], reason: str) -> None:
    alignment.check(spine(), SHAPE)
    points = np.array([[np.nan, np.nan] if at is None else [300.0 + at, 150 + 100 * at] for at in rows])
    with pytest.raises(DataError, match=reason):
        alignment.check(points, SHAPE)
