"""HDF5 of survival benchmarks: ``x`` (n, p), ``t`` (n,) and ``e`` (n,), at the root or in a group for each split.

The layout is that of the data published with DeepSurv (Katzman et al., BMC Med Res Methodol 2018;18:24). Only what the
file holds itself is read: links, and arrays whose values lie in other files, are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bonerisk.cohort.bounds import check_cell, check_columns, check_memory
from bonerisk.cohort.table import few
from bonerisk.documents import MOST_MEMORY
from bonerisk.errors import DataError, reason_of

if TYPE_CHECKING:
    import h5py

    Nodes = Mapping[str, h5py.Group | h5py.Dataset]

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
        The file is damaged, too large, has links or values in other files, or another layout; what it holds is listed.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _read(file, path)
    except OSError as error:
        raise DataError(f"the HDF5 file can't be read: {reason_of(error)}", str(path), "fetch it again") from error


def _read(file: h5py.File, path: Path) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    there = _nodes(file, path)
    inner = {name: _nodes(node, path) for name, node in there.items() if hasattr(node, "items")}
    groups = {name: nodes for name, nodes in inner.items() if "x" in nodes}
    splits = sorted(
        (name for name in groups if name.lower() in GROUPS), key=lambda name: list(GROUPS).index(name.lower())
    )
    if "x" in there:
        chosen, splits = [there], []
    elif splits:
        chosen = [groups[name] for name in splits]
    else:
        described = few(list(islice(_described(there, inner), 100))) or "nothing"
        raise DataError(f"the HDF5 file lacks {LAYOUT}; it holds {described}", str(path), MENDING)
    check_memory(sum(_size(node) for nodes in chosen for node in nodes.values()), path)
    parts = [_rows(nodes, f"{path}, group {name}", path) for name, nodes in zip(splits, chosen, strict=False)]
    parts = [part.assign(split=GROUPS[name.lower()]) for name, part in zip(splits, parts, strict=True)]
    parts = parts or [_rows(there, str(path), path)]
    widths = [nodes["x"].shape[1] for nodes in chosen]
    if len(set(widths)) > 1:
        raise DataError(f"x has {few([str(width) for width in widths])} columns in {few(splits)}", str(path), MENDING)
    features = tuple(f"x{number}" for number in range(widths[0]))
    rows = pd.concat(parts, ignore_index=True)
    return rows.set_axis(pd.RangeIndex(1, len(rows) + 1)), features, tuple(of for of in groups if of not in splits)


def _nodes(group: h5py.Group, path: Path) -> Nodes:
    """What a group holds, by name; raise DataError if that lies elsewhere."""
    import h5py

    found = {}
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise DataError(f"{name} is a link to another place, and links are not followed", str(path), MENDING)
        node = found[name] = group[name]
        if isinstance(node, h5py.Dataset) and (node.external or node.is_virtual):
            raise DataError(f"the values of {name} lie in other files, which are not read", str(path), MENDING)
    return found


def _size(node: h5py.Group | h5py.Dataset) -> int:
    """Bytes that an array becomes: numbers become float64."""
    return node.size * max(node.dtype.itemsize, 8) if hasattr(node, "dtype") and node.shape is not None else 0


def _rows(group: Nodes, where: str, path: Path) -> pd.DataFrame:
    x = group["x"]
    if getattr(x, "ndim", 0) != 2 or x.dtype.kind not in "fiub":
        raise DataError(f"x must be numbers in rows and columns, not {_of(x)}", where, MENDING)
    check_columns(x.shape[1], path)
    rows = pd.DataFrame(x[:].astype(np.float64), columns=[f"x{number}" for number in range(x.shape[1])])
    for name, array in group.items():
        fits = name != "x" and getattr(array, "size", -1) == len(rows) and array.dtype.kind in "fiubSO"
        if fits:
            rows[name] = _text(array, path) if array.dtype.kind in "SO" else array[:].reshape(-1)
        elif name in ("t", "e"):
            raise DataError(f"{name} is {_of(array)}, but x has {len(rows)} rows", where, MENDING)
    return rows


def _text(array: h5py.Dataset, path: Path) -> list[str]:
    """Texts of an array, each kept once: a thousand may be one long text of the file."""
    check_cell(array.dtype.itemsize, path)
    at_once = max(1, MOST_MEMORY // 4 // path.stat().st_size)  # no text is longer than the file
    found: list[str] = []
    known: dict[str, str] = {}
    for start in range(0, len(array), at_once):
        part = array.asstr()[start : start + at_once].reshape(-1)
        check_cell(max(map(len, part)), path)
        found += [known.setdefault(text, text) for text in part]
    return found


def _described(there: Nodes, inner: Mapping[str, Nodes]) -> Iterator[str]:
    for name, node in there.items():
        yield f"{name} {_of(node)}"
        yield from (f"{name}/{within} {_of(one)}" for within, one in inner.get(name, {}).items())


def _of(node: h5py.Group | h5py.Dataset) -> str:
    return f"{node.shape} {node.dtype}" if hasattr(node, "dtype") else "(group)"
