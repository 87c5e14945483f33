"""Printed tables made from simulated patients: right ones, and ones with an error planted in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from bonerisk.audit.tables import Printed

BANDS = ("50–54", "55–59", "60–64", "≥65")


@dataclass(frozen=True)
class Style:
    """How a paper prints: decimals, what stands between limits, percentages or shares, thousands."""

    decimals: int
    between: str
    percent: bool
    comma: bool
    interval: str

    def rate(self, value: float) -> str:
        return f"{100 * value:.{max(self.decimals - 2, 0)}f}" if self.percent else f"{value:.{self.decimals}f}"

    def count(self, value: int) -> str:
        return f"{value:,}" if self.comma else str(value)

    def of(self, value: float, limits: tuple[float, float]) -> str:
        low, high = (self.rate(min(max(limit, 0.0), 1.0)) for limit in limits)
        return f"{self.rate(value)} ({low}{self.between}{high})"


def style(rng: np.random.Generator) -> Style:
    between = str(rng.choice(["–", " to ", ", ", "-"]))
    decimals = int(rng.choice([2, 3, 4]))
    return Style(decimals, between, bool(rng.random() < 0.3 and decimals > 2), bool(rng.random() < 0.5), _method(rng))


def _method(rng: np.random.Generator) -> str:
    return str(rng.choice(["wilson", "exact", "wald", "bootstrap"]))


@dataclass(frozen=True)
class Patients:
    """Simulated patients: who has the condition, what a model says, sex and band of age."""

    label: np.ndarray
    score: np.ndarray
    female: np.ndarray
    band: np.ndarray

    def part(self, of: np.ndarray) -> Patients:
        return Patients(self.label[of], self.score[of], self.female[of], self.band[of])


def patients(rng: np.random.Generator, n: int | None = None) -> Patients:
    n = n or int(np.exp(rng.uniform(np.log(150), np.log(4000))))
    female, band = rng.random(n) < rng.uniform(0.3, 0.9), rng.integers(0, 4, n)
    risk = rng.normal(size=n) + 0.6 * female + 0.3 * band
    label = risk > np.quantile(risk, rng.uniform(0.3, 0.8))
    spread = rng.uniform(0.7, 1.6)  # of the cases' scores over the others'
    score = np.where(label, rng.normal(rng.uniform(0.5, 2.2), spread, n), rng.normal(size=n)) + 0.3 * female
    return Patients(label, score, female, band)


def proportion(rng: np.random.Generator, method: str, count: int, n: int) -> tuple[float, float]:
    share = count / n
    if method == "bootstrap" and 0 < count < n:
        return tuple(np.quantile(rng.binomial(n, share, 1000) / n, [0.025, 0.975]))
    if method == "wald" and min(count, n - count) >= 5:
        half = 1.96 * np.sqrt(share * (1 - share) / n)
        return share - half, share + half
    if method == "exact":
        return float(np.nan_to_num(stats.beta.ppf(0.025, count, n - count + 1))), (
            1.0 if count == n else float(stats.beta.ppf(0.975, count + 1, n - count))
        )
    half = 1.96 * np.sqrt(share * (1 - share) / n + 1.96**2 / (4 * n**2)) / (1 + 1.96**2 / n)
    centre = (share + 1.96**2 / (2 * n)) / (1 + 1.96**2 / n)
    return centre - half, centre + half


def area(of: Patients) -> tuple[float, tuple[float, float]]:
    """AUC and DeLong's interval."""
    above = (of.score[of.label][:, None] > of.score[~of.label][None, :]).astype(float)
    error = np.sqrt(above.mean(1).var(ddof=1) / above.shape[0] + above.mean(0).var(ddof=1) / above.shape[1])
    return float(above.mean()), (float(above.mean() - 1.96 * error), float(above.mean() + 1.96 * error))


def rates(rng: np.random.Generator, of: Patients, printed: Style) -> dict[str, str]:
    call = of.score > 0.8
    tp, fp = int((call & of.label).sum()), int((call & ~of.label).sum())
    fn, tn = int((~call & of.label).sum()), int((~call & ~of.label).sum())
    shares = {
        "Sensitivity": (tp, tp + fn),
        "Specificity": (tn, tn + fp),
        "PPV": (tp, tp + fp),
        "NPV": (tn, tn + fn),
        "Accuracy": (tp + tn, tp + tn + fp + fn),
    }
    cells = {"AUC (95% CI)": printed.of(*area(of))}
    for name, (count, n) in shares.items():
        cells[f"{name} (95% CI)"] = printed.of(count / n, proportion(rng, printed.interval, count, n)) if n else "NA"
    counts = {"TP": tp, "TN": tn, "FP": fp, "FN": fn}
    total = sum(counts.values())
    return {**{f"{name}, n (%)": f"{printed.count(k)} ({100 * k / total:.1f}%)" for name, k in counts.items()}, **cells}


def by_hospital(rng: np.random.Generator) -> Printed:
    """Data sets as columns, the confusion matrix above the rates."""
    printed = style(rng)
    of = {f"Hospital {letter}": rates(rng, patients(rng), printed) for letter in "ABC"[: rng.integers(2, 4)]}
    rows = [[name, *(cells[name] for cells in of.values())] for name in next(iter(of.values()))]
    return Printed("Table 2", "Performance", ["", *of], rows)


def by_subgroup(rng: np.random.Generator) -> Printed:
    """Subgroups as rows, the sizes of both classes beside the rates, the whole first."""
    printed, people = style(rng), patients(rng, int(rng.integers(600, 4000)))
    parts = {"All": np.ones(len(people.label), bool), "Female": people.female, "Male": ~people.female}
    parts |= {band: people.band == i for i, band in enumerate(BANDS)}
    rows, head = [], []
    for name, of in parts.items():
        part = people.part(of)
        without, with_it = int((~part.label).sum()), int(part.label.sum())
        cells = {key: cell for key, cell in rates(rng, part, printed).items() if "n (%)" not in key}
        sizes = [f"{printed.count(k)} ({100 * k / (without + with_it):.1f}%)" for k in (without, with_it)]
        rows.append(["A", name, *sizes, *cells.values()])
        head = ["Data", "Subgroup", "Normal, n (%)", "Low bone mass, n (%)", *cells]
    return Printed("Table 3", "Subgroups", head, rows)


def by_model(rng: np.random.Generator) -> Printed:
    """Models as rows, without any count: the rates alone."""
    printed, people = replace(style(rng), decimals=3), patients(rng)
    rows = []
    for name in ("Film", "Film and age", "Age"):
        shaken = replace(people, score=people.score + rng.normal(0, rng.uniform(0.1, 1.0), len(people.score)))
        cells = {key: cell for key, cell in rates(rng, shaken, printed).items() if "n (%)" not in key}
        rows.append([name, *cells.values()])
    return Printed("Table 4", "Models", ["Model", *cells], rows)


def characteristics(rng: np.random.Generator) -> Printed:
    """Two groups with their sizes, means and shares, and tests of both."""
    sizes = [int(n) for n in rng.integers(80, 1500, 2)]
    rows = []
    for name, mean, sd in (("Age, years", 64, 7), ("Body mass index, kg/m²", 24, 3.5), ("T-score", -1.2, 1.1)):
        drawn = [rng.normal(mean + shift, sd, n) for shift, n in zip((0, rng.normal(0, 0.15) * sd), sizes, strict=True)]
        p = stats.ttest_ind(*drawn, equal_var=bool(rng.random() < 0.5)).pvalue
        cells = [f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" for values in drawn]
        rows.append([name, *cells, _p(p)])
    for name, share in (("Female, n (%)", 0.7), ("Smoker, n (%)", 0.2), ("Glucocorticoids, n (%)", 0.1)):
        counts = [int(rng.binomial(n, share)) for n in sizes]
        table = [[k, n - k] for k, n in zip(counts, sizes, strict=True)]
        p = stats.chi2_contingency(table, correction=bool(rng.random() < 0.5)).pvalue
        rows.append([name, *(f"{k:,} ({100 * k / n:.1f})" for k, n in zip(counts, sizes, strict=True)), _p(p)])
    head = ["Characteristic", f"Development (n = {sizes[0]:,})", f"Validation (n={sizes[1]})", "P value"]
    return Printed("Table 1", "Characteristics", head, rows)


def ratios(rng: np.random.Generator) -> Printed:
    """Hazard ratios, their intervals and Wald's p."""
    rows = []
    for name in ("Age, per 10 years", "Female sex", "Glucocorticoids", "Film, high risk"):
        log, error = rng.normal(0.3, 0.4), rng.uniform(0.08, 0.5)
        limits = [np.exp(log + side * 1.96 * error) for side in (-1, 1)]
        rows.append(
            [name, f"{np.exp(log):.2f} ({limits[0]:.2f}–{limits[1]:.2f})", _p(2 * stats.norm.sf(abs(log) / error))]
        )
    return Printed("Table 5", "Hazard ratios", ["Variable", "Hazard ratio (95% CI)", "p-value"], rows)


def flow(rng: np.random.Generator) -> Printed:
    """Steps of exclusion."""
    left = int(rng.integers(3000, 90000))
    rows = [["Films", "", f"{left:,}"]]
    for step in ("Under 50 years", "No DXA within 180 days", "Poor quality"):
        gone = int(rng.integers(10, left // 3))
        left -= gone
        rows.append([step, f"{gone:,}", f"{left:,}"])
    return Printed("Figure 1", "Flow", ["Step", "Left out", "Left"], rows)


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


MADE: tuple[Callable[[np.random.Generator], Printed], ...] = (
    by_hospital,
    by_subgroup,
    by_model,
    characteristics,
    ratios,
    flow,
)
