"""From a cohort and a preprocessing to decoded films."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import bonerisk.imaging
import bonerisk.preprocessing
from bonerisk.cohort import leaks
from bonerisk.cohort.table import Cohort
from bonerisk.config.build import Node, plain
from bonerisk.errors import ConfigError
from bonerisk.imaging import store
from bonerisk.models.components import component
from bonerisk.parts import Transform
from bonerisk.runs.folder import Run
from bonerisk.runs.hashing import fingerprint, sha256_cached, sha256_of_code

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodedFilms:
    """A store of images, the hash of all that decides its content, and what its preprocessing says of itself."""

    images: store.Store
    digest: str
    note: str | None


@dataclass(frozen=True)
class Films:
    """A cohort of films that could be read, and where their decoded images are.

    Attributes
    ----------
    cohort : Cohort
    images : Store
    """

    cohort: Cohort
    images: store.Store

    def rows(self, table: pd.DataFrame) -> np.ndarray:
        """Rows (m,) int64 of the images of a table's films, in its order."""
        return self.images.rows.loc[table["image_id"]].to_numpy()


def hashed(cohort: Cohort, data: Path) -> dict[str, str | None]:
    """SHA-256 of each film by image_id, simulated films being made first; None where the file can't be read.

    Raises
    ------
    ConfigError
        The dataset has no films.
    """
    if cohort.features:
        mend = "choose features=columns, or model=cox, which learn from a table; other models need films"
        raise ConfigError(f"{cohort.name} has no films", "dataset", mend)
    if cohort.make_films:
        cohort.make_films(cohort.table["image_id"])
    hashes = sha256_cached([Path(path) for path in cohort.table["image_path"]], data)
    return dict(zip(cohort.table["image_id"], hashes, strict=True))


def decode(cohort: Cohort, sha256: Mapping[str, str | None], preprocessing: Node | None, data: Path) -> DecodedFilms:
    """Decode the films of a cohort unless that was done before.

    The store's name is the hash of everything that decides its content: the films' bytes, the preprocessing and the
    code of both, so that a change of any makes a new store and an equal one is opened.

    Raises
    ------
    ConfigError
        The preprocessing reads no films.
    """
    if not preprocessing:
        raise ConfigError("preprocessing=none reads no films", "preprocessing", "choose another")
    code = sha256_of_code(bonerisk.imaging, bonerisk.preprocessing)
    digest = fingerprint({"films": sorted(sha256.items()), "preprocessing": plain(preprocessing), "code": code})
    transform = component(preprocessing, Transform, "preprocessing")
    folder = data / cohort.name / digest[:16]
    images = store.build(folder, cohort.table[["image_id", "image_path"]], transform, transform.shape)
    return DecodedFilms(images, digest, transform.note)


def decoded(cohort: Cohort, preprocessing: Node | None, run: Run, data: Path) -> Films:
    """The decoded films of a cohort, recorded in the run, without those that can't be read.

    Raises
    ------
    ConfigError
        The dataset has no films, or the preprocessing reads none.
    DataError
        A film of one split is in another, too.
    """
    sha256 = hashed(cohort, data)
    found = decode(cohort, sha256, preprocessing, data)
    if found.note:
        run.note(found.note)
    run.reads("images", found.images.folder, digest=found.digest)
    readable = without_failures(cohort, found.images.failures)
    refuse_copies(readable, sha256, found.images.index.set_index("image_id")["perceptual"], run)
    return Films(readable, found.images)


def refuse_copies(cohort: Cohort, sha256: Mapping[str, str | None], perceptual: pd.Series, run: Run) -> None:
    """List films that are one image, and stop where they lie in two splits.

    Parameters
    ----------
    sha256 : mapping
        Of each film by image_id.
    perceptual : Series of bytes
        The same.

    Raises
    ------
    DataError
        A film of one split is in another, too.
    """
    names = cohort.table["image_id"]
    pairs = leaks.copies_of_films(cohort.table, [str(sha256[name]) for name in names], list(perceptual.loc[names]))
    if pairs.empty:
        return
    known = run.folder / "copies.csv"  # of another model's films, where several are judged together
    listed = pd.concat([pd.read_csv(known, dtype=str), pairs.astype(str)]) if known.is_file() else pairs
    with run.writes("copies", "copies.csv") as path:
        listed.drop_duplicates(["image_id", "other_image_id"]).to_csv(path, index=False)
    for note in leaks.refuse(pairs, str(run.folder / "copies.csv")):
        run.note(note)
        log.warning(note)


def without_failures(cohort: Cohort, failures: pd.DataFrame) -> Cohort:
    """The cohort without films that can't be read (`failures`: image_id, image_path, reason), as a step of its flow."""
    failed = cohort.table["image_id"].isin(failures["image_id"])
    table = cohort.table[~failed].reset_index(drop=True)
    patients = cohort.table.set_index("image_id")["patient_id"]
    refused = pd.DataFrame(
        {
            "file": failures["image_path"],
            "patient_id": failures["image_id"].map(patients),
            "image_id": failures["image_id"],
            "column": "image_path",
            "value": None,
            "reason": failures["reason"],
        }
    )
    rejected = pd.concat([cohort.rejected, refused]) if len(refused) else cohort.rejected
    if len(failures):
        first = failures.iloc[0]
        log.warning(
            f"{len(failures)} films can't be read and are left out (rejected.csv); the first, {first['image_path']}: "
            f"{first['reason']}"
        )
    flow = cohort.flow.step("film can be read", cohort.table, table, "listed in rejected.csv" if failed.any() else "")
    return replace(cohort, table=table, flow=flow, rejected=rejected)
