"""The contracts of the parts: what a dataset, transform, encoder, head, objective and outcome must be.

A part is any class that has the members of its contract; it inherits from nothing. Attributes are declared in the class
body (``width: int``), so that a class can be checked before it is built. The contract of an outcome is beside its
implementations, in `bonerisk.evaluation.outcomes.outcome`.

Arrays are NumPy's, tensors are torch's. n counts rows or films; an image has the shape (h, w) or (k, h, w), in pixels,
with k planes. The same input and seed give the same numbers. A part raises `ConfigError` for invalid arguments,
`DataError` for invalid data; any other exception is a bug.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from bonerisk.cohort.table import Cohort
from bonerisk.cohort.targets.target import Kind
from bonerisk.errors import ConfigError
from bonerisk.evaluation.outcomes.outcome import Outcome
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.imaging.film import Film

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "Augmentation",
    "Dataset",
    "Encoder",
    "FittedHead",
    "MapEncoder",
    "Objective",
    "Outcome",
    "OwnTable",
    "PointAugmentation",
    "PointHead",
    "PointTransform",
    "SurvivalHead",
    "TrainedHead",
    "Transform",
    "lacks",
    "members",
    "require",
]


class Dataset(Protocol):
    """A source of films, of tables, or of both."""

    def load(self, data: Path) -> Cohort:
        """The checked cohort, with its flow and refused rows. Films need not be read, only named.

        Parameters
        ----------
        data : Path
            Folder for files made on the way: simulated films, indexes, pseudonyms.

        Raises
        ------
        ConfigError, DataError
        """
        ...


class OwnTable(Dataset, Protocol):
    """A source of a user's own rows, of which outcomes may be unknown."""

    def to_predict(self, columns: Sequence[str]) -> Dataset:
        """The same source for a model's predictions: it needs no outcome and no split, and all rows are external.

        Parameters
        ----------
        columns : sequence of str
            Columns of the cohort that the model reads.
        """
        ...


class Transform(Protocol):
    """Preprocessing: a pure function from a film to an image. It is pickled, to run in other processes."""

    shape: tuple[int, ...]
    """Shape of every image: (h, w) or (k, h, w) pixels."""
    columns: Sequence[str]
    """Cohort columns that it reads from `Film.row`; ``()`` for none."""
    note: str | None
    """Caveat for the report."""

    def __call__(self, film: Film) -> np.ndarray:
        """The image, uint8, of `shape`.

        Raises
        ------
        DataError
            The film cannot be used; its reason is listed and the others are processed.
        """
        ...

    def covered(self, region: np.ndarray, film: Film) -> np.ndarray:
        """How much of each pixel of the film's image a region of the film covers.

        `region` is bool, of the film's shape. The answer is float32 from 0 to 1, of `shape`: the transform's resizing,
        cropping, padding or alignment without what it does to intensities; 0 where the image shows nothing of the film.
        """
        ...


class PointTransform(Transform, Protocol):
    """A transform that keeps points: the place of each on the image follows from the film's size alone."""

    def onto(self, shape: tuple[int, int]) -> np.ndarray:
        """Matrix (2, 3) from pixels of a film of `shape` (rows, columns) to pixels of the image."""
        ...


class Encoder(Protocol):
    """A torch module: images → features.

    Its class is built with ``shape`` beside its settings, and raises `ConfigError` for images that it cannot take. Two
    of its settings are ``weights`` and ``sha256`` (`bonerisk.encoders.weights.check`): a training run that is loaded
    again, or starts another, gives its own by them.
    """

    shape: tuple[int, ...]
    """(k, h, w) of the images that it was built for; a grey film is one plane."""
    width: int
    """Number of features per film."""
    file: Path | None
    """The weights' file; None if random, which the user must request."""

    @staticmethod
    def licence(settings: Mapping[str, Any]) -> str | None:
        """Licence of the published weights that the class has for its settings, for the report; None if it has none."""
        ...

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width) float32 of images (n, k, h, w) uint8; a grey film is one plane."""
        ...

    @property
    def last_layer(self) -> nn.Module:
        """The module whose outputs are the last with a place on the image, from which a patch can reach the features.

        Raises
        ------
        ConfigError
            There is none.
        """
        ...

    def maps(self, activations: Tensor) -> Tensor:
        """Outputs of `last_layer` as maps (n, channels, rows, columns) of the whole image, from its upper left.

        Raises
        ------
        ConfigError
            They have no place on the image.
        """
        ...


class MapEncoder(Encoder, Protocol):
    """An encoder whose features keep their place on the image, for a `PointHead`."""

    stride: int
    """Pixels of the image for one of a map: always `bonerisk.keypoints.heatmap.STRIDE`."""

    def forward(self, images: Tensor) -> Tensor:
        """Features (n, width, h / stride, w / stride) float32 of images (n, k, h, w) uint8."""
        ...


class TrainedHead(Protocol):
    """A torch module that is trained with its encoder: features → outputs → predictions.

    Its class is built with ``width`` beside its settings: the number of features. Features of the cohort's columns, if
    there are any, come last. n may be 0. One setting is ``target``.
    """

    target: str
    """Name of what it predicts (`bonerisk.cohort.targets`)."""

    def forward(self, features: Tensor) -> Tensor:
        """Outputs (n, …) float32 of features (n, width): what the objective is a function of."""
        ...

    def predictions(self, outputs: Tensor) -> dict[str, np.ndarray]:
        """Columns of the predictions table, float64 (n,): ``risk`` (higher is worse), and others of its own."""
        ...

    def scores(self, outputs: Tensor) -> dict[str, Tensor]:
        """What explanations are of: differentiable scores (n,), by name.

        ``risk`` comes first and rises with the risk. A head of several classes adds one for each class, by its name.
        """
        ...


class PointHead(TrainedHead, Protocol):
    """A head that finds points: features of a `MapEncoder` → a heatmap of each point (n, points, rows, columns).

    Its `predictions` are those that need no film's size; the points themselves are added in pixels of the film.
    """

    def points(self, outputs: Tensor) -> Tensor:
        """Points (n, points, 2): x and y in pixels of the image."""
        ...


class SurvivalHead(TrainedHead, Protocol):
    """A trained head of a target with times: it learns probabilities from outcomes once the weights are known.

    From then on its predictions have ``survival_<h>y``, the probability of no event by each horizon that the training
    split was followed up to.
    """

    horizons_years: Sequence[float]
    notes: tuple[str, ...]
    """Caveats for the report."""

    def calibrate(self, outputs: Tensor, outcomes: RowOutcomes, tuning: tuple[Tensor, RowOutcomes], seed: int) -> None:
        """Learn from the outputs (n, …) of the training split and its outcomes, and from those of the tuning split.

        Raises
        ------
        DataError
            There is nothing to learn.
        """
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """What `calibrate` learnt, as arrays; empty before."""
        ...

    def restore(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Restore from `tensors`."""
        ...


class FittedHead(Protocol):
    """A head fitted at once to fixed features.

    Its class is built with ``names`` (of the features, in order) beside its settings, one of which is ``target``.
    """

    names: list[str]
    target: str
    """Name of what it predicts (`bonerisk.cohort.targets`)."""
    horizons_years: Sequence[float]
    """Horizons for which `survival` gives probabilities; empty if the outcome has no times."""
    penalised: bool
    """Whether coefficients are shrunk, so that they have no intervals."""
    needs_tuning: bool
    """Whether `fit` uses the tuning rows; if not, there may be none."""
    history: pd.DataFrame
    """Record of the fit, for history.csv.

    The page draws a table of steps, the first column of which numbers them, with losses ``train`` and ``tune``, and one
    of penalties: ``penalty``, ``score``, ``standard_error``. In a table of steps, ``kept`` marks the one that was kept;
    without this column it is the lowest ``tune``.
    """
    notes: tuple[str, ...]
    """Caveats for the report."""
    uses: Sequence[str]
    """Columns beyond the outcome that `fit` uses: of ``entry_years``, ``stratum`` and ``case_weight``.

    A cohort with others of these is refused.
    """
    covariance: np.ndarray | None
    """Covariance (width, width) of the coefficients of `names`; None if there are none, or if they are shrunken."""

    def fit(self, x: np.ndarray, outcomes: RowOutcomes, tuning: tuple[np.ndarray, RowOutcomes], seed: int) -> None:
        """Fit to features (n, width) of the training split; `tuning` is for stopping and calibration alone.

        Raises
        ------
        DataError
            There is nothing to learn, or no maximum.
        """
        ...

    def risk(self, x: np.ndarray) -> np.ndarray:
        """Risk (n,) float64 of features (n, width): higher is worse."""
        ...

    def survival(self, x: np.ndarray, stratum: np.ndarray | None = None) -> dict[float, np.ndarray]:
        """Probability (n,) of no event by each horizon in years; empty if the outcome has no times.

        `stratum` (n,) numbers each row's stratum, for a head that uses strata and was fitted with some.
        """
        ...

    def table(self) -> pd.DataFrame:
        """Coefficients, one row per feature; empty if there are none.

        Columns are ``feature`` and ``coefficient``. With a ``hazard_ratio``, ``subdistribution_hazard_ratio`` or
        ``odds_ratio`` come ``lower``, ``upper`` and ``p``, which are NaN without intervals.
        """
        ...

    def importance(self, x: np.ndarray) -> pd.DataFrame | None:
        """Importance of the features, one row per feature; None if the coefficients say it."""
        ...

    def contributions(self, x: np.ndarray) -> np.ndarray | None:
        """What each feature adds to the risk of each row, (n, width); None if the coefficients say it."""
        ...

    def tensors(self) -> dict[str, np.ndarray]:
        """All that was learnt, as arrays."""
        ...

    def restore(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Restore from `tensors`; other arrays are ignored."""
        ...


class Objective(Protocol):
    """Objective of a joint training; the loop is the same for all.

    Its settings are its instance attributes (`vars`), of plain types; resuming requires equal ones. It is pickled, to
    run in several processes.

    If `whole_batch` is set, `loss` gets the outputs of a step's whole batch, of all processes together (a risk set).
    Otherwise it gets those of any part of it, and the loss of a film must depend on that film only.
    """

    kinds: tuple[Kind, ...]
    """Kinds of target that it serves."""
    columns: Mapping[str, str]
    """Columns of history.csv that `score` gives, in their order, and what the page calls each ("AUC").

    The page draws ``tune_loss``, if it is one of them, beside the loss of training.
    """
    best_by: tuple[tuple[str, int], ...]
    """Rule for the best epoch: columns and their direction (1: higher is better, -1: lower); later ones break ties."""
    whole_batch: bool

    def targets(self, table: pd.DataFrame) -> np.ndarray:
        """What the loss compares outputs with, (n, …) float64, from rows of train and tune with a known target.

        What it learns of targets, such as cuts, is from the rows of split train. An objective that compares films of a
        patient gives the patient's number as well. One of points gets a table of the target's columns alone, in pixels
        of the image, and gives (n, points, 2), NaN where one is missing: these move with the image.
        """
        ...

    def check(self, train: np.ndarray, tune: np.ndarray) -> None:
        """Refuse targets from which nothing can be learnt or by which no epoch can be chosen.

        Raises
        ------
        DataError
        """
        ...

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Weight (n,) of each film in the loss, from the targets of the training split; the mean is 1."""
        ...

    def batches(self, targets: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
        """Rows of each step of an epoch: about `size`, with weights over 0 among them.

        A batch may have to hold an event, or all films of a patient. Every epoch has the same number of batches.
        """
        ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Loss (n,) of each film, from float32 on one device; the loop takes the weighted mean over the batch."""
        ...

    def score(self, outputs: Tensor, targets: np.ndarray) -> dict[str, float]:
        """Scores of the tuning split, named as in `columns`; NaN is worst."""
        ...


class Augmentation(Protocol):
    """What a training does to its images, in batches and on their device. Its settings are its attributes (`vars`)."""

    def draw(self, n: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """All that is random of the n films of a step, as arrays (n, …): a process takes the part of its own films."""
        ...

    def apply(self, images: Tensor, drawn: Mapping[str, np.ndarray]) -> Tensor:
        """Images (m, k, h, w) uint8, changed as `drawn` for these m films says; no other film matters."""
        ...


class PointAugmentation(Augmentation, Protocol):
    """An augmentation that says where points go: targets that are points move with their images."""

    def move(self, points: Tensor, drawn: Mapping[str, np.ndarray], shape: tuple[int, int]) -> Tensor:
        """Points (m, …, 2), x and y in pixels of images of `shape` (h, w), as `apply` moves what they mark."""
        ...


ARGUMENTS: Mapping[type, tuple[str, ...]] = {  # that a class must be built with, whatever its other settings
    Encoder: ("shape", "weights", "sha256"),
    TrainedHead: ("width", "target"),
    FittedHead: ("names", "target"),
}


def lacks(kind: type, contract: type) -> list[str]:
    """Members of a contract that a class lacks, sorted, and arguments that it is not built with.

    >>> class Blank:
    ...     shape = (16, 16)
    ...     note: str | None
    >>> lacks(Blank, Transform)
    ['__call__', 'columns', 'covered']
    """
    there = {name for base in kind.__mro__ for name in (*vars(base), *inspect.get_annotations(base))}
    needed = [name for base in contract.__mro__ for name in ARGUMENTS.get(base, ())]
    taken = inspect.signature(kind).parameters if needed else {}
    arguments = [f"argument {name}" for name in needed if name not in taken]
    return sorted(members(contract) - there) + arguments


def members(contract: type) -> set[str]:
    """Names of a contract's methods and attributes."""
    all_of = {name for base in contract.__mro__ for name in (*inspect.get_annotations(base), *vars(base))}
    return {name for name in all_of if name == "__call__" or not name.startswith("_")}


def require(kind: type, contract: type, where: str) -> None:
    """Refuse a class that lacks members of a contract, or arguments that it must be built with.

    Parameters
    ----------
    where : str
        The key of the configuration that chose it, for the error.

    Raises
    ------
    ConfigError
        Members are missing; the error lists them.
    """
    if lacking := lacks(kind, contract):
        what = f"{kind.__module__}.{kind.__qualname__} is no {contract.__name__}: it lacks {', '.join(lacking)}"
        raise ConfigError(what, where, f"{contract.__module__}.{contract.__name__} says what each is")
