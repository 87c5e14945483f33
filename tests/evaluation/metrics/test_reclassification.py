from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bonerisk.errors import DataError
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics import reclassification, thresholds
from bonerisk.evaluation.metrics.metric import at_horizon
from bonerisk.evaluation.metrics.reclassification import event_part, idi, improvement, nonevent_part, nri
from bonerisk.evaluation.metrics.thresholds import Threshold, at
from bonerisk.evaluation.samples.followed import Followed
from bonerisk.evaluation.samples.sample import Sample

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/decision.json").read_text())
DATA, EXPECTED = GOLDEN["data"], GOLDEN["reclassification"]
OLD, NEW, LABEL = (np.array(DATA[name]) for name in ("old", "risk", "label"))
PARTS = {"total": improvement, "with": event_part, "without": nonevent_part}
CHANGES = {"nri": nri(OLD, NEW), "nri_at": nri(OLD, NEW, EXPECTED["nri_at"]["threshold"]), "idi": idi(OLD, NEW)}


def once(metric: Any, change: Any, label: Any) -> float:
    return float(metric(Sample.of(change, label).drawn()).value[0])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_binary_outcome_is_that_of_improve_prob(change: str, part: str) -> None:
    assert once(PARTS[part], CHANGES[change], LABEL) == pytest.approx(EXPECTED[change][part], abs=1e-12)


@pytest.mark.parametrize("part", ["with", "without"])
@pytest.mark.parametrize("change", ["nri", "idi"])
def test_at_a_horizon_the_known_stand_for_the_censored(change: str, part: str) -> None:
    films = Followed.of(CHANGES[change], DATA["time"], DATA["status"])
    found = at_horizon(PARTS[part], DATA["horizon"])(films.drawn()).value[0]
    assert found == pytest.approx(EXPECTED["at_horizon"][change][part], abs=1e-12)


def test_with_two_categories_it_is_the_gain_in_sensitivity_and_specificity_in_each_draw() -> None:
    draws, border = Draws.of(len(LABEL), 30), Threshold("0.3", 0.3)
    metrics = {"with": at(border, thresholds.sensitivity), "without": at(border, thresholds.specificity)}
    old, new = (distributions(Sample.of(risk, LABEL, np.arange(len(LABEL))), metrics, draws) for risk in (OLD, NEW))
    moved = Sample.of(nri(OLD, NEW, 0.3), LABEL, np.arange(len(LABEL)))
    found = distributions(moved, {part: PARTS[part] for part in metrics}, draws)
    for part, of in found.items():
        np.testing.assert_allclose(of.drawn, new[part].drawn - old[part].drawn, atol=1e-12)


@pytest.mark.parametrize("change", CHANGES)
def test_order_and_doubling_change_nothing_and_old_for_new_turns_the_sign(change: str) -> None:
    expected = once(improvement, CHANGES[change], LABEL)
    order = np.random.default_rng(0).permutation(len(LABEL)).repeat(2)
    assert once(improvement, CHANGES[change][order], LABEL[order]) == pytest.approx(expected, abs=1e-12)
    assert once(improvement, -CHANGES[change], LABEL) == pytest.approx(-expected, abs=1e-12)


def test_a_rising_transform_leaves_the_category_free_nri_alone_and_stretches_the_idi() -> None:
    np.testing.assert_array_equal(nri(np.exp(OLD), np.exp(NEW)), CHANGES["nri"])
    assert once(improvement, idi(np.exp(OLD), np.exp(NEW)), LABEL) > 1.2 * EXPECTED["idi"]["total"]


def test_an_exaggerating_model_looks_better_than_it_is_as_the_warning_says() -> None:
    rng = np.random.default_rng(0)
    old = rng.uniform(0.1, 0.9, 5000)
    label = rng.uniform(size=5000) < old  # the old model is right; the new one says the same, too loudly
    new = np.clip(0.5 + 1.5 * (old - 0.5), 0, 1)
    assert once(improvement, nri(old, new), label) > 0.5
    assert once(improvement, idi(old, new), label) > 0.05
    assert "miscalibrated" in reclassification.WARNING


def test_equal_models_improve_nothing_and_one_outcome_has_no_value_and_a_reason() -> None:
    assert once(improvement, nri(OLD, OLD), LABEL) == 0
    for metric, label in ((improvement, 1), (improvement, 0), (event_part, 0), (nonevent_part, 1)):
        values = metric(Sample.of(idi([0.1, 0.2], [0.3, 0.1]), [label] * 2).drawn())
        assert np.isnan(values.value[0])
        assert "film" in values.undefined


@pytest.mark.parametrize("change", [nri, idi])
def test_films_that_do_not_pair_are_refused(change: Any) -> None:
    with pytest.raises(DataError, match="2 risks of the old model, 3 of the new"):
        change([0.1, 0.2], [0.1, 0.2, 0.3])
    with pytest.raises(DataError, match="row 1, counted from 0; 2 such rows"):
        change([0.1, np.nan, 0.2], [0.1, 0.2, np.nan])
