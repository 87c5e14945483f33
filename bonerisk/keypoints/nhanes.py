"""Vertebral heights and grades of NHANES 2013–14 (vertebral fracture assessment by DXA, T4 to L4), brought by the user.

The survey has a SAS transport file a level, ``DXXT4_H.XPT`` to ``DXXL4_H.XPT``, and the people in ``DEMO_H.XPT``:
``SEQN`` is the participant, ``RIAGENDR`` the sex (1 man, 2 woman).

assumed: the names of the variables of heights and grades in the files of levels. They were written without the
codebook at hand; compare `Layout` with the codebook before you use a result. A file that lacks a variable stops the
reading with the names that the file has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bonerisk.cohort.table import few
from bonerisk.errors import ConfigError, DataError, reason_of
from bonerisk.keypoints.levels import LUMBAR, PLACES, THORACIC
from bonerisk.keypoints.morphometry import UNITS, in_order

LEVELS = (*THORACIC[3:], *LUMBAR[:4])
TINY = 1e-70  # pandas reads a zero of the file as 5.4e-79
PERSON, SEX, SEXES = "SEQN", "RIAGENDR", {1: "M", 2: "F"}


@dataclass(frozen=True)
class Layout:
    """Names of files and variables; ``{level}`` stands for T4 to L4.

    Parameters
    ----------
    anterior, middle, posterior : str
        Heights of a vertebra. assumed.
    grade : str
        Genant's grade, 0 to 3. assumed.
    file, people : str
        Names of the files without .XPT, in capital or small letters.
    unit : str
        What the heights are (`morphometry.UNITS`): DXA's millimetres are called those of the detector until the
        codebook says that they are at the spine.
    mm : float
        Millimetres of a unit of the file: 10 if its heights are in cm.

    Raises
    ------
    ConfigError
        There is no such unit.
    """

    anterior: str = "DXX{level}AH"
    middle: str = "DXX{level}MH"
    posterior: str = "DXX{level}PH"
    grade: str = "DXX{level}GR"
    file: str = "DXX{level}_H"
    people: str = "DEMO_H"
    unit: str = "mm_detector"
    mm: float = 1.0

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ConfigError(f"there is no {self.unit!r}", "unit", f"one of {', '.join(UNITS)}")


def read(folder: Path, layout: Layout | None = None) -> pd.DataFrame:
    """Read the files of levels in `folder`.

    Returns
    -------
    DataFrame
        A row a vertebra with any height or grade: patient_id and image_id (both SEQN), sex, level,
        ``<place>_height_<unit>`` and ``grade``, the survey's; missing is NaN. A level without a file is left out.

    Raises
    ------
    DataError
        A file can't be read or lacks a variable, there is no file of a level, or none of the people.
    """
    layout = layout or Layout()
    files = {path.name.lower(): path for path in sorted(folder.iterdir())} if folder.is_dir() else {}

    def find(name: str) -> Path | None:
        return files.get(f"{name}.xpt".lower())

    people_file = find(layout.people)
    if people_file is None:
        raise DataError(f"there is no {layout.people}.XPT", str(folder), "put the survey's files into one folder")
    people = _variables(people_file, {"sex": SEX})
    tables = []
    for level in LEVELS:
        path = find(layout.file.format(level=level.upper()))
        if path is None:
            continue
        names = {place: getattr(layout, place).format(level=level.upper()) for place in (*PLACES, "grade")}
        found = _variables(path, names).assign(level=level)
        there = found[[*PLACES, "grade"]].notna().any(axis=1)
        tables.append(found[there].join(people["sex"].map(SEXES)))
    if not tables:
        what = f"there is no file of a level, such as {layout.file.format(level='L1')}.XPT"
        raise DataError(what, str(folder), "put the survey's files into one folder")
    table = pd.concat(tables).rename_axis("patient_id").reset_index()
    table["patient_id"] = table["patient_id"].map("{:.0f}".format)
    for place in PLACES:
        height = table.pop(place)
        table[f"{place}_height_{layout.unit}"] = height.where(height > 0) * layout.mm  # 0 is no height
    unknown = table.loc[~table["grade"].isin(range(4)) & table["grade"].notna(), "grade"]
    if len(unknown):
        what = f"a grade is {unknown.iloc[0]:g}, and grades are 0 to 3"
        raise DataError(what, f"variable {layout.grade}", "name the variable that holds Genant's grade")
    return in_order(table.assign(image_id=table["patient_id"]))


def _variables(path: Path, names: dict[str, str]) -> pd.DataFrame:
    """Return variables of a SAS transport file by our names, indexed by the participant."""
    try:
        table = pd.read_sas(path, format="xport")
    except (ValueError, OSError, IndexError) as error:
        what = f"the file is no SAS transport file: {reason_of(error)}"
        raise DataError(what, str(path), "download it again") from error
    absent = [name for name in (PERSON, *names.values()) if name not in table]
    if absent:
        what = f"the file has no variable {', '.join(absent)}"
        raise DataError(what, str(path), f"name them by the codebook; it has {few(list(table.columns))}")
    found = table[[PERSON, *names.values()]].set_axis([PERSON, *names], axis=1).set_index(PERSON)
    if found.index.has_duplicates:
        raise DataError("a participant stands there twice", str(path))
    return found.mask(found.abs() < TINY, 0.0)
