"""`bonerisk train`: train a model on a cohort."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError, raise_together
from bonerisk.models.components import PARENT, check_contracts, contract_of
from bonerisk.models.fit_head import fit_head
from bonerisk.models.train_network import train_network
from bonerisk.parts import FittedHead
from bonerisk.runs.resumable import forget


def train(order: Order) -> Path:
    """Fit a head to fixed features (`training=none`), or train encoder and head together."""
    with run_folder(order, order.config.name) as run:
        check_contracts(order.config)
        _check_together(order.config)
        if order.config.training:
            train_network(order.config, run)
        else:
            fit_head(order.config, run, train)
    forget(run)  # once it is finished, not before: until then it can be continued from any point
    return run.folder


def _check_together(config: DictConfig) -> None:
    """Refuse options that can't work together; one error lists all.

    Raises
    ------
    ConfigError
    """
    fitted_head = contract_of("head", config.head) is FittedHead
    wrong = {
        "training=none fits a head to features, and this one is trained with its encoder: choose head=logistic": (
            not config.training and not fitted_head
        ),
        "this head is fitted to features, not trained with an encoder: choose training=none, or head=binary, "
        "classes, t_score or log_hazard": (config.training and fitted_head),
        "encoder=none has nothing to train: choose training=none": config.training and not config.encoder,
        "an encoder of a run stays as it is: choose training=none, or start from it by encoder.weights=RUN": (
            config.training and PARENT in (config.encoder or {})
        ),
        "training learns from films: choose features.embedding=true, or training=none": (
            config.training and not config.features.embedding
        ),
        "an image's risk is fitted to features: choose features.image_risk=null, or training=none": (
            config.training and config.features.embedding and config.features.image_risk
        ),
        "preprocessing=none reads no films to train on: choose another": config.training and not config.preprocessing,
    }
    found = [text.split(": ") for text, holds in wrong.items() if holds]
    raise_together([ConfigError(what, "train", mend) for what, mend in found])
