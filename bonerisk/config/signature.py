"""Types of a target's arguments, read from its source without importing it, so that a check need not load torch."""

from __future__ import annotations

import ast
import importlib.util
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import bonerisk.named
from bonerisk.cohort.targets import target as targets
from bonerisk.errors import ConfigError

_NAMES = {"Any": Any, "Literal": Literal, "Mapping": Mapping, "Sequence": Sequence, "Path": Path}
_NAMES |= {name: getattr(bonerisk.named, name) for name in bonerisk.named.NAMED}


OWN = ("BinaryTarget", "PointsTarget")  # targets of heads that can predict a user's own column or points, too


class OwnColumn:
    """Type of the name of a user's own column, which is no target's and not nearly one's."""


@cache
def argument_types(target: str) -> dict[str, object]:
    """Argument names of a class or function and their types (`Any` without an annotation).

    Parameters
    ----------
    target : str
        Dotted path as in ``_target_``. A class is read by its ``__init__``, or by its fields if it is a dataclass.

    Raises
    ------
    LookupError
        There is no such module, class or function.
    """
    return {name: _type(annotation) for name, annotation in _arguments(target).items()}


def component(target: object) -> str:
    """Return a ``_target_`` that names a class of bonerisk.

    Raises
    ------
    ConfigError
        It names anything else: a file of a user's own, or of a run, must not call other code. Other modules are not
        even looked for, which would import the packages that they lie in.
    """
    ours = isinstance(target, str) and re.fullmatch(r"bonerisk(\.[a-z]\w*)+\.[A-Z]\w*", target)
    try:
        if ours:
            _arguments(str(target))
            return str(target)
    except LookupError:
        pass
    raise ConfigError(f"{target!r} is no component of bonerisk", "_target_", "copy that of an existing option")


def named(target: str) -> dict[str, str]:
    """Those arguments whose text names something that must exist, and what: one of `bonerisk.named.NAMED`."""
    names = {name: _names(annotation) & set(bonerisk.named.NAMED) for name, annotation in _arguments(target).items()}
    return {name: kind for name, kinds in names.items() for kind in kinds}


@cache
def _arguments(target: str) -> dict[str, ast.expr | None]:
    module, _, name = target.rpartition(".")
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise LookupError(f"no module {module!r}")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _of_function(node)
        if isinstance(node, ast.ClassDef) and node.name == name:
            inits = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
            return _of_function(inits[0]) if inits else {**_inherited(tree, node), **_of_fields(node)}
    raise LookupError(f"no {name!r} in module {module!r}")


def _inherited(tree: ast.Module, node: ast.ClassDef) -> dict[str, ast.expr | None]:
    """Fields of the bases of a dataclass that its module imports from others of ours."""
    bases = {ast.unparse(base) for base in node.bases}
    imports = [item for item in tree.body if isinstance(item, ast.ImportFrom)]
    ours = [item for item in imports if (item.module or "").startswith("bonerisk.")]
    found: dict[str, ast.expr | None] = {}
    for item in ours:
        for alias in item.names:
            if alias.name in bases:
                found |= _arguments(f"{item.module}.{alias.name}")
    return found


def _of_function(node: ast.FunctionDef) -> dict[str, ast.expr | None]:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return {item.arg: item.annotation for item in arguments if item.arg != "self"}


def _of_fields(node: ast.ClassDef) -> dict[str, ast.expr | None]:
    found = [item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
    fields = [item for item in found if not ast.unparse(item.annotation).startswith("ClassVar")]
    return {item.target.id: item.annotation for item in fields if isinstance(item.target, ast.Name)}


def _type(annotation: ast.expr | None) -> object:
    if annotation is None:
        return Any
    try:
        return eval(compile(ast.Expression(annotation), "<annotation>", "eval"), _NAMES | _targets(annotation))
    except NameError:
        return Any  # one of our classes: built from its own node, never typed on a command line


def _targets(annotation: ast.expr) -> dict[str, object]:
    """What names such as ``BinaryTarget`` stand for, alone or in a union: the names of the targets of that kind."""
    names = {name for name in _names(annotation) if name.endswith("Target")}
    found = {name: _of_kind(name.removesuffix("Target").lower()) for name in names}
    return {name: Literal[of] | OwnColumn if name in OWN else Literal[of] for name, of in found.items() if of}


def _names(annotation: ast.expr | None) -> set[str]:
    nodes = ast.walk(annotation) if annotation else ()
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _of_kind(kind: str) -> tuple[str, ...]:
    return tuple(name for name in targets.names() if targets.find(name).kind == kind)


def describe(hint: object) -> str:
    """A type in a user's words: ``int``, ``float or null``, ``weak | none``, ``list of str``."""
    if get_origin(hint) is Literal:
        return " | ".join(str(value) for value in get_args(hint))
    if _is_union(hint):
        return " or ".join(describe(part) for part in get_args(hint))
    if hint is type(None):
        return "null"
    if is_open(hint) and get_args(hint):
        return f"{{name: {describe(get_args(hint)[1])}}}"
    if hint is OwnColumn:
        return "a column of your own"
    name = getattr(hint, "__name__", str(hint))
    return f"{name} of {describe(get_args(hint)[0])}" if get_origin(hint) is list else name


def conforms(value: object, hint: object) -> bool:
    """Whether a value can stand for `hint`; an integer is a float, but no number is text."""
    return not any(misfits(value, hint))


def misfits(value: object, hint: object, place: str = "") -> Iterator[tuple[str, object, object]]:
    """Yield place, value and type wanted of whatever in `value` can't stand for `hint`.

    Examples
    --------
    >>> list(misfits({"hiv": {"icd9": ["042", 34]}}, dict[str, dict[str, list[str]]], "codes"))
    [('codes.hiv.icd9', 34, <class 'str'>)]
    """
    parts = get_args(hint) if _is_union(hint) else (hint,)
    if isinstance(value, Mapping) and (within := inner(hint, "{")) is not None:
        for key, item in value.items():
            if not isinstance(key, str):
                yield place, key, str
            yield from misfits(item, within, f"{place}.{key}")
    elif isinstance(value, list) and (within := inner(hint, "[")) is not None:
        for item in value:
            yield from misfits(item, within, place)
    elif not any(_is_one(value, part) for part in parts):
        yield place, value, hint


def _is_one(value: object, hint: object) -> bool:
    """Whether a value that holds no others can stand for a type that is no union."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if hint is Any:
        return True
    if hint is OwnColumn:
        return isinstance(value, str) and targets.is_own(value)
    if hint in (type(None), None):
        return value is None
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    if hint is Path:
        return isinstance(value, str)
    return isinstance(hint, type) and isinstance(value, hint)


def inner(hint: object, bracket: str) -> object:
    """The type of what stands in a list ("[") or mapping ("{") of this type; None if it is neither."""
    kinds = (list, tuple, Sequence) if bracket == "[" else (dict, Mapping)
    for part in get_args(hint) if _is_union(hint) else (hint,):
        if part is Any:
            return Any
        if (get_origin(part) or part) in kinds:
            return (get_args(part) or (Any,))[0 if bracket == "[" else -1]
    return None


def is_text(hint: object) -> bool:
    """Whether a single value of this type is text, and can be no number or truth value."""
    parts = get_args(hint) if _is_union(hint) else (hint,)
    return bool({str, Path} & set(parts)) and not {int, float, bool, Any} & set(parts)


def cast(value: object, hint: object) -> object:
    """A number as text where its type is text: runs of older versions have such values."""
    return str(value) if isinstance(value, int | float) and is_text(hint) else value


def is_open(hint: object) -> bool:
    """Whether the type is a mapping that takes the user's own keys."""
    return (
        any(is_open(part) for part in get_args(hint))
        if _is_union(hint)
        else (get_origin(hint) or hint) in (dict, Mapping)
    )


def _is_union(hint: object) -> bool:
    return get_origin(hint) in (Union, types.UnionType)
