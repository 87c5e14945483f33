"""Who is in each set, by sex: OsPenScreen's Table 1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from bonerisk.cohort.classes import severity
from bonerisk.cohort.proxies import is_proxy
from bonerisk.cohort.table import SEXES, SPLITS
from bonerisk.reporting.tables.characteristics import SEVERITY
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, mean_sd, share
from bonerisk.reporting.wording.vocabulary import Vocabulary

EXTERNAL = "external"
MOST = 6  # manufacturers that are listed; the rarer ones are others
Cells = Iterator[tuple[tuple[str, str], str]]  # group and name of a row, and what stands in it


def characteristics(cohort: pd.DataFrame, vocabulary: Vocabulary) -> list[Table]:
    """A column a set and sex: a table of the internal sets and, as in the paper, one of the external sets under it.

    Parameters
    ----------
    cohort : DataFrame
        The contract's columns, a row a film.
    vocabulary : Vocabulary
    """
    parts = {"internal": [split for split in SPLITS if split != EXTERNAL], "external": [EXTERNAL]}
    return [
        _table(name, splits, cohort, vocabulary)
        for name, splits in parts.items()
        if (cohort["split"].isin(splits) & cohort["sex"].notna()).any()
    ]


def _table(name: str, splits: Sequence[str], cohort: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    cohort = cohort[cohort["split"].isin(splits)]
    makers = _makers(cohort)
    columns: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for split in splits:
        for site, films in cohort[cohort["split"] == split].groupby("site"):
            for sex in SEXES:
                of_sex = films[films["sex"] == sex]
                if len(of_sex):
                    head = f"{words.split(split)}, {site} (n = {count(len(films))})"
                    shown = f"{words.SEXES[sex]} (n = {count(len(of_sex))})"
                    columns[head, shown] = dict(_described(of_sex, cohort, makers))
    labels = list(next(iter(columns.values()), {}))
    heads = pd.MultiIndex.from_tuples([("", "Group"), ("", "Characteristic"), *columns])
    cells = [[*label, *(column[label] for column in columns.values())] for label in labels]
    title = f"Characteristics of the {vocabulary.row}s by set and sex, {name} (as OsPenScreen's Table 1)"
    notes = [f"n (%) of {vocabulary.rows.lower()}, or mean ± SD. NA: the set has no T-scores."]
    if is_proxy(cohort).any():
        notes.append(f"Classes of {count(is_proxy(cohort).sum())} {vocabulary.row}s for training are proxy labels.")
    return Table(f"characteristics_{name}", title, pd.DataFrame(cells, columns=heads), tuple(notes), group="Group")


def _described(films: pd.DataFrame, cohort: pd.DataFrame, makers: list[str]) -> Cells:
    n, scored = len(films), films["t_score"].notna().any()
    yield ("Participants", "Patients"), count(len(films[["site", "patient_id"]].drop_duplicates()))
    yield ("Participants", "Age, years, mean ± SD"), mean_sd(films["age_years"])
    for name, text in words.BONE_CLASSES.items():
        if (cohort["bone_class"] == name).any():
            yield ("BMD categories, n (%)", text), share((films["bone_class"] == name).sum(), n)
        if name == "low_bone_mass" and cohort["t_score"].notna().any():
            found = severity(films["t_score"])
            for level, of_level in SEVERITY.items():
                cell = share((found == level).sum(), n) if scored else "NA"
                yield ("Low bone mass by T-score, n (%)", of_level), cell
    if makers:
        known = films["manufacturer"].where(films["manufacturer"].isin(makers), "Others")
        known = known.where(films["manufacturer"].notna(), "Unknown")
        for maker in [*makers, "Others", "Unknown"]:
            if maker in makers or _shown(cohort, makers, maker):
                yield ("X-ray manufacturer, n (%)", maker), share((known == maker).sum(), n)


def _makers(cohort: pd.DataFrame) -> list[str]:
    """The commonest manufacturers of X-ray systems; none where they are not known."""
    known = cohort["manufacturer"].dropna() if "manufacturer" in cohort else pd.Series(dtype=object)
    return [str(name) for name in known.value_counts().index[:MOST]]


def _shown(cohort: pd.DataFrame, makers: list[str], kind: str) -> bool:
    names = cohort["manufacturer"]
    return bool(names.isna().any() if kind == "Unknown" else (names.notna() & ~names.isin(makers)).any())
