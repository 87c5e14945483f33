"""AI-CXR: its tables and figures, with and without a T-score."""
