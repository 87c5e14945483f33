"""Names of several models of one evaluation."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from bonerisk.models.several import _names


def test_runs_of_one_name_are_told_apart_by_what_differs_among_them() -> None:
    chosen = [("image", "spine_l1l5", "embedding"), ("image", "spine_patches", "embedding"), ("cox", "none", "model1")]
    chosen += [("both", "spine_patches", "model1"), ("both", "spine_patches", "model2")]
    runs = [
        SimpleNamespace(
            name=name,
            folder=Path(str(place)),
            record={"choices": {"preprocessing": image, "features": features}},
            config={"seed": 0},
        )
        for place, (name, image, features) in enumerate(chosen)
    ]
    named = ["image (spine_l1l5)", "image (spine_patches)", "cox", "both (model1)", "both (model2)"]
    assert _names(runs) == named  # type: ignore[arg-type]
