"""Images that are neither square nor of one plane, made with columns of the cohort: from films to embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.config.build import build, class_of
from bonerisk.embeddings.store import Embeddings
from bonerisk.errors import ConfigError, DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.read import read
from bonerisk.models import components, films
from bonerisk.models.embeddings import Embedded, embed_cohort
from bonerisk.models.films import decode_cohort, encoder_for, input_hashes, transform_of
from bonerisk.models.frozen import Frozen
from bonerisk.runs.folder import Run, record

SHAPE = (2, 40, 64)
PREPROCESSING = {"_target_": "strip"}
SMALL_CNN = {"_target_": "bonerisk.encoders.small_cnn.SmallCNN", "weights": "random", "channels": 4}


class Strip:
    """The film from a keypoint's row on, and its mirror image."""

    shape: tuple[int, ...] = SHAPE
    columns: Sequence[str] = ("keypoint_row",)
    note: str | None = "The model sees a strip."

    def __call__(self, film: Film) -> np.ndarray:
        row = film.row["keypoint_row"]
        if not isinstance(row, float):
            raise DataError("the film has no keypoint")
        strip = cv2.resize(film.pixels[int(row) :], (64, 40), interpolation=cv2.INTER_AREA)
        return np.stack([strip, strip[:, ::-1]])

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        strip = cv2.resize(region[int(str(film.row["keypoint_row"])) :].astype(np.float32), (64, 40))
        return np.stack([strip, strip[:, ::-1]])


@pytest.fixture
def strip(monkeypatch: pytest.MonkeyPatch) -> type[Strip]:
    """A class of transforms that a configuration of these tests names, since it may name bonerisk's only."""

    def build_strip(node: Mapping[str, Any], **supplied: Any) -> Any:
        return Strip() if node["_target_"] == "strip" else build(node, **supplied)

    monkeypatch.setattr(components, "build", build_strip)
    monkeypatch.setattr(components, "class_of", lambda node: Strip if node["_target_"] == "strip" else class_of(node))
    monkeypatch.setattr(films, "named", lambda target: {})  # it takes no folder
    return Strip


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    """Six films; the third has no keypoint."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (6, 8, 8), dtype=np.uint8)
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for path, image in zip(paths, coarse, strict=True):
        cv2.imwrite(str(path), cv2.resize(image, (80, 100), interpolation=cv2.INTER_CUBIC))
    table = pd.DataFrame({"image_id": list("abcdef"), "patient_id": list("abcdef"), "image_path": map(str, paths)})
    table = arrange(table.assign(split="train", keypoint_row=[10.0, 20.0, np.nan, 30.0, 5.0, 15.0]))
    return Cohort("here", table, Flow().step("films", table, table))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    given = {"config": {"seed": 0}, "choices": {}, "overrides": [], "command_line": []}
    with record("extract", "m", outputs=tmp_path / "outputs", **given) as run:
        yield run


def moved(cohort: Cohort, name: str, row: float) -> Cohort:
    """The cohort with another keypoint of one film."""
    keypoints = cohort.table["keypoint_row"].mask(cohort.table["image_id"] == name, row)
    return replace(cohort, table=cohort.table.assign(keypoint_row=keypoints))


def embeddings(cohort: Cohort, run: Run, data: Path, encoder: Mapping[str, Any] = SMALL_CNN) -> Embedded:
    return embed_cohort(cohort, Frozen(encoder, PREPROCESSING, None, 0), run, data)


@pytest.mark.usefixtures("strip")
def test_images_are_what_the_transform_makes_of_film_and_row(cohort: Cohort, run: Run, tmp_path: Path) -> None:
    found = decode_cohort(cohort, PREPROCESSING, run, tmp_path / "data")
    assert found.images.images.shape == (5, *SHAPE)
    for film in found.cohort.table.itertuples():
        expected = Strip()(replace(read(Path(film.image_path)), row={"keypoint_row": film.keypoint_row}))
        assert (found.images.images[found.images.rows[film.image_id]] == expected).all()
    assert run.record["notes"] == ["The model sees a strip."]


@pytest.mark.usefixtures("strip")
def test_a_film_without_its_value_is_refused_and_the_rest_goes_on(cohort: Cohort, run: Run, tmp_path: Path) -> None:
    for found in (decode_cohort(cohort, PREPROCESSING, run, tmp_path), embeddings(cohort, run, tmp_path)):
        assert list(found.cohort.table["image_id"]) == list("abdef")
        assert found.cohort.rejected[["image_id", "reason"]].to_numpy().tolist() == [["c", "the film has no keypoint"]]


@pytest.mark.usefixtures("strip")
def test_embeddings_are_the_encoders_of_two_planes(cohort: Cohort, run: Run, tmp_path: Path) -> None:
    found = embeddings(cohort, run, tmp_path)
    images = decode_cohort(cohort, PREPROCESSING, run, tmp_path)
    encoder = Frozen(SMALL_CNN, PREPROCESSING, None, 0).build().eval()
    with torch.inference_mode():
        expected = encoder(torch.from_numpy(np.array(images.images.images[images.rows(found.cohort.table)])))
    np.testing.assert_allclose(found.of(found.cohort.table), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("strip")
def test_a_changed_value_makes_a_new_image_and_a_new_embedding(cohort: Cohort, run: Run, tmp_path: Path) -> None:
    first, other = embeddings(cohort, run, tmp_path), moved(cohort, "d", 40)
    second = embeddings(other, run, tmp_path)
    table = second.cohort.table
    changed = (first.of(table) != second.of(table)).any(axis=1)
    assert list(table["image_id"][changed]) == ["d"]
    parts = [Embeddings.open(first.store.folder)._parts[path.name] for path in first.store.folder.glob("part-*")]
    assert sorted(part.num_rows for part in parts) == [1, 1, 5]  # the refused film, the changed one, the first five
    images = [decode_cohort(of, PREPROCESSING, run, tmp_path).images for of in (cohort, other, cohort)]
    assert images[0].folder == images[2].folder != images[1].folder


@pytest.mark.usefixtures("strip")
def test_without_columns_a_film_is_known_by_its_bytes(cohort: Cohort) -> None:
    sha256 = {name: None if name == "e" else name * 64 for name in "abcdef"}
    assert input_hashes(cohort.table, sha256, ()) == sha256
    keys = input_hashes(cohort.table, sha256, ("keypoint_row",))
    assert keys["e"] is None
    assert keys["a"] != sha256["a"]
    copy = input_hashes(moved(cohort, "a", 20).table, {**sha256, "a": sha256["b"]}, ("keypoint_row",))
    assert copy["a"] == keys["b"] == copy["b"]


@pytest.mark.usefixtures("strip")
def test_an_absent_column_is_told_before_any_film_is_read(cohort: Cohort, run: Run, tmp_path: Path) -> None:
    def never(_: Iterable[str]) -> None:
        raise AssertionError("films were made")

    renamed = cohort.table.rename(columns={"keypoint_row": "keypoints_row"})
    misspelt = replace(cohort, table=renamed, make_films=never)
    frozen = Frozen(SMALL_CNN, PREPROCESSING, None, 0)
    for attempt in (
        lambda: decode_cohort(misspelt, PREPROCESSING, run, tmp_path),
        lambda: embed_cohort(misspelt, frozen, run, tmp_path),
    ):
        with pytest.raises(DataError, match="no column 'keypoint_row'") as caught:
            attempt()
        assert "the nearest column is keypoints_row" in caught.value.mend
        assert "dataset.columns.keypoint_row=" in caught.value.mend


@pytest.mark.parametrize("column", ["event", "bone_class", "t_score", "oracle_bone", "patient_id"])
def test_an_image_must_not_show_the_outcome(strip: type[Strip], monkeypatch: pytest.MonkeyPatch, column: str) -> None:
    monkeypatch.setattr(strip, "columns", ["keypoint_row", column])
    with pytest.raises(ConfigError, match=column):
        transform_of(PREPROCESSING)


@pytest.mark.usefixtures("strip")
def test_an_encoder_that_cannot_take_the_images_stops_before_films_are_read(
    cohort: Cohort, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a film was read")

    monkeypatch.setattr("bonerisk.imaging.decode.read", never)
    with pytest.raises(ConfigError, match="CheXzero takes images of 1 × 224 × 224, not 2 × 40 × 64"):
        embeddings(cohort, run, tmp_path, {"_target_": "bonerisk.encoders.chexzero.CheXzero", "weights": "random"})


def test_a_grey_film_is_one_plane() -> None:
    preprocessing = {"_target_": "bonerisk.preprocessing.controls.VendorOnly", "size": 32}
    assert encoder_for(preprocessing, SMALL_CNN).shape == (1, 32, 32)


def test_what_lacks_a_part_of_the_contract_is_no_transform() -> None:
    with pytest.raises(ConfigError, match="OfRun is no Transform: it lacks __call__, columns, covered, note, shape"):
        transform_of({"_target_": "bonerisk.encoders.of_run.OfRun", "run": "latest"})
