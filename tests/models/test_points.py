"""Which films a detector can learn from, and points on their way to its images and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.cohort.targets.target import find
from bonerisk.errors import DataError
from bonerisk.keypoints.columns import columns, points
from bonerisk.keypoints.levels import LUMBAR
from bonerisk.models.films import DecodedCohort, decode_cohort
from bonerisk.models.points import on_film, on_image, usable
from bonerisk.runs.unrecorded import Unrecorded

SIZES = ((300, 120), (96, 200), (150, 150))  # rows and columns: higher, wider and square
NODE = {"_target_": "bonerisk.preprocessing.whole_film.WholeFilm", "height": 128, "width": 96}


def cohort(folder: Path, **changes: Sequence[float | str | None]) -> Cohort:
    """A film of each size, with L1 to L5 in a slanting row; `changes` are columns of the table."""
    rows = []
    for number, (high, wide) in enumerate(SIZES):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), np.random.default_rng(number).integers(0, 255, (high, wide), dtype=np.uint8))
        down = {f"{level}_y_px": high * (0.2 + 0.15 * at) for at, level in enumerate(LUMBAR)}
        across = {f"{level}_x_px": wide * (0.4 + 0.05 * at) for at, level in enumerate(LUMBAR)}
        known = {"patient_id": str(number), "image_id": path.name, "image_path": str(path), "split": "train"}
        rows.append({**known, "view": "LATERAL", **across, **down})
    table = pd.DataFrame(rows)
    for name, values in changes.items():
        table[name] = list(values)
    table = arrange(table)
    return Cohort("films", table, Flow().step("films", table, table))


def decoded(films: Cohort, folder: Path) -> DecodedCohort:
    return decode_cohort(films, NODE, Unrecorded(), folder / "data")


def test_points_of_films_of_any_size_come_back_to_their_place(tmp_path: Path) -> None:
    films = cohort(tmp_path)
    ready, table = decoded(films, tmp_path), films.table
    placed = on_image(table, ready, LUMBAR).to_numpy().reshape(3, -1, 2)
    assert (placed > 0).all() and (placed < np.array([96, 128])).all()
    back = pd.DataFrame(on_film(table, ready, LUMBAR, placed))
    np.testing.assert_allclose(back[[f"found_{name}" for name in columns(LUMBAR)]], table[columns(LUMBAR)])
    assert usable(films, ready, LUMBAR) is films


def test_films_whose_points_lie_outside_or_are_exchanged_are_listed_and_the_others_stay(tmp_path: Path) -> None:
    films = cohort(tmp_path, l1_x_px=[48.0, 201.0, 60.0], l2_y_px=[105.0, 33.6, 75.0], l3_y_px=[150.0, 48.0, 52.5])
    found = usable(films, decoded(films, tmp_path), LUMBAR)
    assert found.table["image_id"].tolist() == ["0.png"]
    assert found.rejected.set_index("image_id")["reason"].to_dict() == {
        "1.png": "L1 at (201, 19.2) lies outside the film of 96 × 200 pixels",
        "2.png": "L3 lies above L2: points are exchanged",
    }
    assert found.flow.table["step"].iloc[-1] == "points can be used"


def test_without_a_film_that_can_be_used_the_first_reason_is_told(tmp_path: Path) -> None:
    films = cohort(tmp_path, l5_y_px=[1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="the points of none of 3 films can be used: L5 lies above L1"):
        usable(films, decoded(films, tmp_path), LUMBAR)


def test_a_missing_point_refuses_no_film(tmp_path: Path) -> None:
    films = cohort(tmp_path, l5_x_px=[np.nan] * 3, l5_y_px=[np.nan] * 3)
    ready = decoded(films, tmp_path)
    assert usable(films, ready, LUMBAR) is films
    assert on_image(films.table, ready, LUMBAR)[["l5_x_px", "l5_y_px"]].isna().all(axis=None)
    assert np.isfinite(points(LUMBAR[:4], dict(films.table.iloc[0]))).all()


def test_columns_that_are_not_there_are_named_with_the_points_that_are(tmp_path: Path) -> None:
    films = cohort(tmp_path)
    with pytest.raises(DataError, match=r"no column t12_x_px, t12_y_px[\s\S]*it has the points l1, l2"):
        find("t12+l1").rows(films)
    table = films.table.drop(columns=columns(LUMBAR))
    with pytest.raises(DataError, match=r"no column l1_x_px[\s\S]*dataset=coco_keypoints"):
        find("points").rows(Cohort("films", table, films.flow))


def test_a_frontal_film_among_lateral_ones_is_left_out_as_a_step(tmp_path: Path) -> None:
    found = find("points").rows(cohort(tmp_path, view=["LATERAL", "AP", "LATERAL"]))
    assert found.table["image_id"].tolist() == ["0.png", "2.png"]
    reasons = found.flow.table.set_index("step")["reason"].to_dict()
    assert reasons["lateral view"] == "frontal films (view PA or AP) among lateral ones"
    frontal = find("points").rows(cohort(tmp_path, view=["AP", "AP", None]))
    assert len(frontal.table) == 3  # a detector of frontal films
