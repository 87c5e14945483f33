"""Cohorts of several runs as one: labels that `bonerisk prepare` read, and those that `bonerisk pseudolabel` made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.overlap import refuse_overlap
from bonerisk.cohort.proxies import is_proxy
from bonerisk.cohort.table import DXA, ORIGIN, SOURCE, Cohort, arrange
from bonerisk.cohort.targets import target
from bonerisk.config.build import build
from bonerisk.config.recorded import cohort_run
from bonerisk.datasets.of_run import OfRun, flow_of, rows_of
from bonerisk.errors import BoneriskError, ConfigError, DataError, raise_together
from bonerisk.runs.find import StoredRun

KEY = "dataset.runs"


class Merged:
    """Films of several cohorts, none of whose patients and films may be in two of them.

    Parameters
    ----------
    runs : list of str
        Runs of `bonerisk prepare` and of `bonerisk pseudolabel`: paths, the beginnings of their times, or ``latest``.
        Films keep their split; those with a proxy label are of split train.
    outputs : str
        Folder of the runs.

    Raises
    ------
    ConfigError
        No run is named, or one twice.
    """

    def __init__(self, runs: Sequence[str], outputs: str = "outputs") -> None:
        if not runs or len(set(runs)) < len(runs):
            what = "a run is named twice" if runs else "no run is named"
            raise ConfigError(what, KEY, f"'{KEY}=[PREPARE_RUN,PSEUDOLABEL_RUN]'")
        self.runs, self.outputs = runs, Path(outputs)

    def load(self, data: Path) -> Cohort:
        """Load the datasets that the runs record, and take the proxy labels of each run of `bonerisk pseudolabel`.

        The cohort is called as those with measured labels, by which alone models are judged.

        Parameters
        ----------
        data : Path

        Raises
        ------
        ConfigError, DataError, RunError
            A run is absent, none has measured labels, a patient is in two of the cohorts, or as the datasets raise.
        """
        runs = [cohort_run(text, self.outputs) for text in self.runs]
        if all(run.command != "prepare" for run in runs):
            mend = "name the run of bonerisk prepare, too, whose films have measured labels"
            raise ConfigError("every label would be a model's own: there is nothing to tune and test by", KEY, mend)
        parts = [_part(run, data) for run in sorted(runs, key=lambda run: run.command != "prepare")]
        raise_together([*_unlike(parts)])
        for one, other in combinations(parts, 2):
            refuse_overlap(other.table, one.table, f"those of {one.run.folder}")
        parts = _named_apart(parts)
        table = arrange(pd.concat([part.table for part in parts], ignore_index=True))
        cohorts = [part.cohort for part in parts]
        standards = dict.fromkeys(part.cohort.reference_standard for part in parts if part.run.command == "prepare")
        return Cohort(
            "_and_".join(dict.fromkeys(part.cohort.name for part in parts if part.run.command == "prepare")),
            table,
            _flow(parts),
            pd.concat([cohort.rejected for cohort in cohorts], ignore_index=True),
            reference_standard=" and ".join(standards),
            notes=tuple(dict.fromkeys([*(note for part in parts for note in part.notes), *_notes(table)])),
            sources=tuple(dict.fromkeys(source for part in parts for source in part.sources)),
            colour=cohorts[0].colour,
            make_films=partial(_make_films, parts),
        )


@dataclass(frozen=True)
class _Part:
    """A run, the cohort of its dataset, and the rows of that which it stands for.

    Attributes
    ----------
    names : mapping
        Names of films → those in the cohort, which another part may have, too.
    """

    run: StoredRun
    cohort: Cohort
    table: pd.DataFrame
    names: Mapping[str, str]

    @property
    def flow(self) -> Flow:
        """The steps that lead to its rows."""
        if self.run.command == "prepare":
            return self.cohort.flow
        return flow_of(self.run)

    @property
    def notes(self) -> list[str]:
        """What must be told of its labels."""
        return [*self.cohort.notes, *(self.run.record["notes"] if self.run.command == "pseudolabel" else [])]

    @property
    def sources(self) -> list[Path]:
        """Files that its rows come from."""
        own = [self.run.path("cohort.parquet")] if self.run.command == "pseudolabel" else []
        return [*self.cohort.sources, *own]


def _part(run: StoredRun, data: Path) -> _Part:
    found = run.command == "prepare" and run.config.get("keypoints")
    cohort: Cohort = (OfRun(str(run.folder)) if found else build(run.config["dataset"])).load(data)
    if cohort.features:
        raise ConfigError(f"{cohort.name} has no films", f"{KEY}: {run.folder}", "only cohorts of films are merged")
    if run.command == "pseudolabel":
        table = rows_of(run, cohort)
    else:
        measured = DXA if cohort.reference_standard == target.DXA else "table"
        origin = pd.Series(measured, cohort.table.index).where(cohort.table["bone_class"].notna(), None)
        table = cohort.table if ORIGIN in cohort.table else cohort.table.assign(**{ORIGIN: origin})
    return _Part(run, cohort, table.assign(**{SOURCE: "/".join(run.folder.parts[-2:])}), {})


def _unlike(parts: Sequence[_Part]) -> Iterator[BoneriskError]:
    """Yield an error if films in colour are read in two ways, and for each column of text here and numbers there."""
    colours = {part.cohort.colour for part in parts}
    if len(colours) > 1:
        yield ConfigError("the cohorts differ in dataset.colour", KEY, "prepare them with the same")
    kinds: dict[str, dict[bool, Path]] = {}
    for part in parts:
        filled = part.table.dropna(axis=1, how="all")
        for name in map(str, filled):
            kinds.setdefault(name, {}).setdefault(is_numeric_dtype(filled[name]), part.run.folder)
    for name, found in kinds.items():
        if len(found) > 1:
            mend = f"prepare one of them with dataset.columns.{name}=null, or with a column of numbers"
            yield DataError(f"{name} is numbers in {found[True]} and text in {found[False]}", KEY, mend)


def _named_apart(parts: Sequence[_Part]) -> list[_Part]:
    """The parts; a film whose image_id another part has, too, gets the number of its part behind it."""
    names = pd.concat([part.table["image_id"] for part in parts])
    twice = set(names[names.duplicated()])
    found = []
    for number, part in enumerate(parts, start=1):
        renamed = [f"{name} ({number})" if name in twice else name for name in part.table["image_id"]]
        own = dict(zip(renamed, part.table["image_id"], strict=True))
        found.append(replace(part, table=part.table.assign(image_id=renamed), names=own))
    return found


def _make_films(parts: Sequence[_Part], names: Iterable[str]) -> None:
    """Make the films of some names that are simulated, where they are not there yet."""
    wanted = set(names)
    for part in parts:
        if part.cohort.make_films:
            part.cohort.make_films([name for new, name in part.names.items() if new in wanted])


def _flow(parts: Sequence[_Part]) -> Flow:
    """The steps of the first part, then a step for each part that is added."""
    first, *others = parts
    flow, table = first.flow, first.table
    for part in others:
        table = pd.concat([table, part.table])
        proxy = "with proxy labels " if is_proxy(part.table).all() else ""
        start, kept, *_ = part.flow.steps[0]
        why = f"of {kept} ({start}); {part.run.folder / 'flow.csv'} has each step"
        flow = flow.step(f"{len(part.table)} films {proxy}of {part.cohort.name} added", table, table, why)
    return flow


def _notes(table: pd.DataFrame) -> Iterator[str]:
    if n := int(is_proxy(table).sum()):
        yield (
            f"{n} of {len(table)} films have proxy labels: a model made them, and nothing was measured. They are used "
            "for training alone, never to tune, choose or evaluate."
        )
