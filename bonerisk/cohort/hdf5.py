"""HDF5 of survival benchmarks: ``x`` (n, p), ``t`` (n,) and ``e`` (n,), at the root or in a group for each split.

The layout is that of the data published with DeepSurv (Katzman et al., BMC Med Res Methodol 2018;18:24).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.cohort.table import few
from bonerisk.errors import DataError, reason_of

if TYPE_CHECKING:
    import h5py

GROUPS = {"train": "train", "tune": "tune", "valid": "tune", "validation": "tune", "val": "tune", "test": "test"}
LAYOUT = "features x (one row per patient), times t and events e, in groups train and test or at the root"
MENDING = "write the file in this layout, or bring CSV or Parquet"


def read(path: Path) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Read `path`.

    Parameters
    ----------
    path : Path

    Returns
    -------
    rows : DataFrame
        Numbers or text: columns x0, x1, … of ``x``, any other array with one value per row by its own name, and `split`
        if there are groups; rows of train, tune and test in this order, counted from 1.
    features : tuple of str
        The columns of ``x``.
    left_out : tuple of str
        Groups with such arrays whose name is not a split.

    Raises
    ------
    DataError
        The file is damaged, or has another layout; what it holds is listed.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _read(file, path)
    except OSError as error:
        raise DataError(f"the HDF5 file can't be read: {reason_of(error)}", str(path), "fetch it again") from error


def _read(file: h5py.File, path: Path) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    groups = {name: group for name, group in file.items() if hasattr(group, "items") and "x" in group}
    splits = sorted(
        (name for name in groups if name.lower() in GROUPS), key=lambda name: list(GROUPS).index(name.lower())
    )
    if "x" in file:
        parts, splits = [_rows(file, str(path))], []
    elif splits:
        parts = [_rows(groups[name], f"{path}, group {name}").assign(split=GROUPS[name.lower()]) for name in splits]
    else:
        there = few(list(_described(file))) or "nothing"
        raise DataError(f"the HDF5 file lacks {LAYOUT}; it holds {there}", str(path), MENDING)
    widths = [group["x"].shape[1] for group in ([groups[name] for name in splits] or [file])]
    if len(set(widths)) > 1:
        raise DataError(f"x has {few([str(width) for width in widths])} columns in {few(splits)}", str(path), MENDING)
    features = tuple(f"x{number}" for number in range(widths[0]))
    rows = pd.concat(parts, ignore_index=True)
    return rows.set_axis(pd.RangeIndex(1, len(rows) + 1)), features, tuple(of for of in groups if of not in splits)


def _rows(group: h5py.Group, where: str) -> pd.DataFrame:
    x = group["x"]
    if getattr(x, "ndim", 0) != 2 or x.dtype.kind not in "fiub":
        raise DataError(f"x must be numbers in rows and columns, not {_of(x)}", where, MENDING)
    rows = pd.DataFrame(x[:].astype(np.float64), columns=[f"x{number}" for number in range(x.shape[1])])
    for name, array in group.items():
        fits = name != "x" and getattr(array, "size", -1) == len(rows) and array.dtype.kind in "fiubSO"
        if fits:
            rows[name] = (array.asstr()[:] if array.dtype.kind in "SO" else array[:]).reshape(-1)
        elif name in ("t", "e"):
            raise DataError(f"{name} is {_of(array)}, but x has {len(rows)} rows", where, MENDING)
    return rows


def _described(group: h5py.Group, prefix: str = "") -> Iterator[str]:
    for name, node in group.items():
        yield f"{prefix}{name} {_of(node)}"
        if hasattr(node, "items"):
            yield from _described(node, f"{prefix}{name}/")


def _of(node: h5py.Group | h5py.Dataset) -> str:
    return f"{node.shape} {node.dtype}" if hasattr(node, "dtype") else "(group)"
