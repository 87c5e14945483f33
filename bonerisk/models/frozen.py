"""A frozen encoder, its weights and its preprocessing: what determines an embedding."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from omegaconf import DictConfig

import bonerisk.encoders
import bonerisk.imaging
import bonerisk.preprocessing
from bonerisk.config.build import Node, class_of, plain
from bonerisk.config.order import order_of
from bonerisk.config.sweep import Order
from bonerisk.encoders import weights as source
from bonerisk.errors import ConfigError, RunError
from bonerisk.imaging.lock import locked
from bonerisk.models.components import PARENT
from bonerisk.models.films import encoder_for
from bonerisk.parts import Encoder
from bonerisk.runs.differences import differences
from bonerisk.runs.find import StoredRun, find, load
from bonerisk.runs.folder import RECORD, Run
from bonerisk.runs.hashing import fingerprint, sha256, sha256_of_code

WEIGHTS = "weights"  # a kind of input of a run
ASKED = "encoder.weights="  # a frozen encoder has random weights only if the user asks


@dataclass(frozen=True)
class Frozen:
    """An encoder that is not trained any more.

    Parameters
    ----------
    encoder, preprocessing : mapping
        Nodes of the configuration.
    weights : Path or None
        The file of the weights; None: drawn at random by `seed`, which the user must request.
    seed : int
    """

    encoder: Node
    preprocessing: Node
    weights: Path | None
    seed: int

    @property
    def digest(self) -> str:
        """Hash of all that determines an embedding, except the film."""
        architecture = {key: of for key, of in plain(self.encoder).items() if key not in ("weights", "sha256")}
        content = sha256(self.weights) if self.weights else f"random, seed {self.seed}"
        code = sha256_of_code(bonerisk.imaging, bonerisk.preprocessing, bonerisk.encoders)
        parts = {"encoder": architecture, "preprocessing": plain(self.preprocessing), "code": code}
        return fingerprint({**parts, "weights": content})

    def build(self) -> Encoder:
        """The encoder itself."""
        import torch

        torch.manual_seed(self.seed)
        node = {**self.encoder, "weights": str(self.weights) if self.weights else "random"}
        return encoder_for(self.preprocessing, node)


def frozen(config: DictConfig, run: Run, train: Callable[[Order], Path]) -> Frozen:
    """A configuration's encoder; its weights' file and training are recorded in `run`.

    `train` runs `bonerisk train` if the encoder must be trained first.

    Raises
    ------
    ConfigError
        There is no encoder of films, its weights can't be found, or it was trained with another preprocessing.
    """
    if not config.encoder or not config.preprocessing:
        none = "encoder" if not config.encoder else "preprocessing"
        raise ConfigError(f"{none}=none looks at no film", none, "choose another, or features that need no film")
    encoder = plain(config.encoder)
    if PARENT in encoder:
        encoder = plain(_encoder_of(_training(encoder, config, train), config.preprocessing))
    path = _file(encoder, config.preprocessing)
    if path is None and not any(text.startswith(ASKED) for text in run.record["overrides"]):
        mend = "name a file or a training run, or encoder=chest_demo; encoder.weights=random asks for random ones"
        raise ConfigError("the encoder has learnt nothing, and stays as it is", "encoder.weights", mend)
    note_weights(run, encoder, path)
    return Frozen(encoder, plain(config.preprocessing), path, config.seed)


def note_weights(run: Run, encoder: Node, path: Path | None) -> None:
    """Record the file of an encoder's weights, and the training that made it or the licence that it is published under.

    The patients of that training count as seen. The licence of what it started from holds for what it made, too.
    """
    parent = path.parent if path is not None and (path.parent / RECORD).is_file() else None
    if path is not None:
        run.reads(WEIGHTS, path, parent=parent)
    if parent is not None:
        run.record["licence"] = load(parent).record.get("licence")
    elif encoder["weights"] != "random":
        run.record["licence"] = cast("type[Encoder]", class_of(encoder)).licence(encoder)


def frozen_of(model: StoredRun) -> Frozen:
    """The encoder of a finished run.

    Raises
    ------
    RunError
        Its weights' file is gone, or has changed.
    """
    config, encoder = model.config, model.config["encoder"]
    used = next((item for item in model.record["inputs"] if item["kind"] == WEIGHTS), None)
    if used is None:
        return Frozen(encoder, config["preprocessing"], None, config["seed"])
    path = (model.folder / used["path"]).resolve()
    if not path.is_file() or sha256(path) != used["sha256"]:
        what = "has changed since the model was fitted" if path.is_file() else "is gone"
        raise RunError(f"the encoder's file of weights {what}", str(path), "bring it back, or train again")
    if PARENT in encoder:
        encoder = _encoder_of(load(path.parent), config["preprocessing"])
    return Frozen(encoder, config["preprocessing"], path, config["seed"])


def _encoder_of(trained: StoredRun, preprocessing: Node) -> Node:
    """The encoder of a training; the preprocessing must equal the training's."""
    encoder = trained.config["encoder"]
    if not trained.config["training"]:
        mend = "name a training of encoder and head, or choose that encoder itself"
        raise ConfigError("that run trained no encoder", f"encoder.run={trained.folder}", mend)
    if plain(preprocessing) != trained.config["preprocessing"]:
        mend = f"preprocessing={trained.record['choices'].get('preprocessing')}, and the same of its keys"
        what = "the encoder learnt from films prepared in another way"
        raise ConfigError(what, f"preprocessing, encoder.run={trained.folder}", mend)
    return {**encoder, "weights": str(trained.folder), "sha256": None}


def _training(encoder: Node, config: DictConfig, train: Callable[[Order], Path]) -> StoredRun:
    """The encoder's training run: the one named, an equal one that exists, or one made now."""
    outputs = Path(config.paths.outputs)
    if encoder["run"] is not None:
        return find(encoder["run"], outputs, ["train"])
    order = order_of("train", list(encoder[PARENT]))
    order.config.paths = config.paths  # Hydra's grammar can't read every folder's name
    wanted = plain(order.config)
    (outputs / "train").mkdir(parents=True, exist_ok=True)
    lock = outputs / "train" / f".{fingerprint(wanted)[:16]}.lock"
    with locked(lock, "another run is training the encoder: waiting"):
        return _find_equal_run(wanted, outputs) or load(train(order))


def _find_equal_run(wanted: Node, outputs: Path) -> StoredRun | None:
    """The newest finished training of the same configuration."""
    for record in sorted((outputs / "train" / wanted["name"]).glob(f"*/{RECORD}"), reverse=True):
        with contextlib.suppress(RunError):  # of another version, or its model is gone
            run = load(record.parent)
            if run.status == "finished" and not differences(wanted, plain(run.config)) and run.path(source.MODEL_FILE):
                return run
    return None


def _file(encoder: Node, preprocessing: Node) -> Path | None:
    """The file of an encoder's weights; pretrained ones are fetched if they are absent."""
    if encoder["weights"] != "pretrained":
        return source.check(encoder["weights"], encoder["sha256"])
    return encoder_for(preprocessing, encoder).file
