"""A model in subgroups (for low bone mass as the paper's Table 3), and whether it does worse there than in the rest."""

from __future__ import annotations

from math import isnan

import pandas as pd

from bonerisk.reporting.runs.evaluation import EvaluationRun, TableKey
from bonerisk.reporting.tables.cells import Cells, at_horizon, keys, outcome_by, sizes, with_horizon
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import count, p_value, share
from bonerisk.reporting.wording.rows import rows_of
from bonerisk.reporting.wording.values import value


def by_subgroup(evaluation: EvaluationRun, threshold: str, cut: float, horizon: float) -> Table:
    """A row a subgroup and split, with films by outcome and the metrics at one threshold.

    Parameters
    ----------
    evaluation : EvaluationRun
    threshold : str
        Empty: without one, with the errors of probabilities.
    cut : float
        The threshold's value.
    horizon : float
        In years; NaN where the outcome has none.
    """
    cells, ours = Cells(evaluation.vocabulary), with_horizon(evaluation.ours, horizon)
    ours = ours[(ours["reference"] == "") & (ours["subgroup"] != "all") & ~ours["subgroup"].str.contains("risk=")]
    incidence = [] if isnan(horizon) else [TableKey("incidence", horizon)]
    at_threshold = keys(ours, {"threshold"} if threshold else {"error"}, threshold)
    shown = at_horizon([*evaluation.ranking, *incidence, *at_threshold], horizon)
    rows = []
    for (split, subgroup), part in ours.groupby(["split", "subgroup"], sort=False):
        n, events = sizes(evaluation, part, split, horizon)
        row = {"Split": words.split(str(split)), "Subgroup": words.subgroup(str(subgroup))}
        if evaluation.horizons:
            row |= {evaluation.vocabulary.rows: count(n), outcome_by(evaluation, horizon): count(events)}
        else:
            row |= {
                f"No {evaluation.vocabulary.outcome}": share(n - events, n),
                outcome_by(evaluation, horizon): share(events, n),
            }
        rows.append(row | {words.metric(key.metric): cells.text(key.of(part, split), absent="") for key in shown})
    title = f"Performance by subgroup{words.at(horizon)}"
    title += f". {words.threshold(threshold, cut)}" if threshold else ""
    notes = cells.notes(ours, shown)
    if ours["subgroup"].str.startswith("severity").any():
        notes = (
            "Severity: mild −1.0 > T > −1.5, moderate −1.5 ≥ T > −2.0, advanced −2.0 ≥ T > −2.5. AUC: that severity's "
            "cases against all films without the outcome; other metrics are among the cases alone.",
            *notes,
        )
    name = "_".join(filter(None, ["subgroups", words.in_file(threshold, horizon)]))
    return Table(name, title, pd.DataFrame(rows), notes, group="Split")


def gaps(evaluation: EvaluationRun) -> Table | None:
    """Each subgroup less the rest, with p alone and among all gaps of the family; None where there is no subgroup."""
    cells, rows = Cells(evaluation.vocabulary), []
    table = evaluation.result.gaps
    for row in rows_of(table[table["model"] == evaluation.model]):
        cell = cells.marks.mark(value(row, sign=True), evaluation.vocabulary.in_words(row.note))
        metric = words.metric(row.metric, row.horizon_years)
        found = {"Split": words.split(row.split), "Subgroup": words.subgroup(row.subgroup), "Metric": metric}
        found |= {
            evaluation.vocabulary.rows: count(row.n),
            evaluation.vocabulary.heading: count(row.n_events),
        }
        adjusted = {"p": row.p, "p, Holm": row.p_holm, "p, Bonferroni": row.p_bonferroni}
        rows.append(found | {"Gap to the rest": cell} | {name: p_value(p) for name, p in adjusted.items()})
    if not rows:
        return None
    notes = (
        f"Gap: the metric in the subgroup less that in all other {evaluation.vocabulary.row}s; under 0, the model does "
        "worse in the subgroup. Holm and Bonferroni adjust for all gaps of the split in that metric.",
        *cells.notes(table),
    )
    return Table("gaps", "Subgroups against the rest", pd.DataFrame(rows), notes, group="Split")
