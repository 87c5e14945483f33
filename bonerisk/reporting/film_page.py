"""One page for one film: the picture, its risk among those of the tuning films, and where the model is known to fail.

The page has no name and no date, and shows no film whose file says that text is burned into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from bonerisk.cohort.targets.target import Target
from bonerisk.evaluation.samples.risk_table import SURVIVAL
from bonerisk.imaging.read import read
from bonerisk.reporting.figures.films import picture
from bonerisk.reporting.figures.place import place
from bonerisk.reporting.figures.style import save
from bonerisk.reporting.page import FilmGrid, Part, Section, Text, render
from bonerisk.reporting.tables.table import Table
from bonerisk.reporting.wording import words
from bonerisk.reporting.wording.numbers import number

RESEARCH = "For research only. This is no diagnosis, and no basis for the care of a patient."
BURNED_IN = "The film is not shown: its file says that text, which may name the patient, is burned into the picture."


@dataclass(frozen=True)
class Scale:
    """The number of a prediction that the page is about.

    Attributes
    ----------
    tuning : array (n,)
        Its values of the tuning films.
    value : float
        Of this film.
    threshold : float, optional
        The value at which films are called.
    label : str
        What it is, in words.
    share : bool
        Whether it is a probability.
    row : str
        What a row is: film or patient.
    """

    tuning: np.ndarray
    value: float
    threshold: float | None
    label: str
    share: bool
    row: str

    @property
    def text(self) -> str:
        """The film's value: ``12.3%``, ``−1.8``."""
        return self.written(self.value)

    def written(self, value: float) -> str:
        """A value on this scale."""
        return f"{100 * value:.1f}%" if self.share else number(value)


def scale_of(film: Mapping[str, Any], tuning: pd.DataFrame, target: Target, row: str) -> Scale:
    """The probability of the outcome, by the last horizon if the target has times, or else the estimate or risk."""
    cut = film["threshold_risk"] if _known(film.get("threshold_risk")) else None
    survival = [name for name in map(str, tuning) if SURVIVAL.fullmatch(name)]
    having = (target.words if row == "film" else target.words_of_table).having
    if target.kind == "survival" and survival and tuning[survival[-1]].notna().all():
        name = survival[-1]
        years = SURVIVAL.fullmatch(name)
        probability = 1 - tuning[name].to_numpy()
        if cut is not None:
            order = np.argsort(tuning["risk"].to_numpy())
            cut = float(np.interp(cut, tuning["risk"].to_numpy()[order], probability[order]))
        label = f"Probability of {having} within {words.years(float(years[1]))}" if years else ""
        return Scale(probability, 1 - film[name], cut, label, True, row)
    if target.kind == "amount":
        return Scale(tuning["estimate"].to_numpy(), film["estimate"], None, "Estimated T-score", False, row)
    label = f"Probability of {having}" if target.kind == "binary" else "Risk, on the scale of the model"
    return Scale(tuning["risk"].to_numpy(), film["risk"], cut, label, target.kind == "binary", row)


def write(
    film: Mapping[str, Any],
    path: Path | None,
    tuning: pd.DataFrame,
    target: Target,
    failures: Sequence[Part],
    page: Path,
) -> None:
    """Write the page of one film.

    Parameters
    ----------
    film : mapping
        Its row of predictions.csv.
    path : Path, optional
        The film; None for a row without one.
    tuning : DataFrame
        The model's predictions of its tuning split.
    target : Target
    failures : sequence of Part
        Where the model is known to fail (`bonerisk.reporting.known_failures`).
    page : Path
        The file; pictures are made beside it, and removed once they stand in it.
    """
    scale = scale_of(film, tuning, target, "film" if path else "patient")
    pictures = page.with_suffix("")
    pictures.mkdir(parents=True)
    parts = [*_first(film, path, scale, pictures)]
    sections = [
        Section(f"This {scale.row}", parts),
        Section("Where the model is known to fail", failures),
    ]
    subtitle = f"Model {film['model']} (run {film['run']})."
    page.write_text(render(f"{scale.label}: {scale.text}", subtitle, sections), encoding="utf-8")
    for file in pictures.iterdir():
        file.unlink()
    pictures.rmdir()


def _first(film: Mapping[str, Any], path: Path | None, scale: Scale, pictures: Path) -> Iterator[Part]:
    yield Text(RESEARCH, "caution")
    if film["unfamiliar"]:
        why = f"This is unlike what the model learnt from: {film['unfamiliar_because']}."
        yield Text(f"{why} What it says here may mean nothing.", "caution")
    shown = []
    read_film = read(path, colour="luminance") if path else None
    if read_film is not None and read_film.burned_in:
        yield Text(BURNED_IN)
    elif read_film is not None:
        cv2.imwrite(str(pictures / "film.png"), picture(read_film))
        shown.append((pictures / "film.png", "The film"))
    if len(scale.tuning):
        figure = place(scale.tuning, scale.value, scale.threshold, scale.label, scale.share, scale.row)
        save(figure, pictures, "place", scale.label, scale.label)
        _make_square(pictures / "place.png")
        shown.append((pictures / "place.png", f"Its place among the {scale.row}s that the model was tuned on"))
    yield FilmGrid("", tuple(shown))
    frame = pd.DataFrame(list(_facts(film, scale)), columns=["", "Value"])
    yield Table("film", "What the model says", frame)


def _make_square(path: Path) -> None:
    """Fill a picture up with white, as the grid of films is of squares."""
    image = cv2.imread(str(path))
    assert image is not None  # just written
    lack = max(image.shape[:2]) - np.array(image.shape[:2])
    (top, left), (bottom, right) = lack // 2, lack - lack // 2
    white = (255, 255, 255)
    cv2.imwrite(str(path), cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=white))


def _facts(film: Mapping[str, Any], scale: Scale) -> Iterator[tuple[str, str]]:
    yield scale.label, scale.text
    if _known(film["risk_percentile"]):
        yield "Risk higher than in", f"{film['risk_percentile']:.0f}% of the tuning {scale.row}s"
    if _known(film.get("threshold")) and scale.threshold is not None:
        said = "at or above" if film["positive"] == 1 else "below"
        yield words.threshold(str(film["threshold"])), f"{said} it: {scale.written(scale.threshold)}"
    if _known(film.get("class_called")):
        yield "Class called", words.BONE_CLASSES.get(str(film["class_called"]), str(film["class_called"]))
    yield "Calibration on the tuning split", str(film["calibration_on_tuning"])
    given = [words.SEXES[film["sex"]]] if film.get("sex") in words.SEXES else []
    given += [f"{film['age_years']:.0f} years"] if _known(film.get("age_years")) else []
    if given:
        yield "Patient", ", ".join(given)
    if _known(film.get("film_sha256")):
        yield "SHA-256 of the film's file", f"{str(film['film_sha256'])[:16]}…"


def _known(value: object) -> bool:
    return value is not None and value == value  # NaN is not
