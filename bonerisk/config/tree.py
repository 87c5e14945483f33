"""The tree of configuration files, read as text: which groups a command knows, and their options.

Vocabulary: a *primary file* (``train.yaml``) is a command's table of contents; a *group* (``encoder/``) holds
*options* (``convnext_small.yaml``), of which a command chooses one; an option may have groups of its own
(``dataset/rules``). A user's own options lie in further folders of the same form (``hydra.searchpath``). Nothing here
imports Hydra, so ``--help`` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bonerisk.documents import read_yaml

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


def groups(command: str, folders: tuple[Path, ...] = ()) -> dict[str, Group]:
    """The groups in the defaults list of a command's primary file, in its order.

    Parameters
    ----------
    command : str
    folders : tuple of Path
        The user's own, besides `config_dir`.
    """
    return dict(_listed(config_dir() / f"{command}.yaml", "", (config_dir(), *folders)))  # callers may change it


def subgroups(group: str, option: str, folders: tuple[Path, ...] = ()) -> dict[str, Group]:
    """An option's own groups, such as ``dataset/rules`` of ``dataset/dicom_folder``."""
    everywhere = (config_dir(), *folders)
    files = (folder / group / f"{option}.yaml" for folder in everywhere)
    return next((_listed(file, f"{group}/", everywhere) for file in files if file.is_file()), {})


@cache
def _listed(file: Path, prefix: str, folders: tuple[Path, ...]) -> dict[str, Group]:
    found = {}
    for entry in (read_yaml(file) or {}).get("defaults", []):
        if isinstance(entry, dict):
            (name, default), *_ = entry.items()
            if name.startswith("override "):  # a preset's choice in a group that the command has
                continue
            options = {path.stem for folder in folders for path in (folder / prefix / name).glob("*.yaml")}
            found[prefix + name] = Group(prefix + name, default, tuple(sorted(options)))
    return found


def settings(command: str) -> dict[str, str]:
    """The comment after each top-level key of a primary file, groups excepted, as ``key -> "default  comment"``."""
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
