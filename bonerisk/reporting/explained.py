"""All figures of explanations: drawn in the evaluation's job, once, and embedded by every report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.explain.occlusion import CONTROL, ORGAN
from bonerisk.reporting.figures.organs import dots
from bonerisk.reporting.figures.overlays import panels, write_overlays
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.wording import organs, words
from bonerisk.reporting.wording.numbers import interval
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.vocabulary import Vocabulary

if TYPE_CHECKING:
    from bonerisk.explain.explained import Explained

HIDDEN = {ORGAN: "The bone hidden", CONTROL: "A like region hidden elsewhere"}
OVERLAYS = "gradcam"  # folder of the overlays among the figures


def draw_explained(folder: Path, found: Explained, vocabulary: Vocabulary) -> None:
    """Draw overlays, and for each split enrichment and occlusion by organ.

    Parameters
    ----------
    folder : Path
        Of the evaluation's figures; gets ``gradcam/``, ``attention_<split>`` and ``occlusion_<split>``.
    found : Explained
    vocabulary : Vocabulary
    """
    if found.maps:
        write_overlays(found, folder / OVERLAYS)
    for split, table in found.attention.groupby("split", sort=False):
        _draw_attention(folder, str(split), table, panels(list(found.maps)), vocabulary)
    for split, table in found.occlusion.groupby("split", sort=False):
        _draw_occlusion(folder, str(split), table)


def _draw_attention(
    folder: Path, split: str, table: pd.DataFrame, shown: list[tuple[str, str]], vocabulary: Vocabulary
) -> None:
    groups = [organs.group(name, vocabulary) for name in ("1", "0")]
    chosen = table[(table["metric"] == "enrichment") & table["group"].isin(["1", "0"]) & table["estimate"].notna()]
    named = chosen.assign(
        organ=chosen["organ"].map(organs.organ), group=[organs.group(name, vocabulary) for name in chosen["group"]]
    )
    parts = {
        organs.direction(score, towards, vocabulary): named[(named["score"] == score) & (named["direction"] == towards)]
        for score, towards in shown
    }
    if len(named):
        title = f"Attention by organ, relative to its area. {words.split(split)}"
        numbers = ". ".join(f"{name}: {_in_words(part)}" for name, part in parts.items())
        figure = dots(parts, groups, 1, "Share of the map ÷ share of the image")
        save(figure, folder, f"attention_{split}", title, f"{title}. {numbers}.")


def _draw_occlusion(folder: Path, split: str, table: pd.DataFrame) -> None:
    chosen = table[table["region"].isin(HIDDEN) & table["loss"].notna()]
    if len(chosen):
        named = chosen.assign(
            organ=chosen["organ"].map(organs.organ), group=chosen["region"].map(HIDDEN), estimate=chosen["loss"]
        )
        metric = about(chosen["metric"].iloc[0]).name
        title = f"{metric} lost as each bone is hidden. {words.split(split)}"
        figure = dots({title: named}, list(HIDDEN.values()), 0, f"Loss of {metric}")
        save(figure, folder, f"occlusion_{split}", title, f"{title}. {_in_words(named)}.")


def _in_words(table: pd.DataFrame) -> str:
    return "; ".join(
        f"{row.organ}, {row.group.lower()} {interval(row.estimate, row.lower, row.upper)}" for row in rows_of(table)
    )
