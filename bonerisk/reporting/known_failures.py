"""Where a model is known to fail, from its evaluations: how it ranks, how true its probabilities are, in whom worse."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from bonerisk.errors import RunError, override
from bonerisk.evaluation.metrics.catalogue import about
from bonerisk.evaluation.tables.result import Result, read
from bonerisk.reporting.page import Part, Text
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, interval, listed, number
from bonerisk.runs.find import StoredRun, load

log = logging.getLogger(__name__)

CALIBRATED = ("o_e", "calibration_slope")
FEW = 5  # subgroups named


def evaluations_of(training: Path, outputs: Path) -> list[StoredRun]:
    """Finished evaluations that read a training, the newest first; those of an older version are passed over."""
    found = []
    for folder in sorted(outputs.glob("evaluate/*/*"), key=lambda folder: folder.name, reverse=True):
        with contextlib.suppress(RunError):
            run = load(folder)
            if run.status == "finished" and training.resolve() in {parent.resolve() for parent in run.parents}:
                found.append(run)
    return found


def known_failures(evaluations: Sequence[StoredRun], training: Path) -> Iterator[Part]:
    """A table of the model's newest evaluation of each split of each dataset, and the subgroups that rank worse."""
    rows: dict[tuple[str, str], list[str]] = {}
    worse: list[str] = []
    ranked = ""
    for run in evaluations:
        try:
            result = read(run)
        except RunError as error:
            log.warning("an evaluation is passed over: %s", error.what)
            continue
        names = result.models.loc[result.models["run"] == training.name, "model"]
        for (dataset, split), metrics in result.metrics.groupby(["dataset", "split"], sort=False):
            place = str(dataset), str(split)
            if place in rows or names.empty:
                continue
            own = metrics[(metrics["model"] == names.iloc[0]) & (metrics["reference"] == "")]
            whole = own[(own["subgroup"] == "all") & own["estimate"].notna()]
            if whole.empty:
                continue
            first = whole.iloc[0]
            ranked = words.metric(first["metric"], first["horizon_years"])
            shown = [interval(*first[["estimate", "lower", "upper"]]), *(_last(whole, name) for name in CALIBRATED)]
            rows[place] = [str(dataset), words.split(str(split)), count(first["n"]), *shown]
            worse += _worse(result, names.iloc[0], *place)
    if not rows:
        what = "No evaluation of this model is known here: nobody can say where it fails. "
        yield Text(what + f"bonerisk evaluate {override('run', training)} makes one.", "caution")
        return
    heads = ["Films of", "Split", "n", f"{ranked} (95% CI)", *(about(name).name for name in CALIBRATED)]
    notes = ("Observed/expected over 1: probabilities are too low. A slope under 1: they are too extreme.",)
    yield Table("known", "Evaluations of this model", pd.DataFrame(list(rows.values()), columns=heads), notes)
    if worse:
        what = "By the interval of the difference it ranks worse than in the other patients: "
        yield Text(f"{what}{listed(worse[:FEW])}.", "caution")
    else:
        yield Text("By the interval of the difference it ranks worse than in others in no subgroup that was evaluated.")


def _last(metrics: pd.DataFrame, name: str) -> str:
    """A metric without threshold, at the last horizon that has it, with its interval."""
    rows = metrics[metrics["metric"] == name].sort_values("horizon_years")
    return interval(*rows.iloc[-1][["estimate", "lower", "upper"]]) if len(rows) else number(math.nan)


def _worse(result: Result, model: str, dataset: str, split: str) -> Iterator[str]:
    """``Female (AUC −0.12, test)`` of each gap to the rest that lies below 0 with its whole interval."""
    gaps = result.gaps
    own = gaps[(gaps["model"] == model) & (gaps["dataset"] == dataset) & (gaps["split"] == split)]
    for row in own[own["upper"] < 0].to_dict("records"):
        name = words.metric(row["metric"], row["horizon_years"])
        less = f"{name} {number(row['estimate'], sign=True)}, {words.patients_of(split)}"
        yield f"{words.subgroup(row['subgroup'])} ({less})"
