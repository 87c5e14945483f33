"""Spine DeepSurv: its tables and figures, by image variant, clinical model and method."""
