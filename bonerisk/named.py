"""What an argument's text names: types by which the check of a command knows what must exist (`config.exist`)."""

from __future__ import annotations

from pathlib import Path

FilePath = str
FolderPath = str
FilmPath = str  # a film, a folder of films, or a pattern such as films/*.dcm
WeightsPath = str  # a file, or the folder of a run; `pretrained` and `random` name none
TrainingName = str  # a run of `bonerisk train`: a path, the beginning of its time, or latest
ColumnNames = dict[str, str | None]  # our names of columns → those of the table that a FilePath beside it names

EMA = "ema"  # a teacher that is no run, but the moving average of its student

NAMED = ("FilePath", "FilmPath", "FolderPath", "WeightsPath", "TrainingName", "ColumnNames")


def matching(text: str) -> list[Path]:
    """What a `FilmPath` names: itself if it is there, else what its pattern fits, in the order of names."""
    path = Path(text).expanduser()
    pattern = path.relative_to(path.anchor)
    return [path] if path.exists() else sorted(Path(path.anchor).glob(str(pattern)))
