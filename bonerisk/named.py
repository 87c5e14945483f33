"""What an argument's text names: types by which the check of a command knows what must exist (`config.exist`)."""

from __future__ import annotations

FilePath = str
FolderPath = str
WeightsPath = str  # a file, or the folder of a run; `pretrained` and `random` name none
TrainingName = str  # a run of `bonerisk train`: a path, the beginning of its time, or latest
ColumnNames = dict[str, str | None]  # our names of columns → those of the table that a FilePath beside it names

EMA = "ema"  # a teacher that is no run, but the moving average of its student

NAMED = ("FilePath", "FolderPath", "WeightsPath", "TrainingName", "ColumnNames")
