"""A user's own films: a CSV with one row per film, and a folder of DICOM, PNG or JPEG."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Literal

import pandas as pd

from bonerisk.cohort import textfile
from bonerisk.cohort.check import FINDING, check
from bonerisk.cohort.classes import WHO_AGE, bone_class
from bonerisk.cohort.columns import flags, misnamed, rename
from bonerisk.cohort.controls import SHUFFLED, shuffled
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.refusals import Refusals, counted, told
from bonerisk.cohort.splits import FRACTIONS, random_split
from bonerisk.cohort.table import COMPETING_TIME, DTYPES, REJECTED, SPLITS, Cohort, arrange
from bonerisk.cohort.where import Where
from bonerisk.datasets import settings
from bonerisk.datasets.film_folder import OUTSIDE, outside
from bonerisk.datasets.film_kinds import MODALITIES, keep_kinds, with_kinds
from bonerisk.datasets.filtered import filtered
from bonerisk.datasets.follow_up import bad_unit, in_years
from bonerisk.errors import DataError, raise_together
from bonerisk.named import ColumnNames, FilePath, FolderPath
from bonerisk.progress import track
from bonerisk.runs.hashing import sha256_cached

KNOWN = [*DTYPES, COMPETING_TIME]
POINT = ("_x_px", "_y_px")  # of the columns of points on films, as l1_x_px
SUFFIXES = ("", ".dcm", ".png", ".jpg", ".jpeg")  # a table may leave it out

log = logging.getLogger(__name__)


class ImageTable:
    """A table of films that a user brings.

    Parameters
    ----------
    table : str
        CSV with a header: comma, semicolon, tab or |, UTF-8, decimal point or comma.
    image_root : str
        Folder that the table's `image_path` starts from.
    columns : dict
        Our column names to the table's, where they differ; null leaves out a column that has our name.
        Names beyond the contract become covariates.
    female, male : str, optional
        How the table writes the sexes, if not F/M or female/male.
    name : str
        Name of the cohort in results; also the site, if the table has no column for it.
    split : list of 3 float, or str
        Shares of patients in train, tune and test; or a fold (``fold_1_of_5``); or the split that all films belong to.
        A column `split` is kept.
    split_seed : int
    time_unit : {"years", "months", "days"}
        Unit of the column of `time_years`: 12 months or 365.25 days are a year.
    where : str, optional
        Which rows take part, as ``"sex == 'F' and age_years >= 50"``: comparisons of columns, by our names or the
        table's, with and, or, not, in (`bonerisk.cohort.where`).
    min_age_years : float, optional
        Drop films of younger patients, and of those whose age is unknown.
    modality : list of str
        Modalities to keep, by the headers of DICOM files and their SOP classes; none keeps all.
    view : list of str
        Views to keep, such as PA, by the table's column or the headers; none keeps all.
    colour : {"refuse", "luminance"}
        What to do with films in colour.
    reference_standard : str, optional
        How the labels were established, such as DXA; by default as the table gives them.
    shuffle_labels : int, optional
        A seed: targets are shuffled at random, as a negative control.

    Raises
    ------
    ConfigError
        One of our columns is misspelt, a Z-score is given as T-score, or a value is out of range; all at once.
    """

    def __init__(
        self,
        table: FilePath,
        image_root: FolderPath,
        columns: ColumnNames | None = None,
        female: str | None = None,
        male: str | None = None,
        name: str = "image_table",
        split: Sequence[float] | str = FRACTIONS,
        split_seed: int = 0,
        time_unit: str = "years",
        where: str | None = None,
        min_age_years: float | None = None,
        modality: Sequence[str] = MODALITIES,
        view: Sequence[str] = (),
        colour: Literal["refuse", "luminance"] = "refuse",
        reference_standard: str | None = None,
        shuffle_labels: int | None = None,
    ) -> None:
        self.table, self.image_root, self.name = Path(table).expanduser(), Path(image_root).expanduser(), name
        self.columns = {ours: theirs and str(theirs) for ours, theirs in (columns or {}).items()}
        self.codes, self.time_unit = settings.sexes(female, male), time_unit
        self.split, self.split_seed, self.min_age_years = split, split_seed, min_age_years
        self.modality, self.view, self.colour = modality, view, colour
        self.reference_standard, self.shuffle_labels = reference_standard, shuffle_labels
        wrong = [*settings.bad_split_or_fold(split), *settings.bad_name(name), *settings.bad_sexes(female, male)]
        raise_together([*misnamed(self.columns, KNOWN), *wrong, *bad_unit(time_unit), *settings.bad_where(where)])
        self.where = None if where is None else Where(where)
        self.predicted = False

    def to_predict(self, columns: Sequence[str]) -> ImageTable:
        """The same films, all external, without outcomes but those among the `columns` that a model reads."""
        new = copy(self)
        new.columns, new.split, new.predicted = settings.without_outcome(self.columns, columns), "external", True
        new.shuffle_labels = None
        return new

    def load(self, data: Path) -> Cohort:
        """Read the table and look for its films, of which only the headers are read.

        Parameters
        ----------
        data : Path
            Where the hashes of films are kept, if they are needed to identify patients.

        Raises
        ------
        DataError
            The table can't be read, lacks a column, or has no row that can be used; a patient is in two splits.
        """
        rows, ragged = textfile.read(self.table)
        known = [*KNOWN, *(column for column in map(str, rows) if column.startswith(FINDING) or column.endswith(POINT))]
        wrong = self.where.absent([*map(str, rows), *self.columns]) if self.where else ()
        text, names = rename(rows, self.columns, "image_path", str(self.table), known, also=wrong)
        text = text.join(flags(rows, names, self.columns))
        settings.refuse_split_twice(self.split, text, names)
        refusals = Refusals(self.table.name, names)
        refusals.add(ragged.to_frame("whole row"), ragged.notna(), "whole row", textfile.RAGGED)
        text, notes = self._identified(self._with_films(text, refusals), data)
        text, rows, flow = filtered(self.where, text, rows, self.codes, self.time_unit, refusals)
        text, on_events = in_years(text, self.time_unit, refusals, required=False)
        table = _with_class(check(text, refusals, self.codes, self.predicted))
        rejected = refusals.table
        flow = flow.step("values can be used", rows, table, counted(rejected))
        kinds = with_kinds(table)
        table, flow, unknown = keep_kinds(kinds, flow, self.modality, self.view)
        if self.predicted:
            rejected = pd.concat([rejected, self._of_other_kinds(kinds.drop(index=table.index))])
        table, flow = self._old_enough(table.reset_index(drop=True), flow)
        if "split" not in text:
            table["split"] = self.split if self.split in SPLITS else self._shared_out(table)
        if self.shuffle_labels is not None:
            table, notes = shuffled(table, self.shuffle_labels), (*notes, SHUFFLED)
        notes += (*on_events, *self._notes(table), *unknown)
        for warning in (*told(rejected), *notes):
            log.warning(warning)
        standard = self.reference_standard or f"the table {self.table.name}, which does not say how it was established"
        return Cohort(self.name, table, flow, rejected, standard, notes, (self.table,), colour=self.colour)

    def _of_other_kinds(self, films: pd.DataFrame) -> pd.DataFrame:
        """Refusals of films that `modality` and `view` leave out; a training counts them in its flow alone."""
        said = "modality " + films["modality"].fillna("unknown") + ", view " + films["view"].fillna("unknown")
        reason = said + ": not kept by dataset.modality and dataset.view"
        found = films.assign(file=self.table.name, column="header", reason=reason)
        return found.reindex(columns=list(REJECTED))

    def _with_films(self, text: pd.DataFrame, refusals: Refusals) -> pd.DataFrame:
        """Return the rows with the path of each film; rows without a film are refused."""
        if not self.image_root.is_dir():
            raise DataError("there is no such folder", str(self.image_root), "dataset.image_root=<folder of the films>")
        names = track(text["image_path"], "looking for films")
        found = pd.Series([name and _film(self.image_root, name) for name in names], text.index, dtype="object")
        lost = text["image_path"].notna() & found.isna()
        refusals.add(text, lost, "image_path", f"no such film in {self.image_root}")
        beyond = found.notna() & found.map(outside(self.image_root), na_action="ignore").eq(True)
        refusals.add(text, beyond, "image_path", OUTSIDE)
        lost |= beyond
        ids = text.get("image_id", text["image_path"])
        site = text.get("site", pd.Series(self.name, text.index, dtype="object"))
        return text.assign(image_id=ids, image_path=found.where(~lost, text["image_path"]), site=site)

    def _identified(self, text: pd.DataFrame, data: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Return the rows with a patient each; if the table has no patients, rows of equal images are one patient."""
        if "patient_id" in text:
            return text, ()
        paths = [Path(path) for path in text["image_path"].dropna().unique()]
        hashes = zip(paths, sha256_cached(paths, data), strict=True)
        names = {str(path): f"film-{digest[:16]}" for path, digest in hashes if digest}
        note = (
            "The table has no column patient_id: each film counts as a patient of its own (equal images as one), so "
            "that films of one patient can lie in different splits. dataset.columns.patient_id=<column> names it."
        )
        return text.assign(patient_id=text["image_path"].map(names).fillna(text["image_id"])), (note,)

    def _old_enough(self, table: pd.DataFrame, flow: Flow) -> tuple[pd.DataFrame, Flow]:
        if self.min_age_years is None:
            return table, flow
        kept = table[table["age_years"] >= self.min_age_years].reset_index(drop=True)
        name = f"age {self.min_age_years:g} or over"
        unknown = table["age_years"].isna().sum()
        if kept.empty:
            raise DataError(f"no film is of {name} (age unknown in {unknown})", "dataset.min_age_years")
        return kept, flow.step(name, table, kept, f"younger, or age unknown ({unknown})" if unknown else "younger")

    def _shared_out(self, table: pd.DataFrame) -> pd.Series:
        outcome = table["event"].fillna(0) if "event" in table else None
        return random_split(table, self.split_seed, self.split, outcome)

    def _notes(self, table: pd.DataFrame) -> tuple[str, ...]:
        notes = []
        young = int(((table["age_years"] < WHO_AGE) & table["bone_class"].notna()).sum())
        if young:
            notes.append(
                f"{young} of {len(table)} films are of patients under {WHO_AGE:g} years, an age at which WHO's classes "
                f"of T-scores do not apply; dataset.min_age_years={WHO_AGE:g} leaves them out."
            )
        if self.reference_standard not in (None, "DXA"):
            notes.append(f"The labels are not DXA measurements but: {self.reference_standard}.")
        return tuple(notes)


def _film(root: Path, name: str) -> str | None:
    """Return the film's absolute path; a Windows path, or one without suffix, is accepted."""
    stem = root.absolute() / name.replace("\\", "/")
    return next((str(path) for path in (Path(f"{stem}{suffix}") for suffix in SUFFIXES) if path.is_file()), None)


def _with_class(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the class of each T-score."""
    given = table["bone_class"]
    return arrange(table.assign(bone_class=given.where(given.notna(), bone_class(table["t_score"]))))
