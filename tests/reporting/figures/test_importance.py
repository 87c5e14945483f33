from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bonerisk.reporting.figures.history import losses
from bonerisk.reporting.figures.importance import SHOWN, contributions, importance, ranked
from bonerisk.reporting.figures.ranking import in_words, ranking


@pytest.fixture
def table() -> pd.DataFrame:
    """20 features, of which the last is not used."""
    features = ["age_years", "sex=M", "finding_atherosclerosis", *(f"x{number}" for number in range(17))]
    gain = np.arange(20, 0, -1.0) - 1
    return pd.DataFrame({"feature": features, "gain": gain, "mean_abs_shap": np.append(np.arange(1.0, 20), 0)})


def test_features_fall_by_shap_with_their_share_of_the_gain(table: pd.DataFrame) -> None:
    found = ranked(table)
    assert len(found) == 19  # the last adds nothing
    assert found["mean_abs_shap"].is_monotonic_decreasing
    assert found["share"].sum() == pytest.approx(1)
    assert found["name"].tolist()[-3:] == ["Atherosclerosis", "Male", "Age, years"]


def test_bars_are_in_order_and_the_rest_is_counted(table: pd.DataFrame) -> None:
    found = ranked(table)
    figure = importance(found)
    gain, shap = figure.axes
    assert [bar.get_width() for bar in shap.patches] == found["mean_abs_shap"].tolist()[:SHOWN]
    assert [bar.get_width() for bar in gain.patches] == found["share"].tolist()[:SHOWN]
    assert [text.get_text() for text in gain.get_yticklabels()] == found["name"].tolist()[:SHOWN]
    assert figure.get_supxlabel() == "and 4 other features"


def test_points_are_the_contributions_coloured_by_value() -> None:
    values = pd.DataFrame({"age_years": [50.0, 60.0, 70.0, 80.0], "sex=M": [0.0, 1.0, 1.0, 0.0]})
    shap = pd.DataFrame({"age_years": [-0.2, -0.1, 0.1, 0.4], "sex=M": [0.1, -0.1, -0.1, 0.1]})
    used = ranked(pd.DataFrame({"feature": list(values), "gain": [3.0, 1.0], "mean_abs_shap": [0.2, 0.1]}))
    axes = contributions(used, shap, values).axes[0]
    age, sex = axes.collections
    assert age.get_offsets()[:, 0].tolist() == shap["age_years"].tolist()
    assert age.get_array().tolist() == [0.25, 0.5, 0.75, 1.0]
    assert sex.get_array().tolist() == values["sex=M"].tolist()
    places = sex.get_offsets()[:, 1]
    assert len(set(zip(sex.get_offsets()[:, 0], places, strict=True))) == 4  # equal ones make room for each other
    assert np.abs(places - 1).max() <= 0.4


def test_the_round_kept_is_the_first_of_the_lowest_loss() -> None:
    steps = pd.DataFrame({"round": [1, 2, 3, 4], "train": [4.0, 3, 2, 1], "tune": [4.0, 3, 3, 5]})
    kept = losses(steps).axes[0].lines[-1]
    assert kept.get_xydata().tolist() == [[2.0, 3.0]]


def test_a_model_is_ranked_in_each_split() -> None:
    rows = pd.DataFrame({"split": ["test", "external"] * 2, "model": ["a", "a", "age_years", "age_years"]})
    rows = rows.assign(metric="c_index", estimate=[0.7, 0.6, 0.65, 0.5], lower=0.4, upper=0.9)
    axes = ranking(rows, "C", ["a"]).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in dots] == [0.7, 0.65, 0.6, 0.5]
    assert [line.get_markerfacecolor() == "white" for line in dots] == [False, True, False, True]
    assert in_words(rows).startswith("Test: a 0.70 (0.40–0.90); age 0.65 (0.40–0.90). External test: ")
