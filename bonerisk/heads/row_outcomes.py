"""What a head learns to predict: the outcomes of its rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients
from bonerisk.cohort.targets.target import Kind, find
from bonerisk.errors import ConfigError, DataError, raise_together
from bonerisk.survival.outcome import Outcome
from bonerisk.survival.outcome import outcome as checked

Array = np.ndarray
Read = TypeVar("Read")

OPTIONAL = {"competing": "competing_event", "entry": "entry_years", "weight": "case_weight"}  # of follow-up
SPECIAL = ("entry_years", "stratum", "case_weight")  # what only some heads can use
COLUMNS: Mapping[Kind, tuple[str, ...]] = {"binary": ("label",), "survival": ("time_years", "event")}


def fitted_kind(target: str, target_words: str | None = None) -> Kind:
    """Kind of a target, which must be one that a head can be fitted to; see `bonerisk.cohort.targets.target.find`.

    Raises
    ------
    ConfigError
        There is no such target, it has other words, or it is of another kind.

    Examples
    --------
    >>> fitted_kind("fracture")
    'survival'
    """
    kind = find(target, target_words).kind
    if kind not in COLUMNS:
        what = f"a head is fitted to {' and '.join(COLUMNS)} targets, and {target} is {kind}"
        raise ConfigError(what, f"head.target={target}", "choose another target, or a head trained with its encoder")
    return kind


def refuse_unused(table: pd.DataFrame, uses: Collection[str]) -> None:
    """Refuse a cohort with entry times, strata or weights that a head would ignore.

    Parameters
    ----------
    uses : collection of str
        The columns of `SPECIAL` that the head uses.

    Raises
    ------
    ConfigError
        All such columns.
    """
    ignored = [name for name in SPECIAL if name in table and name not in uses and table[name].notna().any()]
    raise_together(
        [
            ConfigError(
                f"this head can't use {name}, and would ignore it",
                f"dataset.columns.{name}",
                f"dataset.columns.{name}=null leaves the column out; head=cox uses it",
            )
            for name in ignored
        ]
    )


def read_both(read: Callable[[RowOutcomes], Read], train: RowOutcomes, tuning: RowOutcomes) -> tuple[Read, Read]:
    """Read the outcomes of the training and the tuning split, where both are needed.

    Raises
    ------
    DataError
        `read` refuses a split; the error names it.
    """

    def of(split: str, rows: RowOutcomes) -> Read:
        try:
            return read(rows)
        except DataError as error:
            raise DataError(error.what, f"split {split}, {error.where}", error.mend) from error

    return of("train", train), of("tune", tuning)


@dataclass(frozen=True)
class RowOutcomes:
    """Outcomes of n rows, in the order of their features.

    Parameters
    ----------
    patient : array (n,) of int
        Rows of one patient share a number.
    label : array (n,), optional
        1 = outcome, 0 = none; None if time to an event is learnt.
    time : array (n,), optional
        Follow-up in years, over 0; None if a label is learnt.
    event : array (n,), optional
        Whether the event ended it, 1 or 0.
    competing : array (n,), optional
        Whether another event ended it, 1 or 0; None if nothing competes.
    entry : array (n,), optional
        Years from which the row is at risk, under its time; None: from the start.
    stratum : array (n,) of int, optional
        Rows of one number share a baseline hazard.
    weight : array (n,), optional
        How many patients the row stands for, over 0; None: one.
    """

    patient: Array
    label: Array | None = None
    time: Array | None = None
    event: Array | None = None
    competing: Array | None = None
    entry: Array | None = None
    stratum: Array | None = None
    weight: Array | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self._given().items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"outcomes must be of one length, not {lengths}", "target", "give each row all of them")

    @classmethod
    def of(cls, table: pd.DataFrame, outcome: Kind, stratum: Array | None = None) -> RowOutcomes:
        """Read from a cohort's columns: `label`, or `time_years`, `event` and, if they are there, `competing_event`,
        `entry_years` and `case_weight`.

        `stratum` (n,) numbers each row's stratum.

        Raises
        ------
        DataError
            A column is absent.
        ConfigError
            `outcome` is neither "binary" nor "survival".
        """
        if outcome not in COLUMNS:
            raise ConfigError(f"outcome={outcome!r} is neither binary nor survival", "target")
        absent = [column for column in COLUMNS[outcome] if column not in table]
        if absent:
            raise DataError(
                f"no column {', '.join(absent)}", "target", "choose another head.target, or bring the column"
            )
        patient = pd.factorize(patients(table), sort=True)[0]
        if outcome == "binary":
            return cls(patient, label=table["label"].to_numpy())
        given = {ours: table[column].to_numpy() for ours, column in OPTIONAL.items() if column in table}
        return cls(patient, None, table["time_years"].to_numpy(), table["event"].to_numpy(), stratum=stratum, **given)

    @property
    def followed(self) -> Outcome:
        """Times and events, checked.

        Raises
        ------
        DataError
            There are no times, or `bonerisk.survival.outcome.outcome` refuses one.
        """
        if self.time is None or self.event is None:
            raise DataError("there is no follow-up to learn from, only labels", "target", "choose another head")
        return checked(self.time, self.event, self.entry)

    @property
    def with_events(self) -> Outcome:
        """As `followed`, with an event among them.

        Raises
        ------
        DataError
            There is no event, or as `followed`.
        """
        followed = self.followed
        if not followed.n_events:
            mend = "training learns from events in train and stops by those in tune: bring some, or another split"
            raise DataError(f"none of {len(self)} rows has an event", "target", mend)
        return followed

    @property
    def labelled(self) -> Array:
        """Labels (n,) as float64, checked.

        Raises
        ------
        DataError
            There are no labels, one is neither 0 nor 1, or all are the same.
        """
        if self.label is None:
            raise DataError("there is no label to learn from, only follow-up", "target", "choose another head")
        labels = np.asarray(self.label, dtype=float)
        bad = np.flatnonzero(~np.isin(labels, (0, 1)))
        if len(bad):
            raise DataError(f"label {labels[bad[0]]} is neither 0 nor 1", f"row {bad[0]}, counted from 0", "recode it")
        if len(np.unique(labels)) < 2:
            held = f"all {len(labels)} labels are {labels[0]:g}" if len(labels) else "there are no rows"
            mend = "bring rows of the other outcome, or another split"
            raise DataError(f"{held}: both outcomes are needed", "target", mend)
        return labels

    def __len__(self) -> int:
        return len(self.patient)

    def __getitem__(self, rows: Array | slice) -> RowOutcomes:
        """Outcomes of some rows, by a mask (n,), by positions in any order, or by a slice."""
        return RowOutcomes(**{name: values[rows] for name, values in self._given().items()})

    def _given(self) -> dict[str, Array]:
        found = {of.name: getattr(self, of.name) for of in fields(self)}
        return {name: values for name, values in found.items() if values is not None}
