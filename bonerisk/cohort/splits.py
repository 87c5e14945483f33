"""Patient-level splits: all films of a patient lie in one split, whatever the order of the rows.

A split is three shares, or a fold of a cross-validation such as ``fold_1_of_5``: the folds of one seed are the test
sets in turn, each patient in one of them, and half of the next fold is for tuning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy.typing as npt
import pandas as pd

from bonerisk.cohort.identifiers import two_writings
from bonerisk.cohort.table import BONE_CLASSES, SEXES, SPLITS, patients
from bonerisk.errors import ConfigError, DataError, raise_together

FRACTIONS = (0.7, 0.1, 0.2)  # of patients in train, tune and test: OsPenScreen, internal development set


def random_split(
    table: pd.DataFrame, seed: int, fractions: Sequence[float] | str = FRACTIONS, outcome: npt.ArrayLike | None = None
) -> pd.Series:
    """Split patients at random, stratified by outcome and, within it, by site and sex.

    A patient's place depends on the seed, the patients and their outcomes alone, so that the same cohort in another
    order is split alike. An outcome that has at least one patient for each split is present in each.

    Parameters
    ----------
    table : DataFrame
        A cohort's table; reads `site`, `patient_id`, `sex` and, without `outcome`, `bone_class`.
    seed : int
    fractions : sequence of 3 float, or str
        Share of patients in train, tune and test; they add up to 1, and 0 leaves a split out. Or a fold.
    outcome : array-like, optional
        A number for each row, higher for worse; a patient's is the worst of all films. The bone class, if not given.

    Returns
    -------
    Series of str
        "train", "tune" or "test" for each row of `table`.

    Raises
    ------
    ConfigError
        `fractions` are neither three shares that add up to 1 nor a fold.
    DataError
        There are too few patients for the splits asked for, or a patient's identifier is written in two ways, so that
        the patient could lie in two splits.
    """
    raise_together([*two_writings(table)])
    fold = fold_of(fractions)
    wanted = _halves(fold) if fold else _shares(fractions)
    keys = patients(table)
    people = pd.DataFrame(
        {
            "key": keys,
            "outcome": pd.Categorical(table["bone_class"], BONE_CLASSES).codes if outcome is None else outcome,
            "site": table["site"],
            "sex": pd.Categorical(table["sex"], SEXES).codes,
        }
    )
    people = people.groupby("key", as_index=False).agg({"outcome": "max", "site": "first", "sex": "max"})
    if len(people) < len(wanted):
        told = f"{len(wanted)} halves of folds" if fold else ", ".join(split for split, _ in wanted)
        raise DataError(
            f"{len(people)} patients can't be split into {told}",
            mend="bring more patients, or a column `split` of your own, or put all into one, as dataset.split=external",
        )
    people["order"] = [hashlib.sha256(f"{seed}\x1f{key}".encode()).hexdigest() for key in people["key"]]
    people = people.sort_values(["site", "sex", "order"])
    places = _places(people, wanted, by="outcome")
    if len(set(places.values())) < len(wanted):  # a handful of patients with hardly two outcomes alike
        places = _places(people.assign(all=0), wanted, by="all")
    return keys.map(places).map(_roles(*fold)) if fold else keys.map(places)


def fold_of(split: Sequence[float] | str) -> tuple[int, int] | None:
    """Number of a fold, from 1, and of all folds; None if `split` is no fold.

    >>> fold_of("fold_1_of_5"), fold_of("fold_6_of_5"), fold_of([0.7, 0.1, 0.2])
    ((1, 5), None, None)
    """
    found = re.fullmatch(r"fold_(\d+)_of_(\d+)", split) if isinstance(split, str) else None
    if found is None:
        return None
    number, folds = int(found[1]), int(found[2])
    return (number, folds) if 1 <= number <= folds and folds > 1 else None


def _shares(fractions: Sequence[float] | str) -> list[tuple[str, float]]:
    check_fractions(fractions)
    assert not isinstance(fractions, str)  # refused there
    return [(split, share) for split, share in zip(SPLITS, fractions, strict=False) if share > 0]


def _halves(fold: tuple[int, int]) -> list[tuple[str, float]]:
    """Two equal parts of each fold, whichever of them is asked for, by their numbers."""
    halves = 2 * fold[1]
    return [(str(half), 1 / halves) for half in range(halves)]


def _roles(number: int, folds: int) -> dict[str, str]:
    """The split of each half: a fold is the test set, and the first half of the next is for tuning."""
    first, halves = 2 * (number - 1), 2 * folds
    own = {str((first + at) % halves): split for at, split in enumerate(("test", "test", "tune"))}
    return {str(half): "train" for half in range(halves)} | own


def check_fractions(fractions: Sequence[float] | str) -> None:
    """Raise ConfigError unless `fractions` are the three shares of train, tune and test."""
    if isinstance(fractions, str) or len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ConfigError(
            f"split fractions {fractions} are not three shares (train, tune, test) that add up to 1",
            where="dataset.split",
            mend="'dataset.split=[0.7,0.1,0.2]'",
        )


def _places(people: pd.DataFrame, wanted: Sequence[tuple[str, float]], by: str) -> dict[str, str]:
    """Return the split of each patient, shared out within each stratum of column `by`."""
    names, shares = [split for split, _ in wanted], [share for _, share in wanted]
    places: dict[str, str] = {}
    for _, stratum in people.groupby(by):
        sequence = _interleave(names, _apportion(len(stratum), shares))
        places |= dict(zip(stratum["key"], sequence, strict=True))
    return places


def _apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Round `total * shares` to whole numbers that add up to `total`, none of them 0 if there are enough."""
    counts = [1 if total >= len(shares) else 0] * len(shares)
    while sum(counts) < total:  # the next one goes where most is lacking; among equals, where there are fewest
        lacking = [(round(total * share - count, 9), -count) for share, count in zip(shares, counts, strict=True)]
        counts[lacking.index(max(lacking))] += 1
    return counts


def _interleave(names: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Spread each name evenly over the sequence, so that a list sorted by sex is shared out alike by sex."""
    places = [((i + 0.5) / count, name) for name, count in zip(names, counts, strict=True) for i in range(count)]
    return [name for _, name in sorted(places, key=lambda place: place[0])]
