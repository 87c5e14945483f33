"""Decode a cohort's films with a preprocessing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

import bonerisk.imaging
import bonerisk.preprocessing
from bonerisk.cohort import leaks
from bonerisk.cohort.allowed import wrong_features
from bonerisk.cohort.table import SOURCE, Cohort, few
from bonerisk.cohort.targets import target as targets
from bonerisk.config.build import Node, plain
from bonerisk.config.signature import named
from bonerisk.errors import ConfigError, DataError, RowsRefusedError, raise_together
from bonerisk.imaging import store
from bonerisk.models.components import component
from bonerisk.parts import Encoder, Transform
from bonerisk.runs.folder import Run
from bonerisk.runs.hashing import fingerprint, sha256_cached, sha256_of_code

KEY = "preprocessing"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodedFilms:
    """A store of images, and the hash of all that determines its content."""

    images: store.Store
    digest: str


@dataclass(frozen=True)
class DecodedCohort:
    """Readable films of a cohort, and the store of their images.

    Attributes
    ----------
    cohort : Cohort
    images : Store
    transform : Transform
        What made the images from the films.
    """

    cohort: Cohort
    images: store.Store
    transform: Transform

    @property
    def perceptual(self) -> pd.Series:
        """Perceptual hash (bytes) of each film by image_id."""
        return self.images.index.set_index("image_id")["perceptual"]

    def rows(self, table: pd.DataFrame) -> np.ndarray:
        """Store positions (m,) int64 of a table's films, in its order."""
        return self.images.positions(table["image_id"])


def transform_of(preprocessing: Node) -> Transform:
    """The transform that a configuration describes.

    Raises
    ------
    ConfigError
        There is none, or it is no transform, or it reads a column that an image must not show: an outcome, an
        identifier, a date or a simulated truth.
    """
    if not preprocessing:
        raise ConfigError("preprocessing=none reads no films", KEY, "choose another")
    transform = component(preprocessing, Transform, KEY)
    if transform.columns:
        known = {column for name in targets.names() for column in targets.find(name).known_from}
        outcomes = sorted(known.intersection(transform.columns))
        wrong = [ConfigError(f"{name} is an outcome; an image must not show it", KEY) for name in outcomes]
        raise_together([*wrong_features(transform.columns, KEY), *wrong])
    return transform


def encoder_for(preprocessing: Node, encoder: Node) -> Encoder:
    """The encoder that a configuration describes, for the images of a preprocessing.

    Raises
    ------
    ConfigError
        It is no encoder or cannot take these images, or its weights are absent or do not fit.
    """
    shape = transform_of(preprocessing).shape
    return component(encoder, Encoder, "encoder", shape=shape if len(shape) == 3 else (1, *shape))


def require_columns(transform: Transform, table: pd.DataFrame) -> None:
    """Refuse a cohort that lacks columns of a transform.

    Raises
    ------
    DataError
        Columns are absent; the error lists them, with the nearest ones present.
    """
    there = list(map(str, table))
    others = [name for name in there if name not in transform.columns]
    lacking = {name: get_close_matches(name, others, n=1) for name in transform.columns if name not in table}
    alone = [name for name, near in lacking.items() if not near]  # of points there may be dozens
    wrong = []
    for names, found in [
        *(([name], f"the nearest column is {near[0]}") for name, near in lacking.items() if near),
        *([(alone, f"it has {few(there)}")] if alone else []),
    ]:
        told = few([repr(name) for name in names])
        what = f"the cohort has no column {told}, which the preprocessing needs"
        mend = f"{found}; bring it, or name the table's own by dataset.columns.{names[0]}=<column>"
        wrong.append(DataError(what, KEY, mend))
    raise_together(wrong)


def require_films(cohort: Cohort) -> None:
    """Refuse a dataset without films.

    Raises
    ------
    ConfigError
    """
    if cohort.features:
        mend = "choose features=columns, or model=cox, which learn from a table; other models need films"
        raise ConfigError(f"{cohort.name} has no films", "dataset", mend)


def film_hashes(cohort: Cohort, data: Path) -> dict[str, str | None]:
    """SHA-256 of each film by image_id; None if unreadable. Simulated films are made first.

    Raises
    ------
    ConfigError
        The dataset has no films.
    """
    require_films(cohort)
    if cohort.make_films:
        cohort.make_films(cohort.table["image_id"])
    hashes = sha256_cached([Path(path) for path in cohort.table["image_path"]], data)
    return dict(zip(cohort.table["image_id"], hashes, strict=True))


def input_hashes(
    table: pd.DataFrame,
    sha256: Mapping[str, str | None],
    columns: Sequence[str],
    colour: str = "refuse",
    folders: str = "",
) -> Mapping[str, str | None]:
    """SHA-256 of each film's input to a transform, by image_id; None if unreadable.

    It is the hash of the film's bytes and, if the transform reads columns, of its values in them; of `colour`, if
    films in colour are not refused; and of the folders that the transform reads (`folders_hash`), if it reads any.

    Parameters
    ----------
    table : DataFrame
        A cohort's table.
    sha256 : mapping
        Hash of each film's bytes, by image_id.
    columns : sequence of str
    """
    more = [*([] if colour == "refuse" else [colour]), *filter(None, [folders])]
    if not columns and not more:
        return sha256
    rows = zip(table["image_id"], store.film_rows(table, columns), strict=True)
    return {name: (fingerprint([sha256[name], row, *more]) if sha256[name] else None) for name, row in rows}


def folders_hash(preprocessing: Node, data: Path) -> str:
    """Hash of all files in the folders that a preprocessing names, such as organ masks; empty if it names none."""
    node = plain(preprocessing)
    names = [name for name, kind in named(node["_target_"]).items() if kind == "FolderPath" and node.get(name)]
    folders = [Path(node[name]).expanduser() for name in names]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return fingerprint(sha256_cached(files, data)) if names else ""


def decode(
    cohort: Cohort,
    keys: Mapping[str, str | None],
    preprocessing: Node,
    transform: Transform,
    data: Path,
) -> DecodedFilms:
    """Decode the films of a cohort, or open an equal store that exists.

    The store's name is the hash of all that determines its content: the films, the preprocessing and the code of both.

    Parameters
    ----------
    cohort : Cohort
    keys : mapping
        Hash of each film by image_id, from `input_hashes`.
    preprocessing : mapping
        The node of the configuration that describes `transform`.
    transform : Transform
    data : Path
    """
    code = sha256_of_code(bonerisk.imaging, bonerisk.preprocessing)
    digest = fingerprint({"films": sorted(keys.items()), "preprocessing": plain(preprocessing), "code": code})
    folder = data / cohort.name / digest[:16]
    try:
        images = store.build(folder, cohort.table, transform, transform.shape, transform.columns, cohort.colour)
    except RowsRefusedError as error:
        rejected = None if error.rejected is None else with_films(cohort, error.rejected)
        raise RowsRefusedError(error.what, error.where, error.mend, rejected) from None
    return DecodedFilms(images, digest)


def decode_cohort(cohort: Cohort, preprocessing: Node, run: Run, data: Path) -> DecodedCohort:
    """The decoded films of a cohort, recorded in the run, without those that can't be read.

    Raises
    ------
    ConfigError
        The dataset has no films, or the preprocessing reads none.
    DataError
        A column of the preprocessing is absent, or copies of a film lie in two splits.
    """
    transform = transform_of(preprocessing)
    require_columns(transform, cohort.table)
    sha256 = film_hashes(cohort, data)
    folders = folders_hash(preprocessing, data)
    keys = input_hashes(cohort.table, sha256, transform.columns, cohort.colour, folders)
    found = decode(cohort, keys, preprocessing, transform, data)
    if coloured := int(found.images.index["coloured"].sum()):
        text = f"{coloured} of {len(found.images.index)} films are in colour; their luminance is taken as their grey."
        run.note(text)
        log.warning(text)
    if transform.note:
        run.note(transform.note)
    run.reads("images", found.images.folder, digest=found.digest)
    readable = without_failures(cohort, found.images.failures)
    films = DecodedCohort(readable, found.images, transform)
    refuse_copies(readable, sha256, films.perceptual, run)
    return films


def refuse_copies(cohort: Cohort, sha256: Mapping[str, str | None], perceptual: pd.Series, run: Run) -> None:
    """List copies of an image; stop if copies lie in two splits, or in two sources of a merged cohort.

    Parameters
    ----------
    sha256 : mapping
        SHA-256 of each film by image_id.
    perceptual : Series of bytes
        Perceptual hash of each film by image_id.

    Raises
    ------
    DataError
        Copies lie in two splits or sources.
    """
    names = cohort.table["image_id"]
    pairs = leaks.copies_of_films(cohort.table, [str(sha256[name]) for name in names], list(perceptual.loc[names]))
    if pairs.empty:
        return
    list_copies(pairs, run)
    source = dict(zip(names, cohort.table[SOURCE], strict=True)) if SOURCE in cohort.table else None
    for note in leaks.refuse(pairs, str(run.folder / "copies.csv"), source):
        run.note(note)
        log.warning(note)


def list_copies(pairs: pd.DataFrame, run: Run) -> None:
    """Add pairs to copies.csv."""
    known = run.folder / "copies.csv"  # of another model's films, if several are evaluated together
    listed = pd.concat([pd.read_csv(known, dtype=str), pairs.astype(str)]) if known.is_file() else pairs
    with run.writes("copies", "copies.csv") as path:
        listed.drop_duplicates(["image_id", "other_image_id"]).to_csv(path, index=False)


def without_failures(cohort: Cohort, failures: pd.DataFrame) -> Cohort:
    """The cohort without films that can't be read (`failures`: image_id, image_path, reason), as a step of its flow."""
    failed = cohort.table["image_id"].isin(failures["image_id"])
    table = cohort.table[~failed].reset_index(drop=True)
    rejected = with_films(cohort, failures)
    if len(failures):
        first = failures.iloc[0]
        log.warning(
            f"{len(failures)} films can't be read and are left out (rejected.csv); the first, {first['image_path']}: "
            f"{first['reason']}"
        )
    if table.empty:
        what = f"none of the {len(failed)} films can be read; the first: {failures['reason'].iloc[0]}"
        raise RowsRefusedError(what, failures["image_path"].iloc[0], "", rejected)
    flow = cohort.flow.step("film can be read", cohort.table, table, "listed in rejected.csv" if failed.any() else "")
    return replace(cohort, table=table, flow=flow, rejected=rejected)


def with_films(cohort: Cohort, failures: pd.DataFrame, column: str = "image_path") -> pd.DataFrame:
    """The refused rows of a cohort, and films that can't be used for what stands in a column."""
    refused = pd.DataFrame(
        {
            "file": failures["image_path"],
            "patient_id": failures["image_id"].map(cohort.table.set_index("image_id")["patient_id"]),
            "image_id": failures["image_id"],
            "column": column,
            "value": None,
            "reason": failures["reason"],
        }
    )
    return pd.concat([cohort.rejected, refused]) if len(refused) else cohort.rejected
