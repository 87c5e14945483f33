"""Every check on every table of a document: what was found, what was compared, what did not apply."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from types import ModuleType

import pandas as pd

from bonerisk.audit import checks
from bonerisk.audit.finding import Finding
from bonerisk.audit.tables import Printed

COLUMNS = ["check", *Finding.__dataclass_fields__]


@cache
def all_checks() -> dict[str, ModuleType]:
    """The checks, by name: the modules of `bonerisk.audit.checks`."""
    names = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))
    return {name: importlib.import_module(f"{checks.__name__}.{name}") for name in names}


def audit(document: Sequence[Printed]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Check tables, alone and against each other.

    Parameters
    ----------
    document : sequence of Printed
        Tables of one paper or file.

    Returns
    -------
    findings : DataFrame
        A row a finding: check, table, where, printed, recomputed, size, note.
    applied : DataFrame
        A row a check: check, title, compared (how many numbers), found, outcome ("found", "nothing found", "not
        applicable").
    """
    found, applied = [], []
    for name, module in all_checks().items():
        results = list(module.findings(document))
        of_check = [{"check": name, **asdict(finding)} for finding in results if finding]
        outcome = "found" if of_check else "nothing found" if results else "not applicable"
        applied.append((name, module.TITLE, len(results), len(of_check), outcome))
        found += of_check
    return (
        pd.DataFrame(found, columns=COLUMNS),
        pd.DataFrame(applied, columns=["check", "title", "compared", "found", "outcome"]),
    )
