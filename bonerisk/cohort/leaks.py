"""Copies that a patient-level split can't see: one image, or one row of values, under two patient ids.

Vocabulary. A *pair* is two rows that are copies of each other and of different patients, or in different splits; if
many rows are copies, each is paired with some of them, not with all. Its `kind` is "same file" (equal SHA-256), "nearly
the same image" (perceptual hashes no further apart than `NEAR`) or "same values".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bonerisk.cohort.table import few, patients
from bonerisk.errors import DataError

NEAR = 0.36  # share of bits that differ: copies reach 0.30, different films begin at 0.46 (imaging.perceptual)
LEAST_DETAIL = 1 / 16  # share of bits set; a film with fewer shows no anatomy and looks like any other such film
BAND = 3  # bytes; two copies that differ in a third of the bits set have at least one of 160 bands in common
WITHIN = 16  # a film is compared with so many that follow it in a band, so that time grows only with the films

PAIRS = ("image_id", "patient_id", "split", "other_image_id", "other_patient_id", "other_split", "kind", "distance")

Indices = npt.NDArray[np.intp]


def copies_of_films(table: pd.DataFrame, sha256: Sequence[str], perceptual: Sequence[bytes]) -> pd.DataFrame:
    """Pairs of films that are one image.

    Parameters
    ----------
    table : DataFrame, n rows
        A cohort's table; reads site, patient_id, image_id and split.
    sha256 : sequence of str, length n
        Hash of each film's file.
    perceptual : sequence of bytes, length n
        Hash of each film, all of one length, a multiple of 24 bytes (`imaging.perceptual`).

    Returns
    -------
    DataFrame
        Columns `PAIRS`, one row per pair, pairs across splits first; `distance` is the share of bits that differ among
        those set in either, 0 to 1.
    """
    if table.empty:
        return pd.DataFrame(columns=list(PAIRS))
    hashes = np.frombuffer(b"".join(perceptual), np.uint8).reshape(len(table), -1)
    # A film's picture is compared once, however many copies it has.
    first = _first_alike(pd.Series(list(perceptual)))
    detailed = np.bitwise_count(hashes).sum(axis=1) >= LEAST_DETAIL * 8 * hashes.shape[1]
    once = np.flatnonzero(detailed & (first == np.arange(len(table))))
    files = _stars(_first_alike(pd.Series(list(sha256))), np.ones(len(table), bool))
    found = {"same file": [files], "nearly the same image": [_stars(first, detailed), once[_near(hashes[once])]]}
    return _pairs(table, found, hashes)


def copies_of_rows(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Pairs of rows with the same values, for tables without images.

    Parameters
    ----------
    table : DataFrame
        Reads site, patient_id, image_id, split and `columns`.
    columns : sequence of str
        Columns, follow-up included, in all of which hardly any two patients are equal; two empty cells are equal.

    Returns
    -------
    DataFrame
        As for `copies_of_films`, with distance 0. Rows that are empty in all `columns` are no copies.
    """
    values = table[list(columns)]
    first = values.groupby(list(columns), dropna=False, sort=False).ngroup()
    return _pairs(table, {"same values": [_stars(_first_alike(first), values.notna().any(axis=1).to_numpy())]})


def expected_by_chance(table: pd.DataFrame, features: Sequence[str], outcome: Sequence[str]) -> float:
    """Pairs of rows expected to have the same values if features and outcome were unrelated.

    Many patients share a few grades and times in whole months, so that `copies_of_rows` finds pairs without any leak.
    Expected are the pairs equal in `features`, times the share of all pairs that are equal in `outcome`.
    """
    counts = [table.groupby(list(columns), dropna=False, sort=False).size() for columns in (features, outcome)]
    alike = [float((count * (count - 1)).sum()) / 2 for count in counts]
    return alike[0] * alike[1] / max(len(table) * (len(table) - 1) / 2, 1)


def refuse(pairs: pd.DataFrame, where: str, source: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Refuse copies in two splits: a model would learn from one and be tested on the other.

    Copies in two sources of a merged cohort are refused, too: their labels come from different places.

    Parameters
    ----------
    pairs : DataFrame
        Columns `PAIRS`.
    where : str
        Place that the error names, as "cohort image_table".
    source : mapping, optional
        Source of each film by image_id.

    Returns
    -------
    tuple of str
        A note on the copies within a split, whose two patients may be the same; empty if there are none.

    Raises
    ------
    DataError
        A pair lies across splits or sources.
    """
    if source is not None:
        sides = [pairs[name].map(source) for name in ("image_id", "other_image_id")]
        refuse_across_cohorts(pairs[sides[0] != sides[1]], where)
    across = pairs["split"] != pairs["other_split"]
    if across.any():
        what = f"{across.sum()} pairs of copies lie in two splits: {_described(pairs[across])}"
        mend = "give both rows of a pair one patient id, so that they share a split, or remove one of them"
        raise DataError(what, where, mend)
    if pairs.empty:
        return ()
    return (f"{len(pairs)} pairs of copies have two patient ids, but may be one patient: {_described(pairs)}.",)


def refuse_across_cohorts(pairs: pd.DataFrame, where: str) -> None:
    """Refuse pairs of copies, one film in one cohort and one in another; none is fine."""
    if len(pairs):
        what = f"{len(pairs)} pairs of copies lie in two of the cohorts: {_described(pairs)}"
        raise DataError(what, where, "remove one film of each pair from its cohort")


def _described(pairs: pd.DataFrame) -> str:
    return few(
        [
            f"{pair.image_id} (patient {pair.patient_id}, {pair.split}) and {pair.other_image_id} "
            f"(patient {pair.other_patient_id}, {pair.other_split}): {pair.kind}"
            for pair in pairs.itertuples()
        ]
    )


def _first_alike(values: pd.Series) -> Indices:
    """Return for each value the position at which it first occurs."""
    codes, _ = pd.factorize(values)
    first = np.full(codes.max(initial=-1) + 1, len(codes))
    np.minimum.at(first, codes, np.arange(len(codes)))
    return first[codes]


def _stars(first: Indices, counts: npt.NDArray[np.bool_]) -> Indices:
    """Pairs (m, 2) of each position that counts with the first one of equal value."""
    later = np.flatnonzero((first < np.arange(len(first))) & counts)
    return np.stack([first[later], later], axis=1)


def _near(hashes: npt.NDArray[np.uint8]) -> Indices:
    """Pairs (m, 2) of rows that are near: rows with an equal band of bytes are compared in full.

    The pairs connect all rows that are near each other, but are not every two of them: rows that are connected already
    are not compared again.
    """
    words, count = hashes.view(np.uint64), len(hashes)
    found, group = np.empty((0, 2), np.intp), np.arange(count)
    for start in range(0, hashes.shape[1], BAND):
        band = hashes[:, start : start + BAND].astype(np.uint32)
        keys = band[:, 0] << 16 | band[:, 1] << 8 | band[:, 2]
        order = np.argsort(keys, kind="stable")
        ordered, parts = keys[order], [found]
        for step in range(1, min(WITHIN, count - 1) + 1):
            alike = np.flatnonzero((ordered[step:] == ordered[:-step]) & (ordered[step:] != 0))
            if not len(alike):
                break  # no run is as long as this, so none is longer
            candidates = np.stack(
                [order[alike], order[alike + step]], axis=1
            )  # one before other, as the sort is stable
            candidates = candidates[group[candidates[:, 0]] != group[candidates[:, 1]]]
            parts.append(candidates[_distance(words, candidates) <= NEAR])
        if sum(map(len, parts)) > len(found):
            found = np.concatenate(parts)
            joined = coo_array((np.ones(len(found), bool), found.T), (count, count))
            group = connected_components(joined, directed=False)[1]
    return found


def _distance(words: npt.NDArray[np.uint64], pairs: Indices) -> npt.NDArray[np.float64]:
    """Share of bits that differ among those set in either (Jaccard's distance); 1 if none is set."""
    found = [np.empty(0)]
    for some in np.array_split(pairs, len(pairs) // 50_000 + 1):  # bounds the memory
        one, other = words[some[:, 0]], words[some[:, 1]]
        either = np.bitwise_count(one | other).sum(axis=1, dtype=np.int64)
        differ = np.bitwise_count(one ^ other).sum(axis=1, dtype=np.int64)
        found.append(np.where(either > 0, differ / np.maximum(either, 1), 1.0))
    return np.concatenate(found)


def _pairs(
    table: pd.DataFrame, found: dict[str, list[Indices]], hashes: npt.NDArray[np.uint8] | None = None
) -> pd.DataFrame:
    """Return the pairs of rows found, by kind, as a table of `PAIRS`; a pair found twice has its first kind."""
    parts = [pd.DataFrame(part, columns=["one", "other"]).assign(kind=kind) for kind in found for part in found[kind]]
    places = pd.concat(parts, ignore_index=True).drop_duplicates(["one", "other"])
    one, other = places["one"].to_numpy(int), places["other"].to_numpy(int)
    distance = np.zeros(len(places))
    if hashes is not None:
        distance = _distance(hashes.view(np.uint64), np.stack([one, other], axis=1))
    rows, people = table.reset_index(drop=True), patients(table).to_numpy()
    sides = [rows.loc[side, list(PAIRS[:3])].reset_index(drop=True) for side in (one, other)]
    pairs = sides[0].join(sides[1].add_prefix("other_")).assign(kind=places["kind"].to_numpy(), distance=distance)
    pairs = pairs[(people[one] != people[other]) | (pairs["split"] != pairs["other_split"]).to_numpy()]
    within = (pairs["split"] == pairs["other_split"]).rename("within")
    return pairs.iloc[np.argsort(within.to_numpy(), kind="stable")].reset_index(drop=True)
