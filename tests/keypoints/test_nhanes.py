from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bonerisk.errors import ConfigError, DataError
from bonerisk.keypoints import morphometry, nhanes

STAMP = "01JAN26:00:00:00"


def ibm(number: float) -> bytes:
    """A double as IBM mainframes write it: a sign, a power of 16, a fraction of 56 bits; missing is a dot."""
    if np.isnan(number):
        return b"." + bytes(7)
    if number == 0:
        return bytes(8)
    power, fraction = 64, abs(number)
    while fraction >= 1:
        power, fraction = power + 1, fraction / 16
    while fraction < 1 / 16:
        power, fraction = power - 1, fraction * 16
    return struct.pack(">B", power | (128 if number < 0 else 0)) + int(fraction * 2**56).to_bytes(7, "big")


def xport(path: Path, table: pd.DataFrame) -> None:
    """Write a SAS transport file, version 5, of numbers."""

    def line(text: str) -> bytes:
        return text.ljust(80).encode()

    def header(name: str, numbers: str = "0" * 30) -> bytes:
        return line(f"HEADER RECORD*******{name:<8}HEADER RECORD!!!!!!!{numbers}")

    sas = f"{'SAS':<8}{'SAS':<8}{'SASLIB':<8}{'9.4':<8}{'X64':<8}{'':24}{STAMP}"
    member = f"{'SAS':<8}{path.stem:<8}{'SASDATA':<8}{'9.4':<8}{'X64':<8}{'':24}{STAMP}"
    out = header("LIBRARY") + line(sas) + line(STAMP) + header("MEMBER", f"{'0' * 17}1600000000140")
    out += header("DSCRPTR") + line(member) + line(STAMP)
    out += header("NAMESTR", f"{len(table.columns):010d}{'0' * 20}")
    names = b""
    for place, name in enumerate(table.columns):
        names += struct.pack(">4h8s40s8s3h2s8s2hl52x", 1, 0, 8, place + 1, name.ljust(8).encode(), b" " * 40, b" " * 8,
                             8, 0, 0, b"  ", b" " * 8, 0, 0, 8 * place)  # fmt: skip
    out += names + b" " * (-len(names) % 80) + header("OBS")
    rows = b"".join(ibm(number) for row in table.to_numpy(float) for number in row)
    path.write_bytes(out + rows + b" " * (-len(rows) % 80))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    xport(tmp_path / "DEMO_H.XPT", pd.DataFrame({"SEQN": [73557, 73558, 73559], "RIAGENDR": [1, 2, 2]}))
    for level, middle in (("L1", 2.0), ("L2", 2.4)):
        xport(
            tmp_path / f"DXX{level}_H.xpt",
            pd.DataFrame(
                {
                    "SEQN": [73557, 73558, 73559],
                    f"DXX{level}AH": [2.5, 1.5, np.nan],
                    f"DXX{level}MH": [middle, 0.0 if level == "L2" else 2.0, np.nan],
                    f"DXX{level}PH": [2.5, 3.0, np.nan],
                    f"DXX{level}GR": [0, 3, np.nan],
                }
            ),
        )
    return tmp_path


def test_levels_are_joined_with_the_people(folder: Path) -> None:
    found = nhanes.read(folder, nhanes.Layout(mm=10))
    assert found[["patient_id", "level", "sex"]].to_numpy().tolist() == [
        ["73557", "l1", "M"],
        ["73557", "l2", "M"],
        ["73558", "l1", "F"],
        ["73558", "l2", "F"],
    ]
    assert found["anterior_height_mm_detector"].tolist() == [25, 25, 15, 15]
    assert found["grade"].tolist() == [0, 0, 3, 3]
    compared = morphometry.ratios(found)
    assert compared["middle_posterior"].fillna(-1).tolist() == pytest.approx([0.8, 0.96, 2 / 3, -1])
    assert compared["posterior_below"].fillna(-1).tolist() == [1, -1, 1, -1]
    assert "anterior_height_mm_patient" in nhanes.read(folder, nhanes.Layout(unit="mm_patient"))


def test_other_names_are_settings_and_what_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"no variable ANT_L1(.|\n)*DXXL1_H.xpt(.|\n)*it has SEQN, DXXL1AH"):
        nhanes.read(folder, nhanes.Layout(anterior="ANT_{level}"))
    with pytest.raises(DataError, match=r"a grade is 2\.5"):
        nhanes.read(folder, nhanes.Layout(grade="DXX{level}AH"))
    with pytest.raises(DataError, match="no file of a level"):
        nhanes.read(folder, nhanes.Layout(file="{level}"))
    (folder / "DXXL3_H.XPT").write_text("<html>")
    with pytest.raises(DataError, match=r"no SAS transport file(.|\n)*DXXL3_H"):
        nhanes.read(folder)
    with pytest.raises(DataError, match=r"no DEMO_H.XPT"):
        nhanes.read(folder / "no")
    with pytest.raises(ConfigError, match="there is no 'cm'"):
        nhanes.Layout(unit="cm")
