"""Settings in which two runs differ."""

from __future__ import annotations

from collections.abc import Mapping


def differences(ours: Mapping[str, object], theirs: Mapping[str, object], prefix: str = "") -> list[str]:
    """Keys in which two configurations differ, except `paths` and `resume`.

    >>> differences({"seed": 0, "head": {"ties": "efron"}}, {"seed": 0, "head": {"ties": "breslow"}})
    ['head.ties']
    """
    found = []
    for key in {*ours, *theirs} - ({"paths", "resume"} if not prefix else set()):
        mine, other = ours.get(key), theirs.get(key)
        if isinstance(mine, dict) and isinstance(other, dict):
            found += differences(mine, other, f"{prefix}{key}.")
        elif mine != other:
            found.append(f"{prefix}{key}")
    return found
