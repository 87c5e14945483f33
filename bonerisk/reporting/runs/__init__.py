"""Runs as the page reads them."""
