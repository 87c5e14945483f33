"""Everything that explains one network on films: maps, their shares on organs, what they depend on, and occlusion."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch

from bonerisk.errors import DataError
from bonerisk.evaluation.explanations import Explanations
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.evaluation.plan import Plan
from bonerisk.explain import randomisation
from bonerisk.explain.attention import ATTENTION, SHARES, attention, shares
from bonerisk.explain.chosen import choose
from bonerisk.explain.gradcam import gradcam
from bonerisk.explain.occlusion import OCCLUSION, occlude, occlusion
from bonerisk.imaging.organs import Covered, Organs
from bonerisk.runs.folder import Run
from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model, outputs

POSITIVE = "positive"  # column of the films that explanations are compared by: the outcome, 1 or 0
COMPARED = 50  # assumed: films by which maps are compared with those of shuffled weights
WITHOUT: dict[str, type] = {"image_id": str, "reason": str}  # films without a usable mask
MEND = "evaluation.masks=FOLDER takes those of a segmenter; README, “Where the model looks”, has the forms"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """A network, and the films on which it is explained.

    Parameters
    ----------
    model : Model
    images : ndarray of shape (m, …), uint8
        The store of images.
    inputs : Inputs
        Positions of the n films in the store, and the columns beside them.
    films : DataFrame
        n rows of the predictions table.
    rows : DataFrame
        The same n rows of the cohort.
    organs : Organs
        Reads the films' masks.
    """

    model: Model
    images: np.ndarray
    inputs: Inputs
    films: pd.DataFrame
    rows: pd.DataFrame
    organs: Organs

    def image(self, film: int) -> np.ndarray:
        """The image of a film, by its number."""
        return np.asarray(self.images[self.inputs.rows[film]])

    def some(self, films: np.ndarray) -> Inputs:
        """Inputs of some of the films, by their numbers."""
        columns = self.inputs.columns
        return Inputs(self.inputs.rows[films], None if columns is None else columns[films])

    def risks(self, images: np.ndarray, film: int) -> np.ndarray:
        """Risk (m,) of changed images of one film."""
        inputs = Inputs(np.arange(len(images)), self.some(np.full(len(images), film)).columns)
        head: Any = self.model.head
        found: np.ndarray = head.predictions(outputs(self.model, images, inputs, [inputs.rows]))["risk"]
        return found

    def covered(self, doing: str) -> Iterator[Covered]:
        """Organs of each film."""
        return self.organs.of(self.rows, doing)


@dataclass(frozen=True)
class Explained:
    """What was found; tables are as they are written.

    Parameters
    ----------
    subject : Subject
    maps : dict
        Score → signed maps (n, rows, columns) of the films; empty without Grad-CAM.
    chosen : DataFrame
        Films to show, as `bonerisk.explain.chosen.choose` gives them.
    shuffled : dict
        Score → maps of the chosen films by a network whose weights are all shuffled.
    shares, attention, randomisation, occlusion, without : DataFrame
        Columns as `SHARES`, `ATTENTION`, `RANDOMISATION`, `OCCLUSION` and `WITHOUT`.
    notes : list of str
        What a reader must know.
    """

    subject: Subject
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    chosen: pd.DataFrame = field(default_factory=pd.DataFrame)
    shuffled: dict[str, np.ndarray] = field(default_factory=dict)
    shares: pd.DataFrame = field(default_factory=lambda: _frame([], SHARES))
    attention: pd.DataFrame = field(default_factory=lambda: _frame([], ATTENTION))
    randomisation: pd.DataFrame = field(default_factory=lambda: _frame([], randomisation.RANDOMISATION))
    occlusion: pd.DataFrame = field(default_factory=lambda: _frame([], OCCLUSION))
    without: pd.DataFrame = field(default_factory=lambda: _frame([], WITHOUT))
    notes: list[str] = field(default_factory=list)

    def write(self, run: Run) -> None:
        """Write the tables into a run; one without rows is not written."""
        files = {"gradcam.parquet": self.small_maps(), "attention_films.csv": self.shares}
        files |= {"attention.csv": self.attention, "randomisation.csv": self.randomisation}
        files |= {"occlusion.csv": self.occlusion, "without_masks.csv": self.without}
        for name, table in files.items():
            if len(table):
                with run.writes("explanation", name) as path:
                    table.to_parquet(path, index=False) if path.suffix == ".parquet" else table.to_csv(
                        path, index=False
                    )
        for text in self.notes:
            run.note(text)
            log.warning(text)

    def small_maps(self) -> pd.DataFrame:
        """A row for each film and score: its signed map, row by row, and the map's rows and columns."""
        parts = [
            self.subject.films[["image_id"]].assign(
                score=score, rows=maps.shape[1], columns=maps.shape[2], map=list(maps.reshape(len(maps), -1))
            )
            for score, maps in self.maps.items()
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def explain(
    subject: Subject, settings: Explanations, plan: Plan, kind: Outcome[Any, Any], threshold: float
) -> Explained:
    """Explain a network as the settings ask.

    Parameters
    ----------
    subject : Subject
        The model is moved to the GPU if there is one.
    settings : Explanations
    plan : Plan
        Draws and level of the evaluation.
    kind : Outcome
    threshold : float
        Risk from which a film is called positive.

    Raises
    ------
    ConfigError
        The encoder has no maps.
    DataError
        Occlusion is asked for, or a folder of masks is given, and no film has a mask.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    subject.model.to(device).eval()
    log.info("explaining %s on %d films", " and ".join(settings.methods), len(subject.films))
    found: dict[str, Any] = {"notes": []}
    if "gradcam" in settings.methods:
        found |= _gradcam(subject, plan, kind.positive(subject.films).astype(float), threshold)
    if "occlusion" in settings.methods:
        kept = _Listed(subject, "hiding bones")
        hidden = occlude(subject.image, kept, subject.risks, plan.seed)
        found |= {"without": kept.without}
        found["occlusion"] = _frame(occlusion(subject.films, hidden, plan, kind), OCCLUSION)
    without, n = found["without"], len(subject.films)
    if len(without):
        some = f"{len(without)} of {n} films have no organ mask that can be used (without_masks.csv)"
        first = f"the first, {without['image_id'].iloc[0]}: {without['reason'].iloc[0]}"
        if len(without) == n and (settings.masks or "occlusion" in settings.methods):
            raise DataError(f"none of {n} films has an organ mask that can be used; {first}", "evaluation.masks", MEND)
        said = "No organ masks lie beside the films, so that maps are not compared with organs: " + MEND
        found["notes"] += [said if len(without) == n else some]
        log.info("%s; %s", some, first)
    return Explained(subject, **found)


def _gradcam(subject: Subject, plan: Plan, positive: np.ndarray, threshold: float) -> dict[str, Any]:
    """Maps, their shares on organs, and whether they depend on the weights."""
    films = subject.films.assign(**{POSITIVE: positive})
    maps = gradcam(subject.model, subject.images, subject.inputs)
    listed = _Listed(subject, "reading organ masks")
    table = shares(subject.films, maps, listed)
    paths = subject.rows.set_index("image_id")["image_path"]
    chosen = choose(films, POSITIVE, threshold, paths, subject.organs.colour)
    others = np.setdiff1d(np.arange(len(subject.films)), chosen["film"])
    compared = np.append(chosen["film"].to_numpy(int), others[:: max(1, len(others) // COMPARED)][:COMPARED])
    true = {score: of[compared] for score, of in maps.items()}
    rows: list[Row] = []
    shuffled: dict[str, np.ndarray] = {}
    found = randomisation.randomised(subject.model, subject.images, subject.some(compared), true, plan.seed)
    for level, others_maps in found:
        for score, of in others_maps.items():
            alike = randomisation.similarity(true[score], of)
            rows.append(randomisation.randomisation(subject.films.iloc[compared], score, level, alike, plan))
        shuffled = {score: of[: len(chosen)] for score, of in others_maps.items()}
    compared_table = _frame(rows, randomisation.RANDOMISATION)
    return {
        "maps": maps,
        "chosen": chosen,
        "shuffled": shuffled,
        "shares": table,
        "attention": _frame(attention(table, films, plan, POSITIVE), ATTENTION),
        "randomisation": compared_table,
        "without": listed.without,
        "notes": [text for text in [randomisation.verdict(compared_table)] if text],
    }


class _Listed:
    """The organs of a subject's films one after the other, listing the films that have none."""

    def __init__(self, subject: Subject, doing: str) -> None:
        self.subject, self.doing, self.reasons = subject, doing, list[str]()

    def __iter__(self) -> Iterator[Covered]:
        for film in self.subject.covered(self.doing):
            self.reasons.append(film.reason)
            yield film

    @property
    def without(self) -> pd.DataFrame:
        """Films without a usable mask, and why."""
        table = self.subject.films[["image_id"]].assign(reason=self.reasons)
        return table[table["reason"] != ""].reset_index(drop=True)


def _frame(rows: Any, columns: dict[str, type]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))
