"""A cohort from which nothing can be learnt, where any run that seems to learn has a leak; or one without targets."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from bonerisk.cohort.table import patients

READINGS = ("t_lumbar_spine", "t_femoral_neck", "t_total_hip", "dxa_days")  # where the T-score comes from
TARGETS = ("t_score", "bone_class", "event", "time_years", "competing_event", "entry_years", *READINGS)
ORACLE = "oracle_"
SHUFFLED = "Targets were shuffled between patients: a negative control, from which nothing can be learnt."


def shuffled(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give each patient's films the targets of another patient of the same split and site.

    A patient's targets stay together: they are those of the first film by date, and all films of the patient who gets
    them have the same. How often each target occurs therefore changes only if patients have several films. The exchange
    depends on the seed and the patients alone, not on the order of the rows; a patient who is alone in a split and site
    keeps their own targets.

    Parameters
    ----------
    table : DataFrame
        A cohort's table.
    seed : int

    Returns
    -------
    DataFrame
        The same rows in the same order, without `oracle_` columns.
    """
    columns = [column for column in TARGETS if column in table]
    table = table.drop(columns=list(table.filter(regex=f"^{ORACLE}")))
    keys = patients(table)
    firsts = table.assign(key=keys).sort_values(["film_date", "image_id"]).drop_duplicates("key").set_index("key")
    giver: dict[str, str] = {}
    for place, people in firsts.groupby(["split", "site"]):
        names = np.sort(people.index.to_numpy(str))
        giver |= dict(zip(names, _generator(seed, *map(str, place)).permutation(names), strict=True))
    given = firsts[columns].loc[keys.map(giver).tolist()]
    return table.assign(**{column: given[column].to_numpy() for column in columns})


def unlabelled(table: pd.DataFrame) -> pd.DataFrame:
    """The same rows with empty targets; what is known from a simulation stays."""
    return table.assign(**{name: None if table[name].dtype == object else np.nan for name in TARGETS if name in table})


def _generator(seed: int, *names: str) -> np.random.Generator:
    digest = hashlib.sha256("\x1f".join((str(seed), *names)).encode()).digest()
    return np.random.default_rng(list(digest))
