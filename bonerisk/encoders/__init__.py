"""Images (n, c, h, w) to features (n, width)."""
