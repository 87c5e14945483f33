"""Vertebral fractures by morphometry beside Genant's grades, with their agreement.

Usage: python scripts/table_morphometry.py [TABLE] [--films FILMS.csv] [--grades GRADES.csv] [--reference NORMAL.csv]

TABLE is a table of points (`bonerisk.keypoints.points`), which needs FILMS (`bonerisk.keypoints.films.read`), or a
folder of NHANES files (`bonerisk.keypoints.nhanes`, `--set grade=NAME` for its variables). Without TABLE, 300 patients
of the simulated spine clinic are measured, with the truth as grades. Without GRADES, the grade is that of the same
heights, so that the table compares two rules. Without NORMAL, normal values are fitted to the first film of each
patient of split train, or of all if FILMS has no split.

Written to --out: vertebrae.csv, agreement.csv, normal.csv, rejected.csv; and where patients have later films,
follow_up.csv and outcomes.csv, with event and time_years for a cohort table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bonerisk.errors import BoneriskError, ConfigError, DataError
from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Draws, distributions
from bonerisk.evaluation.metrics.thresholds import Threshold, at, kappa, sensitivity, specificity
from bonerisk.evaluation.samples.sample import Sample
from bonerisk.keypoints import films, follow_up, morphometry, nhanes, outlines, points, reference

METRICS = {"kappa": kappa, "sensitivity": sensitivity, "specificity": specificity}
CALLED = Threshold("fracture", 0.5)
GRADES = {"mild or worse": 1, "moderate or severe": 2}
WHOSE = ["patient_id", "sex", "film_date", "split"]


class Measured(NamedTuple):
    """Vertebrae with heights, whose they are and their grades; and rows of the table that were left out."""

    vertebrae: pd.DataFrame
    rejected: pd.DataFrame


def from_points(given: argparse.Namespace) -> Measured:
    """Measure a table of points."""
    if given.films is None:
        raise ConfigError("a table of points needs the films they belong to", "--films", "FILMS=films.csv")
    choices = outlines.Choices(**{name: getattr(given, name) for name in ("twice", "exchanged", "numbering")})
    columns = pairs(given.column, points.COLUMNS, "--column")
    known, read = films.read(given.films), points.read(given.table, columns, choices)
    marked = read.points
    stray = ~marked["image_id"].isin(known["image_id"])
    if stray.any():
        what = f"{marked['image_id'][stray].nunique()} films with points are not in the table of films"
        raise DataError(what, f"film {marked['image_id'][stray].iloc[0]}", f"add them to {given.films}")
    if set(points.SIZE) <= set(marked):
        marked = points.to_film(marked, known)
    measured = morphometry.heights(marked, known)
    return Measured(measured.merge(known[["image_id", *(name for name in WHOSE if name in known)]]), read.rejected)


def simulated(patients: int = 300) -> Measured:
    """Measure the true points of both films of simulated patients; the grade is that of the height truly lost."""
    from bonerisk.phantom.lumbar import truth
    from bonerisk.phantom.lumbar.projection import scene
    from bonerisk.phantom.people.clinic import MEASURED, Clinic
    from bonerisk.phantom.people.clinic_draw import draw

    population = Clinic(patients, events="enriched")
    marked, known, grades = [], [], []
    for patient in (draw(population, index) for index in range(patients)):
        for film in patient.films:
            drawn = scene(patient, film)
            size = {"spacing_mm": drawn.room.system.spacing_mm, "magnification": drawn.posture.magnification}
            whose = (film.image_id, patient.patient_id, patient.sex, pd.Timestamp(film.date))
            known.append(dict(zip(("image_id", "patient_id", "sex", "film_date"), whose, strict=True)) | size)
            lost = {level: max(one.lost) for level, one in patient.shown(film).items()}
            grades += [(film.image_id, level, lost.get(level, 0.0)) for level in MEASURED]
            for level, places in truth.points(drawn).items():
                marked += [(film.image_id, level, name, *xy) for name, xy in places.items() if name != truth.CENTRE]
    table = pd.DataFrame(known)
    graded = pd.DataFrame(grades, columns=["image_id", "level", "lost"])
    # A simulated fracture of less than 20 % is a fracture all the same.
    graded["grade"] = morphometry.grade(graded["lost"]).clip(lower=(graded.pop("lost") > 0) * 1.0)
    measured = morphometry.heights(pd.DataFrame(marked, columns=list(points.COLUMNS)), table)
    whose = table.drop(columns=["spacing_mm", "magnification"])
    return Measured(measured.merge(whose).merge(graded), pd.DataFrame(columns=points.REJECTED))


def layout(settings: dict[str, str]) -> nhanes.Layout:
    """Return the layout of NHANES's files, some of it as given."""
    try:
        return nhanes.Layout(**{name: float(value) if name == "mm" else value for name, value in settings.items()})
    except ValueError as error:
        raise ConfigError(f"mm={settings['mm']} is no number", "--set", "--set mm=10") from error


def pairs(texts: list[str], known: Sequence[str], key: str) -> dict[str, str]:
    """Return what was given as NAME=VALUE."""
    found = dict(text.partition("=")[::2] for text in texts)
    for name, value in found.items():
        if name not in known or not value:
            raise ConfigError(f"{name}={value} is no setting", key, f"NAME=VALUE, NAME one of {', '.join(known)}")
    return found


def measure(given: argparse.Namespace) -> Measured:
    """Measure what was given."""
    if given.table is None:
        return simulated()
    if given.table.is_dir():
        settings = pairs(given.set, [field.name for field in fields(nhanes.Layout)], "--set")
        return Measured(nhanes.read(given.table, layout(settings)), pd.DataFrame(columns=points.REJECTED))
    return from_points(given)


def first_films(table: pd.DataFrame) -> pd.Series:
    """Which rows belong to the first film of a patient; a table without dates has one film a patient."""
    if "film_date" not in table:
        return pd.Series(True, table.index)
    return table["film_date"] == table.groupby("patient_id")["film_date"].transform("min")


def agreement(judged: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Compare fractures by the rule with grades, by vertebra and by film."""
    return pd.DataFrame(_rows(judged.dropna(subset=["fracture", "grade"]), draws))


def _rows(known: pd.DataFrame, draws: int) -> Iterator[dict[str, object]]:
    by_film = known.groupby("image_id", as_index=False).agg({"patient_id": "first", "fracture": "max", "grade": "max"})
    for unit, table in (("vertebra", known), ("film", by_film)):
        patient = pd.factorize(table["patient_id"])[0]
        drawn = Draws.of(patient.max() + 1, draws)
        for words, lowest in GRADES.items():
            sample = Sample.of(table["fracture"], table["grade"] >= lowest, patient)
            counts = {"n": len(sample), "graded": sample.n_events, "called": int(table["fracture"].sum())}
            found = distributions(sample, {name: at(CALLED, metric) for name, metric in METRICS.items()}, drawn)
            for name, of in found.items():
                bounds = interval(of)
                value = {"estimate": of.estimate, "lower": bounds.lower, "upper": bounds.upper}
                how = {"method": bounds.method, "note": bounds.note}
                yield {"unit": unit, "grade": words, "metric": name} | counts | value | how


def followed(judged: pd.DataFrame, out: Path) -> pd.DataFrame | None:
    """Write what later films show; return each patient's outcome, or None where no patient has a later film."""
    first = first_films(judged)
    if first.all():
        return None
    compared = follow_up.compare(judged[first], judged[~first])
    compared.to_csv(out / "follow_up.csv", index=False)
    outcomes = follow_up.outcomes(compared, judged[first])
    outcomes.to_csv(out / "outcomes.csv", index=False)
    return outcomes


def main(arguments: list[str] | None = None) -> None:
    """Write the tables and print the agreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, nargs="?")
    for name in ("--films", "--grades", "--reference"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--out", type=Path, default=Path("outputs/table-morphometry"))
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of nhanes.Layout")
    parser.add_argument("--column", action="append", default=[], metavar="OURS=THEIRS", help="of a table of points")
    parser.add_argument("--twice", default="refuse", help="a point in two places: refuse or mean")
    parser.add_argument("--exchanged", default="refuse", help="exchanged names of points: refuse or mend")
    parser.add_argument("--numbering", default="refuse", help="a film with T13, L6 or without L5: refuse or keep")
    parser.add_argument("--draws", type=int, default=1000)
    given = parser.parse_args(arguments)
    for path in (given.table, given.films, given.grades, given.reference):
        if path is not None and not path.exists():
            raise DataError("there is no such file or folder", str(path), "check the path")
    measured = measure(given)
    compared = morphometry.ratios(measured.vertebrae)
    base = compared[first_films(compared)]
    train = base[base["split"] == "train"] if "split" in base else base
    normal = reference.read(given.reference) if given.reference else reference.fit(train)
    judged = morphometry.judge(compared, normal)
    by = "given" if given.table else "of the simulation's truth"
    if given.grades:
        judged = judged.drop(columns="grade", errors="ignore").merge(films.read_grades(given.grades), how="left")
    elif "grade" not in judged:
        judged, by = judged.assign(grade=judged["genant_grade"]), "of the same heights"
    given.out.mkdir(parents=True, exist_ok=True)
    table = agreement(judged, given.draws)
    for name, one in (("vertebrae", judged), ("normal", normal), ("rejected", measured.rejected), ("agreement", table)):
        one.to_csv(given.out / f"{name}.csv", index=False)
    print(f"fracture by the 3-SD rule, beside Genant's grade ({by})")
    print(table.drop(columns=["method", "note"]).round(3).to_string(index=False))
    outcomes = followed(judged, given.out)
    if outcomes is not None:
        print(f"{int(outcomes['event'].sum())} of {len(outcomes)} patients have an incident fracture")
    if len(measured.rejected):
        print(f"{len(measured.rejected)} rows, vertebrae or films are left out: rejected.csv says why")
    print(given.out)


if __name__ == "__main__":
    try:
        main()
    except BoneriskError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
