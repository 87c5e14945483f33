"""Lists of refused rows: complete within the data folder, without identifiers or values outside it."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from bonerisk.cohort.refusals import describe
from bonerisk.hospital.pseudonyms import pseudonyms
from bonerisk.hospital.rules import Joined
from bonerisk.runs.folder import replacing

REJECTED, UNLINKED = "rejected.csv", "unlinked.csv"

log = logging.getLogger(__name__)


def keep(folder: Path, rejected: pd.DataFrame, unlinked: pd.DataFrame | None = None) -> None:
    """Write the full lists, with identifiers and values, into the data folder."""
    for name, table in ((REJECTED, rejected), *([] if unlinked is None else [(UNLINKED, unlinked)])):
        with replacing(folder / name) as path:
            table.to_csv(path, index=False, errors="surrogateescape")  # paths need not be UTF-8


def without_identifiers(rejected: pd.DataFrame, salt: bytes) -> pd.DataFrame:
    """Return refused rows by table and line, and films by pseudonym.

    Parameters
    ----------
    rejected : DataFrame
        Columns `bonerisk.cohort.table.REJECTED`; `row` is missing for films.
    salt : bytes
    """
    of_film = rejected["row"].isna()
    known = rejected.loc[of_film, "image_id"].dropna()
    images = pd.Series(pseudonyms(known, salt), known.index, dtype="object").reindex(rejected.index)
    files = pd.Series([Path(str(file)).name for file in rejected["file"]], rejected.index, dtype="object")
    return rejected.assign(patient_id=None, value=None, image_id=images, file=files.mask(of_film, None))


def log_summary(joined: Joined, rejected: pd.DataFrame, folder: Path) -> None:
    """Log how many rows were linked and what was refused, without values: logs are handed on."""
    for row in joined.links.to_dict("records"):
        log.info(
            f"{row['table']}: {row['linked_rows']} of {row['rows']} rows are of patients with a film; "
            f"{row['films_with']} films have such rows, {row['films_without']} have none"
        )
    if len(joined.unlinked):
        log.info(f"rows of patients without a film: {folder / UNLINKED}")
    if rejected.empty:
        return
    log.warning(f"refused (full list with values: {folder / REJECTED}):\n{describe(rejected, identifying=False)}")
