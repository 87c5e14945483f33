"""What public collections of films have in common: a table and a folder become a cohort without labels.

They have findings, but neither T-scores nor follow-up. Such a cohort can be embedded, and labelled by a model.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from bonerisk.cohort import textfile, values
from bonerisk.cohort.check import FINDING, check
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.refusals import Refusals, counted, told
from bonerisk.cohort.table import Cohort, few
from bonerisk.cohort.where import Where
from bonerisk.datasets import settings
from bonerisk.datasets.film_folder import find_films
from bonerisk.datasets.film_kinds import keep_kinds
from bonerisk.datasets.filtered import filtered
from bonerisk.errors import ConfigError, DataError, raise_together

STANDARD = "none: the films have no T-scores"
NOTE = "Findings are labels that the collection's authors took from reports by a program, not readings of the films."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublicFilms:
    """A collection's table and folder, and which of its films are wanted.

    Parameters
    ----------
    table, image_root : str
    layout : str
        What the folder holds, for an error.
    name : str
        Of the cohort; also the site of its patients.
    split : {"train", "tune", "test", "external"}
        Of all films.
    where : str, optional
        A filter of rows (`bonerisk.cohort.where`).
    min_age_years, below_age_years : float, optional
        Ages to keep: the first is included, the second is not.
    view : sequence of str
        Views to keep; none keeps all.
    colour : {"refuse", "luminance"}

    Raises
    ------
    ConfigError
        A value is out of range; all at once.
    """

    table: str
    image_root: str
    layout: str
    name: str
    split: Literal["train", "tune", "test", "external"]
    where: str | None
    min_age_years: float | None
    below_age_years: float | None
    view: Sequence[str]
    colour: Literal["refuse", "luminance"]

    def __post_init__(self) -> None:
        wrong = [*settings.bad_name(self.name), *settings.bad_split(self.split), *settings.bad_where(self.where)]
        low, below = self.min_age_years, self.below_age_years
        if low is not None and below is not None and low >= below:
            what = f"no age is {low:g} or over and under {below:g}"
            wrong.append(ConfigError(what, "dataset.min_age_years, dataset.below_age_years"))
        raise_together(wrong)

    @property
    def _file(self) -> Path:
        return Path(self.table).expanduser()

    def read(self, columns: Collection[str], of: str) -> tuple[pd.DataFrame, pd.Series]:
        """Rows of the table as text, indexed by line, and the lines that can't be read (`textfile.read`).

        Parameters
        ----------
        columns : collection of str
            Columns that the table must have.
        of : str
            Names of the collection's tables, for the error.

        Raises
        ------
        DataError
        """
        rows, ragged = textfile.read(self._file)
        if missing := [name for name in columns if name not in rows]:
            what = f"the table has no column {', '.join(map(repr, missing))}, but {few(list(map(str, rows)))}"
            raise DataError(what, str(self._file), f"dataset.table=<{of}>; other tables: dataset=image_table")
        return rows, ragged

    def cohort(
        self,
        rows: pd.DataFrame,
        ragged: pd.Series,
        text: pd.DataFrame,
        keys: pd.Series,
        normal: tuple[str, pd.Series] | None,
    ) -> Cohort:
        """The cohort, with a step of the flow for each choice.

        Parameters
        ----------
        rows, ragged : DataFrame, Series
            From `read`.
        text : DataFrame of str
            Columns by our names, likewise indexed: `patient_id`, `image_id`, `age_years`, `sex`, `view`, findings.
        keys : Series of str
            Last parts of each film's path (`find_films`).
        normal : tuple of str and Series of bool, optional
            What films are to be, in words, and which are.

        Raises
        ------
        DataError
            The filter does not fit the table, a step leaves no film, or no film is in the folder.
        """
        where = None if self.where is None else Where(self.where)
        raise_together([*where.absent([*map(str, rows), *text])] if where else [])
        refusals = Refusals(self._file.name)
        refusals.add(ragged.to_frame("whole row"), ragged.notna(), "whole row", textfile.RAGGED)
        text, before, flow = filtered(where, text.assign(site=self.name), rows, {}, "years", refusals)
        if len(text) < len(before):
            flow = flow.step("rows can be read", before, text, counted(refusals.table))
        if normal:
            text, flow = self._keep(text, flow, normal[1].reindex(text.index), normal[0], "others")
        text, flow = self._of_age(text, flow, refusals)
        text, flow, notes = keep_kinds(text, flow, (), self.view)
        text, flow = self._there(text, flow, keys.reindex(text.index), refusals)
        table = check(text, refusals, {}).assign(split=self.split)
        rejected = refusals.table
        flow = flow.step("values can be used", text, table, counted(rejected[rejected["row"].isin(text.index)]))
        for line in (*told(rejected), *notes):
            log.warning(line)
        sources = (self._file,)
        return Cohort(self.name, table, flow, rejected, STANDARD, (NOTE, *notes), sources, colour=self.colour)

    def _keep(
        self, text: pd.DataFrame, flow: Flow, within: pd.Series, name: str, others: str
    ) -> tuple[pd.DataFrame, Flow]:
        kept = text[within]
        if kept.empty:
            raise DataError(f"none of {len(text)} films is left by the step “{name}”: {others}", str(self._file))
        return kept, flow.step(name, text, kept, others if len(kept) < len(text) else "")

    def _of_age(self, text: pd.DataFrame, flow: Flow, refusals: Refusals) -> tuple[pd.DataFrame, Flow]:
        """Keep the wanted ages; impossible ones, such as 411Y, are refused, and not counted as old."""
        low, below = self.min_age_years, self.below_age_years
        if low is None and below is None:
            return text, flow
        age, bounds = values.age(text["age_years"]), values.BOUNDS["age_years"]
        impossible = text["age_years"].notna() & ~age.between(*bounds)
        refusals.add(text, impossible, "age_years", f"no age from {bounds[0]:g} to {bounds[1]:g} years")
        kinds = {
            "younger": ~impossible & (age < (low or 0)),
            "older": ~impossible & (age >= (below or float("inf"))),
            "age unknown": text["age_years"].isna(),
            "impossible age": impossible,
        }
        out = {kind: int(those.sum()) for kind, those in kinds.items() if those.any()}
        limits = [f"{low:g} or over" if low is not None else "", f"under {below:g}" if below is not None else ""]
        name = f"age {' and '.join(filter(None, limits))}"
        within = ~pd.DataFrame(kinds).any(axis=1)
        return self._keep(text, flow, within, name, ", ".join(f"{kind} ({n})" for kind, n in out.items()))

    def _there(self, text: pd.DataFrame, flow: Flow, keys: pd.Series, refusals: Refusals) -> tuple[pd.DataFrame, Flow]:
        """Keep the films that lie in the folder, and add their paths."""
        root = Path(self.image_root).expanduser()
        paths = keys.map(find_films(root, keys.dropna()))
        lost = keys.notna() & paths.isna()
        if paths.isna().all():
            what = f"none of the {len(text)} films is there, such as {keys.iloc[0]}"
            raise DataError(what, str(root), f"dataset.image_root=<folder that holds {self.layout}>")
        refusals.add(text.assign(image_path=keys), lost, "image_path", f"no such film in {root}")
        return self._keep(text.assign(image_path=paths), flow, ~lost, "films are there", f"not in {root}")


def finding(name: str) -> str:
    """Our name of a finding's column: ``finding_pleural_thickening``."""
    return FINDING + name.lower().replace(" ", "_")


def as_flags(found: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Findings by our names, as the text 1 or 0, or None where it is unknown, from numbers."""
    return {finding(name): cells.map({1: "1", 0: "0"}).astype("object") for name, cells in found.items()}
