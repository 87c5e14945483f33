from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bonerisk.config.build import build
from bonerisk.config.check import check
from bonerisk.datasets.coco_keypoints import CocoKeypoints
from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.read import read
from bonerisk.imaging.store import film_rows
from bonerisk.keypoints.coco import read as read_coco
from bonerisk.preprocessing.spine import SpineImage

NAMES = ["L1", "L2", "L3", "L4", "L5"]
WIDTH, HEIGHT, FILMS = 120, 240, 12


def triples(**changed: list[object]) -> list[object]:
    points: dict[str, list[object]] = {name: [60.5, 40.0 + 35 * place, 2] for place, name in enumerate(NAMES)}
    return [value for point in (points | changed).values() for value in point]


def content() -> dict[str, Any]:
    images = [
        {"id": 100 + n, "file_name": f"{n}.png", "width": WIDTH, "height": HEIGHT, "patient_id": n // 2, "sex": "F"}
        for n in range(FILMS)
    ]
    notes = [{"id": n + 1, "image_id": 100 + n, "category_id": 1, "keypoints": triples()} for n in range(FILMS)]
    categories = [{"id": 1, "name": "spine", "keypoints": NAMES}, {"id": 2, "name": "implant"}]
    return {"images": images, "annotations": notes, "categories": categories}


Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A cohort of a file's content."""
    rng = np.random.default_rng(0)
    (tmp_path / "films" / "a").mkdir(parents=True)
    for n in range(FILMS):
        pixels = rng.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "films" / ("a" if n % 2 else ".") / f"{n}.png")

    def made(told: object, **settings: Any) -> Any:
        path = tmp_path / "points.json"
        path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
        return CocoKeypoints(str(path), str(tmp_path / "films"), **settings).load(tmp_path / "data")

    return made


def test_points_become_columns_and_align_the_film(load: Load) -> None:
    told = content()
    told["annotations"][3]["keypoints"] = triples(L2=[0, 0, 0], L3=[61, 111.5, 1])
    cohort = load(told, split="external")
    table = cohort.table
    assert len(table) == FILMS
    assert table["l1_x_px"].eq(60.5).all()
    assert table.loc[3, ["l2_x_px", "l2_y_px"]].isna().all()
    assert table.loc[3, ["l3_x_px", "l3_y_px"]].tolist() == [61, 111.5]
    assert table["patient_id"].tolist() == [str(n // 2) for n in range(FILMS)]
    assert (set(table["sex"]), set(table["split"]), cohort.notes) == ({"F"}, {"external"}, ())
    transform = SpineImage(size=64)
    film = replace(read(Path(table["image_path"][1])), row=film_rows(table, transform.columns)[1])
    assert transform(film).max() == 255


def test_annotations_of_an_image_are_taken_together(load: Load) -> None:
    told = content()
    corners = ["anterior superior", "Posterior-Superior"]
    told["categories"] = [{"id": n, "name": f"L{n}", "keypoints": corners} for n in (1, 2)]
    told["annotations"] = [
        {"id": 10 * image + n, "image_id": 100 + image, "category_id": n, "keypoints": [n, 5, 2, n + 9, 5, 2]}
        for image in range(FILMS)
        for n in (1, 2)
    ]
    told["annotations"].append({**told["annotations"][0], "id": 999})  # the same again
    table = load(told).table
    assert table["l2_posterior_superior_x_px"].eq(11).all()
    assert len(table) == FILMS
    told["annotations"].append({**told["annotations"][0], "id": 1000, "keypoints": [4, 5, 2, 10, 5, 0]})
    rejected = load(told).rejected
    assert rejected["image_id"].tolist() == ["0.png"]
    assert "annotation 1000: l1_anterior_superior stands in another place than in annotation 1" in rejected["reason"][0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"keypoints": [1, 2, 2]}, "annotation 5: keypoints must be 5 triples x, y, v: 3 numbers"),
        ({"keypoints": None}, "annotation 5: keypoints must be 5 triples x, y, v: none"),
        ({"keypoints": triples(L3=[1, 2, 3])}, "annotation 5: v of l3 is 3"),
        ({"keypoints": triples(L3=["1", 2, 1])}, r"annotation 5: l3 at \('1', 2\) is no point"),
        ({"keypoints": triples(L3=[float("nan"), 2, 1])}, "annotation 5: l3 at"),
        ({"keypoints": triples(L3=[500, 2, 1])}, r"l3 at \(500, 2\) lies outside the image of 120 × 240"),
        ({"keypoints": [0] * 15}, "no labelled point"),
        ({"category_id": 2}, "annotation 5: there is no category 2 with keypoints"),
        ({"category_id": [1]}, "annotation 5: there is no category"),
    ],
)
def test_a_bad_annotation_is_named_and_the_others_go_on(load: Load, change: dict[str, Any], reason: str) -> None:
    told = content()
    told["annotations"][4] |= change
    cohort = load(told)
    assert len(cohort.table) == FILMS - 1
    assert cohort.rejected["image_id"].tolist() == ["4.png"]
    assert cohort.rejected["reason"].str.contains(reason).all(), cohort.rejected["reason"][0]


def test_other_numbers_of_vertebrae_are_refused_or_kept(load: Load) -> None:
    told = content()
    told["categories"][0]["keypoints"] = [*NAMES, "L6", "S1"]
    for note in told["annotations"]:
        note["keypoints"] += [0, 0, 0, 60, 220, 2]
    told["annotations"][0]["keypoints"][15:18] = [60, 210, 2]
    told["annotations"][1]["keypoints"] = [*triples(L5=[0, 0, 0]), 0, 0, 0, 60, 200, 2]
    cohort = load(told)
    assert len(cohort.table) == FILMS - 2
    assert cohort.rejected["reason"].str.cat().count("L6") == 1
    assert "four lumbar vertebrae" in cohort.rejected["reason"][1]
    assert len(load(told, numbering="keep").table) == FILMS
    told["categories"][0]["keypoints"] = [*(f"{name} anterior inferior" for name in NAMES), "L6 middle", "S1 x"]
    assert load(told).rejected["image_id"].tolist() == ["0.png", "1.png"]


def test_a_copy_of_another_size_and_lost_films_are_refused(load: Load) -> None:
    told = content()
    told["images"][2]["width"] = 60
    told["images"][5]["file_name"] = "lost.png"
    rejected = load(told).rejected
    assert rejected["image_id"].tolist() == ["2.png", "lost.png"]
    assert "60 × 240 pixels, but the image has 120 × 240" in rejected["reason"][0]


def test_without_patients_equal_images_are_one(load: Load, tmp_path: Path) -> None:
    told = content()
    for image in told["images"]:
        del image["patient_id"]
    (tmp_path / "films" / "0.png").write_bytes((tmp_path / "films" / "2.png").read_bytes())
    cohort = load(told)
    assert cohort.table["patient_id"].nunique() == FILMS - 1
    assert "no patient_id" in cohort.notes[0]


def test_names_of_the_file_may_be_others(load: Load) -> None:
    told = content()
    told["categories"][0]["keypoints"] = ["one", "two", "three", "four", "five"]
    table = load(told, points={"l1": "one", "l5": "Five"}).table
    assert {"l1_x_px", "two_y_px", "l5_y_px"} <= set(table)
    with pytest.raises(DataError, match=r"no point six(.|\n)*one, two"):
        load(told, points={"l1": "six"})


def test_a_file_of_another_kind_says_so(load: Load, tmp_path: Path) -> None:
    for told, reason in (
        ("{", "no JSON"),
        ("[]", "no list images, annotations, categories"),
        ({"images": [], "annotations": []}, "no list categories"),
        (content() | {"categories": [{"id": 1, "name": "spine"}]}, "no category of the file has keypoints"),
        (content() | {"categories": [{"id": 1, "keypoints": ["L1", "l1"]}]}, "two keypoints have one name"),
        (content() | {"images": [{"id": 1}]}, "image 1 of the file has no id or no file_name"),
        (content() | {"annotations": [{"image_id": 100}]}, "annotation 1 of the file has no id"),
        (content() | {"annotations": [{"id": 7, "image_id": 9}]}, "annotation 7: there is no image 9"),
        (content() | {"annotations": [{"id": 7, "image_id": 100}] * 2}, "annotation 7: its id stands twice"),
    ):
        with pytest.raises(DataError, match=reason):
            load(copy.deepcopy(told))
    with pytest.raises(DataError, match="no JSON"):
        read_coco(tmp_path / "absent.json")
    with pytest.raises(ConfigError, match=r"dataset\.numbering"):
        build(
            check(
                "prepare",
                ["dataset=coco_keypoints", "dataset.annotations=a", "dataset.image_root=b", "dataset.numbering=no"],
                multirun=False,
            ).dataset
        )


def test_films_outside_the_folder_and_pipes_are_refused(load: Load, tmp_path: Path) -> None:
    films, told = tmp_path / "films", content()
    (films / "2.png").rename(tmp_path / "secret.png")
    (films / "2.png").symlink_to(tmp_path / "secret.png")
    (films / "6.png").unlink()
    os.mkfifo(films / "6.png")
    told["images"][3]["file_name"] = "a/../../secret.png"
    cohort = load(told)
    reasons = cohort.rejected.set_index("image_id")["reason"]
    assert "outside dataset.image_root" in reasons["2.png"]
    assert "no such film" in reasons["a/../../secret.png"]
    assert "6.png" in cohort.table["image_id"].tolist()  # why it can't be read is said when its pixels are
