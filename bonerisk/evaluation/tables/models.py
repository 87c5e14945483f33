"""The table of models: what each model of an evaluation is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bonerisk.cohort.targets import target as targets
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.models.comparators import Comparison

MODELS = {"model": str, "role": str, "trained": str, "columns": str, "concerns": str, "run": str, "note": str}


def model_rows(comparison: Comparison, target: str, runs: Mapping[str, str]) -> Iterator[Row]:
    """Rows of the table of models, in the order of the evaluation.

    A row has the model's role (`bonerisk.evaluation.models.comparators`); the trained model whose risk it takes, itself
    for a trained one; the clinical columns it was fitted to, joined by " + "; the target that it concerns; the folder
    of its training; and a note.

    Parameters
    ----------
    comparison : Comparison
    target : str
        Name of what is predicted; empty if it is not known.
    runs : mapping
        Trained model → name of the folder of its training.
    """
    for name, model in comparison.models.items():
        yield {
            "model": name,
            "role": model.role,
            "trained": model.trained,
            "columns": " + ".join(model.columns),
            "concerns": _concerned(name, target) if model.role == "oracle" else target,
            "run": runs.get(name, ""),
            "note": model.note,
        }


def _concerned(oracle: str, target: str) -> str:
    """The target; or, where an oracle ``oracle_<truth>_…`` is about the truth of another outcome, that truth."""
    truth = oracle.split("_")[1]
    known = {targets.find(name).truth for name in targets.names()}
    return truth if target and truth in known - {targets.find(target).truth} else target
