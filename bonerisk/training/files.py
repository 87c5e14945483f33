"""Names of the files that a training writes beside its model; importing them needs no torch."""

HISTORY_FILE = "history.csv"
