"""Draws of patients, intervals, and tests of many subgroups."""
