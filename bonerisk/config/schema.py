"""Types of the keys in the primary files, which belong to no component."""

from __future__ import annotations

from typing import Literal

_SPLIT = Literal["train", "tune", "test", "external"]
_PATHS: dict[str, object] = {"paths.data": str, "paths.outputs": str}

PRIMARY: dict[str, dict[str, object]] = {
    "prepare": {**_PATHS, "keypoints": str | None},
    "extract": {
        **_PATHS,
        "name": str,
        "seed": int,
        "batch_size": int,
        "shard": int,
        "shards": int,
    },
    "train": {**_PATHS, "name": str, "seed": int, "resume": str | None},
    "evaluate": {
        **_PATHS,
        "run": str | list[str],
        "combine": Literal["two_stages"] | None,
        "split": _SPLIT | list[_SPLIT] | None,
    },
    "predict": {
        **_PATHS,
        "run": str,
        "keypoints": str | None,
        "threshold": str | float | None,
        "unfamiliar": Literal["flag", "refuse"],
        "pages": int,
    },
    "pseudolabel": {
        **_PATHS,
        "run": str,
        "cutoffs.normal": float | None,
        "cutoffs.low_bone_mass": float | None,
        "cutoffs.osteoporosis": float | None,
    },
    "report": {**_PATHS, "runs": str | list[str]},
    "audit": {**_PATHS, "table": str},
}
