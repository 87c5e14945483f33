"""Metrics: each a function of a drawn sample."""
