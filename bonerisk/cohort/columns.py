"""From a user's column names to ours: ``dataset.columns.<our name>=<their name>``."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bonerisk.cohort.table import DTYPES, few
from bonerisk.errors import ConfigError, DataError, override, raise_together

if TYPE_CHECKING:
    import pandas as pd

# Words that are near to none of our names, or to the wrong one.
MEANT = {"weight": ("weight_kg", "case_weight"), "weights": ("case_weight",), "strata": ("stratum",)}

log = logging.getLogger(__name__)

KEY = "dataset.columns"
T_SCORES = ("t_score", "lumbar_spine", "femoral_neck", "total_hip")
RESERVED = re.compile(r"label|risk|model|dataset|survival_.*|oracle_.*")  # of predictions
Z_SCORE = re.compile(r"(?i:z[\s_-]*(?:score|value)|(?<![a-z])z(?![a-z0-9]))|[a-z]Z(?![a-z])")


def misnamed(
    columns: Mapping[str, str | None], known: Collection[str] = DTYPES, key: str = KEY, covariates: bool = True
) -> Iterator[ConfigError]:
    """Yield an error for each of our names that is misspelt, and for a Z-score given as T-score.

    A name that is not in the contract makes a covariate. One that is nearly in it would do so silently, its unit
    unknown (`height` for `height_cm`).

    Parameters
    ----------
    columns : mapping
        Our name to the file's, or None.
    known : collection of str
        Our names that mean something.
    key : str
        Configuration key of `columns`.
    covariates : bool
        Whether other names are allowed.
    """
    for ours, theirs in columns.items():
        near = [name for name in MEANT.get(ours, ()) if name in known]
        near = near or [name for name in known if name.startswith(f"{ours}_")]
        near = near or get_close_matches(ours, known, 1, 0.8 if covariates else 0.5)
        if ours not in known and (near or not covariates):
            meant = " or ".join(f"{key}.{name}={theirs}" for name in near[:2])
            mend = f"did you mean {meant}?" if near else f"one of {', '.join(known)}"
            mend += " A covariate needs a less similar name" if covariates else ""
            yield ConfigError(f"there is no column {ours!r}", f"{key}.{ours}", mend)
        if ours in T_SCORES and Z_SCORE.search(str(theirs)):
            what = f"{theirs!r} looks like a Z-score, which compares with people of the same age"
            yield ConfigError(what, f"{key}.{ours}", "name the column of T-scores")


def rename(
    rows: pd.DataFrame,
    columns: Mapping[str, str | None],
    required: str | Sequence[str],
    file: str,
    known: Collection[str] = DTYPES,
    key: str = KEY,
    also: Iterable[DataError] = (),
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Pick the columns that have a name of ours, in the file or by `columns`.

    Parameters
    ----------
    rows : DataFrame of str
        As in the file.
    columns : mapping
        Our name to the file's; None leaves out a column that has our name.
    required : str or sequence of str
        Our columns that must be there.
    file : str
        As the user named it.
    known : collection of str
        Our names under which a column is taken without being mapped.
    key : str
        Configuration key of `columns`.
    also : iterable of DataError
        Other errors in names of this file's columns, to be told at once with those found here.

    Returns
    -------
    text : DataFrame
        With our names; empty cells are None.
    names : dict
        Our name to the file's, of each column of `text`.

    Raises
    ------
    DataError
        The file lacks columns; all are listed, each with the nearest column of the file.
    """
    import pandas as pd

    from bonerisk.cohort import values

    names = {ours: ours for ours in known if ours in rows} | dict(columns)
    taken = {ours: theirs for ours, theirs in names.items() if theirs is not None}
    errors = [absent(ours, theirs, list(rows.columns), key) for ours, theirs in taken.items() if theirs not in rows]
    folded = {name.casefold(): name for name in map(str, rows) if name not in taken.values()}
    other_case = {ours: folded[ours] for ours in known if ours not in names and ours in folded}
    overrides = " ".join(override(f"{key}.{ours}", theirs) for ours, theirs in other_case.items())
    for ours in [required] if isinstance(required, str) else required:
        if ours not in taken:
            column = overrides if ours in other_case else f"{key}.{ours}=<column>"
            none = f", or {key}.event=null if there is none" if ours == "event" else ""
            mend = f"{column}{none}; the table has {few(list(rows.columns))}"
            errors.append(DataError(f"no column is named {ours}", file, mend))
    raise_together([*errors, *also])
    if other_case:
        log.warning("%s: columns named as ours in another case are not taken for them; %s does so", file, overrides)
    return pd.DataFrame({ours: values.present(rows[theirs]) for ours, theirs in taken.items()}), taken


def flags(rows: pd.DataFrame, names: Mapping[str, str], hidden: Collection[str]) -> pd.DataFrame:
    """Pick the columns of yes or no (1 or 0) that are not taken yet: a user may predict any of them.

    Parameters
    ----------
    rows : DataFrame
        As in the file; columns of numbers are none of these.
    names : mapping of str to str
        Our name to the file's, of the columns that are taken.
    hidden : collection of str
        Names that stay out.
    """
    import pandas as pd

    from bonerisk.cohort import values

    free = [name for name in map(str, rows) if name and name not in {*names, *names.values(), *hidden, *DTYPES}]
    texts = [name for name in free if not RESERVED.fullmatch(name) and not pd.api.types.is_numeric_dtype(rows[name])]
    found = {name: values.present(rows[name]) for name in texts}
    flagged = [
        name for name, text in found.items() if len(filled := text.dropna()) and values.flag(filled).notna().all()
    ]
    return pd.DataFrame({name: found[name] for name in flagged}, rows.index)


def absent(ours: str, theirs: str, names: Sequence[str], key: str = KEY) -> DataError:
    """The error of a file that has columns `names`, but not the one that ours is mapped to; it gives the nearest."""
    folded = {_folded(name): name for name in names}
    wanted = _folded(theirs)
    near = [name for name in folded if wanted.startswith(name) or name.startswith(wanted)]
    near = near or get_close_matches(wanted, folded, n=1)
    mend = f"did you mean {override(f'{key}.{ours}', folded[near[0]])}? " if near else ""
    what = f"the table has no column {theirs!r}"
    return DataError(what, f"{key}.{ours}", f"{mend}the table has {few(names)}")


def _folded(name: str) -> str:
    """Return a name as it is compared: "T score" counts as equal to "T-score"."""
    return re.sub(r"[\W_]+", "", name.casefold()) or name
