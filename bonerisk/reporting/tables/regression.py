"""What a regression learnt: ratios with intervals, reference levels, and tests of columns with several coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pandas as pd

from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import MISSING, interval, number, p_value
from bonerisk.reporting.wording.rows import Row, rows_of

DECIMALS = 3  # of a ratio per unit, which may be near 1
INTERCEPT = "intercept"
RATIOS = {  # column of coefficients.csv → title, and what the ratio is called
    "hazard_ratio": ("Cox regression", "Hazard ratio"),
    "odds_ratio": ("Logistic regression", "Odds ratio"),
    "subdistribution_hazard_ratio": (
        "Subdistribution hazard ratios (Fine–Gray)",
        "Subdistribution hazard ratio",
    ),
}


def ratio_of(learnt: pd.DataFrame) -> str:
    """The column of coefficients.csv that holds ratios; empty if there is none."""
    return next((name for name in RATIOS if name in learnt), "")


def coefficients(learnt: pd.DataFrame, tested: pd.DataFrame | None, fitted: pd.DataFrame) -> Table:
    """Ratios of all features; levels stand under their reference, a spline is one row with its effect.

    Parameters
    ----------
    learnt : DataFrame
        coefficients.csv: feature, one column of `RATIOS`, lower, upper, p; term and reference, which older runs lack.
    tested : DataFrame or None
        terms.csv: tests of columns with several coefficients.
    fitted : DataFrame
        history.csv: log_likelihood and log_likelihood_null if there is no penalty.
    """
    ratio = ratio_of(learnt)
    title, name = RATIOS[ratio]
    whole = {row.term: row for row in rows_of(tested)} if tested is not None else {}
    table = learnt[learnt["feature"] != INTERCEPT].rename(columns={ratio: "estimate"})
    if "term" not in table:
        table = table.assign(term=table["feature"], reference="")
    parts = groupby(rows_of(table), key=lambda row: row.term)
    rows = [cells for _, part in parts for cells in _term(list(part), whole)]
    frame = pd.DataFrame(rows, columns=["Feature", f"{name} (95% CI)", "p"])
    return Table("coefficients", title, frame, tuple(_notes(learnt, name, whole, fitted)))


def _term(part: list[Row], whole: dict[str, Row]) -> Iterator[list[str]]:
    """Rows of one column of the cohort."""
    first, tested = part[0], whole.get(part[0].term)
    if tested is not None and isinstance(tested.knots, str):
        feature = f"{words.feature(first.term)}: {tested.high:.4g} against {tested.low:.4g}"
        yield [feature, interval(tested.ratio, tested.lower, tested.upper, decimals=DECIMALS), p_value(tested.p)]
        if pd.notna(tested.nonlinear_p):
            yield ["– departure from a straight line", "", p_value(tested.nonlinear_p)]
        return
    if isinstance(first.reference, str) and first.reference:
        yield [words.feature(first.reference), "1 (reference)", MISSING if tested is None else p_value(tested.p)]
    for row in part:
        yield [
            words.feature(row.feature),
            interval(row.estimate, row.lower, row.upper, decimals=DECIMALS),
            p_value(row.p),
        ]


def _notes(learnt: pd.DataFrame, name: str, whole: dict[str, Row], fitted: pd.DataFrame) -> Iterator[str]:
    yield f"{name} per unit, or against the reference level."
    if learnt["lower"].isna().all():
        yield "A penalty shrinks the ratios towards 1, so they have no intervals and no p."
        if (learnt["coefficient"] == 0).any():
            yield "A ratio of 1 means that the feature is not used."
    else:
        yield "In brackets: 95% Wald intervals."
    splines = [row for row in whole.values() if isinstance(row.knots, str)]
    if len(splines) < len(whole) and learnt["lower"].notna().any():
        yield "p of a reference level: Wald test of all levels of the column."
    for row in splines:
        test = "" if pd.isna(row.p) else "; p: Wald test of the whole curve"
        knots = ", ".join(f"{float(knot):.4g}" for knot in row.knots.split())
        yield (
            f"{words.feature(row.term)}: restricted cubic spline with knots at {knots}; its ratio compares the "
            f"quartiles{test}."
        )
    intercept = learnt.loc[learnt["feature"] == INTERCEPT, "coefficient"]
    if len(intercept):
        yield f"Intercept (log odds): {number(intercept.iloc[0], DECIMALS)}."
    if "log_likelihood_null" in fitted:
        fit = fitted.iloc[-1]
        kind = "Log-likelihood" if len(intercept) else "Partial log-likelihood"
        text = f"{number(fit['log_likelihood'], 1)}, without features {number(fit['log_likelihood_null'], 1)}"
        yield f"{kind} {text}."
