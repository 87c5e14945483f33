"""The sections of the page, each from the runs that can fill it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bonerisk.reporting import as_printed, summary, words
from bonerisk.reporting.chain import Chain, Evaluation, Participants
from bonerisk.reporting.figures.evaluation import FOREST
from bonerisk.reporting.figures.flow import flow
from bonerisk.reporting.figures.history import histories, history
from bonerisk.reporting.figures.style import Drawing, save
from bonerisk.reporting.numbers import MISSING, count, interval, number, plural
from bonerisk.reporting.page import FilmGrid, Part, Section, Text
from bonerisk.reporting.rows import rows_of
from bonerisk.reporting.tables import performance, sweep
from bonerisk.reporting.tables.characteristics import characteristics
from bonerisk.reporting.tables.provenance import provenance
from bonerisk.reporting.tables.rejected import rejected
from bonerisk.reporting.tables.table import Table
from bonerisk.runs.find import StoredRun

CURVES = ("roc", "precision_recall", "calibration", "confusion")
OUTCOME_WORDS = {"label": words.OUTCOME, "event": "a fracture"}  # by the cohort's column, the first that is there
OUTCOMES = ("true positive", "false negative", "false positive", "true negative")


def summarise(chain: Chain) -> Section:
    """Plain words, cautions, and the AUC of one evaluation beside what it has to beat."""
    parts: list[Part] = [Text(text, "caution") for text in summary.cautions(chain)]
    parts += [Text(text) for text in summary.sentences(chain)]
    if len(chain.evaluations) == 1:
        parts.append(summary.headline(chain.evaluations[0]))
    return Section("Summary", parts)


def compare(chain: Chain, figures: Path) -> Section:
    """Several evaluations or trainings side by side; without parts where there is one of each."""
    parts: list[Part] = []
    if len(chain.evaluations) > 1:
        parts.append(_overview(chain.evaluations))
    trained = [_trained(run, chain.evaluations) for run in chain.trainings]
    if len(trained) > 1:
        parts += [sweep.sweep(trained), *filter(None, [sweep.over_seeds(trained)])]
        names = _names([item.run for item in trained])
        epochs = {name: item.epochs for name, item in zip(names, trained, strict=True) if item.kept is not None}
        drawn = {name: table for name, table in epochs.items() if table is not None}
        if drawn:
            title, alt = "Tuning AUC of the trainings by epoch", "A line a training; the kept epoch is a circle."
            parts.append(save(histories(drawn), figures, "histories", title, f"{title}. {alt}"))
    return Section("Runs compared", parts)


def participants(source: Participants, figures: Path, suffix: str, place: str) -> Section:
    """Flow, Table 1, and what was refused."""
    title = "Flow of films and patients"
    splits = _splits(source.films, source.steps)
    ends = "; ".join(f"{words.split(row.split)} {plural(row.films, 'film')}" for row in rows_of(splits))
    alt = f"{title}: {_told(source.steps)}. {ends}."
    parts: list[Part] = [save(flow(source.steps, splits), figures, f"flow{suffix}", title, alt)]
    tables = [characteristics(source.films), *rejected(source.rejected)]
    parts += [replace(table, name=table.name + suffix) for table in tables]
    if len(tables) == 1:
        parts.append(Text("No value of the source was refused."))
    return Section(f"Participants{place}", parts)


def evaluate(evaluation: Evaluation, figures: Path, suffix: str, place: str) -> list[Section]:
    """Performance, subgroups and example films of one evaluation."""
    tables = [performance.by_split(evaluation.ours, evaluation.confusion, evaluation.thresholds)]
    tables.append(performance.models(evaluation.metrics))
    tables += filter(None, [performance.differences(evaluation.metrics)])
    by_subgroup = [
        performance.by_subgroup(evaluation.ours, name, value)
        for name, value in evaluation.thresholds.items()
        if (evaluation.ours["subgroup"] != "all").any()
    ]
    named = [[replace(table, name=table.name + suffix) for table in group] for group in (tables, by_subgroup)]
    drawn = {
        path.stem: _copied(path, figures, suffix) for path in sorted((evaluation.run.folder / "figures").glob("*.svg"))
    }
    curves, forests = (
        [drawn[f"{kind}_{split}"] for kind in kinds for split in evaluation.splits if f"{kind}_{split}" in drawn]
        for kinds in (CURVES, [f"subgroups_{metric}" for metric in FOREST])
    )
    sections = [Section(f"Performance{place}", [*named[0], *curves])]
    sections.append(Section(f"Subgroups{place}", [*forests, *named[1]]))
    sections.append(Section(f"Example films{place}", [*_films(evaluation.run.folder / "figures" / "films")]))
    return [section for section in sections if section.parts]


def trainings(chain: Chain, figures: Path) -> Section:
    """History of each training; several are drawn together in "Runs compared"."""
    parts: list[Part] = []
    for run in chain.trainings if len(chain.trainings) == 1 else []:
        trained = _trained(run, [])
        if trained.epochs is not None and trained.kept is not None:
            best = f"epoch {trained.kept['epoch']:.0f} of {len(trained.epochs)}, AUC {number(trained.kept['tune_auc'])}"
            title = f"Training of {run.name}"
            alt = f"Loss and tuning AUC by epoch; kept: {best}."
            parts.append(save(history(trained.epochs), figures, "history", title, alt))
    return Section("Training", parts)


def published(names: Sequence[str]) -> Section:
    """Tables of the papers whose presets made the runs, as printed."""
    parts: list[Part] = []
    for paper in dict.fromkeys(filter(None, map(as_printed.paper_of, names))):
        parts.append(
            Text(
                f"For comparison, not for pooling: other patients, other films, other reference readings. Transcribed "
                f"digit for digit, contradictions included, from {as_printed.citation(paper)}"
            )
        )
        parts += as_printed.tables(paper)
    return Section("Published results, as printed", parts)


def origin(chain: Chain) -> Section:
    """Commands, configuration, seeds, versions."""
    return Section("What was run", [provenance(chain.runs)])


def unfilled(reasons: Sequence[str]) -> Section:
    """What the runs given could not fill, and how to get it."""
    return Section("Not shown", [Text(reason) for reason in reasons])


def _overview(evaluations: Sequence[Evaluation]) -> Table:
    rows = []
    for place, evaluation in enumerate(evaluations, start=1):
        heading = f"{place}: {evaluation.run.name} on {evaluation.dataset}, {evaluation.run.folder.name}"
        for split in evaluation.splits:
            row = evaluation.value(split, evaluation.run.name)
            if row is not None:
                auc = interval(row["estimate"], row["lower"], row["upper"])
                cells = [heading, words.split(split), count(row["n"]), count(row["n_events"]), auc]
                rows.append([*cells, *_at_half(evaluation.ours, split)])
    heads = ["Evaluation", "Split", "Films", words.OUTCOME.capitalize(), "AUC"]
    frame = pd.DataFrame(rows, columns=[*heads, "Sensitivity at 0.5", "Specificity at 0.5"])
    return Table("overview", "Evaluations compared", frame, ("In brackets: 95% intervals.",), group="Evaluation")


def _at_half(metrics: pd.DataFrame, split: str) -> list[str]:
    cells = []
    for metric in ("sensitivity", "specificity"):
        chosen = (metrics["split"] == split) & (metrics["metric"] == metric) & (metrics["threshold"] == "0.5")
        rows = metrics[chosen & (metrics["subgroup"] == "all")][["estimate", "lower", "upper"]]
        cells.append(interval(*rows.iloc[0]) if len(rows) else MISSING)
    return cells


def _trained(run: StoredRun, evaluations: Sequence[Evaluation]) -> sweep.Trained:
    path = run.folder / "history.csv"
    datasets = {evaluation.dataset for evaluation in evaluations}
    aucs: dict[str, tuple[float, float, float]] = {}
    for evaluation in evaluations:
        if evaluation.training is not None and evaluation.training.folder.resolve() == run.folder.resolve():
            dataset = evaluation.dataset if len(datasets) > 1 else ""
            aucs |= sweep.evaluated(evaluation.metrics, evaluation.run.name, dataset)
    return sweep.Trained(run, pd.read_csv(path) if path.is_file() else None, aucs)


def _names(runs: list[StoredRun]) -> list[str]:
    """What tells the runs apart, for a legend."""
    table = sweep.varied(runs)
    names = [
        ", ".join(f"{str(key).rpartition('.')[2]} {value}" for key, value in row.items())
        for row in table.to_dict("records")
    ]
    return [
        f"{name or 'run'} ({run.folder.name[-8:]})" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]


def _splits(films: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """A row a split, and one of the films that the steps kept but no run here used."""
    rows: list[list[Any]] = []
    for split in [name for name in words.SPLITS if (films["split"] == name).any()]:
        part = films[films["split"] == split]
        patients = len(part[["site", "patient_id"]].drop_duplicates())
        outcome = next((name for name in OUTCOME_WORDS if name in part), "")
        events = part[outcome].sum() if outcome else float("nan")
        rows.append([split, len(part), patients, events, OUTCOME_WORDS.get(outcome, "")])
    if len(steps) and steps["kept"].iloc[-1] > len(films):
        last = steps.iloc[-1]
        used = len(films[["site", "patient_id"]].drop_duplicates())
        rows.append(["Not used here", last["kept"] - len(films), last["kept_patients"] - used, float("nan"), ""])
    return pd.DataFrame(rows, columns=["split", "films", "patients", "events", "outcome"])


def _told(steps: pd.DataFrame) -> str:
    return "; ".join(
        f"{row.step}: {count(row.kept)} kept"
        + (f", {count(row.dropped)} dropped ({row.reason})" if row.dropped else "")
        for row in rows_of(steps)
    )


def _copied(path: Path, figures: Path, suffix: str) -> Drawing:
    """A figure of an evaluation, copied into the report under a name of its own."""
    figures.mkdir(parents=True, exist_ok=True)
    for file in (path, path.with_suffix(".png")):
        shutil.copyfile(file, figures / f"{path.stem}{suffix}{file.suffix}")
    return Drawing.read(figures / f"{path.stem}{suffix}.svg")


def _films(folder: Path) -> list[Part]:
    if not (folder / "examples.csv").is_file():
        return []
    table = pd.read_csv(folder / "examples.csv", dtype={"file": str, "image_id": str})
    outcome = table["group"].str.partition(",")[0]
    intro = (
        "Called positive at threshold 0.5. For each outcome the film that the model was surest of, and the one nearest "
        "the threshold."
    )
    parts: list[Part] = [Text(intro)]
    for split in table["split"].unique():
        for name in OUTCOMES:
            chosen = table[(table["split"] == split) & (outcome == name)]
            if len(chosen):
                films = tuple(
                    (folder / row.file, _caption(row.group, row.risk, row.t_score, row.image_id))
                    for row in rows_of(chosen)
                )
                parts.append(FilmGrid(f"{words.split(split)}: {name}s", films))
    return parts


def _caption(group: str, risk: float, t_score: float, image_id: str) -> str:
    kind = group.partition(", ")[2].capitalize()
    return f"{kind}\nrisk {number(risk)}, T-score {number(t_score, 1)}\n{image_id}"
