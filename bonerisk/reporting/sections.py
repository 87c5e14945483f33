"""The sections of the page, each from the runs that can fill it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from bonerisk.reporting import as_printed, summary, words
from bonerisk.reporting.cautions import cautions
from bonerisk.reporting.chain import Chain, Participants
from bonerisk.reporting.evaluated import Evaluation
from bonerisk.reporting.examples import examples
from bonerisk.reporting.figures.evaluation import CURVES, FORESTS
from bonerisk.reporting.figures.flow import flow
from bonerisk.reporting.figures.style import Drawing, save
from bonerisk.reporting.numbers import count
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.rows import rows_of
from bonerisk.reporting.tables.characteristics import characteristics
from bonerisk.reporting.tables.models import differences, models, net_benefit
from bonerisk.reporting.tables.performance import by_split
from bonerisk.reporting.tables.provenance import provenance
from bonerisk.reporting.tables.reclassification import reclassification
from bonerisk.reporting.tables.rejected import rejected
from bonerisk.reporting.tables.subgroups import by_subgroup, gaps


def summarise(chain: Chain) -> Section:
    """Plain words, cautions, and how well one evaluation's model ranks beside what it has to beat."""
    parts: list[Part] = [Text(text, "caution") for text in cautions(chain)]
    parts += [Text(text) for text in summary.sentences(chain)]
    if len(chain.evaluations) == 1:
        parts.append(summary.headline(chain.evaluations[0]))
    return Section("Summary", parts)


def participants(source: Participants, figures: Path, suffix: str, place: str) -> Section:
    """Flow, Table 1, and what was refused."""
    called = source.terms
    title = "Flow of patients" if called.row == "patient" else f"Flow of {called.row}s and patients"
    splits = _splits(source)
    ends = "; ".join(f"{words.split(row.split)} {called.counted(row.films)}" for row in rows_of(splits))
    alt = f"{title}: {_told(source.steps)}. {ends}."
    parts: list[Part] = [save(flow(source.steps, splits, called), figures, f"flow{suffix}", title, alt)]
    tables = [characteristics(source.films), *rejected(source.rejected)]
    parts += [replace(table, name=table.name + suffix) for table in tables]
    if len(tables) == 1:
        parts.append(Text("No value of the source was refused."))
    return Section(f"Participants{place}", parts)


def drawings(evaluation: Evaluation, figures: Path, suffix: str) -> dict[str, Drawing]:
    """Its figures by name, copied into the report."""
    found = sorted((evaluation.run.folder / "figures").glob("*.svg"))
    return {path.stem: _copied(path, figures, suffix) for path in found}


def evaluate(evaluation: Evaluation, drawn: Mapping[str, Drawing], suffix: str, place: str) -> list[Section]:
    """Performance, subgroups and example films of one evaluation."""
    horizons = evaluation.horizons or [nan]
    of_models = [table for at in horizons for table in (models(evaluation, at), differences(evaluation, at))]
    tables = [by_split(evaluation), *filter(None, [*of_models, net_benefit(evaluation), reclassification(evaluation)])]
    thresholds = evaluation.thresholds.items()
    in_subgroups = [by_subgroup(evaluation, name, value, at) for name, value in thresholds for at in horizons]
    in_subgroups += filter(None, [gaps(evaluation)])
    named = [[replace(table, name=table.name + suffix) for table in group] for group in (tables, in_subgroups)]
    curves, forests = (
        [drawn[name] for kind in kinds for split in evaluation.splits for name in drawn if _shows(name, kind, split)]
        for kinds in (CURVES, [f"subgroups_{metric}" for metric in FORESTS])
    )
    films = examples(evaluation.run.folder / "figures" / "films")
    sections = [Section(f"Performance{place}", [*named[0], *curves])]
    sections.append(Section(f"Subgroups{place}", [*forests, *(table for table in named[1] if len(table.frame))]))
    sections.append(Section(f"Example films{place}", films))
    return [section for section in sections if section.parts]


def published(names: Sequence[str]) -> Section:
    """Tables of the papers whose presets made the runs, as printed."""
    parts: list[Part] = []
    for paper in dict.fromkeys(filter(None, map(as_printed.paper_of, names))):
        parts.append(
            Text(
                f"For comparison, not for pooling: other patients, other films, other reference readings. Transcribed "
                f"digit for digit, contradictions included, from {as_printed.citation(paper)}"
            )
        )
        parts += [*as_printed.tables(paper), as_printed.deviations(paper)]
    return Section("Published results, as printed", parts)


def origin(chain: Chain) -> Section:
    """Commands, configuration, seeds, versions."""
    return Section("What was run", [provenance(chain.runs)])


def unfilled(reasons: Sequence[str]) -> Section:
    """What the runs given could not fill, and how to get it."""
    return Section("Not shown", [Text(reason) for reason in reasons])


def _splits(source: Participants) -> pd.DataFrame:
    """A row a split, and one of the films that the steps kept but no run here used."""
    films, steps = source.films, source.steps
    column = next((name for name in ("label", "event") if name in films), "")
    outcome = source.terms.having if column else ""
    rows: list[list[Any]] = []
    for split in [name for name in words.SPLITS if (films["split"] == name).any()]:
        part = films[films["split"] == split]
        patients = len(part[["site", "patient_id"]].drop_duplicates())
        rows.append([split, len(part), patients, part[column].sum() if column else float("nan"), outcome])
    if len(steps) and steps["kept"].iloc[-1] > len(films):
        last = steps.iloc[-1]
        used = len(films[["site", "patient_id"]].drop_duplicates())
        rows.append(["Not used here", last["kept"] - len(films), last["kept_patients"] - used, float("nan"), ""])
    return pd.DataFrame(rows, columns=["split", "films", "patients", "events", "outcome"])


def _told(steps: pd.DataFrame) -> str:
    return "; ".join(
        f"{row.step}: {count(row.kept)} kept"
        + (f", {count(row.dropped)} dropped ({row.reason})" if row.dropped else "")
        for row in rows_of(steps)
    )


def _shows(name: str, kind: str, split: str) -> bool:
    """Whether a figure's name is of a kind and split: ``roc_test``, ``roc_test_5y``, ``incidence_test_youden``."""
    return name == f"{kind}_{split}" or name.startswith(f"{kind}_{split}_")


def _copied(path: Path, figures: Path, suffix: str) -> Drawing:
    """A figure of an evaluation, copied into the report under a name of its own."""
    figures.mkdir(parents=True, exist_ok=True)
    for file in (path, path.with_suffix(".png")):
        shutil.copyfile(file, figures / f"{path.stem}{suffix}{file.suffix}")
    return Drawing.read(figures / f"{path.stem}{suffix}.svg")
