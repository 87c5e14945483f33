"""Pages speak of what was predicted, whatever columns a cohort has: a head, a target, with films and without."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bonerisk.reporting.drawings import draw
from tests.reporting.conftest import evaluated, maker
from tests.reporting.test_report import Page, written

WORDS = {
    ("osteoporosis", True): "who has osteoporosis",
    ("osteoporosis", False): "who has osteoporosis",
    ("any_fracture", True): "who will have a fracture",
    ("any_fracture", False): "who will have the event",
    ("fracture", True): "who will have a fracture",
    ("fracture", False): "who will have the event",
}
OTHERS = ("low bone mass", "osteoporosis", "a fracture")


@pytest.fixture(scope="module", params=WORDS, ids=lambda param: f"{param[0]}-{'films' if param[1] else 'table'}")
def page(
    request: pytest.FixtureRequest, followed: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, bool, Page]:
    """The page of an evaluation and its training, of a cohort without DXA that has a label and a follow-up."""
    target, films = request.param
    folder, rng = tmp_path_factory.mktemp(target), np.random.default_rng(5)
    label = followed["event"] == 1 if target == "any_fracture" else followed["t_score"] < -1.5
    rows = followed.assign(label=label.astype(int), t_score=np.nan, bone_class=None)
    rows = rows.drop(columns=["oracle_fracture_truth"])
    linear = 1.5 * rows["label"] + rng.normal(0, 1, len(rows)) - 1
    chances = {f"survival_{at}y": np.exp(-0.03 * at * np.exp(linear)) for at in range(1, 6)}
    predicted = {"risk": linear, **chances} if target == "fracture" else {"risk": 1 / (1 + np.exp(-linear))}
    rows = rows if films else rows.assign(image_path=None)
    rows = rows.drop(columns="label") if target == "fracture" else rows
    predictions = rows.drop(columns="image_path").assign(dataset="mine", model="cox", **predicted)
    result = evaluated(rows, predictions, target)
    draw(folder / "figures", result, rows)
    make = maker(folder, rows, result, folder / "figures", "cox")
    return target, films, written([make("evaluate", make("train"))], folder / "report")


def test_a_page_speaks_of_its_target_alone(page: tuple[str, bool, Page]) -> None:
    target, films, found = page
    asked = WORDS[target, films]
    having = asked.removeprefix("who has ").removeprefix("who will have ")
    alts = " ".join(str(image["alt"]) for image in found.images)
    body = found.text.split("What was run")[1] + alts  # the record names the target as it is typed
    assert re.search(rf"Can (a film|age and sex) show {asked}\?", body)
    assert f" with {having}" in body
    assert body.count("low bone mass") == 0
    assert not [other for other in OTHERS if other != having and f" with {other}" in body]


def test_the_reference_standard_is_that_of_the_target(page: tuple[str, bool, Page]) -> None:
    target, _, found = page
    expected = "simulated DXA" if target == "osteoporosis" else "diagnoses and follow-up"
    assert f"The reference standard is {expected}." in found.text
