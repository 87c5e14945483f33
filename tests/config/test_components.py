"""Every component that a configuration file describes meets its contract and does its work once, on next to nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from omegaconf import OmegaConf

from bonerisk.cohort.targets.target import find
from bonerisk.config.build import build, class_of
from bonerisk.config.check import check
from bonerisk.config.tree import config_dir
from bonerisk.errors import ConfigError
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.hospital.codes import CodeSet, FractureCodes
from bonerisk.imaging.film import Film
from bonerisk.models.components import check_contracts, contract_of
from bonerisk.parts import FittedHead, MapEncoder, PointHead, SurvivalHead, TrainedHead, lacks

PATHS = sorted(
    path.relative_to(config_dir()) for path in config_dir().glob("*/**/*.yaml") if path.parent.name != "model"
)
GIVEN = {
    "image_table": ["dataset.table=t.csv", "dataset.image_root=films"],
    "films": ["dataset.films=[films]"],
    "nih": ["dataset.table=t.csv", "dataset.image_root=films"],
    "coco_keypoints": ["dataset.annotations=a.json", "dataset.image_root=films"],
    "chexpert": ["dataset.table=t.csv", "dataset.image_root=films"],
    "dicom_folder": ["dataset.image_root=films"],
    "survival_table": ["dataset.table=t.csv"],
    "run": ["dataset.run=latest"],
    "merged": ["dataset.runs=[latest]"],
    "morphometry": ["dataset.run=latest"],
}
ROW = {"view": "PA", "sex": "F", "film_date": pd.Timestamp("2015-01-01")}  # a film's values that are no numbers
ROW |= {f"l{level}_{axis}_px": 30.0 * level for level in range(1, 6) for axis in "xy"}  # along the mask


def dataset(node: dict[str, Any]) -> None:
    assert callable(build(node).load)


def rules(node: dict[str, Any]) -> None:
    found = build(node)
    film = {
        "site": "here",
        "patient_id": "1",
        "image_id": "1",
        "image_path": "1.dcm",
        "film_time": None,
        "intent": None,
    }
    film |= {"sex": "F", "age_years": 60.0, "birth_date": pd.NaT, "accession": None, "modality": found.modality[0]}
    film |= {"view": found.view[0], "body_part": found.body_part[0]}
    days = pd.to_datetime(["2015-01-01", "2016-01-01", "2017-01-01"])
    films = pd.DataFrame([film | {"film_date": day, "image_id": str(day)} for day in days]).astype(
        {"birth_date": days.dtype}
    )
    films.loc[2, "view"] = "OBLIQUE"
    codes, outcome = (
        CodeSet(drug_classes={name: {} for name in found.without_drugs}),
        FractureCodes("fracture", {}, {}, []),
    )
    coded = pd.DataFrame({"patient_id": ["1"], "date": days[:1], "code": ["I10"], "code_system": ["icd10"]})
    seen = pd.DataFrame({"patient_id": ["1"], "last_contact": [days[-1]], "death_date": [pd.NaT]})
    dxa = pd.DataFrame({"patient_id": "1", "date": days, "lumbar_spine": -1.5, "femoral_neck": -1.0, "total_hip": -0.5})
    tables = {"diagnoses": coded, "follow_up": seen, "dxa": dxa}
    joined = replace(found, split="train").apply(films, tables, codes, outcome)
    assert joined.table["t_score"].tolist()[0] == -1.5
    assert "OBLIQUE" not in set(joined.table["view"])


def codes(node: dict[str, Any]) -> None:
    found = build(node)
    films = pd.DataFrame({"person": [0, 1], "film_date": pd.to_datetime(["2016-01-01"] * 2)})
    rows = pd.DataFrame({"person": [0], "date": films["film_date"][:1], "code": ["E785"], "code_system": ["icd10"]})
    drugs = rows.assign(code="M05BA04", code_system="atc")
    flags = found.flags(films, rows, drugs)
    assert flags["hyperlipidaemia"].tolist() == [1, 0]
    assert flags["drug_bisphosphonate"].tolist() == [1, 0]


def outcome(node: dict[str, Any]) -> None:
    found = build(node)
    assert found.name
    for system, listed in found.codes.items():
        code = listed[0].replace(".", "")
        rows = pd.DataFrame({"person": [0, 0], "date": pd.to_datetime(["2016-01-01"] * 2), "code": [code, "R05"]})
        assert found.classify(rows.assign(code_system=system))["kind"].tolist() == ["event"]


def preprocessing(node: dict[str, Any]) -> None:
    transform = build(node)
    pixels = np.random.default_rng(0).integers(0, 4096, (300, 200), dtype=np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        mask = Path(folder, "masks", "a.png")  # of organs, which some look for beside the film
        mask.parent.mkdir()
        cv2.imwrite(str(mask), np.eye(150, 100, dtype=np.uint16) * 0xFFFF)
        row = {column: ROW.get(column, 50.0) for column in transform.columns}  # others: an age, or pixels
        row |= {"view": "LATERAL"} if "l1_x_px" in row else {}
        film = Film(pixels, 12, (0.5, 0.5), Path(folder, "films", "a.dcm"), row=row)
        image = transform(film)
        covered = transform.covered(np.ones(pixels.shape, bool), film)
    assert image.shape == transform.shape
    assert image.dtype == np.uint8
    assert np.ptp(image) > 0
    assert (covered.shape, covered.dtype) == (image.shape, np.float32)
    assert covered.min() >= 0
    assert covered.max() <= 1


def encoder(node: dict[str, Any]) -> None:
    if "parent" in node:
        assert build({**node, "run": "latest"}).run == "latest"  # jobs find the run
        return
    import torch

    found = build({**node, "weights": "random"}).eval()
    images = torch.randint(0, 256, (2, *found.shape), dtype=torch.uint8)
    encoded = found(images)
    sides = () if lacks(type(found), MapEncoder) else tuple(side // found.stride for side in found.shape[1:])
    assert encoded.shape == (2, found.width, *sides)
    assert torch.isfinite(encoded).all()
    assert not torch.equal(encoded[0], encoded[1])  # the film moves the output


def features(node: dict[str, Any]) -> None:
    rng, n = np.random.default_rng(0), 200
    asked = [name for name in node["columns"] or ["age_years", "sex"] if name != "finding_*"]
    table = pd.DataFrame({name: rng.normal(size=n) for name in [*asked, "finding_fracture"]})
    table = table.assign(sex=rng.choice(["F", "M"], n)) if "sex" in table else table
    target = RowOutcomes(np.arange(n), time=rng.exponential(5, n), event=rng.integers(0, 2, n))
    found, again = build(node), build(node)
    embeddings = rng.normal(size=(n, 4)).astype(np.float32) if found.films else None
    found.learn(table, asked)
    x = found.fit(table, embeddings, target, seed=0)
    assert x.shape == (n, len(found.names))
    again.restore(found.state(), found.tensors())
    assert again.names == found.names
    assert (again.matrix(table, embeddings) == found.matrix(table, embeddings)).all()


def head(node: dict[str, Any]) -> None:
    if contract_of("head", node) is FittedHead:
        fitted_head(node)
        return

    found = build(node, width=8).requires_grad_(False)
    outputs = found(features_for(found, 5))
    risk, scores = found.predictions(outputs)["risk"], found.scores(outputs)
    assert risk.shape == (5,)
    assert next(iter(scores)) == "risk"
    assert all(score.shape == (5,) for score in scores.values())
    assert (scores["risk"].numpy().argsort() == risk.argsort()).all()
    assert np.isfinite(risk).all()
    if find(node["target"]).kind == "binary":
        assert ((risk >= 0) & (risk <= 1)).all()
    if not lacks(type(found), PointHead):
        assert found.points(outputs).shape == (5, len(find(node["target"]).points), 2)
    if find(node["target"]).kind == "survival":
        survival_head(node)


def survival_head(node: dict[str, Any]) -> None:
    import torch

    assert lacks(class_of(node), SurvivalHead) == []
    rng, n = np.random.default_rng(0), 300
    found, again = (build(node, width=8).requires_grad_(False).eval() for _ in range(2))
    outputs = found(torch.randn(n, 8))
    risk = found.predictions(outputs)["risk"]
    time = rng.exponential(5 * np.exp(risk.mean() - risk)).clip(0.01, 9)
    target = RowOutcomes(np.arange(n), time=time, event=(rng.random(n) < 0.8).astype(float))
    assert found.tensors() == {}
    found.calibrate(outputs[:200], target[:200], (outputs[200:], target[200:]), seed=0)
    again.restore({name: np.array(values.tolist()) for name, values in found.tensors().items()})
    predicted, same = found.predictions(outputs), again.predictions(outputs)
    survival = np.column_stack([predicted[f"survival_{year}y"] for year in range(1, 6)])
    assert ((survival >= 0) & (survival <= 1)).all()
    assert (np.diff(survival) <= 0).all()
    assert all((same[name] == values).all() for name, values in predicted.items())


def features_for(head: Any, n: int) -> Any:
    """Features of n films, of the form that a trained head takes."""
    import torch

    return torch.randn(n, 8) if lacks(type(head), PointHead) else torch.randn(n, 8, 12, 10)


def fitted_head(node: dict[str, Any]) -> None:
    rng, n = np.random.default_rng(0), 400
    x, patient = rng.normal(size=(n, 3)), np.arange(n)
    time, event = rng.exponential(5 * np.exp(-x[:, 0])).clip(0.01, 9), rng.random(n) < 0.8
    target = RowOutcomes(patient, time=time, event=event.astype(float))
    if find(node["target"]).kind == "binary":
        target = RowOutcomes(patient, label=(rng.logistic(size=n) < 2 * x[:, 0]).astype(int))
    found, again = (build(node, names=["a", "b", "c"]) for _ in range(2))
    found.fit(x[:300], target[:300], (x[300:], target[300:]), seed=0)
    again.restore(found.tensors())
    assert (again.risk(x) == found.risk(x)).all()
    survival = again.survival(x)
    assert all(((of >= 0) & (of <= 1)).all() for of in survival.values())
    if survival:
        assert (survival[5] <= survival[1]).all()
    assert np.corrcoef(found.risk(x), x[:, 0])[0, 1] > 0.6  # higher is worse
    table = found.table()
    assert set(table.get("feature", [])) <= {"intercept", "a", "b", "c"}
    if {"hazard_ratio", "odds_ratio"} & set(table):
        assert {"coefficient", "lower", "upper", "p"} <= set(table)
    assert len(found.history)
    if "penalty" in found.history:
        assert {"score", "standard_error"} <= set(found.history)


def training(node: dict[str, Any]) -> None:
    """The objective is a function of the outputs of heads for a target of its kind; others it refuses with a reason."""
    import torch

    settings, n = build(node), 24
    objective = settings.objective
    heads = [build(of, width=8) for of in trained_heads() if find(of["target"]).kind in objective.kinds]
    assert heads
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"patient_id": np.arange(n).astype(str), "site": "here", "image_id": np.arange(n).astype(str)})
    table = table.assign(label=np.arange(n) % 2, event=np.arange(n) % 2, time_years=rng.uniform(1, 5, n), split="train")
    table = table.assign(t_score=rng.normal(size=n))
    if settings.of_points:
        table = pd.DataFrame(rng.uniform(0, 40, (n, 10)), columns=find("points").columns)
    targets = objective.targets(table)
    if settings.of_points:
        points = torch.as_tensor(targets)
        drawn = settings.augmentation.draw(n, rng)
        assert settings.augmentation.move(points, drawn, (48, 40)).shape == points.shape
    objective.check(targets, targets)
    assert np.isclose(objective.weights(targets).mean(), 1)
    assert set(np.concatenate(objective.batches(targets, 8, seed=0, epoch=0))) <= set(range(n))
    taken = 0
    for head in heads:
        outputs = head(features_for(head, n))
        try:
            loss = objective.loss(outputs, torch.as_tensor(targets, dtype=torch.float32))
        except ConfigError as error:
            assert "choose head=" in error.mend
            continue
        taken += 1
        assert loss.shape == (n,)
        loss.mean().backward()
        assert list(objective.score(outputs.detach(), targets)) == list(objective.columns)
    assert taken
    assert {column for column, _ in objective.best_by} <= set(objective.columns)


def trained_heads() -> list[dict[str, Any]]:
    """The nodes of all heads that are trained with an encoder."""
    paths = [path for path in PATHS if path.parent.name == "head"]
    nodes = [yaml.safe_load((config_dir() / path).read_text(encoding="utf-8")) for path in paths]
    return [node for node in nodes if contract_of("head", node) is TrainedHead]


def evaluation(node: dict[str, Any]) -> None:
    assert callable(build(node).run)  # tests/evaluation runs


WORK: dict[str, Callable[[dict[str, Any]], None]] = {
    work.__name__: work
    for work in (dataset, rules, codes, outcome, preprocessing, encoder, features, head, training, evaluation)
}


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_it_is_built_and_works(path: Path) -> None:
    node = yaml.safe_load((config_dir() / path).read_text(encoding="utf-8"))
    if path.stem == "none":
        assert node is None  # nothing to build
        return
    if path.parent.name == "dataset":  # composed, as it has groups of its own
        composed = check("prepare", [f"dataset={path.stem}", *GIVEN.get(path.stem, [])], multirun=False)
        node = OmegaConf.to_container(composed.dataset)
    check_contracts({path.parent.name: node})
    WORK[path.parent.name](node)
