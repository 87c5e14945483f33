"""A component that lacks something of its contract is refused, with what it lacks, before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

import pytest

from bonerisk.datasets.survival_table import SurvivalTable
from bonerisk.errors import ConfigError
from bonerisk.models.components import CONTRACTS, check_contracts, component, contract_of
from bonerisk.parts import ARGUMENTS, Dataset, FittedHead, Objective, TrainedHead, Transform, members
from bonerisk.training.settings import TrainingSettings

TARGET = "bonerisk.parts.Made"  # a target must be bonerisk's


@pytest.fixture(autouse=True)
def _made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class made by a test stands in no file, where targets are looked up before anything is imported."""
    monkeypatch.setattr("bonerisk.config.build.component", str)


KINDS = [*CONTRACTS.items(), ("head", FittedHead)]
LACKING = [(where, contract, name) for where, contract in KINDS for name in sorted(members(contract))]
NOT_BUILT_WITH = [(where, contract, name) for where, contract in KINDS for name in ARGUMENTS.get(contract, ())]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """A node whose class has all members and arguments of a contract, but for one."""

    def make(contract: type, without: str = "") -> dict[str, Any]:
        body = dict.fromkeys(members(contract) - {without})
        taken = [name for name in ARGUMENTS.get(contract, ()) if f"argument {name}" != without]
        signature = Signature([Parameter(name, Parameter.KEYWORD_ONLY) for name in taken])
        monkeypatch.setattr(TARGET, type("Made", (), {**body, "__signature__": signature}), raising=False)
        return {"_target_": TARGET}

    return make


def inside(where: str, node: dict[str, Any]) -> dict[str, Any]:
    """A configuration in which the node stands at a key such as ``training.objective``."""
    group, _, inner = where.partition(".")
    return {group: {"_target_": f"{TrainingSettings.__module__}.TrainingSettings", inner: node} if inner else node}


@pytest.mark.parametrize(("where", "contract", "name"), LACKING, ids=str)
def test_what_lacks_one_member_is_refused(where: str, contract: type, name: str, made: Any) -> None:
    with pytest.raises(ConfigError, match=rf"Made is no {contract.__name__}: it lacks {name}\b"):
        check_contracts(inside(where, made(contract, without=name)))


@pytest.mark.parametrize(("where", "contract", "name"), NOT_BUILT_WITH, ids=str)
def test_what_is_not_built_with_an_argument_is_refused(where: str, contract: type, name: str, made: Any) -> None:
    with pytest.raises(ConfigError, match=rf"Made is no {contract.__name__}: it lacks argument {name}\b"):
        check_contracts(inside(where, made(contract, without=f"argument {name}")))


@pytest.mark.parametrize(("where", "contract"), KINDS, ids=str)
def test_what_has_all_members_is_taken(where: str, contract: type, made: Any) -> None:
    node = made(contract)
    assert contract_of(where, node) is contract
    check_contracts(inside(where, node))


def test_half_a_fitted_head_is_not_taken_for_a_trained_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TARGET, type("Made", (), dict.fromkeys(["names", "target", "fit", "risk"])), raising=False)
    assert contract_of("head", {"_target_": TARGET}) is FittedHead


def test_everything_that_is_incomplete_is_named_at_once(made: Any) -> None:
    node = made(Transform, without="note")
    with pytest.raises(ConfigError) as caught:
        check_contracts({"dataset": node, "preprocessing": node, "encoder": None})
    assert "no Dataset: it lacks load" in str(caught.value)
    assert "no Transform: it lacks note" in str(caught.value)


def test_nothing_is_built_of_an_incomplete_class(made: Any) -> None:
    with pytest.raises(ConfigError, match="it lacks load"):
        component({**made(Objective), "unknown": 1}, Dataset, "dataset")


def test_a_head_is_of_the_kind_that_it_lacks_least_of(made: Any) -> None:
    assert contract_of("head", made(TrainedHead, without="predictions")) is TrainedHead
    assert contract_of("head", made(FittedHead, without="restore")) is FittedHead


@pytest.mark.parametrize("command", ["prepare", "train"])
def test_a_command_stops_before_it_reads_anything(
    command: str, typed: Callable[..., tuple[int, list[str], str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(SurvivalTable, "load")
    (tmp_path / "t.csv").touch()
    given = ["dataset=survival_table", "dataset.table=t.csv", *(["model=cox"] if command == "train" else [])]
    code, _, err = typed(tmp_path, command, *given)
    assert code == 2
    assert "SurvivalTable is no Dataset: it lacks load" in err
    assert "bonerisk.parts.Dataset says what each is" in err
