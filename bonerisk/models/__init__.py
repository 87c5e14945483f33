"""Trained models and their parts, built from a configuration and checked against contracts."""

from bonerisk.models.load import load_model
from bonerisk.models.trained import TrainedModel

__all__ = ["TrainedModel", "load_model"]
