"""The summary at the top: the question, the patients, and how well the model ranks beside others."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bonerisk.cohort.proxies import is_proxy
from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Part, Section, Text
from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.runs.reported import ReportedRuns, target_of, words_of
from bonerisk.reporting.sections.cautions import cautions
from bonerisk.reporting.sections.horizons import paragraphs
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, count, listed
from bonerisk.reporting.wording.values import value
from bonerisk.reporting.wording.vocabulary import vocabulary_of
from bonerisk.runs.find import StoredRun

NAMED = 5  # features named in the question; more are counted


ORDER = 10


def sections(page: Context) -> Iterator[Section]:
    """Cautions, plain words, and how well one evaluation's model ranks beside baselines."""
    chain = page.runs
    parts: list[Part] = [Text(text, "caution") for text in cautions(chain)]
    parts += [Text(text) for text in sentences(chain)]
    if len(chain.evaluations) == 1:
        parts.append(headline(chain.evaluations[0]))
    yield Section("Summary", parts, missing=chain.missing)


def sentences(chain: ReportedRuns) -> list[str]:
    """Paragraphs about question, methods and results."""
    asked = [_asked(evaluation) for evaluation in chain.evaluations]
    if len(chain.evaluations) == 1:
        [evaluation] = chain.evaluations
        found = [[_found(evaluation, split), *paragraphs(evaluation, split)] for split in evaluation.splits]
        return [*asked, *(text for of_split in found for text in of_split)]
    if asked:
        return [*dict.fromkeys(asked), "The section “Runs compared” holds their results side by side."]
    return [_only(run) for run in chain.runs]


def headline(evaluation: EvaluationRun) -> Table:
    """How well the model ranks beside baselines and oracles: one row per model, one column per split."""
    rows, marks = [], Footnotes()
    columns = [
        (split, key)
        for split in evaluation.splits
        for key in evaluation.ranking
        if evaluation.value(split, evaluation.model, key) is not None  # a horizon may be in one split only
    ]
    for kind in ("film", "baseline", "rule", "combined", "oracle"):
        for model in evaluation.models(kind):
            cells = [_cell(evaluation, model, split, key, marks) for split, key in columns]
            name = words.model(model)
            if kind == "film" and len(evaluation.trained) == 1:
                name += " (the film)" if evaluation.saw_films else " (the model)"
            rows.append([name, *cells])
    heads: list = [_head(evaluation, split) for split, _ in columns]
    if evaluation.horizons:
        heads = [*zip(heads, (key.name for _, key in columns), strict=True)]
    first: list = [("", "Model")] if evaluation.horizons else ["Model"]
    frame = pd.DataFrame(rows)
    frame.columns = pd.MultiIndex.from_tuples([*first, *heads]) if evaluation.horizons else pd.Index([*first, *heads])
    meanings = [about(name).meaning for name in dict.fromkeys(key.metric for key in evaluation.ranking)]
    notes = [evaluation.vocabulary.in_words(meaning) for meaning in meanings if meaning]
    if evaluation.models("oracle"):
        notes.append("Oracle: from the truth behind simulated films; on average no model of the same inputs is better.")
    title = f"{listed(dict.fromkeys(key.name for _, key in columns))} (95% CI)"
    return Table("headline", title, frame, (*notes, *marks.notes()))


def _cell(evaluation: EvaluationRun, model: str, split: str, key: TableKey, marks: Footnotes) -> str:
    row = evaluation.value(split, model, key)
    if row is None:
        return MISSING
    if pd.isna(row["estimate"]):
        return marks.mark(MISSING, evaluation.vocabulary.in_words(row["note"]))
    return marks.mark(value(row), _elsewhere(evaluation, row, split))


def _elsewhere(evaluation: EvaluationRun, row: pd.Series, split: str) -> str:
    """``in 243 films``, if a model is judged on other films than the headline model, so that they can't be compared."""
    ours = evaluation.value(split, evaluation.model)
    return "" if ours is None or row["n"] == ours["n"] else f"in {evaluation.vocabulary.counted(row['n'])}"


def _with_number(evaluation: EvaluationRun, row: pd.Series, split: str, whose: str) -> str:
    """``0.74 (0.68–0.79) for T-score alone in 243 films``."""
    return " ".join(filter(None, [f"{value(row)} for {whose}", _elsewhere(evaluation, row, split)]))


def _head(evaluation: EvaluationRun, split: str) -> str:
    row = evaluation.value(split, evaluation.model)
    return words.split(split) if row is None else f"{words.split(split)}, n = {count(row['n'])}"


def _asked(evaluation: EvaluationRun) -> str:
    training, vocabulary = evaluation.training, evaluation.vocabulary
    question = f"Can {_of_what(evaluation)} show who {vocabulary.verb} {vocabulary.having}?"
    if evaluation.result.outcome == "points":
        question = "Can the points be found on a film?"
    text = f"{question} The model {words.model(evaluation.model)}"
    if training and "cohort.parquet" in training.written:
        learnt = pd.read_parquet(training.path("cohort.parquet"))
        splits, proxies = learnt["split"].value_counts(), is_proxy(learnt).sum()
        text += f" learnt from {vocabulary.counted(splits.get('train', 0))}"
        text += f" ({count(proxies)} of them with a proxy label)" if proxies else ""
        text += f", was tuned on {count(splits['tune'])} others" if "tune" in splits else ""
    if evaluation.tested:
        text += f" and was tested on {vocabulary.row}s of {evaluation.dataset} that it had not seen."
    else:
        text += f" of {evaluation.dataset}, and was validated on the same: the section “Validation” says how."
    return f"{text} The reference standard is {evaluation.reference_standard}."


def _of_what(evaluation: EvaluationRun) -> str:
    """``a film``, ``age, sex and BMI``, ``14 columns``."""
    if evaluation.saw_films:
        return "a film"
    names = list(dict.fromkeys(words.covariate(name.partition("=")[0].rstrip("'")) for name in evaluation.features))
    if not names:
        return "the columns of a table"
    return listed(names) if len(names) <= NAMED else f"{len(names)} columns"


def _found(evaluation: EvaluationRun, split: str) -> str:
    """The patients, and how well the model ranks beside the baselines."""
    key, vocabulary = evaluation.ranking[0], evaluation.vocabulary
    row = evaluation.value(split, evaluation.model)
    if row is None:
        return f"{words.split(split)}: nothing could be computed."
    text = f"{words.split(split)}: {vocabulary.of_patients(row['n'], evaluation.patients(split))}, "
    text += f"{count(row['n_events'])} with {vocabulary.having}{_by(evaluation, split)}. "
    name = key.in_sentence[:1].upper() + key.in_sentence[1:]
    if pd.isna(row["estimate"]):
        return f"{text}{name} can't be computed: {vocabulary.in_words(row['note'])}."
    text += f"{name} was {value(row)}"
    baselines = _baselines(evaluation, split)
    beside = [_with_number(evaluation, found, split, f"{words.model(name)} alone") for name, found in baselines.items()]
    text += f", against {listed(beside)}." if beside else "."
    return text + _gain(evaluation, split) + _others(evaluation, split) + _ceiling(evaluation, split)


def _by(evaluation: EvaluationRun, split: str) -> str:
    """``, 88 of them by 5 years; 13 had a competing event first``."""
    texts = []
    for key in evaluation.ranking[1:]:
        row = evaluation.value(split, evaluation.model, key)
        if row is not None:
            texts.append(f", {count(row['n_events'])} of them by {words.years(key.horizon)}")
    competing = evaluation.competing(split, float("inf")) if evaluation.horizons else 0
    return "".join(texts) + (f"; {count(competing)} had a competing event first" if competing else "")


def _baselines(evaluation: EvaluationRun, split: str) -> dict[str, pd.Series]:
    """Ranking of the baselines that could be fitted."""
    values = {name: evaluation.value(split, name) for name in evaluation.models("baseline")}
    return {name: row for name, row in values.items() if row is not None and pd.notna(row["estimate"])}


def _gain(evaluation: EvaluationRun, split: str) -> str:
    """What the model adds to the fullest baseline."""
    baselines = list(_baselines(evaluation, split))
    row = evaluation.value(split, evaluation.model, reference=baselines[-1]) if baselines else None
    if row is None or pd.isna(row["lower"]):
        return ""
    what = "the film" if evaluation.saw_films else "the model"
    verdict = f"{what} is better" if row["lower"] > 0 else f"{what} is worse" if row["upper"] < 0 else (
        "the interval covers 0, so no gain is shown"
    )  # fmt: skip
    return f" The difference from {words.model(baselines[-1])} is {value(row, sign=True)}: {verdict}."


def _others(evaluation: EvaluationRun, split: str) -> str:
    """How well the other trained models rank on what they can predict."""
    rows = [(words.model(name), evaluation.value(split, name)) for name in evaluation.trained[1:]]
    known = [(name, row) for name, row in rows if row is not None and pd.notna(row["estimate"])]
    texts = [_with_number(evaluation, row, split, name) for name, row in known]
    return f" Other models: {listed(texts)}." if texts else ""


def _ceiling(evaluation: EvaluationRun, split: str) -> str:
    values = [(words.model(name), evaluation.value(split, name)) for name in evaluation.models("oracle")]
    texts = [f"{value(found)} ({name.removesuffix(' (oracle)')})" for name, found in values if found is not None]
    return f" With the simulated truth: {listed(texts)}." if texts else ""


def _only(run: StoredRun) -> str:
    """One sentence for a run that is not an evaluation."""
    if "cohort.parquet" not in run.written:
        return f"{run.folder.name}: `{run.command}` of {run.name}, {run.status}."
    films = pd.read_parquet(run.path("cohort.parquet"))
    patients = len(films[["site", "patient_id"]].drop_duplicates())
    splits = listed(f"{count(n)} {words.split(str(name)).lower()}" for name, n in films["split"].value_counts().items())
    verb = {"prepare": "was prepared", "extract": "was encoded", "train": "was trained"}.get(run.command, "was run")
    vocabulary = vocabulary_of(films, target_of(run), words_of(run))
    return f"{run.name} {verb}: {vocabulary.of_patients(len(films), patients)} ({splits})."
