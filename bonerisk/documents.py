"""Users' files read within bounds: a few kilobytes must not fill the memory, nor keep a command busy.

YAML and JSON are read here. What is `regular` can be read to its end, and every reader of a user's file asks for that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from bonerisk.errors import DataError

LARGEST_YAML = 2**20  # bytes; PyYAML reads a megabyte in some 5 s
DEEPEST = 50  # mappings and lists within each other
MOST_NODES = 100_000  # with each anchor counted wherever it stands: nine lists of nine anchors make 10^9
MOST_MEMORY = 2 * 2**30  # bytes that a file may become, however small it is
JSON_BYTES = {b",": 40, b"[": 70, b"{": 240}  # at most, in memory, of what each sign begins; its own texts besides


def read_yaml(path: Path) -> Any:
    """Content of a YAML file.

    Raises
    ------
    DataError
        It is no regular file, is larger than `LARGEST_YAML`, nested deeper than `DEEPEST`, holds more than `MOST_NODES`
        values, or itself, or is no YAML of plain values.
    OSError
        It can't be read.
    """
    size = regular(path).stat().st_size
    if size > LARGEST_YAML:
        raise DataError(f"the file has {size} bytes, of at most {LARGEST_YAML}", str(path), "this is no configuration")
    loader = yaml.SafeLoader(path.read_bytes())
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _count(node, {}, 0)
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise DataError(f"the file is no YAML that can be read: {said}", str(path), "mend the file") from None
    finally:
        loader.dispose()


def read_json(path: Path) -> Any:
    """Content of a JSON file, with or without a byte order mark.

    Raises
    ------
    DataError
        It is no regular file, no JSON, nested too deeply, or would take more than `MOST_MEMORY`.
    OSError
        It can't be read.
    """
    size = regular(path).stat().st_size
    if 3 * size > MOST_MEMORY:  # its bytes, their text and the texts in it
        raise _too_large(path, 3 * size)
    content = path.read_bytes()
    needed = 3 * size + sum(content.count(sign) * cost for sign, cost in JSON_BYTES.items())
    if needed > MOST_MEMORY:
        raise _too_large(path, needed)
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"the file is no JSON that can be read: {said}", str(path), "bring it back") from None


def regular(path: Path) -> Path:
    """Return `path`, unless it is there and no file with an end, as a pipe or ``/dev/zero``: reading one may never end.

    Raises
    ------
    DataError
        It is a pipe, a device or a folder.
    """
    if path.exists() and not path.is_file():
        if path.is_dir():
            raise DataError("this is a folder, not a file", str(path), "name a file")
        what = "this is a pipe or a device, not a file"
        raise DataError(what, str(path), "write the content to a file, and name that")
    return path


def _too_large(path: Path, needed: int) -> DataError:
    what = f"the file would take {needed / 2**30:.1f} GiB in memory, of at most {MOST_MEMORY / 2**30:.0f}"
    return DataError(what, str(path), "split it, or keep what is needed")


def _count(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """Number of values in a node, each anchor's counted wherever it stands; `known` has 0 for those still open."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    if id(node) in known:
        if not known[id(node)]:
            raise ValueError("a value holds itself")
        return known[id(node)]
    known[id(node)] = 0
    children = node.value if isinstance(node, yaml.CollectionNode) else []
    parts = [part for child in children for part in (child if isinstance(child, tuple) else (child,))]
    known[id(node)] = 1 + sum(_count(part, known, depth + 1) for part in parts)
    if known[id(node)] > MOST_NODES:
        raise ValueError(f"it holds more than {MOST_NODES} values, its anchors counted wherever they stand")
    return known[id(node)]
