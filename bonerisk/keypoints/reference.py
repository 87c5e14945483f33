"""Normal mean and SD of a vertebra's height ratios, by level and sex.

They come from films of a population, fractures included: extreme values are trimmed until none is left, as they belong
to deformed vertebrae.

References
----------
Black et al. 1991, J Bone Miner Res 6:883 (trimming); Melton et al. 1993, Osteoporos Int 3:113; O'Neill et al. 1994,
Osteoporos Int 4:138 (by sex and population). assumed: values over 1.5 interquartile ranges away from the quartiles
count as extreme. On normal values alone it makes the SD 3 to 5 % too small (of 2,000 and of 80 values).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bonerisk.cohort import tablefile, values
from bonerisk.errors import DataError
from bonerisk.keypoints import levels
from bonerisk.keypoints.morphometry import RATIOS

COLUMNS = ("level", "sex", "ratio", "mean", "sd")
FENCE = 1.5
SMALLEST = 20  # values, under which a SD is too uncertain for a limit at 3 SD


def fit(compared: pd.DataFrame, smallest: int = SMALLEST) -> pd.DataFrame:
    """Return normal values from the baseline films of training patients.

    Parameters
    ----------
    compared : DataFrame
        As of `morphometry.ratios`, with ``sex``; only training baselines, or the rule has seen whom it judges.
    smallest : int
        Values that remain after trimming; with fewer, a level has no normal values.

    Returns
    -------
    DataFrame
        level, sex, ratio, mean, sd (with n − 1), n and trimmed (values left out).

    Raises
    ------
    DataError
        No level has enough values.
    """
    rows = []
    for (level, sex), group in compared.groupby(["level", "sex"], sort=False):
        for ratio in RATIOS:
            known = group[ratio].dropna().to_numpy(float)
            kept = trimmed(known)
            if len(kept) >= smallest:
                number = (len(kept), len(known) - len(kept))
                rows.append((level, sex, ratio, kept.mean(), kept.std(ddof=1), *number))
    if not rows:
        what = f"no level has {smallest} normal vertebrae of one sex"
        raise DataError(what, "the reference of morphometry", "give a table of normal values, or more films")
    return pd.DataFrame(rows, columns=[*COLUMNS, "n", "trimmed"])


def trimmed(known: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Leave out values far from the quartiles, again and again, until none is.

    Examples
    --------
    >>> trimmed(np.array([0.95, 0.97, 0.99, 1.0, 1.0, 1.01, 1.03, 0.6])).tolist()
    [0.95, 0.97, 0.99, 1.0, 1.0, 1.01, 1.03]
    """
    while len(known):
        low, high = np.quantile(known, [0.25, 0.75])
        reach = FENCE * (high - low)
        inside = (known >= low - reach) & (known <= high + reach)
        if inside.all():
            break
        known = known[inside]
    return known


def read(path: Path) -> pd.DataFrame:
    """Read a user's table of normal values: level, sex (F, M), ratio (`morphometry.RATIOS`), mean, sd.

    Raises
    ------
    DataError
        A column is not there, or a row can't be used; the first such row is named.
    """
    rows = tablefile.read(path).rows
    absent = [name for name in COLUMNS if name not in rows]
    if absent:
        raise DataError(f"the table has no column {', '.join(absent)}", str(path), f"columns: {', '.join(COLUMNS)}")
    text = {name: values.present(tablefile.as_text(rows[name])) for name in COLUMNS}
    found = pd.DataFrame(
        {
            "level": text["level"].map(levels.level, na_action="ignore"),
            "sex": values.sex(text["sex"], {}),
            "ratio": text["ratio"].where(text["ratio"].isin(RATIOS)),
            "mean": values.number(text["mean"]),
            "sd": values.number(text["sd"]),
        }
    )
    unclear = found.isna() | (found[["mean", "sd"]] <= 0).reindex(columns=found.columns, fill_value=False)
    for row, column in unclear.stack()[lambda flag: flag].index[:1]:
        what, where = f"{column} is {text[column][row]!r}, which can't be used", f"{path}, row {row}"
        raise DataError(what, where, f"levels as L1, sexes F and M, ratios {', '.join(RATIOS)}, numbers over 0")
    for row in found.index[found.duplicated(["level", "sex", "ratio"])][:1]:
        raise DataError("a level, sex and ratio stands there twice", f"{path}, row {row}", "keep one of them")
    return found.reset_index(drop=True)
