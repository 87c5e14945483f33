"""Simulated radiographs with known truth: population, anatomy, projection, detector."""
