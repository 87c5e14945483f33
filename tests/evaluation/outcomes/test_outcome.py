"""Each kind of outcome has all that the contract asks for."""

from __future__ import annotations

from collections.abc import Callable

from bonerisk.evaluation.evaluation import Evaluation
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.parts import lacks


def test_outcomes_have_the_members_of_their_contract(evaluation: Callable[..., Evaluation]) -> None:
    assert not lacks(type(evaluation().binary), Outcome)
    assert not lacks(type(evaluation().survival), Outcome)
