"""Attention, shuffled weights, occlusion and what is chosen, on films of which a network sees one bright place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from torch import Tensor, nn

from bonerisk.config.build import build
from bonerisk.config.tree import config_dir
from bonerisk.errors import DataError
from bonerisk.evaluation.explanations import Explanations
from bonerisk.explain.attention import shares
from bonerisk.explain.explained import Explained, Subject, explain
from bonerisk.explain.occlusion import elsewhere, filled
from bonerisk.explain.randomisation import similarity, verdict
from bonerisk.imaging.masks import PLANES, Masks
from bonerisk.imaging.organs import Covered, Organs
from bonerisk.preprocessing.chest import GrayscaleTruncation
from bonerisk.reporting.explained import draw_explained
from bonerisk.reporting.page import FilmGrid, Text
from bonerisk.reporting.sections.explained import sections
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.vocabulary import Vocabulary
from bonerisk.runs.find import StoredRun
from bonerisk.runs.hashing import sha256
from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model

N, SIDE = 30, 64  # so few that they are read in this process
SPINE = slice(0, SIDE), slice(24, 40)
RIBS = slice(16, 48), slice(0, 16)


class Brightness(nn.Module):
    """One map of the image's brightness, in cells of 8 pixels."""

    shape, width, file = (1, SIDE, SIDE), 64, None

    def __init__(self) -> None:
        super().__init__()
        self.last_layer = nn.Conv2d(1, 1, 8, stride=8, bias=False)
        nn.init.constant_(self.last_layer.weight, 1 / 64)

    def forward(self, images: Tensor) -> Tensor:
        return self.last_layer(images.float() / 255).flatten(1)

    def maps(self, activations: Tensor) -> Tensor:
        return activations


class OfSpine(nn.Module):
    """The brighter the spine, the lower the risk."""

    def __init__(self) -> None:
        super().__init__()
        cells = torch.zeros(8, 8)
        cells[:, 3:5] = -1.0
        self.weight = nn.Parameter(cells.flatten())

    def forward(self, features: Tensor) -> Tensor:
        return features @ self.weight + 8

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        return {"risk": outputs.sigmoid().double().numpy()}

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        return {"risk": outputs}


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Films whose spine is bright without the outcome; the rest is noise."""
    torch.set_num_threads(1)
    folder, rng = tmp_path_factory.mktemp("made"), np.random.default_rng(0)
    label = rng.integers(0, 2, N)
    images = rng.integers(60, 100, (N, SIDE, SIDE), dtype=np.uint8)
    images[:, SPINE[0], SPINE[1]] += (60 - 20 * label + rng.normal(0, 12, N)).round().astype(np.uint8)[:, None, None]
    images[:, 0, 24], images[:, 32, 32], images[:, 33, 33] = 0, 0, 255  # the centre's range, so that nothing is scaled
    planes = np.zeros((SIDE, SIDE), np.uint16)
    for place, organ in ((SPINE, "vertebrae"), (RIBS, "ribs")):
        planes[place] |= 1 << PLANES.index(organ)
    for name in ("films", "masks"):
        (folder / name).mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / "films" / f"{number}.png")
        Image.fromarray(planes).save(folder / "masks" / f"{number}.png")
    names = [str(number) for number in range(N)]
    table = pd.DataFrame({"image_id": names, "patient_id": names, "site": "here", "dataset": "d", "split": "test"})
    table = table.assign(image_path=[str(folder / "films" / f"{name}.png") for name in names], model="m", label=label)
    model = Model(Brightness(), OfSpine())
    with torch.no_grad():
        risk = model.head.predictions(model(torch.from_numpy(images[:, None])))["risk"]
    organs = Organs(GrayscaleTruncation(SIDE), Masks(), "refuse")
    return Subject(model, images, Inputs(np.arange(N)), table.assign(risk=risk), table, organs)


@pytest.fixture(scope="module")
def evaluation() -> Any:
    node = yaml.safe_load((config_dir() / "evaluation" / "standard.yaml").read_text(encoding="utf-8"))
    return build(node | {"n_draws": 100, "min_n": 5})


@pytest.fixture(scope="module")
def found(subject: Subject, evaluation: Any) -> Explained:
    settings = Explanations.of(["gradcam", "occlusion"], None, None)
    return explain(subject, settings, evaluation.plan, evaluation.binary, 0.5)


def test_a_network_of_the_spine_attends_to_the_spine(found: Explained) -> None:
    table = found.attention.set_index(["direction", "organ", "group", "metric"])["estimate"]
    assert set(found.attention["organ"]) == {"vertebrae", "ribs", "bones"}  # those that lie on a film
    area = table["away", "vertebrae", "all", "area"]
    assert area == pytest.approx(0.25)
    # One channel, whose mean gradient is below 0: its map is the image's brightness, away from the outcome.
    cells = found.subject.images.reshape(N, 8, 8, 8, 8).mean((2, 4))
    expected = cells[:, :, 3:5].sum((1, 2)) / cells.sum((1, 2))
    own = found.shares[(found.shares["direction"] == "away") & (found.shares["organ"] == "vertebrae")]
    np.testing.assert_allclose(own["share"], expected, rtol=1e-5)
    assert table["away", "vertebrae", "all", "share"] == pytest.approx(expected.mean())
    assert table["away", "vertebrae", "all", "enrichment"] == pytest.approx(expected.mean() / area)
    label = found.subject.films["label"].to_numpy()
    difference = expected[label == 1].mean() - expected[label == 0].mean()
    row = found.attention.query("direction=='away' and organ=='vertebrae' and group=='difference' and metric=='share'")
    assert row["estimate"].item() == pytest.approx(difference)
    assert row["lower"].item() < difference < row["upper"].item() < 0
    nothing = found.attention[found.attention["direction"] == "towards"]
    assert nothing["estimate"].isna().all()


def test_hiding_the_spine_costs_and_hiding_the_ribs_does_not(found: Explained) -> None:
    table = found.occlusion.set_index(["organ", "region"])
    assert table.loc[("vertebrae", "organ_hidden"), "loss"] > 0.1
    assert table.loc[("vertebrae", "difference"), "lower"] > 0
    assert table.loc[("ribs", "organ_hidden"), "loss"] == pytest.approx(0, abs=0.01)
    assert table.loc[("vertebrae", "organ_hidden"), "area"] == pytest.approx(0.25)
    left, loss = table.loc[("vertebrae", "organ_hidden"), ["estimate", "loss"]]
    films = found.subject.films
    pairs = np.sign(np.subtract.outer(*(films.loc[films["label"] == k, "risk"].to_numpy() for k in (1, 0))))
    assert left + loss == pytest.approx((pairs + 1).mean() / 2)


def test_shuffled_weights(found: Explained) -> None:
    table = found.randomisation.set_index("shuffled")["estimate"]
    assert list(table.index) == ["other film", "head", "quarter", "half", "three quarters", "all"]
    # The map of this net is its brightness whatever the weights, and the spine is bright in all films.
    assert table["head"] == pytest.approx(1)
    assert "hardly depend on the weights" in found.notes[0]
    alike = pd.DataFrame({"shuffled": ["all", "other film"], "estimate": [0.1, 0.2]})
    assert verdict(alike) == ""
    assert "hardly depend on the film" in verdict(alike.assign(estimate=[0.1, 0.6]))


def test_likeness_is_of_places_not_of_signs() -> None:
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4, 5, 5))
    np.testing.assert_allclose(similarity(maps, -maps), 1)
    assert np.isnan(similarity(maps, np.zeros_like(maps))).all()
    assert abs(similarity(maps, rng.normal(size=maps.shape)).mean()) < 0.3


def test_chosen_films_are_the_extremes_of_each_outcome(found: Explained) -> None:
    films, chosen = found.subject.films, found.chosen
    for truth, correct in (("1", True), ("1", False), ("0", True), ("0", False)):
        group = films[(films["label"] == int(truth)) & (((films["risk"] >= 0.5) == (truth == "1")) == correct)]
        shown = chosen[(chosen["truth"] == truth) & (chosen["correct"] == correct)].set_index("extreme")["film"]
        assert shown.get("highest") == (group["risk"].idxmax() if len(group) else None)
        assert shown.get("lowest") == (group["risk"].idxmin() if len(group) > 1 else None)


def test_t_scores_are_compared_by_their_limit(subject: Subject, evaluation: Any) -> None:
    t_score = np.where(subject.films["label"] == 1, np.linspace(-1.1, -3, N), np.linspace(-1, 2, N))
    films = subject.films.drop(columns="label").assign(t_score=t_score, risk=-t_score)
    settings = Explanations.of("gradcam", None, None)
    found = explain(replace(subject, films=films), settings, evaluation.plan, evaluation.amount, 1.05)
    chosen = found.chosen.assign(low=t_score[found.chosen["film"]] < -1)
    assert set(zip(chosen["truth"], chosen["low"], chosen["correct"], strict=True)) == {
        ("1", True, True),
        ("0", False, True),
    }
    n = found.attention.query("group == '1' and organ == 'vertebrae' and direction == 'away'")["n"]
    assert set(n) == {(t_score < -1).sum()}


def test_pictures_have_no_identifier(found: Explained, tmp_path: Path) -> None:
    draw_explained(tmp_path, found, Vocabulary("low bone mass"))
    table = pd.read_csv(tmp_path / "gradcam" / "overlays.csv", dtype=str)
    assert not {"image_id", "patient_id", "film"} & set(table)
    assert len(table) == 4 * len(found.chosen)
    picture = np.array(Image.open(tmp_path / "gradcam" / table.query("direction == 'away'")["file"].iloc[0])).astype(
        int
    )
    red = picture[..., 0] - picture[..., 1]
    assert red[:, 84:140].mean() > 1.3 * red[:, :70].mean()  # the spine is redder than what is beside it
    plain = np.array(Image.open(tmp_path / "gradcam" / table.query("score == 'film'")["file"].iloc[0]))
    assert (plain[..., 0] == plain[..., 2]).all()
    assert (tmp_path / "attention_test.svg").is_file()
    assert (tmp_path / "occlusion_test.svg").is_file()


def test_the_section_of_the_page(found: Explained, tmp_path: Path) -> None:
    vocabulary = Vocabulary("low bone mass")
    draw_explained(tmp_path / "figures", found, vocabulary)
    found.attention.to_csv(tmp_path / "attention.csv", index=False)
    found.randomisation.to_csv(tmp_path / "randomisation.csv", index=False)
    found.occlusion.to_csv(tmp_path / "occlusion.csv", index=False)
    learnt = {"first": None, "second": None}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    outputs = [{"path": str(path.relative_to(tmp_path)), "sha256": sha256(path)} for path in files]
    run = StoredRun(tmp_path, {"outputs": outputs})
    of: Any = SimpleNamespace(run=run, vocabulary=vocabulary, splits=["test"], place="", number=1, learnt=learnt)
    page: Any = SimpleNamespace(runs=SimpleNamespace(evaluations=[of]), drawings=lambda _: {})
    [section] = sections(page)
    texts = [part.text for part in section.parts if isinstance(part, Text)]
    assert texts[0] == "The model explained is first, named first."
    films = [part for part in section.parts if isinstance(part, FilmGrid)]
    assert len(films) == len(found.chosen)
    assert all(path.is_file() for grid in films for path, _ in grid.films)
    assert films[0].films[0][1].startswith("Film\nrisk 0.")
    tables = {part.name: part.frame for part in section.parts if isinstance(part, Table)}
    assert list(tables) == ["attention", "randomisation", "occlusion"]
    assert "Share, with low bone mass" in tables["attention"]
    assert "Test: away from low bone mass" in set(tables["attention"]["Map"])
    assert tables["occlusion"]["Bone hidden"].tolist() == ["Spine", "Ribs", "All bones together"]


def test_films_without_masks_are_listed(subject: Subject, evaluation: Any, tmp_path: Path) -> None:
    for number in range(N):
        if number not in (3, 5):
            path = tmp_path / str(number) / "Spine.png"
            path.parent.mkdir()
            mask = np.zeros((2 * SIDE, 2 * SIDE), bool)
            mask[:, 48:80] = number != 7
            Image.fromarray(mask[:, :100] if number == 9 else mask).save(path)
    some = replace(subject, organs=replace(subject.organs, masks=Masks(tmp_path)))
    found = explain(some, Explanations.of("gradcam", str(tmp_path), None), evaluation.plan, evaluation.binary, 0.5)
    reasons = found.without.set_index("image_id")["reason"]
    assert list(reasons.index) == ["3", "5", "7", "9"]
    assert "no organ mask" in reasons["3"]
    assert reasons["7"] == "the film's mask is empty"
    assert "does not belong" in reasons["9"]
    assert any("4 of 30 films have no organ mask" in note for note in found.notes)
    away = found.attention[found.attention["direction"] == "away"]
    assert set(away["n"]) == {26, *found.subject.films.drop(index=[3, 5, 7, 9])["label"].value_counts()}
    assert found.occlusion.empty
    nowhere = replace(subject, organs=replace(subject.organs, masks=Masks(tmp_path / "3")))
    (tmp_path / "3").mkdir()
    with pytest.raises(DataError, match="none of 30 films has an organ mask"):
        explain(nowhere, Explanations.of("gradcam", "3", None), evaluation.plan, evaluation.binary, 0.5)


def test_two_films_of_one_name_have_no_mask(subject: Subject, tmp_path: Path) -> None:
    paths = [tmp_path / place / "1.png" for place in ("a", "b")]
    for path in [*paths, tmp_path / "masks" / "1" / "ribs.png"]:
        path.parent.mkdir(parents=True)
        Image.fromarray(subject.images[0]).save(path)
    organs = replace(subject.organs, masks=Masks(tmp_path / "masks"))
    found = list(organs.of(pd.DataFrame({"image_path": map(str, paths)}), "reading"))
    assert all("films of one name share the mask" in film.reason for film in found)
    assert next(organs.of(pd.DataFrame({"image_path": [str(paths[0])]}), "reading")).organs


def test_a_control_has_the_same_shape_and_lies_elsewhere() -> None:
    region = np.zeros((40, 60), bool)
    region[5:15, 10:30] = True
    other = elsewhere(region, np.random.default_rng(0))
    assert other.sum() == region.sum()
    assert not (other & region).any()


def test_filling_keeps_the_rest_and_any_number_of_planes() -> None:
    rng = np.random.default_rng(0)
    image, region = rng.integers(0, 256, (2, 40, 40), dtype=np.uint8), np.zeros((2, 40, 40), bool)
    region[0, 10:20, 10:20] = True
    changed = filled(image, region)
    assert (changed[~region] == image[~region]).all()
    assert np.ptp(changed[region]) < np.ptp(image[region]) / 3
    assert (filled(image[0], np.ones((40, 40), bool)) == 0).all()  # nothing is left to fill it from


def test_shares_over_planes_of_an_image() -> None:
    films = pd.DataFrame({name: ["x"] for name in ("dataset", "split", "model", "image_id", "patient_id")})
    organ = np.zeros((2, 4, 4), np.uint8)
    organ[0, :2] = 255
    table = shares(films, {"risk": np.array([[[1.0, 1.0], [-1.0, -1.0]]])}, [Covered({"ribs": organ})])
    assert table["area"].tolist() == [0.25, 0.25]
    assert table["share"].tolist() == [0.5, 0.0]
