"""The check before Hydra runs: every mistake of a command line at once, each with the nearest right name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bonerisk.config.as_typed import as_typed
from bonerisk.config.chosen import (
    SEARCHED,
    choices,
    closest,
    combinations,
    elements,
    known_groups,
    options,
    own_folders,
)
from bonerisk.config.schema import PRIMARY
from bonerisk.config.signature import OwnColumn, argument_types, component, conforms, describe, inner, is_open, misfits
from bonerisk.config.tree import Group, config_dir
from bonerisk.errors import ConfigError, raise_together

EXPRESSION = "dataset.where="  # a value with signs that Hydra's grammar has no place for


def check(command: str, texts: list[str], *, multirun: bool, printing: bool = False) -> DictConfig:
    """Parse, compose and check the overrides of one command; return the configuration (of a sweep's first job).

    Parameters
    ----------
    command : str
        Name of a primary file.
    texts : list of str
        Overrides in Hydra's grammar.
    multirun : bool
        Whether several values of a key are a sweep.
    printing : bool
        Whether the configuration is only to be printed, so that values may be missing.

    Raises
    ------
    ConfigError
        With every unknown group, option and key, wrong type and missing value.
    """
    errors: list[ConfigError] = []
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        overrides = list(_parsed(texts, errors))
        errors += _misused(overrides, multirun)
        folders = own_folders(overrides, errors)
        if folders:
            raise_together(errors)  # a file that may do harm is not even composed
        known = known_groups(command, overrides, folders)
        chosen = [item for item in overrides if item.key_or_group in known]
        values = [item for item in overrides if item.key_or_group not in known and not item.is_hydra_override()]
        errors += itertools.chain.from_iterable(_option_errors(item, known[item.key_or_group]) for item in chosen)
        unchosen = _open(known, chosen)
        errors += _unchosen(unchosen)
        searched = [item.input_line or "" for item in overrides if item.key_or_group == SEARCHED and folders]
        for combination in combinations(known, chosen, folders):
            config = _composed(command, [*combination, *searched])
            errors += _file_errors(config)
            found = itertools.chain.from_iterable(_value_errors(command, item, config, known) for item in values)
            missing = () if printing else _missing(config, values, unchosen)
            errors += [error for error in (*found, *missing) if str(error) not in map(str, errors)]
        raise_together(errors)
        return _compose_whole(command, overrides, config, throw_on_missing=not printing)


def quoted(texts: Iterable[str]) -> list[str]:
    r"""Overrides with an expression quoted as Hydra wants it, if it is not yet: a shell took the user's quotes away.

    >>> quoted(["dataset.where=sex == 'F'", "dataset.where='age_years > 50'", "seed=1"])
    ['dataset.where="sex == \'F\'"', "dataset.where='age_years > 50'", 'seed=1']
    """
    return [_quoted(*text.partition("=")) if text.startswith(EXPRESSION) else text for text in texts]


def _quoted(key: str, sign: str, value: str) -> str:
    done = value == "null" or re.fullmatch(r"""(["'])((?!\1)[^\\]|\\.)*\1""", value)
    escaped = value.replace('"', '\\"')
    return f"{key}{sign}{value}" if done else f'{key}{sign}"{escaped}"'


def opened(command: str, texts: Iterable[str], config: DictConfig) -> list[str]:
    """Overrides as Hydra wants them, with quotes around text that looks like a number.

    Hydra takes a key of the user's own (as dataset.columns.x) only after ++. Such keys have three parts or more;
    existing keys of three parts or more take ++ as well, and so does a mapping given as a whole.
    """
    found = []
    for text in texts:
        key = text.partition("=")[0]
        hint = _hint(command, config, key)
        own = key.count(".") > 1 and not key.startswith(("hydra.", "+", "~"))
        found.append(("++" if own or is_open(hint) else "") + as_typed(text, hint))
    return found


def _parsed(texts: list[str], errors: list[ConfigError]) -> Iterator[Override]:
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())  # for globs
    for text in texts:
        try:
            yield parser.parse_override(text)
        except HydraException as error:
            mend = "write key=value; quote values of more than letters a to z, digits and ./-_, as 'key=\"a, ö\"'"
            errors.append(
                ConfigError(
                    f"{text!r} is not an override ({str(error.__cause__ or error).splitlines()[0]})",
                    "command line",
                    mend,
                )
            )


def _misused(overrides: list[Override], multirun: bool) -> Iterator[ConfigError]:
    for item in overrides:
        if (item.is_add() or item.is_force_add() or item.is_delete()) and not item.is_hydra_override():
            mend = f"write {item.key_or_group}=…; an unknown key can't be added"
            yield ConfigError(f"{item.input_line!r}: '+', '++' and '~' are for hydra.* alone", item.key_or_group, mend)
        if item.is_sweep_override() and not multirun:
            yield ConfigError(
                f"{item.input_line!r} names several values", item.key_or_group, "sweep with -m, or quote the commas"
            )


def _option_errors(item: Override, group: Group) -> Iterator[ConfigError]:
    for option in options(item):
        if option not in group.options and not (option == "null" and group.default is None):
            mend = _nearest(option, group.options, f"{group.name}=") + f"options: {', '.join(group.options)}"
            yield ConfigError(f"{group.name} has no option {option!r}", group.name, mend)


def _unchosen(unchosen: list[Group]) -> Iterator[ConfigError]:
    for group in unchosen:
        mend = f"add {group.name}=…; options: {', '.join(group.options)}"
        yield ConfigError(f"no option of group {group.name!r} is chosen", group.name, mend)


def _open(known: dict[str, Group], chosen: list[Override]) -> list[Group]:
    """Groups of which an option must be chosen, and is not."""
    given = {item.key_or_group for item in chosen}
    return [group for group in known.values() if group.default == "???" and group.name not in given]


def _composed(command: str, overrides: list[str]) -> DictConfig:
    try:
        return compose(command, overrides)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:  # the user's own file
        raise ConfigError(" ".join(str(error).split()), "configuration", "mend the file that it names") from None


def _file_errors(node: DictConfig, place: str = "") -> Iterator[ConfigError]:
    """Yield errors in files of options: keys that no argument has, and values of the wrong type."""
    try:
        types = argument_types(component(node["_target_"])) if "_target_" in node else None
    except ConfigError as error:
        yield ConfigError(error.what, f"the file of {place}", f"_target_: {error.mend}")
        return
    for key in map(str, node):
        name, child = f"{place}.{key}".lstrip("."), node._get_node(key)
        if types is not None and key != "_target_" and key not in types:
            mend = _nearest(key, types, "") + f"keys: {', '.join(types)}"
            yield ConfigError(f"{name} is not a known key", f"the file of {place}", mend)
        elif types is not None and is_open(types.get(key)):
            value = OmegaConf.to_container(child) if isinstance(child, DictConfig) else child
            yield from _misfits(value, types[key], name, f"the file of {place}")
        elif isinstance(child, DictConfig) and not child._is_none() and not child._is_missing():
            if types is not None and types.get(key) is Any and "_target_" not in child:
                yield ConfigError(f"{name} has no _target_", f"the file of {name}", "copy that of an existing option")
            yield from _file_errors(child, name)
        elif types is not None and key in types and not OmegaConf.is_missing(node, key):
            value = OmegaConf.to_container(child) if OmegaConf.is_list(child) else node[key]
            if key != "_target_":
                yield from _misfits(value, types[key], name, f"the file of {place}")


def _misfits(value: object, hint: object, name: str, where: str) -> Iterator[ConfigError]:
    """Yield errors in a value of a file; YAML reads 042 as 34, and an unquoted no as a truth value."""
    for place, wrong, wanted in misfits(value, hint, name):
        if "${" not in str(wrong):
            spoilt = isinstance(wrong, int | float) and not conforms(0, wanted)
            mend = 'put it into quotes, as "042": without them YAML reads a number or a truth value' if spoilt else ""
            yield ConfigError(f"{place} must be {describe(wanted)}, not {wrong!r}", where, mend)


def _value_errors(command: str, item: Override, config: DictConfig, known: dict[str, Group]) -> Iterator[ConfigError]:
    key = item.key_or_group
    hint = _hint(command, config, key)
    if hint is None:
        leaves = sorted({*_leaves(config), *known})
        mend = _nearest(key, leaves, "") + f"`bonerisk {command} --cfg job …` prints every key"
        yield ConfigError(f"there is no key {key!r} here", "command line", mend)
        return
    node = OmegaConf.select(config, key)
    if isinstance(node, DictConfig) and "_target_" in node:
        group = key.replace(".", "/")
        yield ConfigError(f"{key} is a group of keys, not a value", key, f"choose an option of it, as {group}=…")
        return
    for value in elements(next(_parsed([as_typed(item.input_line or "", hint)], []))):
        if key.endswith("seed") and isinstance(value, int) and value < 0:
            yield ConfigError(f"{key} is {value}, but must be 0 or more", key)
        if not conforms(value, hint) and "${" not in str(value):
            mend = f"write {key}=<{describe(hint)}>"
            if OwnColumn in get_args(hint) and isinstance(value, str):
                mend += f"; your own column needs a name less like a target's, as {key}={value}_of_mine "
                mend += f"dataset.columns.{value}_of_mine=<column>"
            yield ConfigError(f"{key} must be {describe(hint)}, not {value!r}", key, mend)


def _hint(command: str, config: DictConfig, key: str) -> object:
    """The type that a key must have; None if there is no such key."""
    if key in PRIMARY[command]:
        return PRIMARY[command][key]
    first, *rest = key.split(".")
    node: object = config.get(first)
    while rest and isinstance(node, DictConfig) and "_target_" in node:
        name, *rest = rest
        if name not in set(node):  # `in node` would pass over a value that is still missing
            return None
        hint = argument_types(node["_target_"]).get(name)
        if not rest:
            return hint
        if is_open(hint):
            if _misspelt(rest[0], node.get(name)):
                return None
            for _ in rest:
                hint = inner(hint, "{")
            return hint
        node = node.get(name)
    return None


def _misspelt(key: str, known: Iterable[object] | None) -> bool:
    """Whether a user's own key is nearly an existing one."""
    names = list(map(str, known or ()))
    return key not in names and bool(get_close_matches(key, names, n=1, cutoff=0.8))


def _missing(config: DictConfig, values: list[Override], unchosen: list[Group]) -> Iterator[ConfigError]:
    """Yield the keys without a value, except those of the options that stand in for unchosen ones."""
    given = {item.key_or_group for item in values}
    of_unchosen = tuple(f"{group.name}." for group in unchosen)
    for key in sorted(OmegaConf.missing_keys(config) - given):
        if key.startswith(of_unchosen):
            continue
        yield ConfigError(f"{key} has no value", key, f"add {key}=…")


def _compose_whole(command: str, overrides: list[Override], known: DictConfig, throw_on_missing: bool) -> DictConfig:
    """Compose everything once as Hydra will, hydra.* included, and resolve it; `known` has the keys."""
    try:
        first = [text for item in overrides for text in choices(item)[:1]]
        config = compose(command, opened(command, first, known), return_hydra_config=True)
        with open_dict(config):
            del config["hydra"]  # its own interpolations resolve only inside a job
        OmegaConf.to_container(config, resolve=True, throw_on_missing=throw_on_missing)
        return config
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(str(error).splitlines()[0], "configuration", "`--cfg job` prints the configuration") from None


def _leaves(config: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, config):
        name = f"{prefix}{key}"
        node = config._get_node(key)
        if isinstance(node, DictConfig) and not node._is_none() and not node._is_missing():
            yield from _leaves(node, f"{name}.")
        elif not key.startswith("_"):
            yield name


def _nearest(name: str, known: Iterable[str], prefix: str) -> str:
    """«did you mean …?», if a name is near or exists elsewhere in the tree."""
    near = closest(name, known)
    return f"did you mean {prefix}{near}? " if near else ""
