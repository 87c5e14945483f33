"""Entry times, strata and weights, from rows to probabilities, against R; and who refuses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load, save

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads import proportional_hazards
from bonerisk.heads.cox import Cox, CoxRidge
from bonerisk.heads.coxnet import Coxnet
from bonerisk.heads.row_outcomes import RowOutcomes, refuse_unused

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/strata.json").read_text())
DATA, AT, TIMES = pd.DataFrame(GOLDEN["data"]), np.array(GOLDEN["at"]), GOLDEN["times"]
X, SITE = DATA[["age", "male"]].to_numpy(dtype=float), DATA["site"].map(GOLDEN["sites"].index).to_numpy()


def outcomes(competing: bool, **changes: Any) -> RowOutcomes:
    status = DATA["status"].to_numpy()
    given: dict[str, Any] = {"entry": DATA["entry"].to_numpy(), "stratum": SITE, "weight": DATA["weight"].to_numpy()}
    death = (status == 2).astype(int) if competing else None
    event = (status == 1).astype(int)
    return RowOutcomes(np.arange(len(DATA)), None, DATA["time"].to_numpy(), event, death, **given | changes)


def fitted(competing: bool = False, **changes: Any) -> Cox:
    head, of = Cox(["age", "male"], horizons_years=TIMES), outcomes(competing, **changes)
    head.fit(X, of, (X, of), seed=0)
    return head


def test_the_fit_and_its_robust_variance_are_those_of_coxph() -> None:
    head = fitted()
    np.testing.assert_allclose(head.table()["coefficient"], GOLDEN["coefficients"], rtol=1e-8)
    assert head.covariance is not None
    np.testing.assert_allclose(head.covariance, GOLDEN["covariance"], rtol=1e-7)


@pytest.mark.parametrize("competing", [False, True])
def test_each_stratum_has_its_own_baseline(competing: bool) -> None:
    head, again = fitted(competing), Cox(["age", "male"], horizons_years=TIMES)
    again.restore(load(save(head.tensors())))
    for number, expected in enumerate(GOLDEN["incidence" if competing else "survival"]):
        stratum = np.full(len(AT), number)
        found = np.column_stack([*again.survival(AT, stratum).values()])
        np.testing.assert_allclose(1 - found if competing else found, expected, rtol=1e-8)
    assert "3 strata has its own baseline" in head.notes[0]


@pytest.mark.parametrize("competing", [False, True])
def test_a_baseline_model_of_an_evaluation_uses_them_too(competing: bool) -> None:
    columns = {"time": "time_years", "entry": "entry_years", "site": "stratum", "weight": "case_weight"}
    table = DATA.rename(columns=columns).assign(event=DATA["status"] == 1)
    table = table.assign(competing_event=(DATA["status"] == 2).astype(int)) if competing else table
    model = proportional_hazards.fit(table, ["age", "male"])
    np.testing.assert_allclose(model.model.coefficients, GOLDEN["coefficients"], rtol=1e-8)
    new = pd.DataFrame(AT, columns=["age", "male"]).assign(stratum=["C", "C", "elsewhere"])
    found = np.column_stack([*model.predicted(new, TIMES).values()])
    expected = np.array(GOLDEN["incidence" if competing else "survival"][2])
    np.testing.assert_allclose(found[:2], expected[:2] if competing else 1 - expected[:2], rtol=1e-8)
    assert np.isnan(found[2]).all()


def test_a_stratum_that_is_not_followed_so_long_has_no_probability() -> None:
    short = SITE == 1
    time = np.where(short, np.minimum(DATA["time"], 3), DATA["time"])
    head = Cox(["age", "male"], horizons_years=[2, 4])
    of = outcomes(False, entry=None)
    of = RowOutcomes(of.patient, None, time, np.where(short & (DATA["time"] > 3), 0, of.event), stratum=SITE)
    head.fit(X, of, (X, of), seed=0)
    found = head.survival(AT, np.array([0, 1, 2]))
    assert np.isfinite(found[2]).all() and np.isnan(found[4]).tolist() == [False, True, False]
    assert any("1 strata are not followed to 4 years" in note for note in head.notes)
    with pytest.raises(DataError, match="rows have no stratum"):
        head.survival(AT)


def test_a_ridge_learns_from_weights() -> None:
    of, plain = outcomes(False), outcomes(False, weight=None)
    ridges = [CoxRidge(["age", "male"]) for _ in range(2)]
    for head, rows in zip(ridges, (of, plain), strict=True):
        head.fit(X, rows, (X, rows), seed=0)
    assert not np.allclose(ridges[0].hazard.coefficients, ridges[1].hazard.coefficients, rtol=0.01)


def test_what_a_head_would_ignore_is_refused() -> None:
    table = pd.DataFrame({"entry_years": [0.0, 1.0], "case_weight": [1.0, 2.0], "stratum": [None, None]})
    refuse_unused(table, Cox.uses)
    with pytest.raises(ConfigError, match=r"can't use entry_years[\s\S]*can't use case_weight") as error:
        refuse_unused(table, Coxnet.uses)
    assert "dataset.columns.case_weight=null" in str(error.value)
    assert "stratum" not in str(error.value)  # it is empty
