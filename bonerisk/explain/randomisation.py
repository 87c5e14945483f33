"""Whether maps depend on what a network has learnt: its weights are shuffled, from the head down, and maps compared.

Within each tensor of parameters the values change places, so that each layer keeps its scale and forgets what it knows.
Maps are compared by the rank correlation of their absolute values over the cells: by where they are strong, whichever
the direction. A map that stays the same shows the image and the build of the net, and explains nothing. Maps of other
films under the true weights are compared, too: if these are alike, a map does not depend on its film.

References
----------
Adebayo et al. 2018, "Sanity Checks for Saliency Maps", NeurIPS (cascading randomisation).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import torch
from scipy.stats import rankdata

from bonerisk.cohort.table import patients
from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Distribution, Draws
from bonerisk.evaluation.metrics_table import Row
from bonerisk.evaluation.plan import Plan
from bonerisk.explain.gradcam import gradcam
from bonerisk.training.examples import Inputs
from bonerisk.training.model import Model

LEVELS = {"head": 0.0, "quarter": 0.25, "half": 0.5, "three quarters": 0.75, "all": 1.0}  # share of the encoder
OTHER_FILM = "other film"
ALIKE = 0.5  # assumed: mean rank correlation from which maps hardly depend on what was changed
RANDOMISATION = {
    **{"model": str, "score": str, "shuffled": str, "estimate": float, "lower": float, "upper": float},
    **{"level": float, "n": int, "method": str, "note": str},
}


def shuffled(model: Model, share: float, seed: int) -> Model:
    """A copy of a model in which the head, and the last `share` of the encoder's parameters, are shuffled."""
    copied = copy.deepcopy(model)
    encoder = list(copied.encoder.parameters())
    last = encoder[len(encoder) - math.ceil(share * len(encoder)) :]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in [*copied.head.parameters(), *reversed(last)]:
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return copied


def similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation (n,) of the absolute values of maps (n, rows, columns); NaN if one is flat.

    >>> rising = np.arange(9.0).reshape(1, 3, 3)
    >>> similarity(rising, -(rising**2)), similarity(rising, 8 - rising), similarity(rising, np.ones((1, 3, 3)))
    (array([1.]), array([-1.]), array([nan]))
    """
    ranks = [rankdata(np.abs(maps).reshape(len(maps), -1), axis=1) for maps in (first, second)]
    one, two = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    scale = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return np.where(scale > 0, (one * two).sum(axis=1) / scale, np.nan)


def randomised(
    model: Model, images: np.ndarray, inputs: Inputs, maps: Mapping[str, np.ndarray], seed: int
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """For each level, maps (n, rows, columns) by score of the n films whose true `maps` are given.

    The level `OTHER_FILM` comes first and gives each film the true map of the next.
    """
    yield OTHER_FILM, {score: np.roll(of, 1, axis=0) for score, of in maps.items()}
    for level, share in LEVELS.items():
        yield (
            level,
            gradcam(shuffled(model, share, seed), images, inputs, f"explaining with shuffled weights ({level})"),
        )


def randomisation(films: pd.DataFrame, score: str, level: str, alike: np.ndarray, plan: Plan) -> Row:
    """A row of the table: the mean similarity of maps, with its interval by patient.

    Parameters
    ----------
    films : DataFrame
        n rows of a predictions table: model, site, patient_id.
    alike : array (n,)
        As `similarity` gives it.
    """
    known = np.isfinite(alike)
    n, lost = int(known.sum()), int((~known).sum())
    where = {"model": films["model"].iloc[0], "score": score, "shuffled": level}
    if n:
        patient = pd.factorize(patients(films[known]), sort=True)[0]
        weights = Draws.of(patient.max() + 1, plan.n_draws, plan.seed).counts[:, patient].astype(float)
        drawn = weights @ alike[known] / weights.sum(axis=1)
        of = Distribution(float(alike[known].mean()), drawn, "")
    else:
        of = Distribution(np.nan, np.empty(0), "all maps are flat")
    bounds = interval(of, plan.level)
    said = [bounds.note, f"{lost} films left out, whose maps are flat" if lost and n else ""]
    about = {"estimate": of.estimate, "lower": bounds.lower, "upper": bounds.upper, "level": plan.level, "n": n}
    return where | about | {"method": bounds.method, "note": "; ".join(filter(None, said))}


def verdict(table: pd.DataFrame) -> str:
    """What a reader must know of the table of `randomisation`: empty if maps depend on weights and on films."""
    alike = {level: table.loc[(table["shuffled"] == level), "estimate"].mean() for level in ("all", OTHER_FILM)}
    said = {
        "all": "Grad-CAM's maps hardly depend on the weights: with all weights shuffled, the rank correlation with the "
        "true maps is {:.2f}. They show the images and the build of the network, not what it has learnt.",
        OTHER_FILM: "Grad-CAM's maps hardly depend on the film: the rank correlation of two films' maps is {:.2f}.",
    }
    return " ".join(text.format(alike[level]) for level, text in said.items() if alike[level] >= ALIKE)
