from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.keypoints.oks import MOST, agreement, average_precision, similarity

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "oks.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_average_precision_is_that_of_pycocotools(name: str) -> None:
    case, sigma = GOLDEN["cases"][name], GOLDEN["origin"]["sigma"]
    similarities, scores = [], []
    for image, expected in case["oks"].items():
        true = [one for one in case["annotations"] if one["image_id"] == int(image)]
        found = [one for one in case["detections"] if one["image_id"] == int(image)]
        marked = np.array([one["keypoints"] for one in true]).reshape(-1, 5, 3)
        predicted = np.array([one["keypoints"] for one in found]).reshape(-1, 5, 3)[..., :2]
        scale = np.sqrt([one["area"] for one in true])
        oks = np.zeros((len(found), len(true)))
        for row, points in enumerate(predicted):
            copies = np.broadcast_to(points, marked[..., :2].shape)
            oks[row] = similarity(copies, marked[..., :2], marked[..., 2] > 0, scale, sigma)
        score = np.array([one["score"] for one in found])
        if found:
            np.testing.assert_allclose(oks[np.argsort(-score, kind="stable")], expected, atol=1e-9)
        similarities.append(oks)
        scores.append(score)
    np.testing.assert_allclose(average_precision(similarities, scores), case["ap"], atol=1e-9)


def test_a_twenty_first_detection_does_not_count() -> None:
    oks = np.zeros((MOST + 1, 1))
    oks[-1] = 1.0
    assert average_precision([oks], [np.arange(MOST + 1.0)[::-1]]).max() == 0
    np.testing.assert_allclose(average_precision([oks], [np.arange(MOST + 1.0)]), 1)
    assert np.isnan(average_precision([np.zeros((2, 0))], [np.ones(2)])).all()
    assert average_precision([np.zeros((0, 1))], [np.zeros(0)]).tolist() == [0.0] * 10


def test_errors_are_in_millimetres_where_the_spacing_is_known() -> None:
    true = np.stack([np.full(5, 100.0), np.arange(5) * 100.0], axis=-1)[None].repeat(3, 0)
    predicted = true + np.array([[3.0, 4.0], [0.0, 30.0], [0.0, 0.0]])[:, None]
    labelled = np.ones((3, 5), bool)
    labelled[1, 2] = False
    spacing = np.array([[0.5, 1.0], [0.2, 0.2], [np.nan, np.nan]])  # rows, columns
    found = agreement(predicted, true, labelled, np.array([0.9, 0.8, 0.7]), spacing)
    assert (found.films, found.films_mm, found.points) == (3, 2, 14)
    assert found.error_px == pytest.approx((5 * 5 + 4 * 30 + 0) / 14)
    assert found.error_mm == pytest.approx((5 * 13**0.5 + 4 * 6) / 9)
    assert found.pck == pytest.approx(10 / 14)  # within 20 px
    assert found.mean_oks == pytest.approx((np.exp(-25 / (2 * 20**2)) + np.exp(-900 / (2 * 20**2)) + 1) / 3)
    labelled[1, 0] = False  # the second film has no scale now
    assert agreement(predicted, true, labelled, np.ones(3), spacing).error_px == pytest.approx(2.5)
    nothing = agreement(predicted, true, np.zeros((3, 5), bool), np.ones(3), spacing)
    assert np.isnan([nothing.error_px, nothing.error_mm, nothing.mean_oks, nothing.pck, nothing.ap]).all()
