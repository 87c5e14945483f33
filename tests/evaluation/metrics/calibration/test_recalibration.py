from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.evaluation.metrics.calibration import at_horizon, binary, recalibration
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

GOLDEN = json.loads((Path(__file__).resolve().parents[3] / "golden/calibration.json").read_text())
DATA = GOLDEN["data"]
PREDICTED = np.array(DATA["predicted"])
OUTCOMES = ["single", "competing"]


def followed(outcome: str, predicted: np.ndarray = PREDICTED) -> Followed:
    return Followed.of(predicted, **DATA[outcome], predicted={5.0: predicted})


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_new_baseline_expects_as_many_events_as_are_observed(outcome: str) -> None:
    found = recalibration.fit_at_horizon(followed(outcome), 5.0)
    again = followed(outcome, found.apply(PREDICTED)).drawn()
    assert at_horizon.o_e(again, 5.0).value[0] == pytest.approx(1, rel=1e-9)
    before = at_horizon.calibration_slope(followed(outcome).drawn(), 5.0).value[0]
    assert at_horizon.calibration_slope(again, 5.0).value[0] == pytest.approx(before)
    assert (found.slope, found.horizon, found.n) == (1, 5.0, 400)
    assert found.n_events == followed(outcome).n_events_by(5.0)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_new_slope_is_then_one(outcome: str) -> None:
    found = recalibration.fit_at_horizon(followed(outcome), 5.0, kind="slope")
    assert found.slope == pytest.approx(GOLDEN[outcome]["calibration_slope"], rel=1e-8)
    again = followed(outcome, found.apply(PREDICTED)).drawn()
    assert at_horizon.calibration_slope(again, 5.0).value[0] == pytest.approx(1)
    assert at_horizon.o_e(again, 5.0).value[0] == pytest.approx(1, abs=0.03)  # the regression smooths


def test_with_competing_events_the_shift_is_that_of_the_pseudo_values() -> None:
    found = recalibration.fit_at_horizon(followed("competing"), 5.0, kind="slope")
    assert found.intercept == pytest.approx(GOLDEN["competing"]["intercept"], rel=1e-7)


def test_a_binary_outcome_likewise() -> None:
    tuning = Sample.of(PREDICTED, DATA["label"])
    for kind, slope in (("baseline", None), ("slope", 1.0)):
        found = recalibration.fit(tuning, kind)
        again = Sample.of(found.apply(PREDICTED), DATA["label"]).drawn()
        assert binary.o_e(again).value[0] == pytest.approx(1, rel=1e-9)
        if slope:
            assert binary.calibration_slope(again).value[0] == pytest.approx(slope)
        assert (np.diff(found.apply(np.linspace(0, 1, 50))) >= 0).all()


def test_what_cant_be_recalibrated_is_refused() -> None:
    with pytest.raises(DataError, match="0 of 3 films have the outcome"):
        recalibration.fit(Sample.of([0.1, 0.2, 0.3], [0, 0, 0]))
    with pytest.raises(DataError, match="the slope is -"):
        recalibration.fit(Sample.of(1 - PREDICTED, DATA["label"]), "slope")
    with pytest.raises(DataError, match="can't be fitted"):
        recalibration.fit_at_horizon(followed("single", np.full(400, 0.2)), 5.0, "slope")
    with pytest.raises(DataError, match="nobody is followed up to 20 years"):
        recalibration.fit_at_horizon(Followed.of([0.1, 0.2], [1, 2], [1, 0], predicted={20.0: [0.1, 0.2]}), 20.0)
    with pytest.raises(DataError, match=r"incidence by 0\.1 years is 0"):
        recalibration.fit_at_horizon(Followed.of([0.1, 0.2], [1, 2], [1, 0], predicted={0.1: [0.1, 0.2]}), 0.1)
