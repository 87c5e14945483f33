"""What ``run.json`` holds, key by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from bonerisk.runs.environment import Environment


class Process(TypedDict):
    """The process that makes a run; `started` is in clock ticks since boot, None where that is not known."""

    host: str
    pid: int
    started: str | None


class Noted(TypedDict):
    """An input or an output; `path` is relative to the run folder, and so is `parent`, the run that made an input."""

    kind: str
    path: str
    sha256: str
    parent: str | None


class EpochScores(TypedDict):
    """How a training scores its epochs: column of history.csv → what it is called, and what chooses the epoch."""

    columns: Mapping[str, str]
    best_by: Sequence[tuple[str, int]]


class TuningScore(TypedDict):
    """How well a training ranks its tuning split: name of the score, higher is better, and its value."""

    score: str
    value: float


class Distilled(TypedDict):
    """What guided a training: folder's name of the teacher's run, or None for the network's average; α and T."""

    teacher: str | None
    alpha: float
    temperature: float


class RunRecord(Environment, total=False):
    """A run's record; those from `reference_standard` on are keys of single commands."""

    schema_version: int
    command: str
    name: str
    command_line: list[str]
    choices: dict[str, str]
    overrides: list[str]
    seeds: dict[str, object]
    status: str
    error: str | None
    started: str
    finished: str | None
    fingerprint: str | None
    process: Process
    notes: list[str]
    inputs: list[Noted]
    outputs: list[Noted]
    reference_standard: str
    licence: str | None  # of the weights that an encoder starts from
    preset: str
    target: str
    target_words: str | None
    outcome: Literal["binary", "survival", "amount", "ordinal", "points"]
    history: EpochScores
    distillation: Distilled
    tuning: TuningScore | None
