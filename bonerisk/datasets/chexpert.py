"""CheXpert of Stanford Health Care: 224,316 chest films of 65,240 patients, without labels of bone mass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from bonerisk.cohort import values
from bonerisk.cohort.table import Cohort
from bonerisk.datasets.public_films import PublicFilms, as_flags
from bonerisk.named import FilePath, FolderPath

PATH, VIEW, PROJECTION, NO_FINDING = "Path", "Frontal/Lateral", "AP/PA", "No Finding"
FINDINGS = (
    *("Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation"),
    *("Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices"),
)
FRONTAL = ("PA", "AP", "FRONTAL")


class CheXpert:
    """CheXpert: ``train.csv`` or ``valid.csv``, and the folder of its JPEG files, of the large or the small release.

    A finding is 1, 0, −1 (uncertain) or not mentioned in the report; the last two are missing in the cohort.

    Parameters
    ----------
    table : str
    image_root : str
        Folder of the release, as ``CheXpert-v1.0``, or the one that it lies in.
    normal : {"no_finding", "no_positive", "no_positive_no_uncertain", "all"}
        Which films count as normal, and are kept. ``no_finding``: those labelled No Finding, which may show support
        devices. ``no_positive``: those of which no finding is positive, devices included; ``no_positive_no_uncertain``:
        neither positive nor uncertain.
    name, split, where, min_age_years, below_age_years, colour
        See `bonerisk.datasets.public_films.PublicFilms`.
    view : list of str
        Views to keep: PA, AP, FRONTAL (a projection that is neither) or LATERAL; none keeps all.

    Raises
    ------
    ConfigError
        A value is out of range; all at once.

    References
    ----------
    Irvin et al. 2019, "CheXpert: a large chest radiograph dataset with uncertainty labels and expert comparison",
    AAAI 33:590–597.
    """

    def __init__(
        self,
        table: FilePath,
        image_root: FolderPath,
        normal: Literal["no_finding", "no_positive", "no_positive_no_uncertain", "all"] = "no_finding",
        name: str = "chexpert",
        split: Literal["train", "tune", "test", "external"] = "train",
        where: str | None = None,
        min_age_years: float | None = 50.0,
        below_age_years: float | None = 100.0,
        view: Sequence[str] = FRONTAL,
        colour: Literal["refuse", "luminance"] = "refuse",
    ) -> None:
        layout = "train and valid, in which patient00001 and the others lie"
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
        needed = [PATH, "Sex", "Age", VIEW, PROJECTION, NO_FINDING, *FINDINGS]
        rows, ragged = self.films.read(needed, "train.csv or valid.csv")
        said = pd.DataFrame({name: values.number(values.present(rows[name])) for name in (NO_FINDING, *FINDINGS)})
        place = rows[PATH].str.extract(r"^[^/]*/(.*?((patient\d+)/study\d+/[^/]+))$")  # without the release
        sex = values.present(rows["Sex"])
        text = pd.DataFrame(
            {
                "patient_id": place[2],
                "image_id": place[0],
                "age_years": values.present(rows["Age"]),
                "sex": sex.where(sex != "Unknown", None),
                "view": _views(rows),
                **as_flags({name: said[name] for name in FINDINGS}),
            }
        )
        return self.films.cohort(rows, ragged, text, place[1], _normal(said, self.normal))


def _views(rows: pd.DataFrame) -> pd.Series:
    """PA, AP, FRONTAL or LATERAL; a few frontal films are said to be LL or RL."""
    frontal = rows[PROJECTION].where(rows[PROJECTION].isin(FRONTAL), "FRONTAL")
    return frontal.where(rows[VIEW] == "Frontal", "LATERAL")


def _normal(said: pd.DataFrame, rule: str) -> tuple[str, pd.Series] | None:
    """The rule in words, and which films it keeps; None if it keeps all."""
    positive, uncertain = ((said[[*FINDINGS]] == value).any(axis=1) for value in (1, -1))
    rules = {
        "no_finding": (f"label {NO_FINDING}", said[NO_FINDING] == 1),
        "no_positive": ("no positive finding", ~positive),
        "no_positive_no_uncertain": ("no positive or uncertain finding", ~positive & ~uncertain),
    }
    return rules.get(rule)
