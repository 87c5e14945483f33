"""A trained model as one thing, and the parts that it is built from, each held against its contract."""

from bonerisk.models.load import load_model
from bonerisk.models.trained import TrainedModel

__all__ = ["TrainedModel", "load_model"]
