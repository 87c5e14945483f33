"""The summary at the top, in plain words: what was asked, of whom, what came out, and what it can't show."""

from __future__ import annotations

import pandas as pd

from bonerisk.reporting import words
from bonerisk.reporting.chain import Chain, Evaluation
from bonerisk.reporting.numbers import MISSING, count, interval, listed, number, plural
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.runs.find import StoredRun

TOO_WIDE = 0.2  # of an AUC's interval: it then reaches from useless to good


def sentences(chain: Chain) -> list[str]:
    """Paragraphs about what was done and found."""
    asked = [_asked(evaluation) for evaluation in chain.evaluations]
    if len(chain.evaluations) == 1:
        [evaluation] = chain.evaluations
        return [*asked, *(_found(evaluation, split) for split in evaluation.splits)]
    if asked:
        return [*dict.fromkeys(asked), "The section “Runs compared” holds their results side by side."]
    return [_only(run) for run in chain.runs]


def cautions(chain: Chain) -> list[str]:
    """What a reader must know before believing a number, each once."""
    found = [text for run in chain.runs for text in _of_run(run)]
    for evaluation in chain.evaluations:
        where = f"{evaluation.run.name} on {evaluation.dataset}: " if len(chain.evaluations) > 1 else ""
        found += [where + text for split in evaluation.splits if (text := _too_few(evaluation, split))]
    return list(dict.fromkeys(found))


def headline(evaluation: Evaluation) -> Table:
    """AUC of the model beside baselines and oracle: a row a model, a column a split."""
    rows, marks = [], Footnotes()
    for kind in ("film", "baseline", "combined", "oracle"):
        for model in evaluation.models(kind):
            values = [evaluation.value(split, model) for split in evaluation.splits]
            cells = [_marked(value, marks) for value in values]
            name = f"{words.model(model)} (the film)" if kind == "film" else words.model(model)
            rows.append([name, *cells])
    heads = [_head(evaluation, split) for split in evaluation.splits]
    notes = ["AUC: how often a film with the outcome gets a higher risk than one without; 0.5 is chance."]
    if evaluation.models("oracle"):
        notes.append("Oracle: known from the truth behind simulated films; no model of the same inputs can do better.")
    return Table("headline", "AUC (95% CI)", pd.DataFrame(rows, columns=["Model", *heads]), (*notes, *marks.notes()))


def _marked(row: pd.Series | None, marks: Footnotes) -> str:
    if row is None:
        return MISSING
    return _auc(row) if pd.notna(row["estimate"]) else marks.mark(MISSING, row["note"])


def _head(evaluation: Evaluation, split: str) -> str:
    row = evaluation.value(split, evaluation.run.name)
    return words.split(split) if row is None else f"{words.split(split)}, n = {count(row['n'])}"


def _asked(evaluation: Evaluation) -> str:
    training = evaluation.training
    text = f"Can a film show who has {words.OUTCOME}? The model {evaluation.run.name}"
    if training and (training.folder / "cohort.parquet").is_file():
        splits = pd.read_parquet(training.folder / "cohort.parquet", columns=["split"])["split"].value_counts()
        text += f" learnt from {plural(splits.get('train', 0), 'film')}, "
        text += f"was tuned on {count(splits.get('tune', 0))} others"
    standard = evaluation.run.record.get("reference_standard") or "DXA"
    return (
        f"{text} and was tried on films of {evaluation.dataset} it had not seen. The reference standard is {standard}."
    )


def _found(evaluation: Evaluation, split: str) -> str:
    row = evaluation.value(split, evaluation.run.name)
    if row is None:
        return f"{words.split(split)}: nothing could be computed."
    films = evaluation.cohort[evaluation.cohort["split"] == split]
    patients = len(films[["site", "patient_id"]].drop_duplicates())
    text = f"{words.split(split)}: {plural(row['n'], 'film')} of {plural(patients, 'patient')}, "
    text += f"{count(row['n_events'])} with {words.OUTCOME}. "
    if pd.isna(row["estimate"]):
        return f"{text}The AUC can't be computed: {row['note']}."
    text += f"The AUC was {_auc(row)}"
    beside = [f"{_auc(value)} for {words.model(name)} alone" for name, value in _baselines(evaluation, split).items()]
    text += f", against {listed(beside)}." if beside else "."
    return text + _gain(evaluation, split) + _ceiling(evaluation, split)


def _auc(row: pd.Series) -> str:
    return interval(row["estimate"], row["lower"], row["upper"])


def _baselines(evaluation: Evaluation, split: str) -> dict[str, pd.Series]:
    """AUC of the baselines that could be fitted."""
    values = {name: evaluation.value(split, name) for name in evaluation.models("baseline")}
    return {name: row for name, row in values.items() if row is not None and pd.notna(row["estimate"])}


def _gain(evaluation: Evaluation, split: str) -> str:
    """What the film adds to the fullest baseline."""
    baselines = list(_baselines(evaluation, split))
    row = evaluation.value(split, evaluation.run.name, reference=baselines[-1]) if baselines else None
    if row is None or pd.isna(row["lower"]):
        return ""
    verdict = "the film is better" if row["lower"] > 0 else "the film is worse" if row["upper"] < 0 else (
        "the interval covers 0, so no gain is shown"
    )  # fmt: skip
    estimate = interval(row["estimate"], row["lower"], row["upper"], sign=True)
    return f" The difference to {words.model(baselines[-1])} is {estimate}: {verdict}."


def _ceiling(evaluation: Evaluation, split: str) -> str:
    values = [(words.model(name), evaluation.value(split, name)) for name in evaluation.models("oracle")]
    texts = [f"{_auc(value)} ({name.removesuffix(' (oracle)')})" for name, value in values if value is not None]
    return f" Known from the truth behind the simulation: {listed(texts)}." if texts else ""


def _too_few(evaluation: Evaluation, split: str) -> str:
    row = evaluation.value(split, evaluation.run.name)
    if row is None:
        return ""
    films = evaluation.cohort[evaluation.cohort["split"] == split]
    patients = len(films[["site", "patient_id"]].drop_duplicates())
    sizes = f"Only {plural(patients, 'patient')} in {words.split(split).lower()}"
    sizes += f" ({plural(row['n'], 'film')}, {count(row['n_events'])} with {words.OUTCOME})"
    if pd.isna(row["estimate"]) or pd.isna(row["lower"]):
        return f"{sizes}: no AUC with an interval can be given."
    if row["upper"] - row["lower"] > TOO_WIDE:
        limits = f"{number(row['lower'])} to {number(row['upper'])}"
        return f"{sizes}: the AUC's interval, {limits}, is too wide to conclude anything."
    return ""


def _of_run(run: StoredRun) -> list[str]:
    found = list(run.record.get("notes") or [])
    if run.status != "finished":
        found.append(f"The run {run.folder.name} ({run.command}) is {run.status}, not finished.")
    return found


def _only(run: StoredRun) -> str:
    """One sentence for a run that is not an evaluation."""
    if not (run.folder / "cohort.parquet").is_file():
        return f"{run.folder.name}: `{run.command}` of {run.name}, {run.status}."
    films = pd.read_parquet(run.folder / "cohort.parquet", columns=["split", "patient_id", "site"])
    patients = len(films[["site", "patient_id"]].drop_duplicates())
    splits = listed(f"{count(n)} {words.split(str(name)).lower()}" for name, n in films["split"].value_counts().items())
    verb = {"prepare": "was prepared", "train": "was trained"}.get(run.command, "was run")
    return f"{run.name} {verb}: {plural(len(films), 'film')} of {plural(patients, 'patient')} ({splits})."
