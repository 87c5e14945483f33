"""Bone risk from ordinary chest and spine films: train, evaluate and report, from one command line."""

__version__ = "0.1.0"
