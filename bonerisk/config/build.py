"""From a node of the configuration to the component it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.utils import get_object

from bonerisk.errors import ConfigError


def build(node: Mapping[str, Any], **supplied: Any) -> Any:
    """Call ``_target_`` with the node's other keys as plain arguments, and with what the code knows (`supplied`).

    Raises
    ------
    ConfigError
        The target is none of bonerisk's: a configuration read back from a run must not call other code.
    """
    arguments = {key: value for key, value in node.items() if key != "_target_"}
    target = node["_target_"]
    if not target.startswith("bonerisk."):
        raise ConfigError(f"{target!r} is no component of bonerisk", "_target_", "only bonerisk.* may be a target")
    return get_object(target)(**arguments, **supplied)
