"""From DXA readings to one row per patient and day, with the T-scores of WHO's three regions.

Tables are wide (one column each for lumbar spine, femoral neck, total hip) or long (one row per region). A mapping,
which a site can change, gives the region that a word of a long table means. The lower T-score of the two hips counts.
For the spine only the words of the mapping count: single vertebrae and parts of L1–L4 are left out unless moved there.
Z-scores and Ward's triangle never count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.refusals import Refusals, describe
from bonerisk.errors import ConfigError, DataError, RowsRefusedError
from bonerisk.hospital.agree import not_refused, refuse_contradictions
from bonerisk.hospital.pairing import DXA_REGIONS

IGNORED = "ignored"
KEY = "dataset.regions"
SIDES = {"l": "left", "lt": "left", "left": "left", "r": "right", "rt": "right", "right": "right"}
T_SCORE, OTHER_SCORES = {"t", "tscore"}, {"z", "zscore", "bmd", "bmc"}

Regions = Mapping[str, Sequence[str]]


def wrong_regions(regions: Regions) -> Iterator[ConfigError]:
    """Yield the errors in a mapping of regions: an unknown region, or a word that stands for two."""
    for region in set(regions) - {*DXA_REGIONS, IGNORED}:
        yield ConfigError(f"there is no region {region!r}", KEY, f"one of {', '.join(DXA_REGIONS)}, {IGNORED}")
    meant: dict[str, str] = {}
    for region, words in regions.items():
        for word in words:
            other = meant.setdefault(_plain(word)[0], region)
            if other != region:
                yield ConfigError(f"{word!r} stands for {other} and for {region}", f"{KEY}.{region}", "take one out")


def by_day(rows: pd.DataFrame, refusals: Refusals, regions: Regions) -> tuple[pd.DataFrame, dict[str, int]]:
    """Gather a table's readings by patient and day.

    Parameters
    ----------
    rows : DataFrame
        As `bonerisk.hospital.tables.read` gives them for "dxa".
    refusals : Refusals
        Takes unknown regions, T-scores outside −8 to 8, and rows of one day and region that disagree.
    regions : mapping
        lumbar_spine, femoral_neck, total_hip and ignored to the words that a long table has for them. Case,
        punctuation, and left or right beside them don't count.

    Returns
    -------
    table : DataFrame
        (site,) patient_id, date, lumbar_spine, femoral_neck, total_hip; indexed by the first of its lines.
    set_aside : dict of str to int
        Number of valid rows that hold no T-score of a region that counts, by kind.

    Raises
    ------
    DataError
        The table is both long and wide, or has no T-score that can be used.
    """
    everything, rows = rows, not_refused(rows, refusals)
    keys = [column for column in ("site", "patient_id", "date") if column in rows]
    wide = [region for region in DXA_REGIONS if region in rows]
    if wide and "t_score" in rows:
        mend = " ".join(f"dataset.columns.dxa.{name}=null" for name in wide) + " reads it as long"
        raise DataError("the table has T-scores in one row per region and one column per region", refusals.file, mend)
    set_aside: dict[str, int] = {}
    if wide:
        refusals.add(rows, rows[wide].isna().all(axis=1), wide[0], "no T-score")
        sides = rows["side"].fillna("") if "side" in rows else ""
        parts = {region: rows.assign(side=sides)[rows[region].notna()] for region in wide}
    else:
        readings = _regions(_t_scores(rows, refusals, set_aside), refusals, regions, set_aside)
        parts = {region: readings[readings["region"] == region] for region in DXA_REGIONS}
    column_of = {region: region if wide else "t_score" for region in parts}
    for region, part in parts.items():
        _refuse_outside(part, column_of[region], refusals)
        refuse_contradictions(not_refused(part, refusals), [*keys, "side"], column_of[region], refusals, "one day")
    _refuse_days(everything, parts.values(), keys, refusals)
    parts = {region: not_refused(part, refusals) for region, part in parts.items()}
    lowest = {region: part.groupby(keys)[column_of[region]].min() for region, part in parts.items()}
    lines = pd.concat([part[keys].assign(line=part.index) for part in parts.values()]).groupby(keys)["line"].min()
    table = pd.DataFrame(lowest, lines.index).reindex(columns=list(DXA_REGIONS)).reset_index()
    table = table.set_axis(lines.to_numpy()).sort_index().astype(dict.fromkeys(DXA_REGIONS, "float64"))
    if table.empty:
        counts = "".join(f"\n{count} rows set aside: {kind}" for kind, count in set_aside.items())
        what = f"no T-score can be used:\n{describe(refusals.table, identifying=False)}{counts}"
        raise RowsRefusedError(what, refusals.file, rejected=refusals.table)
    return table, set_aside


def _t_scores(rows: pd.DataFrame, refusals: Refusals, set_aside: dict[str, int]) -> pd.DataFrame:
    """Return a long table's rows of T-scores; without a column for the kind of score, all rows."""
    if "score_type" not in rows:
        return rows
    kind = rows["score_type"].str.casefold().str.replace(r"[\W_]+", "", regex=True)
    refusals.add(rows, ~kind.isin(T_SCORE | OTHER_SCORES), "score_type", "neither T nor Z (nor BMD, BMC)")
    _count(set_aside, "Z-scores or densities", kind.isin(OTHER_SCORES))
    return rows[kind.isin(T_SCORE)]


def _regions(rows: pd.DataFrame, refusals: Refusals, regions: Regions, set_aside: dict[str, int]) -> pd.DataFrame:
    """Return a long table's rows of regions that count, with our names of region and side."""
    meant = {_plain(word)[0]: region for region, words in regions.items() for word in words}
    refusals.add(rows, rows["region"].isna(), "region", "missing")
    rows = rows[rows["region"].notna()]
    named = rows["region"] + " " + (rows["side"].fillna("") if "side" in rows else "")
    plain = {words: _plain(words) for words in named.unique()}
    region = named.map({words: meant.get(word) for words, (word, _) in plain.items()})
    reason = f"an unknown region: add it to the right one, as {KEY}.femoral_neck, or to {KEY}.{IGNORED}"
    refusals.add(rows, region.isna(), "region", reason)
    _count(set_aside, "regions that do not count", region == IGNORED)
    rows = rows.assign(region=region, side=named.map({words: side for words, (_, side) in plain.items()}))
    rows = rows[region.isin(DXA_REGIONS)]
    refusals.add(rows, rows["t_score"].isna(), "t_score", "missing")
    return not_refused(rows, refusals)


def _refuse_outside(part: pd.DataFrame, column: str, refusals: Refusals) -> None:
    low, high = values.BOUNDS["t_score"]
    text = part.assign(**{column: part[column].map("{:g}".format).astype("object")})
    refusals.add(text, ~part[column].between(low, high), column, f"outside {low:g} to {high:g}".replace("-", "−"))


def _refuse_days(rows: pd.DataFrame, parts: Iterable[pd.DataFrame], keys: list[str], refusals: Refusals) -> None:
    """Refuse a whole day if one of its readings was refused: that reading may have been the lowest."""
    scores = {refusals.names.get(column, column) for column in ("t_score", *DXA_REGIONS)}
    empty = [part["value"].isna() & part["column"].isin(scores) for part in refusals.parts]  # not measured
    lines = {line for part, none in zip(refusals.parts, empty, strict=True) for line in part.loc[~none, "row"]}
    refused = rows[rows.index.isin(list(lines))]
    days = pd.MultiIndex.from_frame(refused.loc[refused["date"].notna(), keys])
    for part in parts:
        rest = not_refused(part, refusals)
        reason = "another reading of that day is refused, and may have been the lowest"
        refusals.add(rest, pd.Series(pd.MultiIndex.from_frame(rest[keys]).isin(days), rest.index), "t_score", reason)


def _count(set_aside: dict[str, int], kind: str, rows: pd.Series) -> None:
    if rows.any():
        set_aside[kind] = int(rows.sum())


def _plain(words: str) -> tuple[str, str]:
    """Return the part of a region's name that is compared, and its side: "Neck (left)" gives "neck" and "left"."""
    found = re.findall(r"[^\W_]+", str(words).casefold())
    sides = sorted({SIDES[word] for word in found if word in SIDES})
    return "".join(word for word in found if word not in SIDES), " ".join(sides)
