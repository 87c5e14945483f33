"""Types of the keys that belong to no component: those of the primary files."""

from __future__ import annotations

from typing import Any

_PATHS: dict[str, Any] = {"paths.data": str, "paths.outputs": str}

PRIMARY: dict[str, dict[str, Any]] = {
    "prepare": _PATHS,
    "train": {**_PATHS, "name": str, "seed": int, "resume": str | None},
    "evaluate": {**_PATHS, "run": str, "split": str | list[str] | None},
    "report": {**_PATHS, "runs": str | list[str]},
}
