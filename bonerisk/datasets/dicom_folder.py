"""A hospital's archive: a folder of DICOM films, and tables of DXA, diagnoses, drugs and follow-up joined to them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import pandas as pd

from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.controls import SHUFFLED, shuffled
from bonerisk.cohort.refusals import describe
from bonerisk.cohort.table import REJECTED, Cohort, arrange
from bonerisk.datasets import settings
from bonerisk.errors import BoneriskError, ConfigError, DataError, RowsRefusedError, raise_together
from bonerisk.hospital import films, handover, pseudonyms, steps
from bonerisk.hospital.codes import CodeSet, FractureCodes
from bonerisk.hospital.days import FUTURE
from bonerisk.hospital.dxa import by_day, wrong_regions
from bonerisk.hospital.kinds import KINDS, wrong_settings
from bonerisk.hospital.rules import Rules
from bonerisk.hospital.tables import read
from bonerisk.imaging.index import index
from bonerisk.named import ColumnNames, FilePath, FolderPath

UNUSED = ("path", "institution", "laterality", "rows", "columns", "transfer_syntax", "problems")  # of the headers

log = logging.getLogger(__name__)


class DicomFolder:
    """Films of an archive, chosen by their headers, with the hospital's tables about their patients.

    Parameters
    ----------
    image_root : str
        Folder of the DICOM files, at any depth.
    tables : dict
        CSV of each of `KINDS` that exists: one row per reading, diagnosis, prescription, patient or report.
    columns : dict
        By table, our column names to the table's.
    date_format : str, optional
        For all tables, as "%d.%m.%Y"; null is ISO 8601 (2024-05-31 or 20240531).
    date_formats : dict
        For single tables, by name.
    code_systems : dict
        By table: the code system of all its rows, if it has no column `code_system`.
    regions : dict
        Skeletal region to the words for it in the table of DXA.
    views, body_parts : dict
        Name to the regular expression that finds it in the header's tag, or else in the descriptions.
    sites : dict
        Our name of each site to its InstitutionName; without any, all films are of one site, named like the cohort.
    external_sites : list of str
        Sites that are the external split.
    administrative_end : str, optional
        Day (2024-05-31) until which all events are known.
    dates_until : str, optional
        Last day that a date may have; null is today. Needed if dates were shifted into the future.
    rules : Rules
    codes : CodeSet
    outcome : FractureCodes
    female, male : str, optional
        How the table of patients writes the sexes, if not F/M or female/male.
    name : str
        Name of the cohort in results, and of its folder under data.
    colour : {"refuse", "luminance"}
        What to do with films in colour.
    reference_standard : str
        Where the labels come from.
    shuffle_labels : int, optional
        A seed: targets are shuffled at random, as a negative control.

    Raises
    ------
    ConfigError
        A table, column or pattern is misspelt, or a day is no date.
    """

    def __init__(
        self,
        image_root: FolderPath,
        tables: dict[str, FilePath | None],
        columns: dict[str, ColumnNames],
        date_format: str | None,
        date_formats: dict[str, str | None],
        code_systems: dict[str, str | None],
        regions: dict[str, list[str]],
        views: dict[str, str],
        body_parts: dict[str, str],
        sites: dict[str, str],
        external_sites: list[str],
        administrative_end: str | None,
        rules: Rules,
        codes: CodeSet,
        outcome: FractureCodes,
        dates_until: str | None = None,
        female: str | None = None,
        male: str | None = None,
        name: str = "dicom_folder",
        colour: Literal["refuse", "luminance"] = "refuse",
        reference_standard: str = "DXA",
        shuffle_labels: int | None = None,
    ) -> None:
        given: dict[str, Mapping[str, object]] = {
            "tables": tables,
            "columns": columns,
            "date_formats": date_formats,
            "code_systems": code_systems,
        }
        wrong: list[BoneriskError] = []
        for kind in KINDS:
            day = date_formats.get(kind) or date_format
            wrong += wrong_settings(kind, columns.get(kind) or {}, day, code_systems.get(kind))
        wrong += _unknown_sites(external_sites, list(sites) or [name])
        raise_together([*_misnamed(given), *wrong, *wrong_regions(regions), *settings.bad_name(name)])
        self.sexes = settings.sexes(female, male)
        self.image_root, self.name = Path(image_root).expanduser(), name
        self.tables = {kind: Path(path).expanduser() for kind, path in tables.items() if path is not None}
        self.columns, self.date_format, self.date_formats = columns, date_format, date_formats
        self.code_systems, self.regions = code_systems, regions
        self.views, self.body_parts, self.sites = views, body_parts, sites
        self.external_sites, self.administrative_end = external_sites, _day(administrative_end, "administrative_end")
        self.latest = _day(dates_until, "dates_until") or pd.Timestamp.now()
        self.rules, self.codes, self.outcome, self.colour = rules, codes, outcome, colour
        self.reference_standard, self.shuffle_labels = reference_standard, shuffle_labels

    def to_predict(self, columns: Sequence[str]) -> DicomFolder:
        """The same films, all external: the rules' kinds, ages and exclusions hold, but no outcome is required."""
        new = copy(self)
        new.rules, new.external_sites, new.shuffle_labels = self.rules.to_predict(), [], None
        return new

    def load(self, data: Path) -> Cohort:
        """Index the films, read the tables, and join them by the rules.

        Pixels are read only to choose between files of one SOPInstanceUID.

        The cohort has pseudonyms; their key stays in ``data/<name>``, with the full lists of refused rows and of rows
        without a film.

        Parameters
        ----------
        data : Path

        Raises
        ------
        DataError
            The folder or a table can't be read, or a rule leaves no film.
        """
        folder = data / self.name
        pseudonyms.private(folder)
        found, refused = self._films(folder)
        known: dict[str, pd.DataFrame] = {}
        wrong: list[DataError] = []
        for kind, path in self.tables.items():
            try:
                known[kind], lines = self._read(kind, path)
            except DataError as error:
                wrong.append(error)
                continue
            refused.append(lines)
        salt = pseudonyms.salt_of(data)
        try:
            lists = [error.rejected for error in wrong if isinstance(error, RowsRefusedError)]
            refused += [rejected for rejected in lists if rejected is not None]
            raise_together(sorted(wrong, key=lambda error: not isinstance(error, RowsRefusedError)))
            end = self.administrative_end
            joined = self.rules.apply(found, known, self.codes, self.outcome, self.external_sites, end)
        except RowsRefusedError as error:
            rejected = pd.concat([*refused, *([] if wrong else [error.rejected])], ignore_index=True)
            handover.keep(folder, rejected)
            what = error.what if wrong else f"{error.what}\n{describe(rejected, identifying=False)}".rstrip()
            public = handover.without_identifiers(rejected, salt)
            raise RowsRefusedError(what, error.where, error.mend, public) from None
        table = pseudonyms.hide(joined.table, folder, salt)
        rejected = pd.concat([*refused, joined.rejected], ignore_index=True)
        handover.keep(folder, rejected, joined.unlinked)
        handover.log_summary(joined, rejected, folder)
        table = arrange(table.assign(bone_class=bone_class(table["t_score"])))
        if self.shuffle_labels is not None:
            table = shuffled(table, self.shuffle_labels)
        notes = (*joined.notes, *self._notes())
        for note in notes:
            log.warning(note)
        public = handover.without_identifiers(rejected, salt)
        sources = tuple(self.tables.values())
        flow, links = joined.flow, joined.links
        return Cohort(
            self.name, table, flow, public, self.reference_standard, notes, sources, links, colour=self.colour
        )

    def _films(self, folder: Path) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
        found = index(self.image_root, folder / "index.parquet")
        if found.films.empty and found.refused.empty:
            what = f"the folder has no DICOM image: {found.counts['files']} files of other kinds"
            mend = "give the archive's folder in dataset.image_root; for PNG and JPEG, take dataset=image_table"
            raise DataError(what, str(self.image_root), mend)
        headers = found.films.assign(
            image_path=[str(self.image_root.absolute() / path) for path in found.films["path"]]
        )
        table = films.with_views(headers, self.views, self.body_parts)
        named = {institution: site for site, institution in self.sites.items()}
        site = table["institution"].map(named) if named else pd.Series(self.name, table.index)
        wanted = steps.of_kinds(table, self.rules.kinds, self.rules.for_processing)
        unknown = sorted(table.loc[site.isna() & wanted, "institution"].dropna().unique())
        if unknown:
            mend = "name each site, as dataset.sites.site_a=<InstitutionName>"
            what = f"films of institutions that dataset.sites does not name: {', '.join(unknown)}"
            raise DataError(what, "dataset.sites", mend)
        problem = pd.Series(None, table.index, dtype="object")
        problem = problem.mask(site.isna(), "of an institution without name in dataset.sites, and of another kind")
        problem = problem.mask(site.isna() & table["institution"].isna(), "the header names no institution")
        problem = problem.mask(table["film_date"] > self.latest, f"dated later than today; {FUTURE}")
        wrong = problem.notna()
        lost = table.assign(reason=problem)[wrong].rename(columns={"image_path": "file"})
        refused = pd.concat([found.refused, lost])
        log.info(f"{self.image_root}: {found.counts['films']} films in {found.counts['files']} files")
        table = table.assign(site=site)[~wrong].drop(columns=list(UNUSED))
        return table, [refused.assign(column="header").reindex(columns=list(REJECTED))]

    def _read(self, kind: str, path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return a table and its refused rows."""
        day, system = self.date_formats.get(kind) or self.date_format, self.code_systems.get(kind)
        table, refusals = read(kind, path, self.columns.get(kind), day, system, self.sexes, self.latest)
        if kind == "dxa":
            table, set_aside = by_day(table, refusals, self.regions)
            for what, count in set_aside.items():
                log.info(f"dxa: {count} rows set aside, {what}")
        return table, refusals.table

    def _notes(self) -> list[str]:
        notes = []
        if self.reference_standard != "DXA":
            notes.append(f"The labels are not DXA measurements but: {self.reference_standard}.")
        if self.shuffle_labels is not None:
            notes.append(SHUFFLED)
        return notes


def _misnamed(given: Mapping[str, Mapping[str, object]]) -> list[BoneriskError]:
    found: list[BoneriskError] = []
    for key, by_table in given.items():
        for kind in by_table:
            if kind not in KINDS:
                near = get_close_matches(kind, KINDS, n=1)
                mend = f"did you mean {near[0]}? " if near else ""
                found.append(
                    ConfigError(f"there is no table {kind!r}", f"dataset.{key}", mend + f"tables: {', '.join(KINDS)}")
                )
    return found


def _unknown_sites(external: list[str], known: list[str]) -> list[BoneriskError]:
    unknown = sorted(set(external) - set(known))
    mend = f"sites: {', '.join(known)}; others are named by dataset.sites.<name>=<InstitutionName>"
    return [ConfigError(f"there is no site {', '.join(unknown)}", "dataset.external_sites", mend)] if unknown else []


def _day(text: str | None, key: str) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(date.fromisoformat(text)).as_unit("ns") if text is not None else None
    except ValueError:  # pandas' error for a day after 2262, too
        raise ConfigError(f"{text!r} is no date from 1678 to 2262", f"dataset.{key}", "write YYYY-MM-DD") from None
