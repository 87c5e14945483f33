"""From a cohort and a preprocessing to decoded films."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

import bonerisk.imaging
import bonerisk.preprocessing
from bonerisk.cohort import leaks
from bonerisk.cohort.table import Cohort
from bonerisk.config.build import build, plain
from bonerisk.errors import ConfigError
from bonerisk.imaging import store
from bonerisk.runs.folder import Run
from bonerisk.runs.hashing import fingerprint, sha256_cached, sha256_of_code

log = logging.getLogger(__name__)


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

    def rows(self, table: pd.DataFrame) -> Any:
        """Rows (m,) int64 of the images of a table's films, in its order."""
        return self.images.rows.loc[table["image_id"]].to_numpy()


def decoded(cohort: Cohort, dataset: Any, preprocessing: Mapping[str, Any], run: Run, data: Path) -> Films:
    """Decode the films of a cohort unless that was done before, and drop those that can't be read.

    The store's name is the hash of everything that decides its content: the films' bytes, the preprocessing and the
    code of both, so that a change of any makes a new store and an equal one is opened.

    Raises
    ------
    ConfigError
        The dataset has no films, or the preprocessing reads none.
    """
    if cohort.features or not preprocessing:
        what = f"{cohort.name} has no films" if cohort.features else "preprocessing=none reads no films"
        mend = "model=cox learns from a table's columns; other models need a dataset of films and a preprocessing"
        raise ConfigError(what, "dataset" if cohort.features else "preprocessing", mend)
    if hasattr(dataset, "make_films"):
        dataset.make_films(cohort, data)
    hashes = sha256_cached([Path(path) for path in cohort.table["image_path"]], data)
    code = sha256_of_code(bonerisk.imaging, bonerisk.preprocessing)
    films = sorted(zip(cohort.table["image_id"], hashes, strict=True))
    digest = fingerprint({"films": films, "preprocessing": plain(preprocessing), "code": code})
    folder = data / cohort.name / digest[:16]
    transform = build(preprocessing)
    size = (transform.size, transform.size)
    if hasattr(transform, "note"):
        run.note(transform.note)
    images = store.build(folder, cohort.table[["image_id", "image_path"]], transform, size)
    run.reads("images", folder, digest=digest)
    readable = _readable(cohort, images.failures)
    _refuse_copies(readable, dict(zip(cohort.table["image_id"], hashes, strict=True)), images, run)
    return Films(readable, images)


def _refuse_copies(cohort: Cohort, hashes: Mapping[str, str | None], images: store.Store, run: Run) -> None:
    """List films that are one image, and stop where they lie in two splits.

    Raises
    ------
    DataError
        A film of one split is in another, too.
    """
    names = cohort.table["image_id"]
    perceptual = images.index.set_index("image_id")["perceptual"].loc[names]
    pairs = leaks.copies_of_films(cohort.table, [str(hashes[name]) for name in names], list(perceptual))
    if len(pairs):
        with run.writes("copies", "copies.csv") as path:
            pairs.to_csv(path, index=False)
    for note in leaks.refuse(pairs, str(run.folder / "copies.csv")):
        run.note(note)
        log.warning(note)


def _readable(cohort: Cohort, failures: pd.DataFrame) -> Cohort:
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
