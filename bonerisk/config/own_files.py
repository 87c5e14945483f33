"""A user's own files of options: each fills its own group and nothing else, and none is too large to be read.

Such files are shared between hospitals. One that could set ``hydra.*`` would run any code: Hydra builds callbacks,
launchers and logging from those keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bonerisk.documents import read_yaml
from bonerisk.errors import BoneriskError, ConfigError

PACKAGE = re.compile(r"^\s*#\s*@package\b.*", re.MULTILINE)


def faults(folder: Path) -> Iterator[ConfigError]:
    """Yield an error for each file of a folder of options that reaches beyond its group, or can't be read."""
    if (folder / "hydra").exists():
        mend = "remove it; hydra.* is set on the command line"
        yield ConfigError(
            "a folder of options can't have settings of Hydra, which could run any code", str(folder), mend
        )
    for path in sorted(folder.rglob("*.y*ml")):
        try:
            content = read_yaml(path)
            header = PACKAGE.search(path.read_text(encoding="utf-8"))
        except (BoneriskError, OSError, UnicodeDecodeError) as error:
            what = error.what if isinstance(error, BoneriskError) else f"the file can't be read: {error}"
            yield ConfigError(what, str(path), "mend the file")
            continue
        if header:
            what = f"{header[0].strip()!r}: a file of options fills its own group, {_group(path, folder)}"
            yield ConfigError(what, str(path), "remove this line")
        for entry in _defaults(content):
            if re.search(r"@|\.\.|\bhydra\b", entry):
                what = f"the defaults list has {entry!r}, which reaches beyond the group {_group(path, folder)}"
                yield ConfigError(what, str(path), "name options of its own group, or groups within it")


def _group(path: Path, folder: Path) -> str:
    return str(path.parent.relative_to(folder))


def _defaults(content: Any) -> Iterator[str]:
    """The entries of a file's defaults list as text."""
    listed = content.get("defaults") if isinstance(content, dict) else None
    for entry in listed if isinstance(listed, list) else [listed or ""]:
        pairs = entry.items() if isinstance(entry, dict) else [(entry, "")]
        yield from (f"{key}: {value}".removesuffix(": ") for key, value in pairs)
