"""What a page must know of each metric: declared beside the metric, found by the name that it has in metrics.csv.

A metric function is declared with `described`. A module of `bonerisk.evaluation.tables` that makes rows without a
metric function has a dictionary ``ABOUT`` (name → `About`). A metric without a declaration goes by its own name.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeVar, get_args

Kind = Literal[
    "ranking",
    "error",
    "calibration",
    "threshold",
    "class",
    "observed",
    "follow_up",
    "decision",
    "reclassification",
    "other",
]
Function = TypeVar("Function", bound=Callable[..., object])

PACKAGES = ("bonerisk.evaluation.metrics", "bonerisk.evaluation.tables")
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class About:
    """What a page must know of a metric.

    Parameters
    ----------
    name : str
        In words, as a table's head has it: "Brier score".
    kind : str
        What it is about: "ranking"; "error" and "calibration" of probabilities; what a "threshold" does; one "class" of
        several; what was "observed", independent of any model; "follow_up", how long patients were followed;
        "decision" (net benefit); "reclassification"; "other". Pages order metrics by it.
    decimals : int
        Decimals of the printed value, after `scale`.
    lower, upper : float
        Range of the value.
    higher_is_better : bool, optional
        None: neither direction is better, or the best value lies within the range.
    paired : bool
        Whether the difference between two models on the same patients makes sense.
    scale : float
        What a printed value is multiplied by, as 1000 for a net benefit per 1,000 patients.
    percent : bool
        Whether it is printed as a percentage.
    until_horizon : bool
        Whether it counts all that happened until a horizon: "by 5 years"; otherwise "at 5 years".
    of_prevalence : bool
        Whether it depends on how frequent the outcome is, so that draws that keep the number of cases are too alike.
    if_competing : bool
        Whether it says something new only if another event competes; pages leave it out if none does.
    meaning : str
        In one sentence, for a reader who does not know it.
    """

    name: str
    kind: Kind = "other"
    decimals: int = 2
    lower: float = -math.inf
    upper: float = math.inf
    higher_is_better: bool | None = None
    paired: bool = True
    scale: float = 1
    percent: bool = False
    until_horizon: bool = False
    of_prevalence: bool = False
    if_competing: bool = False
    meaning: str = ""


def described(about: About, name: str = "") -> Callable[[Function], Function]:
    """Declare a metric: a decorator of its function.

    Parameters
    ----------
    about : About
    name : str
        In metrics.csv, by default the function's; ``{}`` stands for a number or a class in it, and in `about.name`.
    """

    def mark(function: Function) -> Function:
        function.__dict__["about"] = {name or function.__name__: about}
        return function

    return mark


def about(name: str) -> About:
    """What was declared of a metric, by its name in metrics.csv.

    >>> about("auc").name, about("brier").higher_is_better
    ('AUC', False)
    >>> about("ppv_at_prevalence_0.2").name
    'PPV at prevalence 0.2'
    >>> about("auc_low_bone_mass").name
    'AUC, low bone mass'
    >>> about("my_own_metric").name
    'my own metric'
    """
    form, part = _form(name)
    if not form:
        return About(name.replace("_", " "))
    found = declared()[form]
    return replace(found, name=found.name.format(part.replace("_", " "))) if part else found


def declaration(function: Callable[..., object]) -> About:
    """What was declared of a metric function, for another function that computes the same of other films."""
    found: dict[str, About] = function.__dict__["about"]
    return next(iter(found.values()))


def ordered(names: Iterable[str]) -> list[str]:
    """Metrics in the order of a page: by kind, then as declared, then as given; each once.

    >>> ordered(["npv", "brier", "auc", "my_own_metric", "ppv_at_prevalence_0.2", "ppv"])
    ['auc', 'brier', 'ppv', 'ppv_at_prevalence_0.2', 'npv', 'my_own_metric']
    """
    places = {form: place for place, form in enumerate(declared())}
    return sorted(
        dict.fromkeys(names),
        key=lambda name: (KINDS.index(about(name).kind), places.get(_form(name)[0], len(places))),
    )


@cache
def declared() -> dict[str, About]:
    """All declarations, by the names of metrics.csv, in the order of the modules and within them."""
    found: dict[str, About] = {}
    for package in PACKAGES:
        paths = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(paths, f"{package}."):
            members = vars(importlib.import_module(module.name))
            for member in members.values():
                if callable(member) and getattr(member, "__module__", "") == module.name:
                    found |= getattr(member, "about", {})
            found |= members.get("ABOUT", {})
    return found


@cache
def _form(name: str) -> tuple[str, str]:
    """The name under which a metric was declared, and what stands for ``{}``; empty if it was not.

    The longest form wins: ``ppv_at_prevalence_{}`` before ``ppv_{}``.
    """
    if name in declared():
        return name, ""
    forms = [form for form in declared() if "{}" in form]
    for form in sorted(forms, key=len, reverse=True):
        if found := re.fullmatch(re.escape(form).replace(r"\{\}", "(.+)"), name):
            return form, found[1]
    return "", ""
