"""The participants: flow, Table 1, and refused values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.cohort.targets.target import find
from bonerisk.reporting.contents import Context
from bonerisk.reporting.figures.flow import flow
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.runs.reported import Participants, ReportedRuns
from bonerisk.reporting.tables.characteristics import characteristics
from bonerisk.reporting.tables.rejected import rejected
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.splits import parts_of

ORDER = 30


def sections(page: Context) -> Iterator[Section]:
    """One section per source."""
    sources = page.runs.participants
    names = [_name(source, page.runs) for source in sources]
    for number, source in enumerate(sources, start=1):
        name = names[number - 1]
        name += f", {source.runs[0].name}" if names.count(name) > 1 else ""
        suffix, place = (f"_{number}", f" {number} ({name})") if len(sources) > 1 else ("", "")
        yield Section(f"Participants{place}", _parts(source, page.figures, suffix))


def _name(source: Participants, chain: ReportedRuns) -> str:
    """The dataset that the first run names, and the rules that made the cohort."""
    run, choices = source.runs[0], chain.choices(source.runs[0])
    name, rules = choices.get("dataset") or run.name, choices.get("dataset/rules")
    return f"{name}, rules {rules}" if rules else name


def _parts(source: Participants, figures: Path, suffix: str) -> list[Part]:
    vocabulary = source.vocabulary
    title = "Flow of patients" if vocabulary.row == "patient" else f"Flow of {vocabulary.row}s and patients"
    splits = _splits(source)
    ends = "; ".join(f"{words.split(row.split)} {vocabulary.counted(row.films)}" for row in rows_of(splits))
    alt = f"{title}: {_in_words(source.steps)}. {ends}."
    parts: list[Part] = [save(flow(source.steps, splits, vocabulary), figures, f"flow{suffix}", title, alt)]
    tables = [characteristics(source.films), *rejected(source.rejected)]
    parts += [replace(table, name=table.name + suffix) for table in tables]
    if len(tables) == 1:
        parts.append(Text("No value of the source was refused."))
    return parts


def _splits(source: Participants) -> pd.DataFrame:
    """One row per split, and one for films that the steps kept but no run here used."""
    films, steps = source.films, source.steps
    target = find(source.target)
    column = target.columns[0] if target.kind in ("binary", "survival") and target.columns[0] in films else ""
    outcome = source.vocabulary.having if column else ""
    rows: list[list[object]] = []
    for split, part in parts_of(films).items():
        patients = len(part[["site", "patient_id"]].drop_duplicates())
        rows.append([split, len(part), patients, part[column].sum() if column else float("nan"), outcome])
    if len(steps) and steps["kept"].iloc[-1] > len(films):
        last = steps.iloc[-1]
        used = len(films[["site", "patient_id"]].drop_duplicates())
        rows.append(["Not used here", last["kept"] - len(films), last["kept_patients"] - used, float("nan"), ""])
    return pd.DataFrame(rows, columns=["split", "films", "patients", "events", "outcome"])


def _in_words(steps: pd.DataFrame) -> str:
    return "; ".join(
        f"{row.step}: {count(row.kept)} kept"
        + (f", {count(row.dropped)} dropped ({row.reason})" if row.dropped else "")
        for row in rows_of(steps)
    )
