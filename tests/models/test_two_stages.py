"""Two stages as one model of three classes: probabilities, rows that both predict, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, arrange
from bonerisk.errors import ConfigError, DataError
from bonerisk.models.predictions import predictions
from bonerisk.models.rows import ReadyRows
from bonerisk.models.several import combined, outcome_of
from bonerisk.models.two_stages import UNSEEN, TwoStages
from bonerisk.runs.unrecorded import Unrecorded

CLASSES = ["normal", "low_bone_mass", "osteoporosis"]


class Stage:
    """A stage whose risk is a column of the cohort; rows without it can't be predicted."""

    films, columns, run = False, ("age_years",), None

    def __init__(self, target_name: str, column: str, seen: frozenset[str] = frozenset()) -> None:
        self.target_name, self.column, self.seen, self.name = target_name, column, seen, target_name

    def predictable(self, cohort, data, run):
        table = cohort.table[cohort.table[self.column].notna()].reset_index(drop=True)
        return ReadyRows(replace(cohort, table=table))

    def predict(self, rows):
        return predictions(rows.cohort.table, "made", self.name, {"risk": rows.cohort.table[self.column]})

    def refuse_seen(self, table):
        if both := self.seen & set(table["patient_id"]):
            raise DataError(f"{len(both)} patients here are among those", f"patient {min(both)}")


@pytest.fixture
def cohort() -> Cohort:
    names = [f"p{number}" for number in range(6)]
    table = pd.DataFrame(
        {
            **{"patient_id": names, "image_id": names, "image_path": names, "split": "test", "site": "A"},
            "bone_class": pd.Series(CLASSES * 2, dtype="object"),
            "porosis": [0.1, 0.2, 0.9, 0.0, np.nan, 1.0],
            "penia": [0.2, 0.7, 0.4, np.nan, 0.5, 0.3],
        }
    )
    return Cohort("made", arrange(table), Flow())


def staged(**seen: frozenset[str]) -> TwoStages:
    return TwoStages(Stage("osteoporosis", "porosis"), Stage("low_bone_mass", "penia", **seen), "both")


def test_probabilities_are_those_of_a_tree(cohort: Cohort) -> None:
    model = staged()
    found = model.predict(model.ready(cohort)).set_index("image_id")
    assert list(found.index) == ["p0", "p1", "p2", "p5"]  # whom both stages can predict
    np.testing.assert_allclose(
        found.loc["p1", ["p_normal", "p_low_bone_mass", "p_osteoporosis"]].tolist(), [0.24, 0.56, 0.2]
    )
    np.testing.assert_allclose(found.filter(like="p_").filter(regex="normal|mass|osteo").sum(axis=1), 1)
    np.testing.assert_allclose(found["risk"], found["p_low_bone_mass"] + 2 * found["p_osteoporosis"])
    assert found["label"].tolist() == [0, 1, 2, 2]
    assert set(found["model"]) == {"both"}


def test_some_of_the_rows_can_be_predicted(cohort: Cohort) -> None:
    model = staged()
    rows = model.ready(cohort)
    some = model.predict(rows.among(rows.cohort.table[2:]))
    assert some["image_id"].tolist() == ["p2", "p5"]


@pytest.mark.parametrize(
    ("targets", "mend"),
    [(("low_bone_mass", "osteoporosis"), "swap them"), (("osteoporosis", "fracture"), "head.target=osteoporosis")],
)
def test_other_targets_are_refused(targets: tuple[str, str], mend: str) -> None:
    with pytest.raises(ConfigError, match="the stages predict") as caught:
        TwoStages(*(Stage(target, "porosis") for target in targets))
    assert mend in str(caught.value)


def test_stages_of_other_test_patients_are_refused(cohort: Cohort) -> None:
    staged().refuse_seen(cohort.table)
    with pytest.raises(DataError, match="other test patients: 1 patients") as caught:
        staged(seen=frozenset({"p3"})).refuse_seen(cohort.table)
    assert "same split" in str(caught.value)


def test_the_second_stage_is_a_caveat(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[str] = []
    monkeypatch.setattr(Unrecorded, "note", lambda self, text: noted.append(text))
    staged().ready(cohort)
    assert UNSEEN in noted


def test_the_first_two_of_several_are_combined() -> None:
    stages = [Stage("osteoporosis", "porosis"), Stage("low_bone_mass", "penia")]
    [both] = combined(stages)
    assert (both.name, both.target_name, outcome_of([both])) == ("two_stages", "bone_class", "ordinal")
    with pytest.raises(ConfigError, match="1 run is no two stages"):
        combined(stages[:1])
