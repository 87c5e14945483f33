"""Follow-up without films: a CSV, Parquet or HDF5 with one row per patient, or per visit."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.cohort import leaks, tablefile, textfile
from bonerisk.cohort.allowed import wrong_features
from bonerisk.cohort.check import check
from bonerisk.cohort.columns import flags, misnamed, rename
from bonerisk.cohort.controls import SHUFFLED, shuffled
from bonerisk.cohort.refusals import Refusals, counted, told
from bonerisk.cohort.slips import codes_for_none, thousands
from bonerisk.cohort.splits import FRACTIONS, random_split
from bonerisk.cohort.table import COMPETING_TIME, DTYPES, FOLLOW_UP, Cohort, few
from bonerisk.cohort.where import Where
from bonerisk.datasets import settings
from bonerisk.datasets.features import KEY, candidates, named, no_numbers, numeric, parsed, unknown, useless
from bonerisk.datasets.filtered import filtered
from bonerisk.datasets.follow_up import bad_unit, in_years
from bonerisk.datasets.suspect import suspects
from bonerisk.errors import ConfigError, DataError, raise_together
from bonerisk.named import ColumnNames, FilePath
from bonerisk.runs.hashing import sha256_cached

CHANCE = 10  # times the equal rows that chance makes are accepted, as features and outcome are related
KNOWN = [*(column for column in DTYPES if column != "image_path"), COMPETING_TIME]

log = logging.getLogger(__name__)


class SurvivalTable:
    """A table of features and follow-up that a user brings.

    Parameters
    ----------
    table : str
        CSV with a header (comma, semicolon, tab or |, UTF-8, decimal point or comma), Parquet, or HDF5 as of
        `cohort.hdf5`, recognised by content.
    features : list of str, optional
        Columns that a model learns from, by our names or the table's; text is taken as levels. By default all columns
        of numbers, except identity, date, split and outcome, and columns that look like identifiers or outcomes.
    columns : dict
        Our column names to the table's, where they differ; null leaves out a column that has our name.
        Names beyond the contract become covariates.
    time_unit : {"years", "months", "days"}
        Unit of the column of `time_years`: 12 months or 365.25 days are a year.
    where : str, optional
        Which rows take part, as ``"sex == 'F' and age_years >= 50"``: comparisons of columns, by our names or the
        table's, with and, or, not, in (`bonerisk.cohort.where`).
    female, male : str, optional
        How the table writes the sexes, if not F/M or female/male.
    name : str
        Name of the cohort in results; also the site, if the table has no column for it.
    split : list of 3 float, or str
        Shares of patients in train, tune and test; or the split that all rows belong to. A column `split`
        is kept; if it has only train and test, tune is drawn from train by the first two shares.
    split_seed : int
    shuffle_labels : int, optional
        A seed: outcomes are shuffled at random, as a negative control.

    Raises
    ------
    ConfigError
        One of our columns is misspelt, a column of the outcome is a feature, or a value is out of range; all at once.
    """

    def __init__(
        self,
        table: FilePath,
        features: Sequence[str] | None = None,
        columns: ColumnNames | None = None,
        time_unit: str = "years",
        where: str | None = None,
        female: str | None = None,
        male: str | None = None,
        name: str = "survival_table",
        split: Sequence[float] | str = FRACTIONS,
        split_seed: int = 0,
        shuffle_labels: int | None = None,
    ) -> None:
        self.table, self.name = Path(table).expanduser(), name
        self.features = None if features is None else [str(feature) for feature in features]
        self.columns = {ours: theirs and str(theirs) for ours, theirs in (columns or {}).items()}
        self.time_unit, self.codes = time_unit, settings.sexes(female, male)
        self.split, self.split_seed, self.shuffle_labels = split, split_seed, shuffle_labels
        wrong = [*settings.bad_split(split), *settings.bad_name(name), *settings.bad_sexes(female, male)]
        wrong += [*bad_unit(time_unit), *_films(self.columns), *wrong_features(self.features, KEY)]
        raise_together([*misnamed(self.columns, KNOWN), *wrong, *settings.bad_where(where)])
        self.where = None if where is None else Where(where)
        self.predicted = False

    def to_predict(self, columns: Sequence[str]) -> SurvivalTable:
        """The same rows, all external, without outcomes; features are the `columns` that a model reads."""
        new = copy(self)
        new.columns, new.split, new.predicted = settings.without_outcome(self.columns, columns), "external", True
        new.shuffle_labels, new.features = None, list(columns)
        return new

    def load(self, data: Path) -> Cohort:
        """Read the table.

        Parameters
        ----------
        data : Path
            Where the table's hash is kept, if it is needed to name patients.

        Raises
        ------
        DataError
            The table can't be read, lacks a column, or has no row that can be used; the event has other codes than 1
            and 0, times are of another unit, or a feature holds nothing; a patient, or copies of a row, are in
            two splits.
        """
        file = tablefile.read(self.table)
        text, names = self._renamed(file)
        settings.refuse_split_twice(self.split, text, names)
        refusals = Refusals(self.table.name, names)
        refusals.add(file.ragged.to_frame("whole row"), file.ragged.notna(), "whole row", textfile.RAGGED)
        text, notes = self._identified(text, data)
        text, rows, flow = filtered(self.where, text, self._as_text(file), self.codes, self.time_unit, refusals)
        file = replace(file, rows=file.rows.loc[text.index])
        text, on_events = in_years(text, self.time_unit, refusals)
        text, chosen, left_out = self._with_features(text, file, refusals)
        table = check(text, refusals, self.codes, self.predicted)
        rejected = refusals.table
        flow = flow.step("values can be used", rows, table, counted(rejected))
        table["split"], drawn = self._split(table, "split" in text)
        chosen, left_out = self._useful(table, chosen, left_out)
        notes = (
            *file.notes,
            *notes,
            *on_events,
            *drawn,
            *self._features_told(chosen, left_out),
            *self._doubts(text, chosen),
        )
        notes += tuple(_gaps(table, chosen))
        notes += self._copies(table, chosen)
        if self.shuffle_labels is not None:
            table, notes = shuffled(table, self.shuffle_labels), (*notes, SHUFFLED)
        for warning in (*told(rejected), *notes):
            log.warning(warning)
        standard = f"{'follow-up ' if 'event' in table else ''}as {self.table.name} has it"
        return Cohort(self.name, table, flow, rejected, standard, notes, (self.table,), features=chosen)

    def _as_text(self, file: tablefile.TableFile) -> pd.DataFrame:
        """Return the file's rows, with text in columns that are named or may be of yes and no."""
        named = {*KNOWN, *file.names.values(), *self.columns.values(), *(self.where.columns if self.where else ())}
        return tablefile.with_text(file.rows, named)

    def _renamed(self, file: tablefile.TableFile) -> tuple[pd.DataFrame, dict[str, str]]:
        """Return the columns that have our names, as text, and their names in the file."""
        columns = {**file.names, **self.columns}
        rows = self._as_text(file)
        without = [name for name in ("event", "time_years") if self.columns.get(name, "") is None]  # not forgotten
        required = [] if "event" in without else [name for name in ("event", "time_years") if name not in without]
        there = [*map(str, rows), *columns]
        wrong = [*(self.where.absent(there) if self.where else ()), *unknown(self.features or (), columns, rows)]
        text, names = rename(rows, columns, required, str(self.table), KNOWN, also=wrong)
        return text.join(flags(rows, names, self.columns)), names

    def _identified(self, text: pd.DataFrame, data: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Return the rows with site, patient and an id each; if the table has no patients, each row is one."""
        notes: tuple[str, ...] = ()
        width = len(str(text.index.max()))
        lines = pd.Series([f"{line:0{width}}" for line in text.index], text.index)
        if "patient_id" not in text:
            digest = str(sha256_cached([self.table], data)[0])[:8]  # so that rows of two tables are two patients
            text = text.assign(patient_id=digest + "-" + lines)
            notes = (
                "The table has no column patient_id: each row counts as a patient of its own, so that rows of one "
                "patient can lie in different splits. dataset.columns.patient_id=<column> names it.",
            )
        if "image_id" not in text:
            parts = [part for part in ("site", "patient_id", "film_date") if part in text]
            ids = text[parts[0]].str.cat(text[parts[1:]], sep="/", na_rep="")
            text = text.assign(image_id=ids.where(text["patient_id"].notna(), "row " + lines))
        return text.assign(site=text.get("site", pd.Series(self.name, text.index, dtype="object"))), notes

    def _with_features(
        self, text: pd.DataFrame, file: tablefile.TableFile, refusals: Refusals
    ) -> tuple[pd.DataFrame, tuple[str, ...], dict[str, str]]:
        """Return the rows with the features' values, the features' names, and why other columns are left out."""
        if self.features is None:
            chosen = candidates(file.rows, refusals.names, self.columns, file.features)
        else:
            chosen = named(self.features, refusals.names, file.rows)
        raw = {name: file.rows[refusals.names.get(name, name)] for name in chosen if name not in DTYPES}
        found = {name: parsed(cells) for name, cells in raw.items()}
        cells = {name: series for name, (series, _) in found.items()}
        left_out = no_numbers(chosen, cells) if self.features is None else {}
        if self.features is None and file.features is None:
            left_out = suspects(cells, text) | left_out
        chosen = tuple(name for name in chosen if name not in left_out)
        text_of = {name: tablefile.as_text(raw[name]) for name in chosen if name in raw and not numeric(raw[name])}
        numbers = [name for name in text_of if numeric(cells[name])]
        for name in numbers:
            refusals.fail(thousands(text_of[name], refusals.place(name)))
        for name in [name for name in cells if name in chosen and numeric(cells[name]) and file.features is None]:
            refusals.fail(codes_for_none(cells[name], refusals.place(name)))
        for name in [name for name in found if name in chosen and found[name][1].any()]:
            written = text.assign(**{name: tablefile.as_text(raw[name])})
            refusals.add(written, found[name][1], name, "no number, unlike most cells")
        taken = pd.DataFrame({name: series for name, series in cells.items() if name in chosen}, index=text.index)
        return text.drop(columns=taken.columns, errors="ignore").join(taken), chosen, left_out

    def _split(self, table: pd.DataFrame, given: bool) -> tuple[pd.Series, tuple[str, ...]]:
        """Return the split of each row, and notes on it."""
        if isinstance(self.split, str):
            return pd.Series(self.split, table.index, dtype="object"), ()
        train, tune, test = (float(share) for share in self.split)
        if not given:
            return random_split(table, self.split_seed, (train, tune, test), table.get("event")), ()
        found = table["split"]
        if "train" not in set(found) or "test" not in set(found) or "tune" in set(found) or not train * tune:
            return found, ()
        share = tune / (train + tune)
        learnt = table[found == "train"]
        drawn = random_split(learnt, self.split_seed, (1 - share, share, 0), learnt.get("event"))
        note = f"The table has no split tune: {(drawn == 'tune').sum()} of {len(drawn)} rows of train are drawn for it."
        return drawn.reindex(table.index).fillna(found), (note,)

    def _useful(
        self, table: pd.DataFrame, chosen: tuple[str, ...], left_out: dict[str, str]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return the features without useless ones, which are an error if they were asked for."""
        dull = useless(table, chosen)
        if self.predicted:
            return chosen, left_out
        if self.features is not None and dull:
            raise DataError(f"no model can learn from {_listed(dull)}", KEY, f"leave {', '.join(dull)} out")
        chosen, left_out = tuple(name for name in chosen if name not in dull), left_out | dull
        if not chosen:
            listed = _listed(left_out) or "there are only event and time"
            raise DataError(
                f"no column of numbers can be a feature: {listed}", str(self.table), f"'{KEY}=[…]' names them"
            )
        return chosen, left_out

    def _features_told(self, chosen: tuple[str, ...], left_out: dict[str, str]) -> Iterator[str]:
        if self.features is None:
            without = f"; left out: {_listed(left_out)}" if left_out else ""
            yield f"Features are all columns of numbers: {', '.join(chosen)}{without}. '{KEY}=[…]' names others."

    def _doubts(self, text: pd.DataFrame, chosen: tuple[str, ...]) -> Iterator[str]:
        own = {name: text[name] for name in chosen if name not in DTYPES}
        if self.features is not None and not self.predicted and (doubtful := suspects(own, text)):
            yield (
                f"{KEY} names {_listed(doubtful)}. A model that learns from what is known only after the start of "
                "follow-up, or from who a patient is, seems better than it is."
            )

    def _copies(self, table: pd.DataFrame, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse equal rows in two splits, unless chance alone explains them."""
        outcome = [column for column in FOLLOW_UP if column in table]
        pairs = leaks.copies_of_rows(table, [*chosen, *outcome])
        chance = (
            leaks.expected_by_chance(table, chosen, outcome) if outcome else float("inf")
        )  # features alone tell little
        if len(pairs) > CHANCE * chance:
            return leaks.refuse(pairs, str(self.table))
        if pairs.empty:
            return ()
        return (f"{len(pairs)} rows have the same values as another patient's; coarse features make this likely.",)


def _films(columns: dict[str, str | None]) -> Iterator[ConfigError]:
    if columns.get("image_path") is not None:
        yield ConfigError(
            "a survival table has no films", "dataset.columns.image_path", "dataset=image_table reads them"
        )


def _listed(reasons: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({why})" for name, why in reasons.items())


def _gaps(table: pd.DataFrame, chosen: Sequence[str]) -> Iterator[str]:
    missing = table[list(chosen)].isna().sum()
    listed = [f"{name} in {count}" for name, count in missing[missing > 0].items()]
    if listed:
        yield f"Missing values among {len(table)} rows: {few(listed)}. These rows stay for the model to handle."
