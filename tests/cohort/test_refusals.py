from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

from bonerisk.cohort.refusals import Refusals
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.errors import DataError, RowsRefusedError

TEXT = pd.DataFrame({"patient_id": ["a", "b"], "image_id": ["1", "2"], "event": ["x", "0"]}, index=[2, 3])


def refusals() -> Refusals:
    found = Refusals("t.csv", {"event": "Bruch"})
    found.add(TEXT, TEXT["event"] == "x", "event", "no event flag")
    return found


def test_refused_rows_are_kept_across_processes_and_in_the_run_folder(tmp_path: Path) -> None:
    with pytest.raises(
        RowsRefusedError, match=r"no row can be used:\nt\.csv row 2, patient a, column Bruch"
    ) as stopped:
        refusals().stop(TEXT[:0])
    again = pickle.loads(pickle.dumps(stopped.value))
    assert str(again) == str(stopped.value) and again.exit_code == DataError.exit_code
    order = Order("prepare", OmegaConf.create({"paths": {"outputs": str(tmp_path)}}), {}, [], [])
    with pytest.raises(RowsRefusedError), run_folder(order, "mine"):
        raise again
    [path] = tmp_path.glob("prepare/mine/*/rejected.csv")
    assert pd.read_csv(path)[["row", "column", "reason"]].to_numpy().tolist() == [[2, "Bruch", "no event flag"]]


def test_one_place_has_one_error_and_all_places_are_told_at_once() -> None:
    found = refusals()
    found.fail([DataError("first", "here"), DataError("also first", "here")])
    found.fail([DataError("second", "here"), DataError("other", "there")])
    with pytest.raises(RowsRefusedError) as stopped:
        found.stop(TEXT)
    told = str(stopped.value)
    assert "also first" in told and "other" in told and "second" not in told


def test_rows_that_take_no_part_are_forgotten() -> None:
    found = refusals()
    found.only(pd.Index([3]))
    assert found.table.empty
