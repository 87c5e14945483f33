from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from bonerisk.errors import ConfigError
from bonerisk.training.augmentation import blurs, warps
from bonerisk.training.augmentation.strong import Strong
from bonerisk.training.augmentation.weak import Weak

SHARES = ("flip", "blur", "motion", "median", "shift_scale_rotate", "grid", "elastic", "optical", "gamma", "dropout")


def only(**settings: object) -> Strong:
    """No step but those named."""
    return Strong(**dict.fromkeys(SHARES, 0.0) | settings)


def film(height: int = 40, width: int = 48) -> torch.Tensor:
    """A smooth film (1, h, w) uint8 that no mirror or turn leaves as it is."""
    y, x = np.mgrid[:height, :width]
    grey = 120 + 60 * np.sin(x / 6.0) * np.cos(y / 9.0) + x - y / 2
    return torch.from_numpy(grey.clip(0, 255).astype(np.uint8))[None]


def applied(augmentation: Strong | Weak, n: int = 6, seed: int = 0) -> torch.Tensor:
    drawn = augmentation.draw(n, np.random.default_rng(seed))
    return augmentation.apply(film().repeat(n, 1, 1, 1), drawn)


def test_weak_mirrors_about_half_and_nothing_else() -> None:
    images = film().repeat(400, 1, 1, 1)
    found = Weak().apply(images, Weak().draw(400, np.random.default_rng(0)))
    mirrored = (found == images.flip(-1)).flatten(1).all(1)
    assert torch.equal(mirrored, ~(found == images).flatten(1).all(1))
    assert 0.4 < mirrored.double().mean() < 0.6


def test_without_steps_a_film_stays() -> None:
    assert torch.equal(applied(only()), film().repeat(6, 1, 1, 1))


@pytest.mark.parametrize("step", SHARES)
def test_each_step_changes_its_share_of_films(step: str) -> None:
    n = 300
    images = film().repeat(n, 1, 1, 1)
    augmentation = only(**{step: 0.3})
    found = augmentation.apply(images.clone(), augmentation.draw(n, np.random.default_rng(1)))
    assert found.dtype == torch.uint8 and found.shape == images.shape
    changed = (found != images).flatten(1).any(1).double().mean()
    assert 0.2 < changed < 0.4


def test_a_film_does_not_depend_on_its_company() -> None:
    """So the number of processes and `films_at_once` change nothing."""
    augmentation = Strong()
    drawn = augmentation.draw(8, np.random.default_rng(2))
    images = film().repeat(8, 1, 1, 1)
    whole = augmentation.apply(images.clone(), drawn)
    for part in (np.array([1, 4, 6]), np.array([0, 2, 3, 5, 7])):
        own = augmentation.apply(images[part].clone(), {name: values[part] for name, values in drawn.items()})
        assert (own.int() - whole[part].int()).abs().max() <= 1  # rounding: kernels are summed in another order


def test_the_images_given_stay_as_they_are() -> None:
    images = film().repeat(6, 1, 1, 1)
    Strong(blur=1, dropout=1).apply(images, Strong(blur=1, dropout=1).draw(6, np.random.default_rng(0)))
    assert torch.equal(images, film().repeat(6, 1, 1, 1))


def test_several_planes_move_together() -> None:
    planes = film().repeat(4, 3, 1, 1)
    augmentation = Strong()
    found = augmentation.apply(planes, augmentation.draw(4, np.random.default_rng(5)))
    assert torch.equal(found[:, 0], found[:, 1]) and torch.equal(found[:, 0], found[:, 2])


def test_turning_is_opencvs() -> None:
    """Angle, size and shift as OpenCV's warp has them, on a film that is not square."""
    grey, n = film()[0].float(), 1
    angle, scale, shift = 0.2, 1.1, (0.05, -0.03)
    height, width = grey.shape
    at = warps.shift_scale_rotate(
        warps.points(n, height, width, torch.device("cpu")),
        torch.tensor([shift]), torch.tensor([scale]), torch.tensor([angle]), width / height,
    )  # fmt: skip
    found = warps.resample(grey[None, None], at)[0, 0].numpy()
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -np.rad2deg(angle), scale)
    matrix[:, 2] += [shift[0] * width, shift[1] * height]
    expected = cv2.warpAffine(grey.numpy(), matrix, (width, height), flags=cv2.INTER_LINEAR)
    inner = (slice(10, -10), slice(10, -10))
    np.testing.assert_allclose(found[inner], expected[inner], atol=1.5)  # OpenCV has 1/32 of a pixel


def test_equal_steps_of_the_grid_distort_nothing() -> None:
    at = warps.points(1, 9, 7, torch.device("cpu"))
    torch.testing.assert_close(warps.grid_distortion(at, torch.full((1, 2, 5), 0.4)), at)
    wide = torch.ones(1, 2, 4)
    wide[0, 0, 0] = 2.0  # the first column takes 2/5 of the width
    edge = torch.tensor([[[[-0.5, 0.0]]]])  # where the first of four columns ends
    torch.testing.assert_close(warps.grid_distortion(edge, wide), torch.tensor([[[[-0.2, 0.0]]]]))


def test_an_optical_distortion_leaves_the_middle() -> None:
    at = torch.tensor([[[[0.0, 0.0], [1.0, 0.0]]]])
    torch.testing.assert_close(
        warps.optical_distortion(at, torch.tensor([0.1])), torch.tensor([[[[0.0, 0.0], [1.1, 0.0]]]])
    )


def test_blurs_are_opencvs() -> None:
    grey = film().float()[None]
    found = blurs.convolve(grey, [blurs.box(5)])[0, 0].numpy()
    np.testing.assert_allclose(found, cv2.blur(grey[0, 0].numpy(), (5, 5)), atol=1e-3)
    found = blurs.median(film()[None])[0, 0].numpy()
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_array_equal(found[inner], cv2.medianBlur(film()[0].numpy(), 3)[inner])


def test_two_blurs_are_one_kernel() -> None:
    grey = film().float()[None]
    kernels = blurs.box(3), blurs.motion(5, 0.7)
    one = blurs.convolve(blurs.convolve(grey, kernels[:1]), kernels[1:])
    both = blurs.convolve(grey, [blurs.both(*kernels)])
    torch.testing.assert_close(one[..., 4:-4, 4:-4], both[..., 4:-4, 4:-4], rtol=1e-5, atol=1e-3)


def test_a_motion_along_rows_smears_rows() -> None:
    across = blurs.motion(5, 0.0)
    np.testing.assert_allclose(across[2], 0.2)
    assert across.sum() == pytest.approx(1) and across[[0, 1, 3, 4]].sum() == 0


def test_a_quarter_of_a_film_is_dropped() -> None:
    found = only(dropout=1.0, dropout_cells=4).apply(
        torch.full((1, 1, 64, 64), 200, dtype=torch.uint8), only(dropout=1.0).draw(1, np.random.default_rng(0))
    )
    assert (found == 0).double().mean() == 0.25


def test_wrong_settings_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        Strong(flip=1.5, blur=-1, gamma_range=(1.2, 0.8))
    for told in ("flip is 1.5", "blur is -1", "gamma_range is [1.2, 0.8]"):
        assert told in str(caught.value)
