"""Rows with risks and outcomes: what metrics are computed from."""
