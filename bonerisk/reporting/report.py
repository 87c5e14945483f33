"""From runs to report.html, tables/ and figures/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bonerisk.reporting.page import Section, render
from bonerisk.reporting.papers.aicxr.section import aicxr
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.runs.reported import Participants, ReportedRuns, reported
from bonerisk.reporting.sections.compared import compare
from bonerisk.reporting.sections.origin import origin, unfilled
from bonerisk.reporting.sections.participants import participants
from bonerisk.reporting.sections.performance import drawings, evaluate
from bonerisk.reporting.sections.published import published
from bonerisk.reporting.sections.summary import summarise
from bonerisk.reporting.sections.training import trainings
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording.numbers import listed, plural
from bonerisk.runs.find import StoredRun


def write(runs: Sequence[StoredRun], folder: Path) -> None:
    """Write the page of any runs, with its tables (CSV, LaTeX) and figures (SVG, PNG).

    Parameters
    ----------
    runs : sequence of StoredRun
        The training behind an evaluation is found through the record where it is not among them.
    folder : Path
        Gets ``report.html``, ``tables/`` and ``figures/``.
    """
    found = reported(runs)
    for name in ("tables", "figures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    page = _sections(found, folder / "figures")
    for section in page:
        for part in section.parts:
            if isinstance(part, Table):
                part.write(folder / "tables")
    names = listed(dict.fromkeys(run.name for run in found.runs)) if found.runs else "nothing"
    subtitle = f"From {_counted(found)}."
    (folder / "report.html").write_text(render(names, subtitle, page), encoding="utf-8")


def _sections(found: ReportedRuns, figures: Path) -> list[Section]:
    page, reasons = [summarise(found), compare(found, figures)], _reasons(found)
    sources = found.participants
    for number, source in enumerate(sources, start=1):
        suffix, place = (f"_{number}", f" {number} ({_called(source.runs[0])})") if len(sources) > 1 else ("", "")
        page.append(participants(source, figures, suffix, place))
    for number, evaluation in enumerate(found.evaluations, start=1):
        several = len(found.evaluations) > 1
        suffix, place = (f"_{number}", f", evaluation {number}") if several else ("", "")
        drawn = drawings(evaluation, figures, suffix)
        of_paper, lacking = aicxr(evaluation, _source(evaluation, sources), drawn, suffix, place)
        page += [*evaluate(evaluation, drawn, suffix, place), of_paper]
        reasons += lacking
    page.append(trainings(found, figures))
    page.append(published([run.name for run in found.runs if run.command not in ("prepare", "extract")]))
    page.append(origin(found))
    page.append(unfilled(reasons))
    return [section for section in page if section.parts]


def _source(evaluation: EvaluationRun, sources: Sequence[Participants]) -> Participants | None:
    """The films that an evaluation is of, with those its models learnt from; of a sweep, one run stands for all."""
    own = [source for source in sources if evaluation.run in source.runs]
    films = evaluation.cohort["image_id"]
    alike = (source for source in sources if films.isin(source.films["image_id"]).all())
    return own[0] if own else next(alike, None)


def _called(run: StoredRun) -> str:
    """A run's name, and the rules that made its cohort."""
    rules = run.record.get("choices", {}).get("dataset/rules")
    return f"{run.name}, rules {rules}" if rules else run.name


def _counted(found: ReportedRuns) -> str:
    counts = {"preparation": len(found.prepared), "extraction": len(found.extracted)}
    counts |= {"training": len(found.trainings), "evaluation": len(found.evaluations)}
    return listed([plural(n, name) for name, n in counts.items() if n] or ["no run"])


def _reasons(found: ReportedRuns) -> list[str]:
    """Why a section is not there, and what to type."""
    reasons = list(found.missing)
    if not found.evaluations:
        run = found.trainings[-1].folder if found.trainings else "RUN"
        reasons.append(
            "Performance, subgroups and example films: no evaluate run was given. "
            f"`bonerisk evaluate run={run}` makes one; then `bonerisk report runs=[latest]`."
        )
    if not found.trainings:
        reasons.append("Training history: no train run was given. `bonerisk train model=… dataset=…` makes one.")
    for each in found.runs:
        absent = [name for name in _expected(each) if not (each.folder / name).exists()]
        if absent:
            reasons.append(f"{each.folder.name} ({each.command}, {each.status}) has no {listed(absent)}.")
    return reasons


def _expected(run: StoredRun) -> list[str]:
    own = {"extract": ["embeddings.parquet"], "train": ["history.csv"], "evaluate": ["metrics.csv", "figures"]}
    return ["cohort.parquet", "flow.csv", *own.get(run.command, [])]
