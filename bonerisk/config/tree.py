"""The tree of configuration files, read as text: which groups a command knows, and their options.

Vocabulary: a *primary file* (``train.yaml``) is a command's table of contents; a *group* (``encoder/``) holds
*options* (``convnext_small.yaml``), of which a command chooses one. Nothing here imports Hydra, so ``--help`` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def config_dir() -> Path:
    """The folder of the configuration files: inside an installed wheel, beside the package in a checkout."""
    installed = _PACKAGE / "configs"
    return installed if installed.is_dir() else _PACKAGE.parent / "configs"


@dataclass(frozen=True)
class Group:
    """A group of a command: its name, the option chosen by default (None: no option), and all options."""

    name: str
    default: str | None
    options: tuple[str, ...]


@cache
def groups(command: str) -> dict[str, Group]:
    """The groups in the defaults list of a command's primary file, in its order."""
    found = {}
    for entry in _primary(command).get("defaults", []):
        if isinstance(entry, dict):
            (name, default), *_ = entry.items()
            options = tuple(sorted(path.stem for path in (config_dir() / name).glob("*.yaml")))
            found[name] = Group(name, default, options)
    return found


def settings(command: str) -> dict[str, str]:
    """The comment behind each top-level key of a primary file that is no group, as ``key -> "default  comment"``."""
    lines = (config_dir() / f"{command}.yaml").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        key, colon, rest = line.partition(":")
        if colon and key.isidentifier() and key not in ("defaults", "hydra"):
            found[key] = rest.strip()
    return found


def summary(group: str, option: str) -> str:
    """The first comment line of an option's file: what it is and where it comes from."""
    with (config_dir() / group / f"{option}.yaml").open(encoding="utf-8") as file:
        comments = (line[1:].strip() for line in file if line.startswith("#") and "@package" not in line)
        return next(comments, "")


@cache
def _primary(command: str) -> dict:
    return yaml.safe_load((config_dir() / f"{command}.yaml").read_text(encoding="utf-8"))
