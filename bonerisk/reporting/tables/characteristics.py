"""Table 1: who is in each split, by sex, and how far the splits differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bonerisk.cohort.classes import severity
from bonerisk.cohort.proxies import is_proxy
from bonerisk.cohort.table import BONE_CLASSES, COLUMNS, SEXES
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, mean_sd, number, share
from bonerisk.reporting.wording.splits import parts_of
from bonerisk.reporting.wording.vocabulary import FOLLOW_UP, Vocabulary, vocabulary_of

SEVERITY = {
    "mild": "Mild, −1.0 > T > −1.5",
    "moderate": "Moderate, −1.5 ≥ T > −2.0",
    "advanced": "Advanced, −2.0 ≥ T > −2.5",
}
CONTINUOUS = ("age_years", "height_cm", "weight_kg", "bmi_kg_m2", "t_score")

# By how names begin.
FLAGS = {"drug_": "Drugs, n (%)", "finding_": "Findings, n (%)", "": "Conditions and other marks, n (%)"}
MOST_LEVELS = 10  # of a column of text, or of sites, beyond which they are not listed
NO_COVARIATES = {"event", "competing_event", "time_years", "label", "burned_in"}

Rows = dict[tuple[str, str], str]


def characteristics(cohort: pd.DataFrame) -> Table:
    """Films of each split and sex, with standardised differences of each split to the first; proxy labels apart.

    Parameters
    ----------
    cohort : DataFrame
        The contract's columns, a row an image.
    """
    vocabulary = vocabulary_of(cohort, FOLLOW_UP)
    splits = parts_of(cohort)
    columns = {}
    for name, part in splits.items():
        for sex in [*SEXES, None]:
            films = part[part["sex"] == sex] if sex else part[part["sex"].isna()]
            if len(films):
                unknown = "Sex unknown" if cohort["sex"].notna().any() else "All"
                of_sex = f"{words.SEXES[sex] if sex else unknown} (n = {count(len(films))})"
                columns[f"{name} (n = {count(len(part))})", of_sex] = films
    described = {head: _describe(films, cohort, vocabulary) for head, films in columns.items()}
    first, *others = splits
    for name in others:
        head = ("Standardised difference", f"{name} to {first.lower()}")
        described[head] = _differences(splits[first], splits[name], cohort)
    labels = list(next(iter(described.values())))
    heads = pd.MultiIndex.from_tuples([("", "Group"), ("", "Characteristic"), *described])
    cells = [[*label, *(column.get(label, "") for column in described.values())] for label in labels]
    frame = pd.DataFrame(cells, columns=heads)
    title = f"Characteristics of the {vocabulary.row}s by split and sex"
    return Table("characteristics", title, frame, _notes(cohort, others, vocabulary), "Group")


def _describe(films: pd.DataFrame, cohort: pd.DataFrame, vocabulary: Vocabulary) -> Rows:
    patients = len(films[["site", "patient_id"]].drop_duplicates())
    rows: Rows = {("Participants", "Patients"): count(patients)}
    for column in continuous(cohort):
        name = words.feature(column)
        rows["Mean ± SD", name] = mean_sd(films[column])
        missing = films[column].isna().sum()
        if cohort[column].isna().any():
            rows["Mean ± SD", f"{name}: missing"] = share(missing, len(films)) if missing else "0"
    for value in _classes(cohort):
        rows["Bone class, n (%)", words.BONE_CLASSES[value]] = share((films["bone_class"] == value).sum(), len(films))
    if cohort["bone_class"].isna().any() and cohort["bone_class"].notna().any():
        rows["Bone class, n (%)", "Missing"] = share(films["bone_class"].isna().sum(), len(films))
    if "low_bone_mass" in _classes(cohort) and films["t_score"].notna().any():
        found = severity(films["t_score"])
        for level, name in SEVERITY.items():
            rows["Severity by T-score, n (%)", name] = share((found == level).sum(), len(films))
    if "event" in cohort and cohort["event"].notna().any():
        rows["Follow-up", f"{vocabulary.heading}, n (%)"] = share((films["event"] == 1).sum(), len(films))
        if "competing_event" in films and cohort["competing_event"].notna().any():
            other = "Death without one" if vocabulary.row == "film" else "Competing event first"
            rows["Follow-up", f"{other}, n (%)"] = share((films["competing_event"] == 1).sum(), len(films))
        if "time_years" in films:
            rows["Follow-up", "Years, mean ± SD"] = mean_sd(films["time_years"])
    for group, name, column in flags(cohort):
        rows[group, name] = share((films[column] == 1).sum(), len(films))
    for column in _texts(cohort):
        group = f"{words.feature(column)}, n (%)"
        for level in sorted(cohort[column].dropna().unique()):
            rows[group, str(level)] = share((films[column] == level).sum(), len(films))
        if cohort[column].isna().any():
            rows[group, "Missing"] = share(films[column].isna().sum(), len(films))
    sites = sorted(cohort["site"].unique())
    if 1 < len(sites) <= MOST_LEVELS:
        rows |= {("Site, n (%)", str(site)): share((films["site"] == site).sum(), len(films)) for site in sites}
    return rows


def _differences(first: pd.DataFrame, other: pd.DataFrame, cohort: pd.DataFrame) -> Rows:
    rows: Rows = {}
    for column in continuous(cohort):
        rows["Mean ± SD", words.feature(column)] = number(of_means(first[column], other[column]))
    classes = _classes(cohort)
    if classes:
        rows["Bone class, n (%)", words.BONE_CLASSES[classes[0]]] = number(
            of_proportions(first["bone_class"], other["bone_class"])
        )
    return rows


def of_means(first: pd.Series, other: pd.Series) -> float:
    """Standardised difference of means, other − first over the root of the mean variance; NaN without variance."""
    spread = np.sqrt((first.var() + other.var()) / 2)
    return (other.mean() - first.mean()) / spread if spread > 0 else np.nan


def of_proportions(first: pd.Series, other: pd.Series) -> float:
    """Standardised difference of a variable of k classes (Yang & Dalton, SAS Global Forum 2012, 335).

    The Mahalanobis distance between the proportions of k − 1 classes, never negative; NaN where it has none.
    """
    if first.isna().all() or other.isna().all():
        return np.nan
    classes = sorted({*first.dropna(), *other.dropna()})[1:]
    p, q = (np.array([(values.dropna() == name).mean() for name in classes]) for values in (first, other))
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    if not classes or np.linalg.matrix_rank(covariance) < len(classes):
        return np.nan
    return float(np.sqrt((p - q) @ np.linalg.solve(covariance, p - q)))


def continuous(cohort: pd.DataFrame) -> list[str]:
    """Columns with mean and SD: those of any cohort, and, where there are no films, what else is a number."""
    known = [name for name in CONTINUOUS if name in cohort and cohort[name].notna().any()]
    if cohort["image_path"].notna().any():
        return known
    known_flags = {*NO_COVARIATES, *(column for _, _, column in flags(cohort))}
    others = cohort.select_dtypes("number").dropna(axis=1, how="all")
    return [*known, *(str(name) for name in others if name not in {*known, *known_flags})]


def _texts(cohort: pd.DataFrame) -> list[str]:
    """Columns of text with few levels, where there are no films: what such a model learns from, or predicts."""
    if cohort["image_path"].notna().any():
        return []
    texts = cohort.select_dtypes("object").dropna(axis=1, how="all")
    return [str(name) for name in texts if name not in COLUMNS and texts[name].nunique() <= MOST_LEVELS]


def _classes(cohort: pd.DataFrame) -> list[str]:
    return [name for name in BONE_CLASSES if (cohort["bone_class"] == name).any()]


def flags(cohort: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield group, name and column of the covariates that are 1 or 0, and 1 somewhere."""
    for column in map(str, cohort.select_dtypes("number")):
        values = set(cohort[column].dropna().unique())
        if values <= {0, 1} and 1 in values and column not in NO_COVARIATES:
            kind = next((kind for kind in FLAGS if kind and column.startswith(kind)), "")
            yield FLAGS[kind], words.feature(column.removeprefix(kind)), column


def _notes(cohort: pd.DataFrame, others: list[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    patients = len(cohort[["site", "patient_id"]].drop_duplicates())
    notes = [f"{vocabulary.of_patients(len(cohort), patients)}; n and percentages count {vocabulary.row}s."]
    if is_proxy(cohort).any():
        notes.append("Proxy labels: a model gave the bone class; nothing was measured.")
    if others:
        of_classes = "That of the bone class is over all classes; " if _classes(cohort) else ""
        notes.append(
            "Standardised differences compare whole splits, both sexes together; a size above 0.1 is often taken as a "
            f"real difference. {of_classes}{MISSING}: no variance."
        )
    return tuple(notes)
