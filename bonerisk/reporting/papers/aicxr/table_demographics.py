"""Patients of each set, and of each T-score group: AI-CXR's Table 1 and Extended Data tables 1 and 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from bonerisk.cohort.classes import bone_class
from bonerisk.cohort.table import SEXES, SPLITS
from bonerisk.reporting.tables.characteristics import continuous, flags
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, mean_sd, share
from bonerisk.reporting.wording.vocabulary import Vocabulary

FINDING = "finding_"
ONCE = "A patient counts once, with the first {row}: n (%) or mean ± SD of patients."
PATIENT = ["site", "patient_id"]

Cells = Iterator[tuple[tuple[str, str], str]]  # group and name of a row, and what stands in it


def demographics(cohort: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    """Patients of each split (Table 1).

    Parameters
    ----------
    cohort : DataFrame
        The contract's columns, a row a film.
    vocabulary : Vocabulary
    """
    parts = {(words.split(name), ""): cohort[cohort["split"] == name] for name in SPLITS}
    title = "Patients of each set (as AI-CXR's Table 1)"

    def described(films: pd.DataFrame) -> Cells:
        for group, keep in t_score_groups(films["t_score"]).items():
            yield ("T-score, n (%)", group), share(keep.sum(), len(films))
        yield from _described(films, cohort, vocabulary)

    return _table("demographics", title, parts, vocabulary, described)


def by_t_score(cohort: pd.DataFrame, vocabulary: Vocabulary) -> list[Table]:
    """Patients, and their findings, by T-score in the sets for testing (Extended Data tables 1 and 2)."""
    parts = {
        (words.split(name), group): cohort[keep & (cohort["split"] == name)]
        for name in ("test", "external")
        for group, keep in t_score_groups(cohort["t_score"]).items()
    }
    title = "Patients by T-score (as AI-CXR's Extended Data Table 1)"
    described = _table(
        "demographics_by_t_score", title, parts, vocabulary, lambda films: _described(films, cohort, vocabulary)
    )
    if not any(column.startswith(FINDING) for _, _, column in flags(cohort)):
        return [described]
    title = "Findings by T-score (as AI-CXR's Extended Data Table 2)"
    return [
        described,
        _table("findings_by_t_score", title, parts, vocabulary, lambda films: _flagged(films, cohort, True)),
    ]


def t_score_groups(t_score: pd.Series) -> dict[str, pd.Series]:
    """Masks of those above the limit of osteoporosis, of those at or under it, and of those without a T-score."""
    low = bone_class(t_score) == "osteoporosis"
    return {"T > −2.5": t_score.notna() & ~low, "T ≤ −2.5": low, "T missing": t_score.isna()}


def _table(
    name: str,
    title: str,
    parts: Mapping[tuple[str, str], pd.DataFrame],
    vocabulary: Vocabulary,
    described: Callable[[pd.DataFrame], Cells],
) -> Table:
    """A column a part, those without films left out."""
    columns = {}
    for head, films in parts.items():
        if len(films):
            first = first_films(films)
            sizes = {
                ("Participants", "Patients"): count(len(first)),
                ("Participants", vocabulary.rows): count(len(films)),
            }
            columns[head] = sizes | dict(described(first))
    labels = list(next(iter(columns.values()), {}))
    cells = [[*label, *(column[label] for column in columns.values())] for label in labels]
    heads = [("", "Group"), ("", "Characteristic"), *columns]
    spanned = any(group for _, group in columns)
    frame = pd.DataFrame(
        cells, columns=pd.MultiIndex.from_tuples(heads) if spanned else ["".join(head) for head in heads]
    )
    return Table(name, title, frame, (ONCE.format(row=vocabulary.row),), group="Group")


def first_films(films: pd.DataFrame) -> pd.DataFrame:
    """The first film of each patient: by date, by days since the first where there is no date, else by row."""
    order = [column for column in ("film_date", "days_from_first_film") if column in films]
    return films.sort_values(order, kind="stable").drop_duplicates(PATIENT) if order else films.drop_duplicates(PATIENT)


def _described(films: pd.DataFrame, cohort: pd.DataFrame, vocabulary: Vocabulary) -> Cells:
    n = len(films)
    for sex in SEXES:
        yield ("Sex, n (%)", words.SEXES[sex]), share((films["sex"] == sex).sum(), n)
    for column in continuous(cohort):
        yield ("Mean ± SD", words.feature(column)), mean_sd(films[column])
    yield from _flagged(films, cohort, False)
    if "event" in films:
        yield ("Follow-up", f"{vocabulary.heading}, n (%)"), share((films["event"] == 1).sum(), n)
        if "competing_event" in films:
            yield ("Follow-up", "Competing event first, n (%)"), share((films["competing_event"] == 1).sum(), n)
        yield ("Follow-up", "Years, mean ± SD"), mean_sd(films["time_years"])


def _flagged(films: pd.DataFrame, cohort: pd.DataFrame, findings: bool) -> Cells:
    """What is 1 or 0: findings, or all else."""
    for group, name, column in flags(cohort):
        if column.startswith(FINDING) == findings:
            yield (group, name), share((films[column] == 1).sum(), len(films))
