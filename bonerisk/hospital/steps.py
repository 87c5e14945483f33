"""The steps of a site's rules, each of which keeps some of the films; `Rules.apply` has their order.

Those that return text return notes, which a reader of the results must know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bonerisk.errors import DataError
from bonerisk.hospital import facts
from bonerisk.hospital.codes import ENCOUNTER, EVENT, TRAUMATIC, CodeSet, FractureCodes
from bonerisk.hospital.follow_up import FollowUp, follow
from bonerisk.hospital.link import Linked
from bonerisk.hospital.pairing import Pairing
from bonerisk.hospital.selection import Selection


def of_kinds(films: pd.DataFrame, wanted: Mapping[str, Sequence[str]], for_processing: bool) -> pd.Series:
    """Whether each film would be kept by `keep_kinds`."""
    kept = pd.Series(True, films.index) if for_processing else films["intent"] != "FOR PROCESSING"
    for column, names in wanted.items():
        kept &= films[column].isin(names) if names else True
    return kept


def keep_kinds(work: Selection, wanted: Mapping[str, Sequence[str]], for_processing: bool) -> None:
    """Keep the films of the wanted modality, body part and view, and raw films only if asked for."""
    if not for_processing:
        work.keep("for presentation", work.table["intent"] != "FOR PROCESSING", "raw, for processing")
    for column, names in wanted.items():
        if names:
            there = work.table[column].fillna("unknown")
            others = there[~there.isin(names)].value_counts().head(6)
            reason = ", ".join(f"{name} ({count})" for name, count in others.items())
            step = f"{column.replace('_', ' ')} {', '.join(names)}"
            work.keep(step, there.isin(names), reason, f"dataset.rules.{column}=[] keeps all")


def keep_first_of_day(work: Selection) -> None:
    """Keep the first film of a patient's day, body part and view."""
    day = ["person", "film_date", "body_part", "view"]
    ordered = work.table.sort_values([*day, "film_time", "image_id"], kind="stable", na_position="last")
    work.keep("first of its day", ~ordered.duplicated(day).reindex(work.table.index), "a repeat of that day")


def keep_ages(work: Selection, low: float | None, high: float | None) -> None:
    """Keep the ages from `low` to `high`, both included, in completed years at the film."""
    age = work.table["age_years"] // 1
    for name, limit, within in (("or over", low, age >= (low or 0)), ("or under", high, age <= (high or 0))):
        if limit is not None:
            within = within.reindex(work.table.index)
            unknown = int(work.table["age_years"].isna().sum())
            beyond = "younger" if name == "or over" else "older"
            work.keep(f"age {limit:g} {name}", within, f"{beyond}, or age unknown ({unknown})" if unknown else beyond)


def keep_visits(work: Selection, least: int) -> None:
    """Keep the films of patients with films on at least `least` days."""
    if least > 1:
        days = work.table.groupby("person")["film_date"].transform("nunique")
        work.keep(f"at least {least} visits", days >= least, "fewer days with such a film")


def fractures(linked: Linked, outcome: FractureCodes) -> pd.DataFrame:
    """Return the coded fractures as `FractureCodes.classify`; none where the hospital has no diagnoses."""
    nothing = pd.DataFrame(columns=["person", "date", "code", "code_system"], dtype="object")
    nothing = nothing.astype({"person": "int64", "date": "datetime64[ns]"})
    return outcome.classify(linked.tables.get("diagnoses", nothing))


def follow_up(
    work: Selection,
    linked: Linked,
    fractures: pd.DataFrame,
    rule: FollowUp,
    outcome: str,
    administrative_end: pd.Timestamp | None,
) -> list[str]:
    """Add event, competing_event and time_years, and drop films with a prevalent fracture or too short a follow-up.

    Raises
    ------
    DataError
        There is no table of diagnoses, or nobody has a last contact.
    """
    if "diagnoses" not in linked.tables:
        mend = "dataset.tables.diagnoses=FILE, or dataset.rules.follow_up.required=false"
        raise DataError("an outcome needs a table of diagnoses", "dataset.tables.diagnoses", mend)
    for name in ("diagnoses", "follow_up"):
        if name in linked.tables and linked.tables[name].empty:
            mend = "; ".join(linked.notes) or "identifiers must be written alike"
            raise DataError(f"no row of {name} is of a patient with a film", f"dataset.tables.{name}", mend)
    ends = facts.ends(linked.tables.get("follow_up"), work.table["person"], administrative_end)
    work.table = work.table.join(follow(work.table, fractures, ends, rule))
    work.refuse("follow-up is consistent", work.table["problem"], "follow_up")
    days = rule.look_back_days
    before = "in the record" if days is None else f"in the {days} days"
    work.keep(f"no {outcome} fracture {before} before", ~work.table["prevalent"], "prevalent fracture")
    enough = (work.table["time_years"] >= rule.min_years) & (work.table["time_years"] > 0)
    name = (
        f"followed for {rule.min_years:g} years, or to a fracture" if rule.min_years else "followed for a day or more"
    )
    work.keep(name, enough | (work.table["event"] == 1), "shorter follow-up")
    work.table = work.table.drop(columns=["prevalent", "problem"])
    fractures = fractures[fractures["sure"]]
    kinds = fractures["kind"].value_counts()
    notes = [
        f"Outcome {outcome}: {kinds.get(EVENT, 0)} coded fractures of patients with a film; kept apart "
        f"{kinds.get(TRAUMATIC, 0)} traumatic ones and {kinds.get(ENCOUNTER, 0)} later encounters."
    ]
    events = fractures[fractures["kind"] == EVENT]
    late = events["date"] > events["person"].map(ends["last_contact"])
    if late.any():
        people = events.loc[late, "person"].nunique()
        notes.append(
            f"Fractures dated after the end of follow-up do not count: {late.sum()} (number of patients: {people})."
        )
    return notes


def flag(work: Selection, linked: Linked, codes: CodeSet) -> list[str]:
    """Add comorbidities and drug classes by their codes, except those that a table of the hospital has as a column."""
    flags = codes.flags(work.table, linked.tables.get("diagnoses"), linked.tables.get("drugs"))
    given = [str(name) for name in flags if name in work.table]
    work.table = work.table.join(flags.drop(columns=given))
    return [f"Taken from the tables, not from codes: {', '.join(given)}."] if given else []


def exclude(work: Selection, without_drugs: Sequence[str], exclude_where: Sequence[str]) -> list[str]:
    """Drop films where such a column is 1, and those of patients who had, or may have had, such a drug before."""
    notes = []
    drugs = [f"drug_{name}" for name in without_drugs]
    if set(drugs) <= set(work.table) and drugs:
        name = f"without {', '.join(without_drugs).replace('_', ' ')}"
        prescribed = (work.table[drugs] == 1).any(axis=1)
        doubtful = int((work.table[drugs].isna().any(axis=1) & ~prescribed).sum())
        reason = f"prescribed before, or a drug whose code or day is not known ({doubtful})"
        work.keep(name, (work.table[drugs] == 0).all(axis=1), reason if doubtful else "prescribed before")
    elif drugs:
        notes.append("Patients on drugs for osteoporosis are not left out: there is no table of drugs.")
    for column in exclude_where:
        if column in work.table:
            if work.table[column].dtype == object:
                what = f"column {column} holds text, but films are left out where it is 1"
                raise DataError(what, "dataset.rules.exclude_where", "write 1 and 0, or yes and no")
            name = column.removeprefix("finding_").replace("_", " ")
            work.keep(f"no {name}", work.table[column] != 1, name)
    absent = [column for column in exclude_where if column not in work.table]
    if absent:
        notes.append(f"Not left out, since no table has such a column: {', '.join(absent)}.")
    return notes


def pair(work: Selection, dxa: pd.DataFrame | None, fractures: pd.DataFrame, pairing: Pairing) -> list[str]:
    """Add the nearest DXA reading, and drop films without one if the rules require it.

    Raises
    ------
    DataError
        Readings are required, and there is no table of DXA.
    """
    if dxa is None:
        if pairing.required:
            mend = "dataset.tables.dxa=FILE, or dataset.rules.pair.required=false"
            raise DataError("the rules require DXA readings, but there is no table of DXA", "dataset.tables.dxa", mend)
        work.table = work.table.assign(t_score=float("nan"))
        return []
    first = fractures[fractures["kind"] == EVENT].groupby("person")["date"].min()
    found = pairing.pair(work.table, dxa, first).set_index(work.table.index)
    work.table = work.table.join(found.drop(columns="tied"))
    ties = int(found["tied"].sum())
    if pairing.required:
        name = f"DXA within {pairing.window_days} days" if pairing.window_days else "DXA of the same day"
        work.keep(name, work.table["t_score"].notna(), "none, or further away")
    return [f"{ties} films lie midway between two DXA days; the earlier is taken."] if ties else []
