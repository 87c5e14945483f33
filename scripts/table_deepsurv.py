"""DeepSurv beside Cox regression, C-index on the test part of cohorts with their authors' split, ours and as published.

    python scripts/table_deepsurv.py FOLDER [--table outputs/deepsurv.csv] [--seeds 0 1 2 3 4]

FOLDER holds HDF5 files in the layout of Katzman et al. 2018 (github.com/jaredleekatzman/DeepSurv, experiments/data);
all of them are judged. Every cohort is trained with the same configuration, the default one. The group `valid` is the
tuning split; without it, an eighth of train is drawn for tuning. The test part is read by the evaluation alone, after
all trainings.

Cox regression has no seed and is fitted once. For DeepSurv `c_index` is the mean over the seeds, each network judged by
itself, and `sd` their standard deviation. `lower` and `upper` are the 95% interval of the first seed's network, by a
bootstrap of the test patients. The published values are in table_deepsurv.yaml. A cohort that cannot be used gets a row
with the reason.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

PUBLISHED = Path(__file__).with_suffix(".yaml")
HEADS = ("cox", "deepsurv")
UNIT = "dataset.time_unit=days"  # any unit ranks alike; read in days, no cohort's times are too long
ONLY_C = ["evaluation.survival.ranking=[concordance.c_index]"]
ONLY_C += [f"evaluation.survival.{rest}=[]" for rest in ("error", "calibration", "at_threshold", "thresholds")]
ONLY_C += [f"evaluation.survival.{rest}=[]" for rest in ("net_benefit", "baselines", "adjusted", "subgroups")]


def main() -> int:
    """Train, evaluate and tabulate; 3 if a cohort could not be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--table", type=Path, default=Path("outputs/deepsurv.csv"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--extra", nargs="*", default=[], help="overrides of the trainings of DeepSurv")
    given = parser.parse_args()
    files = sorted(given.folder.expanduser().glob("*.h5"))
    if not files:
        parser.error(f"no *.h5 in {given.folder}: name the folder of the cohorts, as in make table-deepsurv DATA=/path")
    published = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    rows = [row for file in files for row in _rows(file, given.seeds, given.extra, published.get(file.stem, {}))]
    table = pd.DataFrame(rows)
    given.table.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(given.table, index=False)
    print(table.to_string(index=False, float_format="{:.3f}".format, na_rep=""))
    print(f"the table: {given.table}", file=sys.stderr)
    return 3 if (table["note"] != "").any() else 0


def _rows(
    file: Path, seeds: Sequence[int], extra: Sequence[str], published: Mapping[str, float]
) -> list[dict[str, object]]:
    """Train both heads on a cohort, and return a row for each."""
    cohort = ["dataset=survival_table", f"dataset.table={file.resolve()}", f"dataset.name={file.stem}", UNIT]
    try:
        runs = _run("train", "model=cox", *cohort)
        several = ["-m", f"seed={','.join(map(str, seeds))}"]
        trained = _run("train", "model=cox", "head=deepsurv", "name=deepsurv", *several, *cohort, *extra)
        runs += trained[: len(seeds)]  # then comes the sweep's folder
        [evaluation] = _run("evaluate", f"run=[{','.join(runs)}]", *ONLY_C)
    except subprocess.CalledProcessError as error:
        said = next((line for line in error.stderr.splitlines() if "error: " in line), error.stderr)
        note = said.partition("error: ")[2] or said
        return [{"cohort": file.stem, "head": head, "published": published.get(head), "note": note} for head in HEADS]
    return tabulated(file.stem, pd.read_csv(Path(evaluation) / "metrics.csv"), published)


def _run(*words: str) -> list[str]:
    """Return what a command of bonerisk prints: the run folders."""
    print("bonerisk", *words, file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bonerisk", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def tabulated(cohort: str, metrics: pd.DataFrame, published: Mapping[str, float]) -> list[dict[str, object]]:
    """Rows of the table from the metrics of an evaluation of one Cox model and of DeepSurv with several seeds.

    Parameters
    ----------
    cohort : str
    metrics : DataFrame
        As metrics.csv; models are named ``head`` or ``head (seed)``, in the order of the seeds.
    published : mapping
        C-index by head; a head may be absent.

    Returns
    -------
    list of dict
        cohort, head, published, c_index, sd, seeds, lower, upper, n, n_events, note.
    """
    of_test = metrics["split"].eq("test") & metrics["metric"].eq("c_index") & metrics["subgroup"].eq("all")
    found = metrics[of_test & metrics["reference"].isna()]
    rows: list[dict[str, object]] = []
    for head in HEADS:
        own = found[found["model"].str.split(" (", regex=False).str[0] == head]
        first = own.iloc[0]
        rows.append(
            {
                "cohort": cohort,
                "head": head,
                "published": published.get(head, np.nan),
                "c_index": own["estimate"].mean(),
                "sd": own["estimate"].std(),
                "seeds": len(own),
                "lower": first["lower"],
                "upper": first["upper"],
                "n": int(first["n"]),
                "n_events": int(first["n_events"]),
                "note": "",
            }
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
