"""The cohort of a run of `bonerisk prepare`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from bonerisk.cohort.flow import Flow
from bonerisk.cohort.table import Cohort, few
from bonerisk.config.build import build
from bonerisk.config.recorded import prepared
from bonerisk.errors import DataError
from bonerisk.runs.find import StoredRun


class OfRun:
    """Stands for the cohort of a run; a command puts the dataset that the run records in its place.

    Where the run has found points on the films, they are its own: then the cohort is that of the run.

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
        """Load the recorded dataset, with the points that the run has found.

        Parameters
        ----------
        data : Path

        Raises
        ------
        ConfigError, DataError, RunError
            There is no such run, or as the dataset raises.
        """
        run = prepared(self.run, self.outputs)
        cohort: Cohort = build(run.config["dataset"]).load(data)
        if not run.config.get("keypoints"):
            return cohort
        return replace(
            cohort,
            table=rows_of(run, cohort),
            flow=flow_of(run),
            rejected=pd.read_csv(run.path("rejected.csv"), dtype="object"),
            notes=tuple(dict.fromkeys([*cohort.notes, *run.record["notes"]])),
            sources=(*cohort.sources, run.path("cohort.parquet")),
        )


def rows_of(run: StoredRun, cohort: Cohort) -> pd.DataFrame:
    """The rows that a run has written; their films lie where its dataset, the cohort, says now.

    Raises
    ------
    DataError
        A film is in the dataset no more.
    """
    table = pd.read_parquet(run.path("cohort.parquet"))
    places = cohort.table.set_index("image_id")["image_path"]
    gone = table.loc[~table["image_id"].isin(places.index), "image_id"]
    if len(gone):
        what = f"{len(gone)} films of this run are in its dataset no more: {few(list(gone))}"
        raise DataError(what, str(run.folder), f"bring them back, or repeat it: bonerisk {run.command} …")
    return table.assign(image_path=table["image_id"].map(places))


def flow_of(run: StoredRun) -> Flow:
    """The steps that lead to a run's rows."""
    steps = pd.read_csv(run.path("flow.csv"), keep_default_na=False)
    return Flow(tuple(steps.itertuples(index=False, name=None)))
