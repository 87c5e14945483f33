"""Films that a user names one by one, as folders or by patterns, without a table: for predictions."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from bonerisk.cohort.check import check
from bonerisk.cohort.columns import misnamed
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.refusals import Refusals
from bonerisk.cohort.table import REJECTED, Cohort, arrange
from bonerisk.datasets import settings
from bonerisk.datasets.film_kinds import MODALITIES, headers, view_of
from bonerisk.errors import ConfigError, DataError, RowsRefusedError, raise_together
from bonerisk.imaging import raster
from bonerisk.imaging.headers import Header, Refused
from bonerisk.named import FilmPath, matching
from bonerisk.runs.hashing import sha256_cached

KEY = "dataset.patient"
OF_FILMS = ("patient_id", "image_id", "image_path", "split", "view", "film_date", "site")  # known of each film
YEAR_DAYS = 365.25
BY_HEADER = "Age and sex are those of the films' headers, except what dataset.patient gives."

log = logging.getLogger(__name__)


class Films:
    """Films of any number of patients; all are of split external, and a film's path is its `image_id`.

    Age and sex are read from a DICOM header. What `patient` says holds for all films and stands above the headers.

    Parameters
    ----------
    films : list of str
        Films, folders (with all films below them, recognised by content), and patterns such as ``films/*.dcm``.
    patient : mapping of str to str or number, optional
        Values of our columns, or of covariates, that hold for all films, as ``{age_years: 63, sex: F}``.
    modality : list of str
        Modalities to keep, by the headers of DICOM files; none keeps all.
    colour : {"refuse", "luminance"}
        What to do with films in colour.
    name : str
        Name of the cohort in results.

    Raises
    ------
    ConfigError
        A column of `patient` is misspelt, is none that a user gives, or has a value that can't be read.
    """

    def __init__(
        self,
        films: list[FilmPath],
        patient: dict[str, str | float | None] | None = None,
        modality: Sequence[str] = MODALITIES,
        colour: Literal["refuse", "luminance"] = "refuse",
        name: str = "films",
    ) -> None:
        self.films, self.modality, self.colour, self.name = films, modality, colour, name
        given = {column: str(value) for column, value in (patient or {}).items() if value is not None}
        fixed = [ConfigError(f"{column} is a film's own", f"{KEY}.{column}") for column in given if column in OF_FILMS]
        raise_together([*misnamed(dict.fromkeys(given), key=KEY), *fixed, *settings.bad_name(name)])
        self.patient = _values(given)

    def load(self, data: Path) -> Cohort:
        """Look for the films, and read their headers.

        Parameters
        ----------
        data : Path
            Where the hashes of films are kept, by which equal films are one patient's.

        Raises
        ------
        DataError
            There is no film, or none is a radiograph.
        """
        paths = list({path.resolve(): str(path) for text in self.films for path in _files(text)}.values())
        found = dict(zip(paths, headers(paths), strict=True))
        films = [path for path in paths if path in self.films or _is_film(path, found[path])]
        if not films:
            what = f"there is no film among {len(paths)} files" if paths else "there is no file"
            raise DataError(what, ", ".join(self.films), "name films, or a folder of films: DICOM, PNG or JPEG")
        if others := len(paths) - len(films):
            log.info("%d of %d files are no films", others, len(paths))
        table = self._table(films, [found[path] for path in films], data)
        reasons = pd.Series([self._refused(found[path]) for path in films], dtype="object")
        kept = table[reasons.isna()].reset_index(drop=True)
        rejected = _rejected(table, reasons)
        flow = Flow().step("films named", table, table)
        flow = flow.step(f"modality {', '.join(self.modality)}", table, kept, "listed in rejected.csv")
        if kept.empty:
            raise RowsRefusedError(f"none of {len(films)} films is kept: {reasons[0]}", films[0], "", rejected)
        said = any(isinstance(header, Header) and header.sex for header in found.values())
        notes = (BY_HEADER,) if said else ()
        return Cohort(self.name, kept, flow, rejected, "nothing: outcomes are unknown", notes, colour=self.colour)

    def _table(self, films: Sequence[str], found: Sequence[Header | Refused], data: Path) -> pd.DataFrame:
        known = [header if isinstance(header, Header) else None for header in found]
        digests = zip(films, sha256_cached([Path(path) for path in films], data), strict=True)
        table = pd.DataFrame(
            {
                "patient_id": [f"film-{digest[:16]}" if digest else path for path, digest in digests],
                "image_id": films,
                "image_path": [str(Path(path).absolute()) for path in films],
                "split": "external",
                "site": self.name,
                "view": [header and view_of(header.view_position) for header in known],
                "age_years": [header and _age(header) for header in known],
                "sex": [header and header.sex for header in known],
            }
        )
        for column, value in self.patient.items():
            table[column] = value
        return arrange(table)

    def _refused(self, header: Header | Refused) -> str | None:
        """Why a film is left out by its header; None if it is kept, or has none."""
        said = isinstance(header, Header) and (header.modality or "").upper()
        wanted = [name.upper() for name in self.modality]
        if said and wanted and said not in wanted:
            return f"the header says modality {said}, no radiograph ({', '.join(wanted)}; 'dataset.modality=[{said}]')"
        return None


def _values(given: Mapping[str, str]) -> dict[str, Any]:
    """Values of one patient as of a table with one row."""
    row = pd.DataFrame(
        {"patient_id": ["patient"], "image_id": ["film"], "site": [KEY], **{k: [v] for k, v in given.items()}}
    )
    refusals = Refusals(KEY)
    try:
        table = check(row.astype(object), refusals, {}, to_predict=True)
    except RowsRefusedError:
        bad = refusals.table.to_dict("records")
        wrong = [ConfigError(f"{of['value']!r}: {of['reason']}", f"{KEY}.{of['column']}") for of in bad]
        raise_together(wrong)
        raise
    derived = [name for name in ("bmi_kg_m2",) if name in table]
    return {name: table[name].iloc[0] for name in dict.fromkeys([*given, *derived])}


def _files(text: str) -> Iterator[Path]:
    """Files that a path or pattern means; all below a folder, in the order of their names, without hidden ones."""
    for path in matching(text):
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in below:
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if not hidden and not file.is_dir():
                yield file


def _is_film(path: str, header: Header | Refused) -> bool:
    """Whether a file of a folder is meant to be a film; one that is damaged is, and is refused later."""
    if isinstance(header, Header) or header.kind != "other":
        return True
    with Path(path).open("rb") as file:
        return file.read(8).startswith((raster.PNG, raster.JPEG))


def _age(header: Header) -> float | None:
    """Age in years at the film, by the header."""
    if header.age_years is not None or not (header.birth_date and header.film_date):
        return header.age_years
    years = (header.film_date - header.birth_date).days / YEAR_DAYS
    return years if years >= 0 else None


def _rejected(table: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    lost = table.assign(reason=reasons, file=table["image_path"], column="header")[reasons.notna()]
    return lost.reindex(columns=list(REJECTED))
