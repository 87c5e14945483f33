"""Validation of a model on the patients that it was fitted to: by bootstrap optimism, or by cross-validation."""
