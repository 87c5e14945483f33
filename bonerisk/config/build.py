"""From a node of the configuration to the component it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from bonerisk.config.signature import argument_types, cast, component
from bonerisk.errors import ConfigError

Node = Mapping[str, Any]  # keys of the configuration, from Hydra or read back from a run

MAKE_AGAIN = "an older version of bonerisk made the run: make it again, as the command line in its run.json does"
RENAMED = {  # in configs of older runs
    "bonerisk.hospital.codes.Outcome": "bonerisk.hospital.codes.FractureCodes",
    "bonerisk.preprocessing.aicxr.EqualisedHistogram": "bonerisk.preprocessing.aicxr.PaddedSquare",
}


def build(node: Node, **supplied: object) -> Any:
    """Call ``_target_`` with the node's other keys as plain arguments, and with what the code knows (`supplied`).

    A node within it that has a ``_target_`` is built first.

    Raises
    ------
    ConfigError
        The target is none of bonerisk's: a configuration read back from a run must not call other code. Or the run is
        of an older version, and has settings that there are no more.
    """
    if old := outdated(node):
        raise ConfigError(f"there is no {', '.join(old)} any more", "the configuration of a run", MAKE_AGAIN)
    kind, content = class_of(node), plain(node)
    types = argument_types(content.pop("_target_"))
    return kind(**{key: _argument(value, types.get(key, Any)) for key, value in content.items()}, **supplied)


def outdated(node: Node, place: str = "") -> list[str]:
    """Settings and classes of a node that there are no more, by their keys below `place`: an older version had them.

    Examples
    --------
    >>> outdated({"_target_": "bonerisk.training.augmentation.weak.Weak", "flip": 0.5, "turn": 3}, "augmentation")
    ['augmentation.turn']
    """
    content = plain(node)
    target = content.pop("_target_")
    try:
        types = argument_types(target) if target.startswith("bonerisk.") else content
    except (LookupError, ImportError):
        return [f"{place}._target_ {target}".lstrip(".")]
    found: list[str] = []
    for key, value in content.items():
        name = f"{place}.{key}".lstrip(".")
        if key not in types:
            found.append(name)
        elif isinstance(value, Mapping) and "_target_" in value:
            found += outdated(value, name)
    return found


def class_of(node: Node) -> type:
    """The class that a node's ``_target_`` names.

    Raises
    ------
    ConfigError
        It is none of bonerisk's.
    """
    found: type = get_object(component(plain(node)["_target_"]))
    return found


def _argument(value: object, hint: object) -> object:
    """A value as its type, or the component that a node within the node describes."""
    return build(value) if isinstance(value, Mapping) and "_target_" in value else cast(value, hint)


def plain(node: Node) -> dict[str, Any]:
    """A node as plain dicts and lists, its targets by the names that they have now."""
    content = OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else node
    found: dict[str, Any] = _renamed(content)
    return found


def _renamed(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: RENAMED.get(of, of) if key == "_target_" else _renamed(of) for key, of in value.items()}
