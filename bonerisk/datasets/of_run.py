"""The cohort of a run of `bonerisk prepare`."""

from __future__ import annotations

from pathlib import Path

from bonerisk.cohort.table import Cohort
from bonerisk.config.build import build
from bonerisk.config.recorded import prepared


class OfRun:
    """Stands for the dataset that a run records; a command puts that dataset in its place.

    Parameters
    ----------
    run : str
        A run of `bonerisk prepare`: a path, the beginning of its time, or ``latest``.
    outputs : str
        Folder of the runs.
    """

    def __init__(self, run: str, outputs: str = "outputs") -> None:
        self.run, self.outputs = run, Path(outputs)

    def load(self, data: Path) -> Cohort:
        """Load the recorded dataset.

        Parameters
        ----------
        data : Path

        Raises
        ------
        ConfigError, DataError, RunError
            There is no such run, or as the dataset raises.
        """
        cohort: Cohort = build(prepared(self.run, self.outputs).config["dataset"]).load(data)
        return cohort
