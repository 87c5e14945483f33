"""Encoders: torch modules from images (n, k, h, w) uint8 to features (n, width)."""
