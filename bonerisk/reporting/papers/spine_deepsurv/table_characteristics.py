"""Who is in the training and in the test set, by fracture: spine DeepSurv's Table 1."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort.recorded import LEARNT
from bonerisk.evaluation.tables.characteristics import compared
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, listed, mean_sd, p_value, share
from bonerisk.reporting.wording.vocabulary import Vocabulary

MEANS = ("age_years", "bmi_kg_m2", "t_score", "frax_major", "frax_simulated_major", "time_years")
SHARES = (
    "female",
    "previous_fracture",
    "secondary_osteoporosis_spine",
    "rheumatoid_arthritis",
    "glucocorticoids",
    "event",
)
ROWS = (  # in the order of the paper; below them what it does not have
    "age_years",
    "female",
    "bmi_kg_m2",
    *SHARES[1:-1],
    *MEANS[2:],
    "event",
)
NAMES = {"female": "Female", "time_years": "Follow-up, years", "glucocorticoids": "Use of glucocorticoids"}


def characteristics(cohort: pd.DataFrame, vocabulary: Vocabulary) -> Table:
    """A column a set and outcome, and p-values of the training against the test set and of fracture against none.

    Parameters
    ----------
    cohort : DataFrame
        The contract's columns, a row a film.
    vocabulary : Vocabulary
    """
    films = cohort.assign(female=cohort["sex"].map({"F": 1.0, "M": 0.0}))
    sets = {"Training set": films[films["split"].isin(LEARNT)], "Test set": films[~films["split"].isin(LEARNT)]}
    columns = {(_head(name, of), side): part for name, of in sets.items() for side, part in _sides(of, vocabulary)}
    marks, rows, tests = Footnotes(), [], dict[str, None]()
    for column in (name for name in ROWS if name in films and films[name].notna().any()):
        cells = [_cell(part[column], column) for part in columns.values()]
        for first, second in (sets.values(), (films[films["event"] == 1], films[films["event"] == 0])):
            _, (test, p, why) = compared(films[column], [first[column].dropna(), second[column].dropna()])
            tests |= {test: None} if test else {}
            told = column == "event" and second is not sets["Test set"]  # its own groups
            cells.append("" if told else marks.mark(p_value(p), vocabulary.in_words(why)))
        rows.append([_name(column, vocabulary), *cells])
    tested = [("p", "Training, test"), ("p", f"{vocabulary.heading}, none")]
    heads = pd.MultiIndex.from_tuples([("", "Characteristic"), *columns, *tested])
    notes = (
        f"Mean ± SD, or n (%) of {vocabulary.rows.lower()}; of those whose value is known. p: {listed(tests)}, where "
        f"the paper has Student's t and chi-squared; unadjusted. The training set holds the tuning split. "
        f"{MISSING}: not computable. That a {vocabulary.outcome} came does not say how long a patient was followed.",
        *marks.notes(),
    )
    title = "Baseline characteristics (as spine DeepSurv's Table 1)"
    return Table("baseline_characteristics", title, pd.DataFrame(rows, columns=heads), notes)


def _sides(films: pd.DataFrame, vocabulary: Vocabulary) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "All", films
    for name, event in ((f"With {vocabulary.having}", 1), ("Without", 0)):
        part = films[films["event"] == event]
        yield f"{name} (n = {count(len(part))})", part


def _head(name: str, films: pd.DataFrame) -> str:
    return f"{name} (n = {count(len(films))})"


def _cell(values: pd.Series, column: str) -> str:
    known = values.dropna()
    return mean_sd(known) if column in MEANS else share((known == 1).sum(), len(known))


def _name(column: str, vocabulary: Vocabulary) -> str:
    if column == "event":
        return f"{vocabulary.heading} during follow-up"
    return NAMES.get(column, words.feature(column) if column.endswith(("years", "kg_m2")) else _first(column))


def _first(column: str) -> str:
    text = words.covariate(column)
    return text[:1].upper() + text[1:]
