"""Models made for comparison: baselines, combined and recalibrated models, oracles."""
