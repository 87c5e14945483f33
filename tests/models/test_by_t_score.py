"""A model of the T-score as one of three classes: what it calls, and where it becomes one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.models.by_t_score import ByTScore
from bonerisk.models.load import NetworkModel
from bonerisk.models.predictions import predictions
from bonerisk.models.rows import ReadyRows
from bonerisk.models.several import comparable, outcome_of

NAMES = [f"p{number}" for number in range(4)]


def model(kind: type[NetworkModel], folder: Path, target: str = "t_score") -> NetworkModel:
    run = SimpleNamespace(config={"head": {"target": target}}, path=lambda name: folder / name)
    return kind(run, target)


@pytest.fixture
def table() -> pd.DataFrame:
    """Films of known class, the last without a T-score."""
    classes = pd.Series(["normal", "low_bone_mass", "osteoporosis", "osteoporosis"], dtype="object")
    named = {"patient_id": NAMES, "image_id": NAMES, "image_path": NAMES, "split": "train", "site": "A"}
    return arrange(pd.DataFrame({**named, "bone_class": classes, "t_score": [0.0, -2.0, -3.0, None]}))


def test_it_calls_the_class_of_the_estimate_rounded_as_a_reading(
    tmp_path: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = pd.Series([-1.04, -1.05, -2.44, -2.45])

    def predicted(self: NetworkModel, rows: ReadyRows) -> pd.DataFrame:
        return predictions(rows.cohort.table, "made", self.name, {"risk": -estimate, "estimate": estimate})

    monkeypatch.setattr(NetworkModel, "_predicted", predicted)
    rows = ReadyRows(Cohort("made", table, Flow()))
    found = model(ByTScore, tmp_path).predict(rows)
    assert found["class_called"].tolist() == [0, 1, 1, 2]
    found.drop(columns="class_called").to_parquet(tmp_path / "tuning.parquet")
    table.to_parquet(tmp_path / "cohort.parquet")
    fitted = model(ByTScore, tmp_path)
    assert fitted.tuning["label"].tolist() == fitted.training["label"].tolist() == [0, 1, 2, 2]
    assert fitted.tuning["class_called"].tolist() == [0, 1, 1, 2]


def test_it_is_one_where_others_are_of_classes(tmp_path: Path) -> None:
    of_score, of_classes = model(NetworkModel, tmp_path), model(NetworkModel, tmp_path, "bone_class")
    assert outcome_of(comparable([of_score, of_score])) == "amount"
    both = comparable([of_score, of_classes])
    assert [type(each) for each in both] == [ByTScore, NetworkModel] and outcome_of(both) == "ordinal"
