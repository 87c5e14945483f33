"""Simulated patients: their bones, diseases, course and records, and oracles of the truth."""
