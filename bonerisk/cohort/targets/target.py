"""What a target is, and how one is found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Literal

from bonerisk.cohort.table import Cohort
from bonerisk.errors import ConfigError

Kind = Literal["binary", "ordinal", "amount", "survival", "points"]

# Type of `target` in a head that predicts one kind; the check of the configuration takes the names from `names`.
BinaryTarget = str
OrdinalTarget = str
AmountTarget = str
SurvivalTarget = str
PointsTarget = str

DXA = "DXA"  # the standard of a source of bone mass; other targets of such a source have their own
PACKAGE = "bonerisk.cohort.targets"
NEAR = 0.85  # similarity of a name to a target's from which it is a slip, not a column of the user's own


@dataclass(frozen=True)
class Words:
    """What the outcome is called.

    Parameters
    ----------
    outcome : str
        As in a heading: ``low bone mass``, ``fracture``.
    article : str
        Word before it in a sentence: nothing, "a" or "the".
    verb : str
        Verb before both: "has", or "will have" where patients are followed to it.
    """

    outcome: str
    article: str = ""
    verb: str = "has"

    @property
    def heading(self) -> str:
        """The outcome with a capital first: ``Low bone mass``, ``COVID-19``."""
        return self.outcome[:1].upper() + self.outcome[1:]

    @property
    def having(self) -> str:
        """What patients with the outcome have: ``low bone mass``, ``a fracture``."""
        return f"{self.article} {self.outcome}".strip()


@dataclass(frozen=True)
class Target:
    """What is predicted.

    Parameters
    ----------
    kind : {"binary", "ordinal", "amount", "survival", "points"}
        Yes or no, classes in order, an amount, time to an event, or points on the film.
    columns : tuple of str
        Columns of the selected table that hold it: `label` (int64: 1 or 0, or classes from 0, higher is worse), `event`
        and `time_years`, an amount's own column, or x and y of each point in pixels of the film.
    rows : callable
        From a cohort to the rows that take part, with a step of the flow for each reason to leave rows out, and the
        columns above. Raises `DataError` if no row is left or nothing can be learnt from the train split.
    words : Words
        For the page, where rows are films.
    words_of_table : Words
        For the page, where there are no films: a table's event may be any.
    known_from : frozenset of str
        Columns that the target was derived from, which therefore are no features.
    reference_standard : str, optional
        How the target was established; None: as the source says, such as DXA.
    truth : str
        Name of the simulated truth that is about the target: columns ``oracle_<truth>_…``.
    classes : tuple of str
        Bone class that each `label` from 0 on is; empty if one of them is none, or several.
    """

    kind: Kind
    columns: tuple[str, ...]
    rows: Callable[[Cohort], Cohort]
    words: Words
    words_of_table: Words
    known_from: frozenset[str] = frozenset()
    reference_standard: str | None = None
    truth: str = "bone"
    classes: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the points that it is, from the first to the last; empty if it is something else."""
        return tuple(name.removesuffix("_x_px") for name in self.columns[::2]) if self.kind == "points" else ()

    def established(self, source: str) -> str:
        """How the target was established, by a source that says how its labels were."""
        return self.reference_standard if self.reference_standard and source == DXA else source


@cache
def names() -> tuple[str, ...]:
    """Names of all targets: of the files beside this one that have a `TARGET`."""
    package = importlib.import_module(PACKAGE)
    files = [module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "target"]
    return tuple(name for name in files if hasattr(importlib.import_module(f"{PACKAGE}.{name}"), "TARGET"))


def find(name: str, words: str | None = None) -> Target:
    """The target with a name; any other name is that of a column of the user's own, yes or no.

    Names joined by a plus are points of the user's own: ``t12+l1+l2``.

    Parameters
    ----------
    name : str
    words : str, optional
        What a column of the user's own is called on the page; by default as it is named.

    Raises
    ------
    ConfigError
        The name is nearly that of a target, which is told; or words are given for a target that has its own.

    Examples
    --------
    >>> target = find("low_bone_mass")
    >>> target.kind, target.columns, target.words.having
    ('binary', ('label',), 'low bone mass')
    >>> find("covid", "COVID-19").words.having
    'COVID-19'
    >>> find("fractur")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bonerisk.errors.ConfigError: there is no target 'fractur'
      where: head.target
      mend:  did you mean fracture? targets: any_fracture, ...
    """
    if name in names():
        if words is not None:
            mend = "leave it out; it is for a column of your own"
            raise ConfigError(f"the target {name} has words of its own", "head.target_words", mend)
        target: Target = importlib.import_module(f"{PACKAGE}.{name}").TARGET
        return target
    if "+" in name:
        points: Target = importlib.import_module(f"{PACKAGE}.points").target(name.split("+"))
        return points
    near = [known for known in names() if known.startswith(f"{name}_")] or get_close_matches(name, names(), 1, NEAR)
    if near:
        mend = (
            f"did you mean {near[0]}? targets: {', '.join(names())}; a column of your own needs a less similar name, "
        )
        mend += f"as dataset.columns.{name}_of_mine={name}"
        raise ConfigError(f"there is no target {name!r}", "head.target", mend)
    own: Target = importlib.import_module(f"{PACKAGE}.own").target(name, words)
    return own


def is_own(name: str) -> bool:
    """Whether a name can be that of a user's own column: it is no target's, and not nearly one's."""
    try:
        return name not in names() and bool(find(name))
    except ConfigError:
        return False


def select(cohort: Cohort, name: str) -> Cohort:
    """The rows of a cohort that take part in a target, with its columns; see `Target.rows`.

    Raises
    ------
    ConfigError
        There is no such target.
    DataError
        No row is left, or all rows of the train split have one outcome.
    """
    return find(name).rows(cohort)
