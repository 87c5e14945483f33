"""Points that contradict each other: set twice, exchanged, or of a spine that is numbered in another way.

What can't be known is refused with its reason, the vertebra or the film; a choice keeps it.

- A point stands twice in different places: which is right?
- A film has T13 or L6, or S1 follows L4: all levels may be one off.
- A vertebra lies above one of a higher level: the levels are mixed up.
- Upper and lower points, or front and back compared with the film's other vertebrae, are exchanged.
- An outline crosses itself: single points are exchanged.

Front and back that are exchanged in a whole film can't be seen from its points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from bonerisk.errors import ConfigError, DataError
from bonerisk.keypoints.levels import EXTRA, POINTS, RANK, SACRUM

Array = npt.NDArray[np.float64]
VERTEBRA = ["image_id", "level"]
ENDS = ("anterior", "posterior")
RING = ("anterior_superior", "posterior_superior", "posterior_inferior", "anterior_inferior")
UPSIDE = "upper and lower points are exchanged"
FACING = "front and back are exchanged, compared with the film's other vertebrae"
OPPOSED = "half of the film's vertebrae face one way, half the other: front and back are unknown"
CROSSED = "the outline crosses itself or has no area: single points are exchanged"
MEND = {UPSIDE: ("superior", "inferior"), FACING: ("anterior", "posterior")}


@dataclass(frozen=True)
class Choices:
    """What to do with points that contradict each other.

    Parameters
    ----------
    twice : {"refuse", "mean"}
        A point in two places, as by two readers: refuse the vertebra, or take the mean place.
    exchanged : {"refuse", "mend"}
        A vertebra whose upper and lower points, or front and back, are exchanged: refuse it, or exchange the names.
    numbering : {"refuse", "keep"}
        A film with T13, L6 or without L5: refuse it, or keep the levels as they are named.

    Raises
    ------
    ConfigError
        There is no such choice.
    """

    twice: Literal["refuse", "mean"] = "refuse"
    exchanged: Literal["refuse", "mend"] = "refuse"
    numbering: Literal["refuse", "keep"] = "refuse"

    def __post_init__(self) -> None:
        for name, known in (("twice", "mean"), ("exchanged", "mend"), ("numbering", "keep")):
            value = getattr(self, name)
            if value not in ("refuse", known):
                raise ConfigError(f"there is no {value!r}", name, f"refuse or {known}")


def refused(points: pd.DataFrame, choices: Choices, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points that don't contradict each other, and what is refused.

    Parameters
    ----------
    points : DataFrame
        row, image_id, level, point, x, y; all known.
    choices : Choices
    where : str
        The file, for the error.

    Returns
    -------
    kept, refused : DataFrame
        Of the second: row (the first of the vertebra or film), image_id, level, point, value, reason.

    Raises
    ------
    DataError
        In most films the spine runs upwards: y must run down.
    """
    films = points.groupby("image_id", sort=False).agg(row=("row", "first"), levels=("level", frozenset))
    points, found = _once(points, choices)
    if choices.numbering == "refuse":
        films["reason"] = films["levels"].map(_numbering)
        found.append(films.dropna(subset="reason").reset_index())
        points = points[~points["image_id"].isin(found[-1]["image_id"])]
    mixed = _order(points, where)
    found.append(mixed)
    points = points[~points["image_id"].isin(mixed["image_id"])]
    wrong = _exchanged(points)
    for reason in MEND if choices.exchanged == "mend" else ():
        points = _mended(points, wrong[wrong["reason"] == reason], MEND[reason])
        wrong = _exchanged(points)  # names exchanged both ways come to light one after the other
    found.append(wrong)
    kept = points[~_within(points, wrong)]
    columns = ["row", *VERTEBRA, "point", "value", "reason"]
    return kept, pd.concat([one.reindex(columns=columns).astype("object") for one in found], ignore_index=True)


def _once(points: pd.DataFrame, choices: Choices) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Leave each point once; list repetitions, and vertebrae whose points stand in two places."""
    key = [*VERTEBRA, "point"]
    again = points.duplicated([*key, "x", "y"])
    told = [points[again].assign(reason="the same point again")]
    points = points[~again]
    twice = points[points.duplicated(key)]
    if choices.twice == "mean":
        places = points.groupby(key, sort=False)[["x", "y"]].transform("mean")
        return points.assign(**places)[~points.duplicated(key)], told
    twice = twice.drop_duplicates(VERTEBRA).assign(
        value=lambda rows: [f"{x:g}, {y:g}" for x, y in rows[["x", "y"]].to_numpy()],
        reason="the point stands twice in different places, so that the vertebra is left out",
    )
    return points[~_within(points, twice)], [*told, twice]


def _numbering(levels: frozenset[str]) -> str | None:
    extra = [level for level in EXTRA if level in levels]
    if extra:
        return f"the film has {extra[0].upper()}, so that its levels may be numbered in another way"
    if SACRUM in levels and "l4" in levels and "l5" not in levels:
        return "S1 follows L4: four lumbar vertebrae, or L5 is left out"
    return None


def _order(points: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return films in which a vertebra lies above one of a higher level."""
    ys = points.groupby(VERTEBRA, sort=False).agg(row=("row", "first"), y=("y", "mean")).reset_index()
    ys = ys.assign(rank=ys["level"].map(RANK)).sort_values(["image_id", "rank"])
    pairs = ys["image_id"] == ys["image_id"].shift(1)
    up = pairs & (ys["y"] <= ys["y"].shift(1))
    films = pd.DataFrame({"pairs": pairs, "up": up}).groupby(ys["image_id"]).sum()
    films = films[films["pairs"] > 0]
    if len(films) and (films["up"] == films["pairs"]).mean() > 0.5:
        mend = "y must run down the film: write the number of rows - 1 - y"
        raise DataError("in most films the spine runs upwards", where, mend)
    upper, lower = ys["level"].shift(1).str.upper(), ys["level"].str.upper()
    wrong = ys.assign(reason=lower + " lies above " + upper + ", so that the film is left out")[up]
    return wrong.drop_duplicates("image_id")[["row", *VERTEBRA, "reason"]]


def _exchanged(points: pd.DataFrame) -> pd.DataFrame:
    """Return vertebrae whose names of points are exchanged; one without all corners can't be judged."""
    wide = points.pivot(index=VERTEBRA, columns="point", values=["x", "y"])
    place = {name: wide.reindex(columns=[("x", name), ("y", name)]).to_numpy(float) for name in POINTS}
    ring = [place[name] for name in RING]
    turns = np.array([_cross(ring[i] - ring[i - 1], ring[(i + 1) % 4] - ring[i]) for i in range(4)])
    known = ~np.isnan(turns).any(axis=0)
    upper, lower = (
        np.mean([place[name] for name in RING if name.endswith(end)], axis=0) for end in ("superior", "inferior")
    )
    middle = np.sum((place["middle_inferior"] - place["middle_superior"]) * (lower - upper), axis=1)
    crossed = known & ~((turns > 0).all(axis=0) | (turns < 0).all(axis=0)) | (middle <= 0)
    upside = known & ~crossed & (lower[:, 1] < upper[:, 1])
    side = pd.Series(np.where(known & ~crossed & ~upside, np.sign(turns[0]), 0.0), wide.index)
    most = side.groupby("image_id").transform("sum")
    facing, opposed = side * most < 0, (side != 0) & (most == 0)
    reasons = np.select([crossed, upside, opposed, facing], [CROSSED, UPSIDE, OPPOSED, FACING], "")
    found = wide.index.to_frame(index=False).assign(reason=reasons)
    rows = points.groupby(VERTEBRA)["row"].first()
    found["row"] = rows.reindex(wide.index).to_numpy()
    return found[found["reason"] != ""]


def _cross(one: Array, other: Array) -> Array:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def _mended(points: pd.DataFrame, vertebrae: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    """Exchange two words in the names of the points of `vertebrae`."""
    one, other = pair
    names = {name: name.replace(*(pair if one in name else (other, one))) for name in POINTS}
    here = _within(points, vertebrae)
    return points.assign(point=points["point"].where(~here, points["point"].map(names)))


def _within(points: pd.DataFrame, vertebrae: pd.DataFrame) -> pd.Series:
    """Which points belong to any of `vertebrae`."""
    wanted = pd.MultiIndex.from_frame(vertebrae[VERTEBRA])
    return pd.Series(pd.MultiIndex.from_frame(points[VERTEBRA]).isin(wanted), points.index)
