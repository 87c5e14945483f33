"""Models that learnt from proxy labels of several cut-offs, and one without them: OsPenScreen's Table S3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from bonerisk.cohort.proxies import is_proxy
from bonerisk.cohort.table import SOURCE
from bonerisk.reporting.contents import Context
from bonerisk.reporting.page import Section
from bonerisk.reporting.papers.ospenscreen.places import cut_off, places
from bonerisk.reporting.papers.ospenscreen.table_performance import cell
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.tables.table import Footnotes, Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, listed, number
from bonerisk.runs.find import StoredRun

ORDER = 51
CLASSES = ("normal", "low_bone_mass")
SHOWN = ("auc", "sensitivity")


def sections(page: Context) -> Iterator[Section]:
    """One, if models that learnt from proxy labels were judged by hospital, and a run that labelled is on the page."""
    table = cut_offs([one for one in page.runs.evaluations if places(one.metrics, one.model)], page.runs.labelled)
    if table:
        yield Section("Cut-offs of proxy labels, as OsPenScreen's Table S3", [table])


def cut_offs(evaluations: Sequence[EvaluationRun], labelled: Sequence[StoredRun]) -> Table | None:
    """A row a model and hospital; None where no model here learnt from proxy labels, or no cut-off is known.

    Parameters
    ----------
    evaluations : sequence of EvaluationRun
        Made by hospital.
    labelled : sequence of StoredRun
        The runs of `bonerisk pseudolabel` on the page, whose cut-offs are known.
    """
    marks, rows, any_proxies = Footnotes(), [], False
    known = {"/".join(run.folder.resolve().parts[-2:]): run.config["cutoffs"] for run in labelled}
    for evaluation in evaluations:
        for model, training in evaluation.learnt.items():
            films = pd.read_parquet(training.path("cohort.parquet"))
            proxies = films[is_proxy(films)]
            any_proxies |= len(proxies) > 0
            learnt = {"Model": f"{model}, {training.folder.name}"}
            learnt |= {f"Cut-off, {words.BONE_CLASSES[name].lower()}": _cut(proxies, known, name) for name in CLASSES}
            learnt |= {
                f"Proxy labels, {words.BONE_CLASSES[name].lower()}": count((proxies["bone_class"] == name).sum())
                for name in CLASSES
            }
            threshold = cut_off(evaluation.thresholds)
            for place in places(evaluation.metrics, model):
                found = {
                    f"{words.metric(metric)} (95% CI)": cell(
                        place.row(evaluation.metrics, metric, threshold="" if metric == "auc" else threshold),
                        marks,
                        evaluation.vocabulary,
                    )
                    for metric in SHOWN
                }
                rows.append(learnt | {"Set": place.name} | found)
    if not any_proxies or not known:
        return None
    notes = (
        "The paper chose its cut-offs by such a table, test sets included: choose on tuning.",
        *marks.notes(),
    )
    title = "Models by the cut-offs of their proxy labels (as OsPenScreen's Table S3)"
    return Table("cut_offs", title, pd.DataFrame(rows), notes, group="Model")


def _cut(proxies: pd.DataFrame, known: dict[str, dict[str, float]], name: str) -> str:
    """The cut-off of a class in the runs that labelled these films; "not known" where the page lacks such a run."""
    if proxies.empty:
        return "no proxy labels"
    cuts = {known.get(source, {}).get(name) for source in proxies[SOURCE].unique()}
    return listed(sorted("not known" if cut is None else number(cut) for cut in cuts))
