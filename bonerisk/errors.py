"""Errors a user can cause: what went wrong, where, and how to mend it.

Each class carries the exit code of the command that it ends. All state lies in ``args``, so that an
error crosses process borders (joblib, submitit) unchanged.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class BoneriskError(Exception):
    """An error whose message a user can act on.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence, with the offending value.
    where : str
        File, row, patient or config key.
    mend : str
        What to type or change.
    """

    exit_code = 1

    def __init__(self, what: str, where: str = "", mend: str = "") -> None:
        super().__init__(what, where, mend)
        self.what, self.where, self.mend = what, where, mend

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.mend:
            lines.append(f"  mend:  {self.mend}")
        return "\n".join(lines)


class ConfigError(BoneriskError):
    """The command or its configuration is wrong."""

    exit_code = 2


class DataError(BoneriskError):
    """The data are wrong."""

    exit_code = 3


class RowsRefusedError(DataError):
    """Rows or films are refused, so that no result would be right.

    Parameters
    ----------
    what, where, mend : str
    rejected : DataFrame, optional
        The refusals; the run keeps them as rejected.csv.
    """

    def __init__(self, what: str, where: str = "", mend: str = "", rejected: pd.DataFrame | None = None) -> None:
        super().__init__(what, where, mend)
        self.args, self.rejected = (what, where, mend, rejected), rejected


class RunError(BoneriskError):
    """A run folder can't be written, or differs from its record."""

    exit_code = 1


class StoppedError(RunError):
    """The command was told to stop, and has left what it needs to go on."""


def raise_together(errors: Sequence[BoneriskError]) -> None:
    """Raise all `errors` as one error of the first's class, so that a user sees all at once; without any do nothing."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise type(errors[0])("\nerror: ".join(str(error) for error in errors))


def override(key: str, value: object) -> str:
    """An override as it is typed: Hydra wants quotes around blanks and other signs, and the shell around those.

    >>> print(override("run", "outputs/train/cox"), override("dataset.table", "a b.csv"))
    run=outputs/train/cox 'dataset.table="a b.csv"'
    """
    text = str(value)
    return f"{key}={text}" if re.fullmatch(r"[\w./-]+", text, re.ASCII) else shlex.quote(f'{key}="{text}"')


def reason_of(error: BaseException) -> str:
    """An exception's message in one short line, without what it quotes: a file's values may identify a person.

    >>> reason_of(ValueError("could not convert string to float: 'Smith'"))
    'could not convert string to float: …'
    """
    text = re.sub(r"""(?<!\w)b?(['"`]).*?(\1|$)|<.*?>""", "…", " ".join(str(error).split()))
    return text[:200] or type(error).__name__
