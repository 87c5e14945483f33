"""Draws of patients, intervals, p-values, and their adjustment for many comparisons."""
