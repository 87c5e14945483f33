"""Pseudonyms for what leaves a hospital: salted hashes instead of identifiers and of the names of films.

The salt and the key (pseudonym to identifier and file) stay in the data folder, closed to other users. With the salt
anyone can test whether a known identifier is in a cohort, so it is not handed over; without it nobody can.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from bonerisk.errors import RunError
from bonerisk.imaging.lock import locked
from bonerisk.runs.folder import replacing

SALT, KEY, FILMS = ".salt", "key.csv", "films"
MAKE_ROOM = "free space there, or choose another folder with paths.data"
LENGTH = 16  # hex digits, 64 bits: two of a million patients share one with a chance of 3 in 10^8


def salt_of(data: Path) -> bytes:
    """Return the salt of a data folder, drawn at its first use.

    Raises
    ------
    RunError
        It can't be written, or was damaged.
    """
    path = data / SALT
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            unfinished = data / f"{SALT}-{os.getpid()}"
            unfinished.touch(0o600)  # before anything is in it
            unfinished.write_text(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                os.link(unfinished, path)  # atomic: one of two processes wins
            unfinished.unlink()
        salt = bytes.fromhex(path.read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"the salt of pseudonyms can't be used: {error}", str(path), "check the folder") from error
    if len(salt) != 32:
        raise RunError("the salt of pseudonyms is damaged", str(path), "restore it, or pseudonyms will not match")
    return salt


def private(folder: Path) -> None:
    """Make a folder that other users can't read.

    Raises
    ------
    RunError
        It can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise RunError(f"the folder can't be made: {error.strerror}", str(folder), MAKE_ROOM) from error


def pseudonyms(values: Iterable[str], salt: bytes) -> list[str]:
    """Hash each value with the salt (HMAC-SHA256)."""
    return [hmac.digest(salt, value.encode(), hashlib.sha256).hex()[:LENGTH] for value in values]


def hide(table: pd.DataFrame, folder: Path, salt: bytes) -> pd.DataFrame:
    """Give patients and films pseudonyms, and link each film under its pseudonym into `folder`.

    Parameters
    ----------
    table : DataFrame
        Columns `site`, `patient_id`, `image_id`, `image_path` (absolute).
    folder : Path
        Gets ``films/`` with the links and ``key.csv`` with the identifier and file of each pseudonym.
    salt : bytes

    Raises
    ------
    RunError
        The folder can't be written.
    """
    images = pseudonyms(table["image_id"], salt)
    hidden = table.assign(
        patient_id=pseudonyms(table["site"] + "\x1f" + table["patient_id"], salt),
        image_id=images,
        image_path=[str(folder / FILMS / image) for image in images],
    )
    key = hidden[["patient_id", "image_id", "site"]].assign(
        original_patient_id=table["patient_id"], original_image_id=table["image_id"], file=table["image_path"]
    )
    try:
        (folder / FILMS).mkdir(parents=True, exist_ok=True)
        for image, path in zip(images, table["image_path"], strict=True):
            _link(folder / FILMS / image, path)
        _keep(key, folder / KEY)
    except OSError as error:
        raise RunError(f"the pseudonyms can't be written: {error.strerror}", str(folder), MAKE_ROOM) from error
    return hidden


def _keep(key: pd.DataFrame, path: Path) -> None:
    """Write the key, with its rows of other cohorts' films; a path need not be valid UTF-8."""
    with locked(path.with_suffix(".lock"), "another command is writing the key of pseudonyms; waiting"):
        if path.exists():
            before = pd.read_csv(path, dtype=str, encoding_errors="surrogateescape")
            key = pd.concat([key, before]).drop_duplicates("image_id")
        with replacing(path) as unfinished:
            key.to_csv(unfinished, index=False, errors="surrogateescape")


def _link(link: Path, target: str) -> None:
    try:
        link.symlink_to(target)
    except FileExistsError:
        if str(link.readlink()) != target:
            link.unlink()
            link.symlink_to(target)
