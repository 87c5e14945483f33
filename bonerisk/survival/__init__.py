"""Time to an event: estimators on plain arrays, in numpy."""
