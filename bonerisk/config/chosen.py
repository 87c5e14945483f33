"""What a command line chooses: options of groups, values of keys, and every combination that a sweep makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from bonerisk.config.own_files import faults
from bonerisk.config.tree import Group, groups, subgroups
from bonerisk.errors import ConfigError

SEARCHED = "hydra.searchpath"  # where a user's own options lie


def own_folders(overrides: list[Override], errors: list[ConfigError]) -> tuple[Path, ...]:
    """The user's own folders of options, from hydra.searchpath=[file://FOLDER]."""
    found: list[Path] = []
    for item in overrides:
        for name in itertools.chain.from_iterable(elements(item) if item.key_or_group == SEARCHED else ()):
            folder = Path(getattr(name, "text", name).removeprefix("file://"))
            if folder.is_dir():
                found.append(folder)
                errors += faults(folder)
            else:
                errors.append(ConfigError(f"there is no folder {folder}", SEARCHED, f"'{SEARCHED}=[file://FOLDER]'"))
    return tuple(found)


def known_groups(command: str, overrides: list[Override], folders: tuple[Path, ...]) -> dict[str, Group]:
    """The groups of a command, and the chosen options' own groups."""
    known = groups(command, folders)
    for group in list(known.values()):
        chosen = [option for item in overrides if item.key_or_group == group.name for option in options(item)]
        for option in chosen or [str(group.default)]:
            known |= subgroups(group.name, option, folders)
    return known


def combinations(known: dict[str, Group], chosen: list[Override], folders: tuple[Path, ...]) -> Iterator[list[str]]:
    """Every combination of options in a sweep; a wrong one is replaced by the nearest, so that the rest is checked."""
    of_group = {group.name: [group.options[0]] for group in known.values() if group.default == "???"}
    for item in chosen:
        allowed = (*known[item.key_or_group].options, "null")
        of_group[item.key_or_group] = [closest(option, allowed) or allowed[0] for option in options(item)]
    names = sorted(of_group, key=lambda name: "/" in name)
    for combination in itertools.product(*(of_group[name] for name in names)):
        taken = dict(zip(names, combination, strict=True))
        lacking = [name for name in taken if _parent(name) in taken and not _has(name, taken, folders)]
        yield [f"{name}={option}" for name, option in taken.items() if name not in lacking]


def _parent(group: str) -> str:
    return group.rpartition("/")[0]


def _has(group: str, taken: dict[str, str], folders: tuple[Path, ...]) -> bool:
    return group in subgroups(_parent(group), taken[_parent(group)], folders)


def choices(item: Override) -> list[str]:
    """An override as the plain overrides that a sweep makes of it."""
    if item.is_interval_sweep():
        return []  # the sweeper draws from it
    if not item.is_sweep_override():
        return [item.input_line or ""]
    return [f"{item.get_key_element()}={value}" for value in item.sweep_string_iterator()]


def options(item: Override) -> list[str]:
    """The options, or values, that an override gives to its group or key, as text."""
    return [text.partition("=")[2] for text in choices(item)]


def elements(item: Override) -> Iterable[Any]:
    """The values that an override gives to its key, as Hydra understands them."""
    if item.is_interval_sweep():
        return []
    values = item.sweep_iterator() if item.is_sweep_override() else [item.value()]
    return (getattr(value, "text", value) for value in values)  # a quoted string's text


def closest(name: str, known: Iterable[str]) -> str | None:
    """The nearest of the known names, or the same name deeper in the tree; None if none is near.

    >>> closest("training.lrr", ["training.lr"]), closest("lr", ["training.lr"])
    ('training.lr', 'training.lr')
    >>> closest("training.logger", ["training.lr"]), closest("dataset.features", ["features"])  # no mends
    (None, None)
    """
    known, last = [item for item in known if item.count(".") >= name.count(".")], _last(name)
    near = get_close_matches(name, [item for item in known if _alike(_last(item), last)], n=1, cutoff=0.6)
    deeper = [item for item in known if _last(item) == last and item.count(".") > name.count(".")]
    return next(iter([*near, *deeper]), None)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _alike(one: str, other: str) -> bool:
    return bool(get_close_matches(one, [other], cutoff=0.6))
