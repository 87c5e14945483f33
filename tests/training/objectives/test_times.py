"""The objectives of time to an event: Cox as the survival room has it, and the logistic hazard by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.errors import ConfigError, DataError
from bonerisk.heads.interval_hazards import IntervalHazardsHead
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.survival import kaplan_meier
from bonerisk.survival.outcome import outcome
from bonerisk.survival.risk_sets import risk_sets
from bonerisk.training.objectives.cox import Cox, efron
from bonerisk.training.objectives.logistic_hazard import LogisticHazard

RNG = np.random.default_rng(0)
N = 60
TIME = RNG.integers(1, 12, N) / 2.0  # many ties
EVENT = RNG.random(N) < 0.5
ETA = RNG.normal(0, 2, N)
TARGETS = np.column_stack([TIME, EVENT])


def test_terms_and_gradient_are_those_of_the_survival_room_to_rounding() -> None:
    eta = torch.from_numpy(ETA).requires_grad_()
    terms = efron(eta, torch.from_numpy(TIME), torch.from_numpy(EVENT))
    terms.sum().backward()
    terms = terms.detach()
    sets = risk_sets(outcome(TIME, EVENT), np.ones(N))
    point = sets.at(ETA)
    assert point is not None
    np.testing.assert_allclose(float(terms.sum()), -point.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(eta.grad, point.expected - EVENT, rtol=1e-9, atol=1e-11)
    assert (terms[~torch.from_numpy(EVENT)] == 0).all()
    whole = Cox().loss(torch.from_numpy(ETA), torch.from_numpy(TARGETS)).sum()  # as those of a step, 0 for equal risks
    scores = Cox().score(torch.from_numpy(ETA), TARGETS)
    assert scores["tune_loss"] == pytest.approx(float(whole) / EVENT.sum(), rel=1e-12)
    assert Cox().score(torch.zeros(N), TARGETS)["tune_loss"] == 0
    shifted = efron(eta.detach().float() + 300, torch.from_numpy(TIME).float(), torch.from_numpy(EVENT))
    np.testing.assert_allclose(float(shifted.sum()), float(terms.sum()), rtol=1e-4)


def test_the_coefficient_of_the_loss_is_that_of_lifelines() -> None:
    from lifelines import CoxPHFitter

    fitter = CoxPHFitter().fit(pd.DataFrame({"x": ETA, "t": TIME, "e": EVENT}), "t", "e")
    x, time, event = torch.from_numpy(ETA), torch.from_numpy(TIME), torch.from_numpy(EVENT)
    beta = torch.tensor(float(fitter.params_["x"]), dtype=torch.float64, requires_grad=True)
    loss = efron(beta * x, time, event).sum()
    loss.backward()
    assert float(loss.detach()) == pytest.approx(-fitter.log_likelihood_, rel=1e-9)
    assert abs(float(beta.grad)) < 1e-3  # lifelines stops at its own precision


@pytest.mark.parametrize("had", [[0, 0, 0], [1, 1, 1], [1, 1, 0], [0, 0, 1]])
@pytest.mark.parametrize("far", [1.0, 1e4])
def test_no_event_and_ties_of_all_give_no_nan(had: list[int], far: float) -> None:
    outputs = torch.tensor([far, -far, 0.0], requires_grad=True)
    losses = Cox().loss(outputs, torch.tensor([[2.0, float(event)] for event in had]))
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert torch.isfinite(outputs.grad).all()


@pytest.mark.parametrize(("events", "n", "size", "count"), [(30, 100, 16, 7), (3, 100, 16, 3), (1, 5, 8, 1)])
def test_every_step_has_an_event_and_every_epoch_as_many_steps(events: int, n: int, size: int, count: int) -> None:
    targets = np.column_stack([np.ones(n), np.arange(n) < events])
    seen: set[int] = set()
    for epoch in range(20):
        batches = Cox().batches(targets, size, seed=0, epoch=epoch)
        assert len(batches) == count
        assert all(len(batch) <= size and targets[batch, 1].any() for batch in batches)
        films = np.concatenate(batches)
        assert len(set(films)) == len(films) == min(n, count * size)
        assert set(range(events)) <= set(films)
        seen |= set(films)
    assert len(seen) == n  # films without the event take turns
    with pytest.raises(ConfigError, match="compares the films"):
        Cox().batches(targets, 1, seed=0, epoch=0)


@pytest.mark.parametrize("objective", [Cox(), LogisticHazard()])
def test_what_can_not_be_ranked_is_refused_and_equal_times_are_ranked_by_the_event(objective: object) -> None:
    none, all_at_once = np.array([[1.0, 0], [2, 0]]), np.array([[2.0, 1], [2, 1]])
    with pytest.raises(DataError) as caught:
        objective.check(none, all_at_once)
    assert "none of the 2 films of the split 'train' has the event" in str(caught.value)
    assert "no film of the split 'tune' is followed for longer than one with the event" in str(caught.value)
    objective.check(TARGETS, np.array([[2.0, 1], [2, 0]]))


def test_the_likelihood_of_intervals_by_hand() -> None:
    logits = torch.from_numpy(RNG.normal(size=(4, 4)))
    targets = torch.tensor([[0.6, 1], [0.5, 1], [0.6, 0], [0.1, 0]])  # events in the third and the second
    hazard = logits.sigmoid().numpy()
    survived = np.log(1 - hazard)
    expected = [
        -(survived[0, :2].sum() + np.log(hazard[0, 2])),
        -(survived[1, 0] + np.log(hazard[1, 1])),
        -(survived[2, :2].sum() + 0.4 * survived[2, 2]),
        -0.4 * survived[3, 0],
    ]
    np.testing.assert_allclose(LogisticHazard().loss(logits, targets), expected, rtol=1e-6)


def test_cuts_are_learnt_from_the_training_split_alone() -> None:
    table = pd.DataFrame({"time_years": TIME, "event": EVENT.astype(float), "split": "train"})
    found = LogisticHazard().targets(table)
    assert found[:, 0].max() == 1
    later = pd.concat([table, pd.DataFrame({"time_years": [0.25, 50.0], "event": 1.0, "split": "tune"})])
    np.testing.assert_array_equal(LogisticHazard().targets(later)[:N], found)


@pytest.mark.parametrize("competing", [False, True])
def test_without_covariates_probabilities_are_those_of_the_whole_split(competing: bool) -> None:
    """The best constant hazards give Kaplan and Meier's curve, and with deaths the incidence among all."""
    rng, n = np.random.default_rng(1), 4000
    fracture, death, end = rng.exponential(6, n), rng.exponential(5 if competing else 1e9, n), rng.uniform(2, 9, n)
    time = np.minimum(np.minimum(fracture, death), end)
    event = (fracture == time).astype(float)
    table = pd.DataFrame({"time_years": time, "event": event, "split": "train"})
    head = IntervalHazardsHead(width=1, intervals=8, hidden=[])
    targets = torch.as_tensor(LogisticHazard().targets(table), dtype=torch.float32)
    logits = torch.zeros(1, 8, requires_grad=True)
    steps = torch.optim.LBFGS([logits], max_iter=50)

    def closure() -> torch.Tensor:
        steps.zero_grad()
        loss = LogisticHazard().loss(logits.expand(n, 8), targets).mean()
        loss.backward()
        return loss

    steps.step(closure)
    died = (death == time).astype(float) if competing else None
    outcomes = RowOutcomes(np.arange(n), time=time, event=event, competing=died)
    head.calibrate(logits, outcomes, (logits, outcomes), seed=0)
    found = head.predictions(logits)
    for year in (1, 3, 5):
        expected = kaplan_meier.fit(time, event).at([year]).estimate[0]
        if competing:
            expected = 1 - (1 - np.exp(-year * (1 / 6 + 1 / 5))) * (1 / 6) / (1 / 6 + 1 / 5)
        assert found[f"survival_{year}y"][0] == pytest.approx(expected, abs=0.02)
    assert bool(head.notes) == competing


@pytest.mark.parametrize(("objective", "outputs"), [(Cox(), (4, 3)), (LogisticHazard(), (4,))])
def test_the_head_of_the_other_objective_is_refused(objective: object, outputs: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="choose head="):
        objective.loss(torch.zeros(outputs), torch.zeros(4, 2))
