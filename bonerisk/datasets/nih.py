"""ChestX-ray14 of the National Institutes of Health: 112,120 frontal chest films of 30,805 patients, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.table import Cohort
from bonerisk.datasets.public_films import PublicFilms, as_flags
from bonerisk.named import FilePath, FolderPath

COLUMNS = {
    "image_id": "Image Index",
    "patient_id": "Patient ID",
    "age_years": "Patient Age",
    "sex": "Patient Gender",
    "view": "View Position",
}
LABELS, NO_FINDING = "Finding Labels", "No Finding"
FINDINGS = (
    *("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis", "Hernia"),
    *("Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax"),
)


class Nih:
    """ChestX-ray14: ``Data_Entry_2017.csv`` (or ``_v2020``), and the folder of its PNG files, at any depth.

    Parameters
    ----------
    table : str
        Either version of the table: ages are 58 in one, and 058Y in the other, which has ages such as 411Y as well.
    image_root : str
        Folder that has ``images_001`` to ``images_012``, or all films.
    normal : {"no_finding", "all"}
        Which films count as normal, and are kept: those labelled No Finding.
    name, split, where, min_age_years, below_age_years, view, colour
        See `bonerisk.datasets.public_films.PublicFilms`.

    Raises
    ------
    ConfigError
        A value is out of range; all at once.

    References
    ----------
    Wang et al. 2017, "ChestX-ray8: hospital-scale chest X-ray database and benchmarks", CVPR, 3462–3471.
    """

    def __init__(
        self,
        table: FilePath,
        image_root: FolderPath,
        normal: Literal["no_finding", "all"] = "no_finding",
        name: str = "nih",
        split: Literal["train", "tune", "test", "external"] = "train",
        where: str | None = None,
        min_age_years: float | None = 50.0,
        below_age_years: float | None = 100.0,
        view: Sequence[str] = (),
        colour: Literal["refuse", "luminance"] = "refuse",
    ) -> None:
        layout = "images_001 to images_012, or 00000001_000.png and the others"
        chosen = (name, split, where, min_age_years, below_age_years, view, colour)
        self.films, self.normal = PublicFilms(table, image_root, layout, *chosen), normal

    def load(self, data: Path) -> Cohort:
        """Read the table and look for its films.

        Parameters
        ----------
        data : Path

        Raises
        ------
        DataError
            The table is another one, a choice leaves no film, or no film is in the folder.
        """
        rows, ragged = self.films.read([*COLUMNS.values(), LABELS], "Data_Entry_2017.csv or Data_Entry_2017_v2020.csv")
        text = pd.DataFrame({ours: values.present(rows[theirs]) for ours, theirs in COLUMNS.items()})
        labels = "|" + rows[LABELS] + "|"
        found = {name: labels.str.contains(f"|{name}|", regex=False).astype(int) for name in FINDINGS}
        normal = (f"label {NO_FINDING}", rows[LABELS] == NO_FINDING) if self.normal == "no_finding" else None
        return self.films.cohort(rows, ragged, text.assign(**as_flags(found)), text["image_id"], normal)
