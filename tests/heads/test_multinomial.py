"""Multinomial baselines: with two classes the logistic model, a class that is absent, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import DataError
from bonerisk.heads import logistic, multinomial


@pytest.fixture
def films() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.uniform(50, 80, 300)
    label = np.digitize(age + rng.normal(0, 10, 300), [65, 75])
    return pd.DataFrame({"age_years": age, "sex": rng.choice(["F", "M"], 300), "label": label})


def test_with_two_classes_it_is_the_logistic_model(films: pd.DataFrame) -> None:
    two = films.assign(label=films["label"].clip(upper=1))
    model = multinomial.fit(two, ["age_years", "sex"], "label", 3)
    assert model.probabilities(two)[:, 1] == pytest.approx(logistic.fit(two, ["age_years", "sex"]).risk(two), abs=1e-6)
    assert (model.probabilities(two)[:, 2] == 0).all() and "class 2" in model.notes[0]


def test_the_mean_probability_of_a_class_is_its_share(films: pd.DataFrame) -> None:
    p = multinomial.fit(films, ["age_years", "sex"], "label", 3).probabilities(films)
    assert p.mean(axis=0) == pytest.approx(np.bincount(films["label"]) / 300)  # at the maximum of the likelihood


def test_separated_classes_are_refused(films: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no maximum"):
        multinomial.fit(films.assign(x=films["label"]), ["x"], "label", 3)
    with pytest.raises(DataError, match="don't hold two classes"):
        multinomial.fit(films.assign(label=1), ["age_years"], "label", 3)
