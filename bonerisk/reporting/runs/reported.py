"""How the runs of a report belong together: an evaluation, the trainings behind it, and their cohort."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from bonerisk.errors import RunError
from bonerisk.evaluation.tables.result import read
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.wording.vocabulary import FOLLOW_UP, Vocabulary, vocabulary_of
from bonerisk.runs.find import StoredRun, load

PICKING = ("split", "shard")  # begin the flow's steps that pick a command's part of a cohort


@dataclass(frozen=True)
class Participants:
    """Films of one source over the runs that read them: steps that all share, and the films of each split."""

    runs: tuple[StoredRun, ...]

    @property
    def steps(self) -> pd.DataFrame:
        """Steps before the splits were picked."""
        steps = _flow(self.runs[0])
        return steps[~steps["step"].str.startswith(PICKING)]

    @cached_property
    def films(self) -> pd.DataFrame:
        """Their cohorts, one under the other."""
        tables = [pd.read_parquet(run.path("cohort.parquet")) for run in self.runs]
        return pd.concat(tables).drop_duplicates("image_id").reset_index(drop=True)

    @property
    def target(self) -> str:
        """Name of what the runs predict; of runs that predict nothing, of the follow-up."""
        return next(filter(None, map(target_of, self.runs)), FOLLOW_UP)

    @property
    def vocabulary(self) -> Vocabulary:
        """What rows and outcome are called."""
        return vocabulary_of(self.films, self.target, next(filter(None, map(words_of, self.runs)), None))

    @property
    def rejected(self) -> pd.DataFrame:
        """Values refused, each once."""
        tables = [pd.read_csv(run.path("rejected.csv"), dtype=str) for run in self.runs]
        return pd.concat(tables).drop_duplicates().reset_index(drop=True)


@dataclass(frozen=True)
class ReportedRuns:
    """Runs of a report, by what they are."""

    evaluations: list[EvaluationRun]
    trainings: list[StoredRun]
    extracted: list[StoredRun]
    prepared: list[StoredRun]
    labelled: list[StoredRun]
    missing: list[str]

    @property
    def runs(self) -> list[StoredRun]:
        """All of them, in the order of the chain."""
        evaluations = (evaluation.run for evaluation in self.evaluations)
        return [*self.prepared, *self.extracted, *self.labelled, *self.trainings, *evaluations]

    @cached_property
    def participants(self) -> list[Participants]:
        """Runs that drew on the same films in the same way, together; `prepare`, `extract` where no later run did.

        Where trainings were judged together, the films are those of the first.
        """
        groups: dict[tuple[str, str], list[StoredRun]] = {}
        first = {e.trainings[0].folder.resolve() for e in self.evaluations if e.trainings}
        beside = {run.folder.resolve() for e in self.evaluations for run in e.trainings} - first
        trainings = [run for run in self.trainings if run.folder.resolve() not in beside]
        for run in [*(e.run for e in self.evaluations), *trainings, *self.labelled, *self.extracted, *self.prepared]:
            source = self._source(run)
            covered = run.command in ("prepare", "extract") and any(source == other for other, _ in groups)
            if "flow.csv" in run.written and not covered:
                groups.setdefault((source, Participants((run,)).steps.to_csv(index=False)), []).append(run)
        return [Participants(tuple(_needed(runs))) for runs in groups.values()]

    def participants_of(self, evaluation: EvaluationRun) -> Participants | None:
        """The films that an evaluation is of, with those its models learnt from; of a sweep, one run stands for all."""
        own = [source for source in self.participants if evaluation.run in source.runs]
        films = evaluation.cohort["image_id"]
        alike = (source for source in self.participants if films.isin(source.films["image_id"]).all())
        return own[0] if own else next(alike, None)

    def choices(self, run: StoredRun) -> dict[str, str]:
        """Options of the groups that chose the films of a run; an evaluation without a dataset has its training's."""
        training, own = self._training(run), run.record.get("choices") or {}
        return training.record.get("choices") or {} if training and not own.get("dataset") else own

    def _training(self, run: StoredRun) -> StoredRun | None:
        """The first training behind a run that is an evaluation."""
        return next((training for e in self.evaluations if e.run is run for training in e.trainings), None)

    def _source(self, run: StoredRun) -> str:
        """The dataset's configuration; an evaluation without one of its own has that of its training."""
        training = self._training(run)
        dataset = run.config.get("dataset") or (training.config.get("dataset") if training else None)
        return json.dumps(dataset, sort_keys=True, default=str)


def target_of(run: StoredRun) -> str:
    """Name of what a training or an evaluation predicts; empty for a run that predicts nothing."""
    return str(run.record.get("target") or (run.config.get("head") or {}).get("target") or "")


def words_of(run: StoredRun) -> str | None:
    """What a column of the user's own is called, if a training or an evaluation predicts one and it has words."""
    return run.record.get("target_words") or (run.config.get("head") or {}).get("target_words")


def reported(runs: Sequence[StoredRun]) -> ReportedRuns:
    """Sort runs by command and find the trainings behind each evaluation, among `runs` or through its record.

    Raises
    ------
    RunError
        An evaluation was made by an earlier version, and lacks a table.
    """
    known = {run.folder.resolve(): run for run in runs}
    missing: list[str] = []
    for run in runs:
        for parent in run.parents if run.command == "evaluate" else []:
            if parent.resolve() not in known:
                try:
                    known[parent.resolve()] = load(parent)
                except RunError as error:
                    missing.append(f"Training behind {run.folder.name}: {error.what}.")
    found = sorted(known.values(), key=lambda run: run.folder.name)
    evaluations = [run for run in found if run.command == "evaluate" and "metrics.csv" in run.written]
    return ReportedRuns(
        [
            EvaluationRun(run, read(run), _trainings(run, known), number, len(evaluations) > 1)
            for number, run in enumerate(evaluations, start=1)
        ],
        [run for run in found if run.command == "train"],
        [run for run in found if run.command == "extract"],
        [run for run in found if run.command == "prepare"],
        [run for run in found if run.command == "pseudolabel"],
        missing,
    )


def _trainings(run: StoredRun, known: dict[Path, StoredRun]) -> list[StoredRun]:
    parents = [known[path.resolve()] for path in run.parents if path.resolve() in known]
    return [parent for parent in parents if parent.command == "train"]


def _needed(runs: list[StoredRun]) -> list[StoredRun]:
    """One run of each command and set of splits: those of a sweep all hold the same films."""
    return list({tuple(_flow(run)["step"]): run for run in reversed(runs)}.values())[::-1]


def _flow(run: StoredRun) -> pd.DataFrame:
    return pd.read_csv(run.path("flow.csv"), keep_default_na=False)
