"""Features of films and columns beside one another, and the image's risk out of fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.features.features import Features
from bonerisk.features.image_risk import ImageRisk
from bonerisk.heads.row_outcomes import RowOutcomes

N, WIDTH = 300, 12
FUSED = {"image_risk": "out_of_fold", "columns": ["age_years"]}


@pytest.fixture(scope="module")
def films() -> tuple[pd.DataFrame, np.ndarray, RowOutcomes]:
    """Two films a patient; the first number of an embedding is dangerous, the others say nothing."""
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(N, WIDTH)).astype(np.float32)
    patient = np.arange(N) // 2
    time = rng.exponential(6 * np.exp(-embeddings[:, 0]))
    target = RowOutcomes(patient, time=time.clip(0.01, 8), event=(time < 8).astype(float))
    return pd.DataFrame({"age_years": rng.uniform(50, 90, N), "sex": rng.choice(["F", "M"], N)}), embeddings, target


def built(films: Any, **how: Any) -> tuple[Features, np.ndarray]:
    table, embeddings, target = films
    features = Features(**how)
    features.learn(table, ())
    return features, features.fit(table, embeddings if features.films else None, target, seed=0)


def test_blocks_stand_beside_one_another(films: Any) -> None:
    table, embeddings, _ = films
    features, x = built(films, embedding=True, columns=["age_years", "sex"])
    assert features.names == [*(f"embedding_{i:03d}" for i in range(WIDTH)), "age_years", "sex=M"]
    np.testing.assert_array_equal(x[:, :WIDTH], embeddings)
    np.testing.assert_array_equal(x, features.matrix(table, embeddings))


def test_an_embedding_alone_is_not_copied(films: Any) -> None:
    features, x = built(films, embedding=True, columns=[])
    assert x is films[1]
    assert len(features.names) == WIDTH


def test_risk_out_of_fold_has_not_seen_the_patient(films: Any) -> None:
    _, embeddings, target = films
    risk = ImageRisk(WIDTH).fit(embeddings, target, "out_of_fold", seed=0)
    event = np.where(target.patient == 0, 1 - target.event, target.event)  # another outcome of one patient
    again = ImageRisk(WIDTH).fit(embeddings, RowOutcomes(target.patient, time=target.time, event=event), "in_sample", 0)
    assert np.corrcoef(risk, embeddings[:, 0])[0, 1] > 0.8
    spread = {how: ImageRisk(WIDTH).fit(embeddings, target, how, 0) for how in ("out_of_fold", "in_sample")}
    fit = {how: float(target.event @ values - N * np.log(np.exp(values).mean())) for how, values in spread.items()}
    assert fit["in_sample"] > fit["out_of_fold"]  # what has seen the outcome looks better than it is
    assert not np.array_equal(again, spread["in_sample"])


def test_a_new_film_gets_the_risk_of_the_whole_fit_and_the_film_moves_it(films: Any) -> None:
    table, embeddings, _ = films
    features, x = built(films, **FUSED)
    assert features.names == ["image_risk", "age_years"]
    new = features.matrix(table, embeddings)
    assert np.corrcoef(new[:, 0], x[:, 0])[0, 1] > 0.9
    assert not np.allclose(new[:, 0], x[:, 0])
    moved = features.matrix(table, embeddings + np.eye(1, WIDTH, dtype=np.float32))
    assert (moved[:, 0] > new[:, 0]).all()
    assert (moved[:, 1] == new[:, 1]).all()
    older = features.matrix(table.assign(age_years=table["age_years"] + 1), embeddings)
    assert (older[:, 1] == new[:, 1] + 1).all()
    again = Features(**FUSED)
    again.restore(features.state(), features.tensors())
    np.testing.assert_array_equal(again.matrix(table, embeddings), new)


def test_folds_do_not_hang_on_the_order_of_films(films: Any) -> None:
    _, embeddings, target = films
    order = np.random.default_rng(1).permutation(N)
    first = ImageRisk(WIDTH).fit(embeddings, target, "out_of_fold", seed=0)
    second = ImageRisk(WIDTH).fit(embeddings[order], target[order], "out_of_fold", seed=0)
    np.testing.assert_allclose(second, first[order], rtol=1e-5)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing to learn from"):
        Features(columns=[])


def test_the_risk_of_an_image_needs_times(films: Any) -> None:
    table, embeddings, target = films
    features = Features(**FUSED)
    features.learn(table, ())
    with pytest.raises(ConfigError, match="knows no times"):
        features.fit(table, embeddings, RowOutcomes(target.patient, label=target.event), seed=0)


def test_too_few_events_for_a_risk_out_of_fold_are_told(films: Any) -> None:
    _, embeddings, target = films
    few = RowOutcomes(target.patient, time=target.time, event=np.where(target.patient < 6, 1.0, 0.0))
    with pytest.raises(DataError, match="6 patients of the train split have an event"):
        ImageRisk(WIDTH).fit(embeddings, few, "out_of_fold", seed=0)
