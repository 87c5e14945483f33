"""Several film models at once, some of which predict some films only, and what each adds to clinical models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError
from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.tables.result import Result
from bonerisk.heads import proportional_hazards

CLINICAL = ["age_years", "sex", "bmi_kg_m2"]
WITH_DXA = [*CLINICAL, "t_score"]
ASKED = {"gains": [CLINICAL, WITH_DXA], "subgroups": ["dxa"], "strata": ["dxa"]}
Given = dict[str, pd.DataFrame]


def some_have_dxa(films: pd.DataFrame) -> pd.DataFrame:
    return films.assign(t_score=films["t_score"].where(np.arange(len(films)) % 3 > 0))


def further(films: pd.DataFrame) -> pd.DataFrame:
    """Two models beside net: a noisy one, and one of films with a T-score."""
    noise = np.random.default_rng(len(films)).normal(size=len(films))
    noisy = films.assign(model="noisy", risk=films["risk"] + 2 * noise)
    return pd.concat([films, noisy, films[films["t_score"].notna()].assign(model="dxa_net")], ignore_index=True)


@pytest.fixture
def given(tables: Any, followed: Callable[..., pd.DataFrame]) -> Given:
    found = tables(some_have_dxa(followed(500, "test", 1)))
    return {
        "predictions": further(found["predictions"]),
        "tuning": further(some_have_dxa(found["tuning"])),
        "training": some_have_dxa(found["training"]),
    }


def run(evaluation: Callable[..., Evaluation], given: Given, **changes: Any) -> Result:
    return evaluation(survival={**ASKED, **changes}, n_draws=20).run(**given)


def c_index(result: Result, **where: Any) -> pd.Series:
    where = {"metric": "c_index", "subgroup": "all", "reference": "", **where}
    rows = result.metrics
    [row] = rows[np.logical_and.reduce([rows[name] == value for name, value in where.items()])].iloc
    return row


def test_the_first_is_the_reference_of_the_others_on_the_films_of_both(
    evaluation: Callable[..., Evaluation], given: Given
) -> None:
    result = run(evaluation, given)
    noisy = c_index(result, model="noisy", reference="net")
    assert noisy["estimate"] == c_index(result, model="noisy")["estimate"] - c_index(result, model="net")["estimate"]
    assert noisy["upper"] < 0
    dxa = c_index(result, model="dxa_net", reference="net")
    assert dxa["estimate"] == 0  # the same risk, on its films
    assert dxa["n"] == c_index(result, model="dxa_net")["n"] == given["predictions"]["model"].eq("dxa_net").sum()


def test_a_model_of_some_films_is_judged_on_those(evaluation: Callable[..., Evaluation], given: Given) -> None:
    result = run(evaluation, given)
    rows = result.metrics[result.metrics["model"] == "dxa_net"]
    assert not rows["subgroup"].str.startswith("dxa=no & ").any()
    assert c_index(result, model="dxa_net", subgroup="dxa=no")["note"] == "no films"
    fitted = {each["model"]: each["n"] for each in result.thresholds["thresholds"]}
    assert fitted["net"] == fitted["noisy"] == 400
    assert fitted["dxa_net"] == given["tuning"]["model"].eq("dxa_net").sum()
    assert set(result.gaps["model"]) == {"net", "noisy", "dxa_net"}


def test_the_first_is_added_to_each_clinical_model_fitted_on_the_same_films(
    evaluation: Callable[..., Evaluation], given: Given
) -> None:
    last = {name: table.iloc[::-1] if "model" in table else table for name, table in given.items()}
    clinical, with_dxa = " + ".join(CLINICAL), " + ".join(WITH_DXA)
    for tables, first in ((given, "net"), (last, "dxa_net")):
        result = run(evaluation, tables)
        pairs = result.metrics[["model", "reference"]].drop_duplicates().itertuples(index=False, name=None)
        assert {pair for pair in pairs if "tuning" in pair[1]} == {
            (f"{first} + {clinical}", f"{clinical} (tuning)"),
            (f"{first} + {with_dxa}", f"{with_dxa} (tuning)"),
        }
        tuning = given["tuning"][given["tuning"]["model"] == first]  # of dxa_net, those with a T-score alone
        films = given["predictions"][given["predictions"]["model"] == "net"].set_index("image_id")
        expected = proportional_hazards.fit(tuning, CLINICAL).risk(films)
        found = result.predictions[result.predictions["model"] == f"{clinical} (tuning)"]
        np.testing.assert_allclose(found.set_index("image_id").loc[films.index, "risk"], expected)


def test_without_gains_asked_for_it_is_the_last_baseline(evaluation: Callable[..., Evaluation], given: Given) -> None:
    kinds = run(evaluation, given, gains=None, baselines=[["age_years"], CLINICAL, ["frax"]]).roles
    assert [name for name, kind in kinds.items() if kind == "refitted"] == [f"{' + '.join(CLINICAL)} (tuning)"]


def test_columns_that_are_not_there_gain_nothing_and_misspelt_ones_are_refused(
    evaluation: Callable[..., Evaluation], given: Given
) -> None:
    kinds = run(evaluation, given, gains=[["frax"]]).roles
    assert not {"refitted", "combined"} & set(kinds.values())
    with pytest.raises(ConfigError, match="did you mean age_years"):
        run(evaluation, given, gains=[["age_year"]])


def test_a_model_without_tuning_predictions_is_ranked_and_has_no_threshold(
    evaluation: Callable[..., Evaluation], given: Given
) -> None:
    given["tuning"] = given["tuning"][given["tuning"]["model"] != "noisy"]
    result = run(evaluation, given, subgroups=[])
    [threshold] = [each for each in result.thresholds["thresholds"] if each["model"] == "noisy"]
    assert (threshold["value"], threshold["n"]) == (None, 0)
    assert "no risk on tuning" in threshold["note"]
    assert np.isfinite(c_index(result, model="noisy")["estimate"])
    assert "noisy" not in set(result.groups["model"]) | set(result.curves["incidence"]["model"])


def test_a_film_model_called_as_a_baseline_keeps_its_name(evaluation: Callable[..., Evaluation], given: Given) -> None:
    renamed = {
        name: table.replace({"model": {"noisy": "t_score"}}) if "model" in table else table
        for name, table in given.items()
    }
    result = run(evaluation, renamed, subgroups=[])
    assert result.roles["t_score"] == "film"
    assert result.roles["t_score (baseline)"] == "baseline"
    before = run(evaluation, given, subgroups=[])
    assert c_index(result, model="t_score")["estimate"] == c_index(before, model="noisy")["estimate"]
    assert c_index(result, model="t_score (baseline)")["estimate"] == c_index(before, model="t_score")["estimate"]


def test_on_request_all_models_are_compared_with_each_other(
    evaluation: Callable[..., Evaluation], given: Given
) -> None:
    lean = {"gains": [], "subgroups": [], "baselines": []}
    for every, expected in ((False, {("noisy", "net"), ("dxa_net", "net")}), (True, {("dxa_net", "noisy")})):
        found = evaluation(survival=lean, n_draws=20, every_pair=every).run(**given)
        pairs = set(zip(found.differences["model"], found.differences["reference"], strict=True))
        assert expected <= pairs and (every or pairs == expected)
