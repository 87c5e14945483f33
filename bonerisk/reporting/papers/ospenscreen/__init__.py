"""OsPenScreen: its tables and figures, a column or panel for each hospital."""
