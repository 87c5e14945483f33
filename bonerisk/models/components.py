"""Build a model's parts from a configuration; each is checked against its contract first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from bonerisk.config.build import Node, build, class_of
from bonerisk.encoders.of_run import OfRun
from bonerisk.errors import ConfigError, raise_together
from bonerisk.features.features import Features
from bonerisk.parts import (
    Augmentation,
    Dataset,
    Encoder,
    FittedHead,
    Objective,
    Outcome,
    TrainedHead,
    Transform,
    lacks,
    members,
    require,
)
from bonerisk.training.settings import TrainingSettings

Part = TypeVar("Part")

PARENT = "parent"  # a key of an encoder that is a training run's (`bonerisk.encoders.of_run`)
CONTRACTS = {
    "dataset": Dataset,
    "preprocessing": Transform,
    "encoder": Encoder,
    "features": Features,
    "head": TrainedHead,
    "training": TrainingSettings,
    "training.objective": Objective,
    "training.augmentation": Augmentation,
    "training.teacher_augmentation": Augmentation,
    "evaluation.binary": Outcome,
    "evaluation.survival": Outcome,
    "evaluation.amount": Outcome,
    "evaluation.points": Outcome,
    "evaluation.ordinal": Outcome,
}


def component(node: Node, contract: type[Part], where: str, **supplied: object) -> Part:
    """The component that a node describes, whose class must meet the contract; see `bonerisk.config.build.build`.

    Parameters
    ----------
    node : mapping
        ``_target_`` and its arguments.
    contract : type
        One of `bonerisk.parts`, or the class itself if there is only one.
    where : str
        Key of the node, for the error.
    supplied
        Arguments that the code knows, such as a width.

    Raises
    ------
    ConfigError
        The class lacks members of the contract; the error lists them, and nothing is built.
    """
    require(class_of(node), contract, where)
    part: Part = build(node, **supplied)
    return part


def check_contracts(config: Node) -> None:
    """Check the classes of all configured components against their contracts.

    Raises
    ------
    ConfigError
        Classes lack members; the error lists them.
    """
    raise_together(list(_incomplete(config)))


def contract_of(where: str, node: Node) -> type:
    """The contract that the class of a node must meet.

    An encoder may come from a training run. A head's contract is the one of which its class has most.
    """
    if where == "head":
        kind = class_of(node)
        return max((TrainedHead, FittedHead), key=lambda contract: len(members(contract)) - len(lacks(kind, contract)))
    return OfRun if where == "encoder" and PARENT in node else CONTRACTS[where]


def _incomplete(config: Node) -> Iterator[ConfigError]:
    for where in CONTRACTS:
        if node := _node(config, where):
            try:
                require(class_of(node), contract_of(where, node), where)
            except ConfigError as error:
                yield error


def _node(config: Node, where: str) -> Node | None:
    """The node at a key such as ``evaluation.binary``; None if nothing is chosen."""
    found: Node | None = config
    for key in where.split("."):
        found = found.get(key) if found else None
    return found
