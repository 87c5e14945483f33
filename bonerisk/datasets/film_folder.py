"""Films below a folder, found by the last parts of their paths: a collection is unpacked in more than one way."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from bonerisk.errors import DataError

OUTSIDE = "it lies outside dataset.image_root, by its path or by a symbolic link"


def find_films(root: Path, keys: Iterable[str]) -> dict[str, str]:
    """Find films by one walk through the folders, which does not enter those of other patients.

    Parameters
    ----------
    root : Path
    keys : iterable of str
        Last parts of the films' paths: ``00000001_000.png``, or ``patient00001/study1/view1_frontal.jpg``.

    Returns
    -------
    dict of str to str
        Absolute path of each film that is there.

    Raises
    ------
    DataError
        There is no such folder, or a film lies there twice.
    """
    if not root.is_dir():
        raise DataError("there is no such folder", str(root), "dataset.image_root=<folder of the films>")
    keys = [key for key in keys if ".." not in key.split("/")]
    below: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        below[key.partition("/")[0]].append(key)
    found: dict[str, str] = {}
    seen: set[str] = set()
    for folder, folders, files in os.walk(root.absolute(), followlinks=True):
        if (real := os.path.realpath(folder)) in seen:  # by a symbolic link
            folders.clear()
            continue
        seen.add(real)
        for name in sorted(below.keys() & {*folders, *files}):
            for key in below[name]:
                path = f"{folder}/{key}"
                if "/" in key and not Path(path).is_file():
                    continue
                if key in found:
                    what = f"the film {key} lies there twice: {found[key]} and {path}"
                    raise DataError(what, str(root), "dataset.image_root=<folder of one of the two>")
                found[key] = path
        if below.keys() & set(folders):
            folders.clear()  # these are patients' folders, in which nobody else's films lie
    return found


def outside(root: Path) -> Callable[[str], bool]:
    """A test of whether a file lies outside `root`, by its path or by a symbolic link.

    A table that was made elsewhere could name any image of this machine, which a page would then show.
    """
    inside = os.path.realpath(root).rstrip(os.sep) + os.sep
    folder = cache(os.path.realpath)

    def is_outside(path: str) -> bool:
        link = Path(path)
        real = os.path.realpath(link) if link.is_symlink() else f"{folder(link.parent)}{os.sep}"
        return not real.startswith(inside)

    return is_outside
