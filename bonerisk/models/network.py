"""An encoder and a head that were trained together: built from a configuration, loaded from a run, predicting rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from bonerisk.cohort.targets.target import find
from bonerisk.config.build import Node, class_of
from bonerisk.encoders.weights import MODEL_FILE
from bonerisk.errors import ConfigError, raise_together
from bonerisk.features.features import Features
from bonerisk.features.scaling import Scaling
from bonerisk.heads.row_outcomes import RowOutcomes
from bonerisk.models.blocks import in_blocks
from bonerisk.models.components import component
from bonerisk.models.films import DecodedCohort, encoder_for
from bonerisk.models.points import on_film, on_image
from bonerisk.models.predictions import predictions
from bonerisk.parts import (
    Encoder,
    MapEncoder,
    Objective,
    PointHead,
    PointTransform,
    SurvivalHead,
    TrainedHead,
    lacks,
)
from bonerisk.runs.find import StoredRun

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bonerisk.training.examples import Inputs
    from bonerisk.training.model import Model

FEATURES, SCALING, HEAD = "features", "scaling", "head"  # in the notes of a model's file


@dataclass(frozen=True)
class Network:
    """An encoder and the head trained with it.

    Attributes
    ----------
    encoder : Encoder
    head : TrainedHead
    features : Features
        Columns of the cohort that the head gets beside the film, if any.
    scaling : Scaling
        Scaling of these columns.
    """

    encoder: Encoder
    head: TrainedHead
    features: Features
    scaling: Scaling

    @property
    def module(self) -> Model:
        """Encoder and head as one torch module."""
        from bonerisk.training.model import Model

        return Model(cast("nn.Module", self.encoder), cast("nn.Module", self.head))

    def predict(self, table: pd.DataFrame, films: DecodedCohort, dataset: str, name: str) -> pd.DataFrame:
        """The predictions table for the rows of `table`: `risk` (n,), and the head's other predictions.

        Each row has a value in all columns that the network was trained with (`bonerisk.models.fitted.keep_complete`).
        """
        from bonerisk.training.model import predict

        outputs = predict(self.module, films.images.images, self.inputs(table, films))
        return self._of_outputs(outputs, table, films, dataset, name)

    def predict_and_embed(
        self, table: pd.DataFrame, films: DecodedCohort, dataset: str, name: str
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """What `predict` and `embed` give, in one pass through the encoder."""
        from bonerisk.training.model import predict_and_embed

        outputs, features = predict_and_embed(self.module, films.images.images, self.inputs(table, films))
        return self._of_outputs(outputs, table, films, dataset, name), features.cpu().numpy()

    def _of_outputs(
        self, outputs: Tensor, table: pd.DataFrame, films: DecodedCohort, dataset: str, name: str
    ) -> pd.DataFrame:
        found = in_blocks(lambda at: self.head.predictions(outputs[at]), len(table))
        if self.points:
            points = cast("PointHead", self.head).points(outputs).cpu().numpy()
            found |= on_film(table, films, self.points, points)
        return predictions(table, dataset, name, found)

    @property
    def points(self) -> Sequence[str]:
        """Names of the points that it finds; empty if it predicts something else."""
        return find(self.head.target).points

    def targets(self, objective: Objective, table: pd.DataFrame, films: DecodedCohort) -> np.ndarray:
        """What an objective compares the outputs for the rows of `table` with."""
        return objective.targets(on_image(table, films, self.points) if self.points else table)

    def embed(self, table: pd.DataFrame, films: DecodedCohort) -> np.ndarray:
        """Features (n, width) float32 that the encoder gives the films of `table`."""
        from bonerisk.training.examples import Inputs
        from bonerisk.training.model import predict

        found = predict(self.module.encoder, films.images.images, Inputs(films.rows(table)), doing="embedding")
        return found.cpu().numpy()

    def inputs(self, table: pd.DataFrame, films: DecodedCohort) -> Inputs:
        """Inputs of encoder and head for the rows of `table`."""
        from bonerisk.training.examples import Inputs

        columns = self.features.columns
        return Inputs(films.rows(table), self.scaling.matrix(columns, table) if columns.names else None)

    @property
    def survival_head(self) -> SurvivalHead | None:
        """The head, if its target has times."""
        return cast("SurvivalHead", self.head) if find(self.head.target).kind == "survival" else None

    def calibrate(
        self, head: SurvivalHead, train: pd.DataFrame, tune: pd.DataFrame, films: DecodedCohort, seed: int
    ) -> tuple[str, ...]:
        """Let its head, of a target with times, learn its probabilities; caveats for the report."""
        from bonerisk.training.model import predict

        outputs, of_tuning = (
            predict(self.module, films.images.images, self.inputs(rows, films), doing="calibrating")
            for rows in (train, tune)
        )
        outcomes, tuning = (RowOutcomes.of(rows, "survival") for rows in (train, tune))
        head.calibrate(outputs, outcomes, (of_tuning, tuning), seed)
        return head.notes

    @property
    def notes(self) -> dict[str, str]:
        """What loading needs besides the weights: what was learnt of columns and of times, if there are any."""
        found: dict[str, object] = {}
        if self.features.columns.used:
            found[FEATURES] = {**self.features.state(), SCALING: asdict(self.scaling)}
        if self.survival_head and (learnt := self.survival_head.tensors()):
            found[HEAD] = {name: values.tolist() for name, values in learnt.items()}
        return {name: json.dumps(state) for name, state in found.items()}


@dataclass(frozen=True)
class NewNetwork:
    """A configured encoder; its head is built once the columns beside the film are known.

    Attributes
    ----------
    config : mapping
    encoder : Encoder
    drawn : Tensor
        torch's random state after the encoder; the head is drawn from it.
    """

    config: Node
    encoder: Encoder
    drawn: Tensor

    @classmethod
    def of(cls, config: Node, seed: int) -> NewNetwork:
        """As configured; random weights depend on `seed` alone."""
        import torch

        _check_points(config)
        torch.manual_seed(seed)
        encoder = encoder_for(config["preprocessing"], config["encoder"])
        return cls(config, encoder, torch.get_rng_state())

    def network(self, features: Features, scaling: Scaling) -> Network:
        """The whole network, given what was learnt of columns."""
        import torch

        torch.set_rng_state(self.drawn)
        width = self.encoder.width + len(features.columns.names)
        head = component(self.config["head"], TrainedHead, "head", width=width)
        return Network(self.encoder, head, features, scaling)


def _check_points(config: Node) -> None:
    """Refuse a head that finds points beside parts that lose them, and maps for a head that takes none.

    Raises
    ------
    ConfigError
        All at once.
    """
    finds, gives = (
        not lacks(class_of(config[key]), contract) for key, contract in (("head", PointHead), ("encoder", MapEncoder))
    )
    wrong = []
    if finds != gives:
        what = "gives no maps, on which head=points finds points" if finds else "gives maps, for head=points alone"
        mend = "choose encoder=hrnet_w32 or small_maps" if finds else "choose head=points, or another encoder"
        wrong.append(ConfigError(f"{class_of(config['encoder']).__name__} {what}", "encoder", mend))
    if finds and config["preprocessing"] and lacks(class_of(config["preprocessing"]), PointTransform):
        what = f"{class_of(config['preprocessing']).__name__} does not say where a point of the film lies on its image"
        wrong.append(ConfigError(what, "preprocessing", "choose preprocessing=whole_film"))
    if finds and config["features"].get("columns"):
        what = "points are found on the film alone, without columns beside it"
        wrong.append(ConfigError(what, "features", "choose features=embedding"))
    raise_together(wrong)


def load_network(run: StoredRun) -> Network:
    """The network of a training run, with its kept weights."""
    from bonerisk.training.model import load, notes_of

    path = run.path(MODEL_FILE)
    config = {**run.config, "encoder": {**run.config["encoder"], "weights": "random"}}  # replaced in the next lines
    features, scaling = component(config["features"], Features, "features"), Scaling((), ())
    notes = {name: json.loads(text) for name, text in notes_of(path).items()}
    if FEATURES in notes:
        features.restore(notes[FEATURES], {})
        scaling = Scaling.restored(notes[FEATURES][SCALING])
    network = NewNetwork.of(config, seed=0).network(features, scaling)
    load(network.module.encoder, network.module.head, path)
    if network.survival_head and HEAD in notes:
        network.survival_head.restore({name: np.array(values) for name, values in notes[HEAD].items()})
    return network
