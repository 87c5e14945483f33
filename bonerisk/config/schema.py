"""Types of the keys that belong to no component: those of the primary files."""

from __future__ import annotations

from typing import Any

COMMON: dict[str, Any] = {"paths.data": str, "paths.outputs": str, "seed": int}

PRIMARY: dict[str, dict[str, Any]] = {
    "prepare": COMMON,
    "train": {**COMMON, "name": str, "resume": str | None},
    "evaluate": {**COMMON, "run": str, "split": str | list[str] | None},
    "report": {**COMMON, "runs": str | list[str]},
}
