"""The films of a cohort whose vertebrae can be measured by their points, and which of them come after others."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pandas as pd

from bonerisk.cohort.refusals import describe
from bonerisk.cohort.table import REJECTED, Cohort, patients
from bonerisk.errors import DataError
from bonerisk.keypoints import columns, morphometry, outlines

MEND = (
    "bring columns such as l1_anterior_superior_x_px, six points a vertebra, or let a detector of them find them: "
    "bonerisk prepare … keypoints=RUN"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Films:
    """The films of a cohort that have points, a date and a sex.

    Parameters
    ----------
    table : DataFrame
        Their rows, with ``person``, the patient within the site.
    ratios : DataFrame
        As of `morphometry.ratios`, with ``patient_id`` (the person), sex, film_date and split.
    why : str
        What the cohort's other films lack, counted.
    rejected : DataFrame
        `cohort.table.REJECTED`: vertebrae and films whose points contradict each other.
    """

    table: pd.DataFrame
    ratios: pd.DataFrame
    why: str
    rejected: pd.DataFrame

    def of(self, films: pd.DataFrame) -> pd.DataFrame:
        """The ratios of some films."""
        return self.ratios[self.ratios["image_id"].isin(films["image_id"])]


def measured(cohort: Cohort, where: str, choices: outlines.Choices, first: pd.DataFrame | None = None) -> Films:
    """Measure the vertebrae of a cohort's films.

    Parameters
    ----------
    cohort : Cohort
        With points in its columns (`bonerisk.keypoints.columns`).
    where : str
        The run, for errors.
    choices : outlines.Choices
        What to do with points that contradict each other.
    first : DataFrame, optional
        Films of the same patients, with ``person``; a patient's sex is that of any of the films, here or there.

    Raises
    ------
    DataError
        No film has points, a date and a sex, or y runs upwards.
    """
    table = cohort.table.assign(person=patients(cohort.table))
    known = table if first is None else pd.concat([first, table])
    table["sex"] = table["person"].map(known.groupby("person")["sex"].first())
    points = columns.outlines(table)
    if points.empty:
        raise DataError("no film has points of a vertebra's outline", where, MEND)
    kept, wrong = outlines.refused(points, choices, where)
    compared = morphometry.ratios(morphometry.heights(kept, table))
    compared = compared[compared[list(morphometry.RATIOS)].notna().any(axis=1)]
    lacking = pd.DataFrame(
        {
            "film_date": table["film_date"].isna(),
            "sex": table["sex"].isna(),
            "points": ~table["image_id"].isin(compared["image_id"]),
        }
    )
    why = ", ".join(f"{name} missing {n}" for name, n in lacking.sum().items() if n)
    good = ~lacking.any(axis=1)
    if not good.any():
        raise DataError(f"no film has points, a date and a sex: {why}", where, "bring them, or look at rejected.csv")
    films = table[good]
    names = ["image_id", "person", "sex", "film_date", "split"]
    whose = films[names].rename(columns={"person": "patient_id"})
    rejected = _rejected(table.loc[wrong["row"]], wrong["level"].fillna("points"), wrong["reason"])
    if len(rejected):
        log.warning("vertebrae or films are left out (rejected.csv):\n%s", describe(rejected, identifying=False))
    return Films(films, compared.merge(whose, on="image_id"), why, rejected)


def after(first: pd.DataFrame, films: pd.DataFrame, run: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Which films of patients with a first film are of a later day, and those that are not, with the reason.

    Parameters
    ----------
    first, films : DataFrame
        Rows with ``person``; one first film a person.
    run : str, optional
        The run of `films`, if it is not that of `first`.

    Raises
    ------
    DataError
        No film is of such a patient, or of a later day.
    """
    start = films["person"].map(first.set_index("person")["film_date"])
    theirs = films[start.notna()]
    where = "dataset.run" if run is None else f"dataset.later: {run}"
    if theirs.empty:
        mend = "compare patient_id and site (dataset.name of films without one)"
        raise DataError("none of its films is of a patient of dataset.run", where, mend)
    later = theirs["film_date"] > start[theirs.index]
    if not later.any():
        mend = "bring films of several days, with film_date"
        mend = mend if run is None else "check film_date, or exchange dataset.run and dataset.later"
        raise DataError("no film is after the first film of its patient", where, mend)
    early = theirs[~later]
    days = start[early.index].dt.strftime("%Y-%m-%d")
    reasons = [f"a later film is to be after the first film, of {day}" for day in days]
    return theirs[later], _rejected(early, pd.Series("film_date", early.index), pd.Series(reasons, early.index))


def _rejected(films: pd.DataFrame, column: pd.Series, reason: pd.Series) -> pd.DataFrame:
    found = {name: films[name].to_numpy() for name in ("patient_id", "image_id")}
    found |= {"file": films["image_path"].to_numpy(), "column": column.to_numpy(), "reason": reason.to_numpy()}
    return pd.DataFrame(found).reindex(columns=list(REJECTED)).astype("object")
