from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bonerisk.datasets.phantom_chest import PhantomChest
from bonerisk.errors import ConfigError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_the_cohort_has_both_hospitals_and_the_oracle(data: Path) -> None:
    cohort = PhantomChest(patients=12, seed=3).load(data)
    table = cohort.table
    assert len(table) == 12
    assert (table["view"] == "PA").all()
    assert pd.api.types.is_datetime64_any_dtype(table["film_date"])
    assert (table.loc[table["site"] == "site_b", "split"] == "external").all()
    assert {"train", "tune", "test"} == set(table.loc[table["site"] == "site_a", "split"])
    assert table["oracle_filmed_density"].corr(table["t_score"]) < -0.3
    assert all(Path(path).is_file() for path in table["image_path"])
    assert cohort.reference_standard == "DXA"
    assert "simulated" in cohort.notes[0]


def test_a_second_load_simulates_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = PhantomChest(patients=12, seed=3).load(data)
    monkeypatch.setattr("bonerisk.phantom.films.Maker.__call__", None)
    pd.testing.assert_frame_equal(PhantomChest(patients=12, seed=3).load(data).table, first.table)


def test_other_films_lie_elsewhere(data: Path) -> None:
    folders = {PhantomChest(p, s, b).folder(data) for p in (5, 6) for s in (0, 1) for b in (0.0, 1.0)}
    assert len(folders) == 8
    assert PhantomChest(bone_signal=1).folder(data) == PhantomChest(bone_signal=1.0).folder(data)


def test_every_value_out_of_range_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        PhantomChest(patients=0, seed=-1, bone_signal=float("nan"))
    for name in ("dataset.patients", "dataset.seed", "dataset.bone_signal"):
        assert name in str(caught.value)
