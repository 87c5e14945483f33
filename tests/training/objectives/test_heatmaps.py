from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.cohort.targets.target import find
from bonerisk.errors import DataError
from bonerisk.keypoints import heatmap
from bonerisk.keypoints.columns import columns
from bonerisk.training.objectives.heatmaps import Heatmaps

NAMES = ("l1", "l3", "l5")
POINTS = np.array([[[40.0, 20.0], [42.0, 60.5], [47.3, 100.0]], [[30.0, 22.0], [np.nan, np.nan], [33.0, 90.0]]])


def perfect(points: np.ndarray) -> torch.Tensor:
    at = torch.as_tensor(points, dtype=torch.float32)
    return heatmap.draw(heatmap.on_map(at.nan_to_num()), at.isfinite().all(2), (32, 24), 2.0)


def test_the_targets_columns_are_those_of_the_points() -> None:
    assert find("l1+l3+l5").columns == tuple(columns(NAMES))
    table = pd.DataFrame(POINTS.reshape(2, -1), columns=columns(NAMES))
    np.testing.assert_array_equal(Heatmaps().targets(table), POINTS)


def test_a_missing_point_weighs_nothing_and_all_films_count_alike() -> None:
    objective, maps = Heatmaps(), perfect(POINTS)
    targets = torch.as_tensor(POINTS, dtype=torch.float32)
    assert objective.loss(maps, targets).tolist() == [0, 0]
    maps[1, 1] = 7.0  # of the point that is missing
    assert objective.loss(maps, targets).tolist() == [0, 0]
    maps[0, 1] = maps[0, 1] + 0.1
    worse = objective.loss(maps, targets)
    assert worse[0] == pytest.approx(0.1**2 * 32 * 24 / 3 / 16)
    assert objective.loss(maps[1:], targets[1:]).tolist() == [0]  # a film's loss is its own


def test_perfect_heatmaps_score_one_and_shifted_ones_less() -> None:
    score = Heatmaps().score(perfect(POINTS), POINTS)
    assert score["tune_oks"] == pytest.approx(1, abs=1e-4)
    assert Heatmaps().score(perfect(POINTS + 6), POINTS)["tune_oks"] < 0.8


def test_splits_from_which_nothing_can_be_learnt_are_refused() -> None:
    with pytest.raises(DataError, match="one of the points is marked on none"):
        Heatmaps().check(POINTS[1:], POINTS)
    without_end = POINTS.copy()
    without_end[:, -1] = np.nan
    with pytest.raises(DataError, match="none of the 2 films of the split 'tune'"):
        Heatmaps().check(POINTS, without_end)
