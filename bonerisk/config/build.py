"""From a node of the configuration to the component it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from bonerisk.config.signature import argument_types, cast
from bonerisk.errors import ConfigError


def build(node: Mapping[str, Any], **supplied: Any) -> Any:
    """Call ``_target_`` with the node's other keys as plain arguments, and with what the code knows (`supplied`).

    A node within it that has a ``_target_`` is built first.

    Raises
    ------
    ConfigError
        The target is none of bonerisk's: a configuration read back from a run must not call other code.
    """
    target = node["_target_"]
    if not target.startswith("bonerisk."):
        raise ConfigError(f"{target!r} is no component of bonerisk", "_target_", "only bonerisk.* may be a target")
    types = argument_types(target)
    content = {key: value for key, value in plain(node).items() if key != "_target_"}
    arguments = {key: _argument(value, types.get(key, Any)) for key, value in content.items()}
    return get_object(target)(**arguments, **supplied)


def _argument(value: Any, hint: Any) -> Any:
    """A value as its type, or the component that a node within the node describes."""
    return build(value) if isinstance(value, Mapping) and "_target_" in value else cast(value, hint)


def plain(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node as plain dicts and lists, whether it comes from Hydra or was read back from a run."""
    content: Any = OmegaConf.to_container(node, resolve=True) if isinstance(node, DictConfig) else dict(node)
    return content
