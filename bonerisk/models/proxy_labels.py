"""Labels that a trained model, the teacher, gives to films without a label: of the class of which it is sure enough.

Source: OsPenScreen, "Training dataset with proxy labels".
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.cohort.proxies import is_proxy
from bonerisk.cohort.table import CONFIDENCE, ORIGIN, PROXY, REJECTED, Cohort, arrange, patients
from bonerisk.cohort.targets.target import Target
from bonerisk.errors import ConfigError, DataError, RowsRefusedError, raise_together
from bonerisk.evaluation.reliability import PPV, off, reliability
from bonerisk.models.films import require_films
from bonerisk.models.load import load_model
from bonerisk.models.trained import TrainedModel
from bonerisk.runs.folder import Run
from bonerisk.runs.sweeps import trainings

KEY = "cutoffs"

log = logging.getLogger(__name__)


def teacher_of(text: str, outputs: Path) -> TrainedModel:
    """The trained model that a user names, whose target must be a bone class, from films.

    Raises
    ------
    ConfigError
        There is no such run, it has another target, or it sees no films.
    """
    [run] = trainings(text, outputs)
    model = load_model(run)
    if not model.target.classes:
        what = f"{model.name} predicts {model.target_name}, which gives no film a bone class of its own"
        mend = "name a training with head.target=low_bone_mass or bone_class"
        raise ConfigError(what, f"run={text}", mend)
    if not model.films:
        raise ConfigError(f"{model.name} sees no films", f"run={text}", "name a training on films")
    return model


def cutoffs_of(given: Mapping[str, float | None], target: Target) -> dict[str, float]:
    """The cut-offs of a target's classes; over 0.5, so that no film can reach two.

    Raises
    ------
    ConfigError
        A cut-off is out of range or of a class that the target lacks, or there is none; all at once.
    """
    asked = {name: float(value) for name, value in given.items() if value is not None}
    wrong = [
        ConfigError(
            f"a cut-off of {value:g} for {name} is not over 0.5 and up to 1",
            f"{KEY}.{name}",
            "at 0.5 or less a film could be of two classes; the paper's are normal 0.99 and low_bone_mass 0.75",
        )
        for name, value in asked.items()
        if not 0.5 < value <= 1
    ]
    unknown = [name for name in asked if name not in target.classes]
    has = " and ".join(target.classes)
    wrong += [
        ConfigError(f"the teacher distinguishes {has}, not {name}", f"{KEY}.{name}", f"{KEY}.{name}=null")
        for name in unknown
    ]
    if not asked:
        wrong.append(ConfigError("no class has a cut-off, so that no film gets a label", KEY, f"{KEY}.normal=0.99"))
    raise_together(wrong)
    return asked


def without_label(cohort: Cohort) -> Cohort:
    """The films whose class is not known, as a step of the flow: a known label is never replaced.

    Raises
    ------
    ConfigError, DataError
        The dataset has no films, or every film has a label.
    """
    require_films(cohort)
    known = cohort.table[["t_score", "bone_class"]].notna().any(axis=1)
    table = cohort.table[~known].reset_index(drop=True)
    if table.empty:
        what = f"all {len(known)} films have a T-score or a bone class, which no model's label may replace"
        raise DataError(what, f"cohort {cohort.name}", "bring films without a label; train on these: bonerisk train …")
    why = "a T-score or bone class is known, and not replaced" if known.any() else ""
    return replace(cohort, table=table, flow=cohort.flow.step("no label known", cohort.table, table, why))


def probabilities(predicted: pd.DataFrame, target: Target) -> pd.DataFrame:
    """Probability (n, classes) of each class, from a predictions table.

    It has the columns ``p_<class>``, or, for a target of yes or no, `risk`.

    Raises
    ------
    ConfigError
        The teacher gives no probability of each class.
    """
    if target.kind == "binary":
        return pd.DataFrame(dict(zip(target.classes, (1 - predicted["risk"], predicted["risk"]), strict=True)))
    names = [f"p_{name}" for name in target.classes]
    if absent := [name for name in names if name not in predicted]:
        what = f"the teacher's predictions have no {', '.join(absent)}"
        raise ConfigError(what, "run", "name a training whose head gives the probability of each class")
    return predicted[names].set_axis(list(target.classes), axis=1)


def labelled(cohort: Cohort, probability: pd.DataFrame, cutoffs: Mapping[str, float], run: Run) -> Cohort:
    """The films of which the teacher is sure, all in split train, with class and confidence.

    Parameters
    ----------
    cohort : Cohort
    probability : DataFrame, shape (n, classes)
        Of the cohort's rows.
    cutoffs : mapping
        Class → least probability.
    run : Run
        Takes the notes.

    Raises
    ------
    RowsRefusedError
        No film reaches a cut-off; it states the highest probability of each class, and has the list of films.
    """
    claimed = pd.DataFrame({name: probability[name] >= cutoff for name, cutoff in cutoffs.items()})
    sure = claimed.any(axis=1)
    rejected = pd.concat([cohort.rejected, _unsure(cohort.table[~sure], probability[~sure], cutoffs)])
    said = ", ".join(f"{_words(name)} {cutoff:g}" for name, cutoff in cutoffs.items())
    highest = {name: f"{probability[name].max():.3g} (cut-off {cutoff:g})" for name, cutoff in cutoffs.items()}
    if not sure.any():
        told = "; ".join(f"{_words(name)} at most {text}" for name, text in highest.items())
        what = f"the teacher is sure of none of {len(sure)} films: {told}"
        mend = f"lower {' or '.join(f'{KEY}.{name}' for name in cutoffs)}, or train the teacher for longer"
        raise RowsRefusedError(what, f"cohort {cohort.name}", mend, rejected)
    table = cohort.table.assign(split="train", bone_class=claimed.idxmax(axis=1))
    table[ORIGIN], table[CONFIDENCE] = PROXY, probability.max(axis=1)
    table = arrange(table[sure])
    for name in cutoffs:
        n = int((table["bone_class"] == name).sum())
        log.info("%s: %d films, at or above %g", _words(name), n, cutoffs[name])
        if not n:
            _tell(f"No film is labelled {_words(name)}: its highest probability is {highest[name]}.", run)
    below = "below it: listed in rejected.csv" if len(table) < len(sure) else ""
    flow = cohort.flow.step(f"probability at or above the cut-off: {said}", cohort.table, table, below)
    return replace(cohort, table=table, flow=flow, rejected=rejected)


def judged(teacher: TrainedModel, cutoffs: Mapping[str, float], run: Run) -> pd.DataFrame:
    """How far the teacher's confidence can be trusted, on its tuning split; see `bonerisk.evaluation.reliability`.

    A note says if its probabilities are not true there, or if this can't be judged.
    """
    tuning, classes = teacher.tuning, teacher.target.classes
    true = tuning["label"].map(dict(enumerate(classes))) if len(tuning) else pd.Series(dtype=object)
    patient = pd.factorize(patients(tuning))[0]
    found = reliability(probabilities(tuning, teacher.target), true, patient, cutoffs)
    for text in _of_reliability(f"the teacher {teacher.name} ({teacher.run.folder.name})", found, len(tuning)):
        _tell(text, run)
    if "osteoporosis" not in classes:
        run.note(
            "The teacher of the proxy labels does not know osteoporosis: a film of such a patient gets another class, "
            "or none."
        )
    return found


def note_again(cohort: Cohort, teacher: TrainedModel, run: Run) -> None:
    """Say how many films the teacher has learnt with a proxy label: its confidence in these is partly its own echo."""
    learnt = teacher.training[is_proxy(teacher.training)]
    n = int(patients(cohort.table).isin(set(patients(learnt))).sum())
    if n:
        text = f"{n} of {len(cohort.table)} films with a new proxy label are of patients whom the teacher learnt with "
        _tell(f"{text}an earlier one: its confidence in these is too high.", run)


def _of_reliability(name: str, found: pd.DataFrame, n: int) -> Iterator[str]:
    """What must be told of the teacher's reliability on n films of its tuning split."""
    if not n:
        yield f"How far the confidence of {name} can be trusted is unknown: it has no tuning split."
        return
    wrong = off(found)
    if len(wrong):
        rows = zip(wrong["metric"], wrong["class"], wrong["estimate"], wrong["lower"], wrong["upper"], strict=True)
        of = {"o_e": "observed / expected of {}", "calibration_slope": "calibration slope of {}"}
        told = [f"{of[metric].format(_words(c))} {at:.2f} ({low:.2f} to {up:.2f})" for metric, c, at, low, up in rows]
        yield (
            f"{name[:1].upper()}{name[1:]} is not calibrated on its tuning split ({n} films): {'; '.join(told)}. Its "
            "confidence is not the probability that a proxy label is right."
        )
    elif found.loc[found["metric"] != PPV, "lower"].isna().any():
        yield f"Whether {name} is calibrated can't be judged on its tuning split ({n} films)."
    empty = found[(found["metric"] == PPV) & (found["n"] == 0)]
    for each, cutoff in zip(empty["class"], empty["cutoff"], strict=True):
        yield (
            f"No film of the teacher's tuning split reaches the cut-off of {_words(each)} ({cutoff:g}): how often such "
            "a proxy label is right is unknown."
        )


def _unsure(table: pd.DataFrame, probability: pd.DataFrame, cutoffs: Mapping[str, float]) -> pd.DataFrame:
    """Rows of rejected.csv for films below the cut-offs: the most probable class, and its probability."""
    reasons = {
        name: f"most probably {_words(name)}, "
        + (f"but under its cut-off of {cutoffs[name]:g}" if name in cutoffs else "which has no cut-off")
        for name in map(str, probability)
    }
    found = table[["patient_id", "image_id"]].assign(
        file=table["image_path"],
        column=CONFIDENCE,
        value=probability.max(axis=1).map("{:.4f}".format),
        reason=probability.idxmax(axis=1).map(reasons),
    )
    return found.reindex(columns=list(REJECTED))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _tell(text: str, run: Run) -> None:
    run.note(text)
    log.warning(text)
