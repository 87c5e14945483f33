from __future__ import annotations

import numpy as np
import pytest

from bonerisk.evaluation.metrics import points
from bonerisk.evaluation.samples.located import Located
from bonerisk.keypoints import oks

N, K = 40, 5


@pytest.fixture
def films() -> Located:
    rng = np.random.default_rng(0)
    true = np.cumsum(rng.uniform(20, 40, (N, K, 2)) * [0.2, 1], axis=1) + 100
    found = true + rng.normal(0, rng.uniform(0.2, 9, (N, 1, 1)), true.shape)
    marked = np.ones((N, K), bool)
    marked[::3, 2] = False
    spacing = np.where(np.arange(N)[:, None] % 4 == 0, np.nan, [0.2, 0.3])
    risk = rng.random(N).round(1)  # with ties
    return Located(found, true, marked, risk, risk > 0.8, spacing, np.arange(N) // 2)


def repeated(films: Located, times: np.ndarray) -> Located:
    at = np.repeat(np.arange(N), times)
    return Located(*(getattr(films, name)[at] for name in Located.__dataclass_fields__))


def test_one_draw_is_the_agreement_of_the_library(films: Located) -> None:
    known = oks.agreement(films.found, films.true, films.marked, 1 - films.risk, films.spacing_mm)
    drawn = films.drawn()
    expected = {"oks_ap": known.ap, "oks_ap50": known.ap50, "oks_ap75": known.ap75, "mean_oks": known.mean_oks}
    expected |= {"mean_px": known.error_px, "mean_mm": known.error_mm, "pck": known.pck}
    for name, value in expected.items():
        assert getattr(points, name)(drawn).value[0] == pytest.approx(value, abs=1e-12), name
    assert points.median_px(drawn).value[0] == pytest.approx(np.nanmedian(films.error_px))
    assert points.median_mm(drawn).value[0] == pytest.approx(np.nanmedian(films.error_mm))
    assert points.set_aside(drawn).value[0] == films.aside.mean()


@pytest.mark.parametrize(
    "name", ["oks_ap", "oks_ap50", "oks_ap75", "mean_oks", "pck", "median_mm", "mean_mm", "median_px", "set_aside"]
)
def test_a_weight_is_a_film_repeated(films: Located, name: str) -> None:
    times = np.random.default_rng(1).multinomial(N, np.full(N, 1 / N), 3)
    metric = getattr(points, name)
    alone = [metric(repeated(films, of).drawn()).value[0] for of in times]
    np.testing.assert_allclose(metric(films.drawn(times.astype(float))).value, alone, atol=1e-12)


def test_errors_in_mm_need_a_spacing(films: Located) -> None:
    unknown = Located(
        *(getattr(films, name) for name in list(Located.__dataclass_fields__)[:5]),
        films.spacing_mm * np.nan,
        films.patient,
    )
    found = points.median_mm(unknown.drawn())
    assert np.isnan(found.value[0])
    assert found.undefined == "the spacing is known of no film"
