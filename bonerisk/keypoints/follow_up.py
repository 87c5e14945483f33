"""Incident vertebral fractures: absent on the baseline film, present on a later one; and when they happened.

A fracture is only seen on a film, so that its time is known to lie after the last film without it and not after the
first film with it. ``time_years`` is that of the film that shows it, as in spine DeepSurv: the fracture came earlier.
``time_years_midpoint`` is the middle of the interval, for a sensitivity analysis.

A ratio that lies near the limit crosses it by measurement error alone. So there are two stricter definitions: a height
that has lost at least 20 % and 4 mm, and both together. Heights at the detector also change with the distance between
spine and detector, so that a lost height is only sure where both films have a magnification (``lost_unit`` says so).

References
----------
Black et al. 1999, J Bone Miner Res 14:90 (definitions of incident deformity); Lindsey & Ryan 1998, Stat Med 17:219
(interval censoring, and what the midpoint does).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bonerisk.errors import DataError
from bonerisk.keypoints.morphometry import PLACES, ROUNDING

LOST_SHARE, LOST_MM = 0.20, 4.0
DEFINITIONS = ("incident", "height_lost", "incident_and_height_lost")
OUTCOME = (
    *("patient_id", "image_id", "event", "time_years", "time_years_midpoint", "after_years", "by_years"),
    *("levels", "levels_judged", "previous_fracture"),
)
DAYS = 365.25
MM = ("mm_patient", "mm_detector")  # in the order in which they are taken


def compare(
    baseline: pd.DataFrame, later: pd.DataFrame, share: float = LOST_SHARE, mm: float = LOST_MM
) -> pd.DataFrame:
    """Compare each vertebra of the baseline films with a later film of the same patient.

    Parameters
    ----------
    baseline, later : DataFrame
        As of `morphometry.judge`, with ``patient_id`` and ``film_date``; one baseline film a patient.
    share, mm : float
        A height has been lost if it is at least this share, and at least these millimetres, less than at baseline.

    Returns
    -------
    DataFrame
        A row for each vertebra of each later film that the baseline film shows, too: patient_id, level, image_id and
        film_date of the later film; ``incident``: 1 if the vertebra is fractured and was not; missing if it was
        fractured before, or if either film has no verdict. ``lost_share`` and ``lost_mm``: of the height that has lost
        the largest share; ``lost_unit``: mm_patient if both films have a magnification, else mm_detector, else missing.
        ``height_lost``: 1 by `share` and `mm`; missing for a vertebra fractured before, and without millimetres.
        ``incident_and_height_lost``: both.

    Raises
    ------
    DataError
        A patient has two baseline films, or a later film is not after the baseline film.
    """
    two = baseline.groupby("patient_id")["image_id"].nunique()
    if (two > 1).any():
        raise DataError("a patient has two baseline films", f"patient {two.index[two > 1][0]}", "keep one of them")
    pairs = later.merge(baseline, on=["patient_id", "level"], suffixes=("", "_before"))
    for row in pairs.index[~(pairs["film_date"] > pairs["film_date_before"])][:1]:
        what, where = "the later film is not after the baseline film", f"film {pairs['image_id'][row]}"
        raise DataError(what, where, "check film_date")
    found = pairs[["patient_id", "level", "image_id", "film_date"]].copy()
    judged = (pairs["fracture_before"] == 0) & pairs["fracture"].notna()
    found["incident"] = pairs["fracture"].where(judged)
    found = found.join(_lost(pairs))
    enough = (found["lost_share"] >= share - ROUNDING) & (found["lost_mm"] >= mm - ROUNDING)
    free = (pairs["fracture_before"] != 1) & found["lost_mm"].notna()
    found["height_lost"] = enough.astype(float).where(free)
    found["incident_and_height_lost"] = found["incident"] * found["height_lost"]
    return found


def _lost(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the share and the millimetres of the height that has lost most, in a unit that both films have."""
    unit = pd.Series(index=pairs.index, dtype="object")
    before, after = (pd.DataFrame(np.nan, pairs.index, list(PLACES)) for _ in range(2))
    for name in MM:
        columns = [f"{place}_height_{name}" for place in PLACES]
        one, other = (pairs.reindex(columns=[f"{column}{end}" for column in columns]) for end in ("_before", ""))
        both = one.notna().to_numpy().any(axis=1) & other.notna().to_numpy().any(axis=1) & unit.isna().to_numpy()
        before[both], after[both] = one[both].to_numpy(), other[both].to_numpy()
        unit[both] = name
    share = (1 - after / before).to_numpy(float)
    most = np.nan_to_num(share, nan=-np.inf).argmax(axis=1)
    at = np.arange(len(pairs)), most
    lost = (before - after).to_numpy(float)
    return pd.DataFrame({"lost_share": share[at], "lost_mm": lost[at], "lost_unit": unit}, pairs.index)


def outcomes(compared: pd.DataFrame, baseline: pd.DataFrame, by: str = "incident") -> pd.DataFrame:
    """Return each patient's event and times, ready for a cohort table.

    Parameters
    ----------
    compared : DataFrame
        As of `compare`.
    baseline : DataFrame
        As for `compare`.
    by : str
        One of `DEFINITIONS`.

    Returns
    -------
    DataFrame
        patient_id, image_id (of the baseline film); ``event``; ``time_years``: to the first film that shows a fracture,
        else to the last film that was judged; ``time_years_midpoint``; ``after_years`` and ``by_years``: the event lies
        after the one and not after the other (by_years is infinite without an event); ``levels``: the vertebrae of the
        event; ``levels_judged``; ``previous_fracture``: 1 if the baseline film shows one. A patient without a judged
        later film has no row.
    """
    first = baseline.groupby("patient_id", sort=False).agg(
        image_id=("image_id", "first"), start=("film_date", "first"), previous_fracture=("fracture", "max")
    )
    known = compared.dropna(subset=by).sort_values(["patient_id", "film_date"]).reset_index(drop=True)
    known["years"] = (known["film_date"] - known["patient_id"].map(first["start"])).dt.days / DAYS
    # Another vertebra may not have been judged on the film before, so that each has an interval of its own.
    known["free_years"] = known.groupby(["patient_id", "level"])["years"].shift(1).fillna(0.0)
    shown = known[known[by] == 1]
    shown = shown[shown["years"] == shown.groupby("patient_id")["years"].transform("min")]
    events = shown.groupby("patient_id").agg(
        time_years=("years", "first"), after_years=("free_years", "min"), levels=("level", ", ".join)
    )
    every = known.groupby("patient_id").agg(last=("years", "max"), levels_judged=("level", "nunique"))
    found = first.loc[first.index.isin(every.index)].join(every).join(events)
    found["event"] = found["time_years"].notna().astype(float)
    found["by_years"] = found["time_years"].fillna(np.inf)
    for name in ("time_years", "after_years"):
        found[name] = found[name].fillna(found["last"])
    found["time_years_midpoint"] = (found["after_years"] + found["time_years"]) / 2
    found["levels"] = found["levels"].fillna("")
    return found.reset_index()[[*OUTCOME]]
