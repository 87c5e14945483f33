from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.config.build import build, plain
from bonerisk.config.check import check
from bonerisk.features.scaling import Scaling
from bonerisk.models.network import Network, NewNetwork, load_network
from bonerisk.training.model import Model, save

SIDE, N = 32, 12


@pytest.fixture
def config() -> dict[str, Any]:
    chosen = [
        "model=ospenscreen_demo",
        "dataset=phantom_chest",
        "features=embedding_demographics",
        f"preprocessing.size={SIDE}",
    ]
    return plain(check("train", chosen, multirun=False))


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    who = {"image_id": [f"I{n}" for n in range(N)], "patient_id": [f"P{n}" for n in range(N)], "image_path": "a.png"}
    known = {
        "split": "train",
        "age_years": rng.normal(65, 9, N),
        "sex": ["F", "M"] * 6,
        "bmi_kg_m2": rng.normal(25, 3, N),
    }
    return pd.DataFrame(who | known)


@pytest.fixture
def films() -> Any:
    images = np.random.default_rng(1).integers(0, 256, (N, SIDE, SIDE), dtype=np.uint8)
    order = np.arange(N)[::-1]  # not that of the table
    return SimpleNamespace(images=SimpleNamespace(images=images), rows=lambda of: order[of.index])


@pytest.fixture
def network(config: dict[str, Any], table: pd.DataFrame) -> Network:
    features = build(config["features"])
    features.learn(table, [])
    return NewNetwork.of(config, seed=0).network(features, Scaling.of(features.columns, table))


def test_columns_move_the_risk_and_not_the_embedding(network: Network, table: pd.DataFrame, films: Any) -> None:
    older = table.assign(age_years=table["age_years"] + 20)
    found, other = (network.predict(of, films, "phantom", "ours") for of in (table, older))
    assert found["risk"].between(0, 1).all()
    assert found["model"].eq("ours").all()
    assert (found["risk"] != other["risk"]).all()
    embedding = network.embed(table, films)
    assert embedding.shape == (N, network.encoder.width)
    assert embedding.dtype == np.float32
    np.testing.assert_array_equal(embedding, network.embed(older, films))


def test_the_file_brings_back_what_was_learnt_of_columns(
    network: Network, config: dict[str, Any], table: pd.DataFrame, films: Any, tmp_path: Any
) -> None:
    path = tmp_path / "model.safetensors"
    save(Model(network.encoder, network.head).state_dict(), path, network.notes)
    again = load_network(SimpleNamespace(config=config, path=tmp_path.joinpath))
    columns = ["risk", "age_years"]
    before, after = (of.predict(table, films, "phantom", "ours")[columns] for of in (network, again))
    pd.testing.assert_frame_equal(after, before, check_exact=True)


def test_a_network_of_films_alone_notes_nothing(config: dict[str, Any], table: pd.DataFrame) -> None:
    alone = {**config, "features": {**config["features"], "columns": []}}
    features = build(alone["features"])
    features.learn(table, [])
    network = NewNetwork.of(alone, seed=0).network(features, Scaling.of(features.columns, table))
    assert network.notes == {}
    assert network.head.score.in_features == network.encoder.width


def test_the_seed_decides_the_head_whatever_ran_before_it(config: dict[str, Any], network: Network) -> None:
    new = NewNetwork.of(config, seed=0)
    torch.rand(7)
    assert torch.equal(new.network(network.features, network.scaling).head.score.weight, network.head.score.weight)
    assert json.loads(network.notes["features"])["scaling"]["scale"] == list(network.scaling.scale)
