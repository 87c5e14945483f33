"""A hospital's films and tables joined into a cohort: seconds and memory, at the size of AI-CXR's archive.

python scripts/bench_join.py [films]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from bonerisk.config.build import build
from bonerisk.config.tree import config_dir
from bonerisk.hospital import pseudonyms, tables
from bonerisk.hospital.dxa import by_day

FILMS = 200_000
CODES = ["733.13", "250.00", "401.9", "E11.9", "I10", "M80.08XA", "S22.080A", "J18.9", "R05", "K21.9", "N18.3", "E78.5"]


def days(rng: np.random.Generator, count: int) -> pd.Series:
    """Days of AI-CXR's period."""
    return pd.Series(pd.Timestamp("2011-04-01") + pd.to_timedelta(rng.integers(0, 3200, count), "D"))


def films(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """The index of an archive, as from headers."""
    patient = rng.integers(0, count // 2, count)
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(-9000, 9000, count // 2 + 1), "D")
    return pd.DataFrame(
        {
            "site": "here",
            "patient_id": [f"{number:08d}" for number in patient],
            "image_id": [f"1.2.840.{number}" for number in range(count)],
            "image_path": [f"/archive/{number}.dcm" for number in range(count)],
            "film_date": days(rng, count),
            "film_time": "120000",
            "sex": np.where(patient % 2, "F", "M"),
            "birth_date": born[patient],
            "age_years": np.nan,
            "modality": "DX",
            "intent": "FOR PRESENTATION",
            "view": rng.choice(["PA", "AP", "LATERAL"], count, p=[0.7, 0.2, 0.1]),
            "body_part": "CHEST",
            "burned_in": 0.0,
            "manufacturer": "Maker",
            "accession": None,
        }
    )


def write_tables(folder: Path, rng: np.random.Generator, count: int) -> dict[str, Path]:
    """Four tables: 5 diagnoses and 1.5 prescriptions per film, a DXA for a few patients, the end of each follow-up."""

    def patients(size: int) -> list[str]:
        return [f"{number:08d}" for number in rng.integers(0, count // 2, size)]

    many, some, few = 5 * count, 3 * count // 2, count // 14
    drugs = ["M05BA04", "H02AB06", "C03AA03"]
    code = rng.choice(CODES, many)
    icd10 = pd.Series(code).str[0].str.isalpha()
    made = {
        "diagnoses": {"patient_id": patients(many), "date": days(rng, many), "code": code,
                      "code_system": np.where(icd10, "ICD-10", "ICD-9")},
        "drugs": {"patient_id": patients(some), "date": days(rng, some), "code": rng.choice(drugs, some),
                  "code_system": "ATC"},
        "dxa": {"patient_id": patients(few), "date": days(rng, few), "lumbar_spine": rng.normal(-1, 1, few).round(1),
                "femoral_neck": rng.normal(-1, 1, few).round(1), "total_hip": rng.normal(-1, 1, few).round(1)},
        "follow_up": {"patient_id": [f"{number:08d}" for number in range(count // 2)], "last_contact": "2020-02-29"},
    }  # fmt: skip
    for name, columns in made.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False)
    return {name: folder / f"{name}.csv" for name in made}


def option(group: str, name: str) -> Any:
    """The object that an option of dataset/<group> describes."""
    return build(yaml.safe_load((config_dir() / "dataset" / group / f"{name}.yaml").read_text(encoding="utf-8")))


def main() -> None:
    """Print the seconds of reading, joining and hiding, and the peak of memory."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILMS
    rng = np.random.default_rng(0)
    index = films(rng, count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_tables(folder, rng, count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        found = {}
        for kind, path in paths.items():
            table, refusals = tables.read(kind, path)
            found[kind] = by_day(table, refusals, {})[0] if kind == "dxa" else table
        read = time.perf_counter()
        joined = option("rules", "aicxr").apply(index, found, option("codes", "aicxr"), option("outcome", "vertebral"))
        ruled = time.perf_counter()
        pseudonyms.hide(joined.table, folder / "data", b"\0" * 32)
        end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{count} films, {sum(map(len, found.values()))} rows of {len(found)} tables → {len(joined.table)} films")
    print(
        f"read {read - start:.1f} s, joined {ruled - read:.1f} s, pseudonyms {end - ruled:.1f} s; {end - start:.1f} s"
    )
    print(f"peak memory {peak / 2**20:.2f} GiB, before {before / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
