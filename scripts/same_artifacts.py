"""Prove that a rebuilding changed no number: make artifacts with the old code and the new, and compare them.

    python scripts/same_artifacts.py make /tmp/before --code OLD_CHECKOUT     # four chains, some 15 minutes
    python scripts/same_artifacts.py make /tmp/after
    python scripts/same_artifacts.py compare /tmp/before /tmp/after

The chains are small and their seeds fixed: the chest demo, AI-CXR's demo evaluated with several models, Cox regression
on a table (SUPPORT, if given by `--support FILE`), and a sweep over heads. An artifact is equal if its bytes
are, or, for a table, if every old column still holds the same values.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

FILMS = ["dataset=phantom_chest", "dataset.patients=240", "preprocessing.size=96"]
HOSPITAL = ["dataset=phantom_hospital", "dataset.patients=500", "dataset.events=enriched", "dataset.t_score_share=0.6"]
COLUMNS = ["model=cox", *HOSPITAL, "features.columns=[age_years,sex,bmi_kg_m2]"]
QUICK = ["evaluation.n_draws=100"]
HEADS = ["cox", "cox_ridge", "coxnet", "deepsurv", "xgboost", "xgboost_aft"]
LABELLED = ["logistic", "logistic_ridge", "xgboost_binary"]

ARTIFACTS = {
    "prepare": ["cohort.parquet", "flow.csv", "rejected.csv"],
    "extract": ["cohort.parquet", "embeddings.parquet", "failures.csv"],
    "train": [
        "cohort.parquet",
        "history.csv",
        "model.safetensors",
        "tuning.parquet",
        "coefficients.csv",
        "proportional.csv",
        "importance.csv",
    ],
    "evaluate": [
        "cohort.parquet",
        "predictions.parquet",
        "metrics.csv",
        "gaps.csv",
        "confusion.csv",
        "groups.csv",
        "hazards.csv",
        "thresholds.json",
    ],
}
TIMES = ["seconds"]  # columns that differ between any two runs


class Chains:
    """Commands as typed in a folder, with the package of one checkout."""

    def __init__(self, folder: Path, code: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(code)}

    def __call__(self, *words: str) -> list[str]:
        """Return the run folders that a command prints; a failed command ends the script."""
        print("bonerisk", *words, file=sys.stderr, flush=True)
        call = [sys.executable, "-c", "from bonerisk.cli import main; main()", *words]
        done = subprocess.run(
            call, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout.split()

    def make(self, support: Path | None) -> None:
        """All chains, each through to the page."""
        self.chest()
        self.aicxr()
        self.sweep()
        if support:
            self.table(support)

    def chest(self) -> None:
        """Encoder and head trained together."""
        self("prepare", *FILMS, "preprocessing=grayscale_truncation_demo")
        (model,) = self("train", "model=ospenscreen_demo", *FILMS, "training.max_epochs=3")
        (judged,) = self("evaluate", f"run={model}", *QUICK)
        self("report", f"runs=[{model},{judged}]")

    def aicxr(self) -> None:
        """A frozen encoder, features of several kinds, several models evaluated together."""
        encoder = [*FILMS, "model=ospenscreen_demo", "dataset.first_patient=100000", "training.max_epochs=2"]
        (trained,) = self("train", *encoder, "name=encoder")
        chain = ["model=aicxr_demo", *HOSPITAL, "preprocessing.size=96", f"encoder.run={trained}"]
        self("extract", *chain)
        *films, _ = self("train", "-m", *chain, "features=embedding,embedding_demographics,embedding_t_score,fusion")
        *trees, _ = self("train", "-m", *chain, "head=xgboost", "features=fusion,patient_findings")
        models = [*films, *trees]
        (judged,) = self("evaluate", f"run=[{','.join(models)}]", "evaluation=aicxr", *QUICK)
        self("report", f"runs=[{','.join([*models, judged])}]")

    def sweep(self) -> None:
        """Every head that is fitted to features, with times and without."""
        for heads, more in ((HEADS, []), (LABELLED, ["head.target=any_fracture"])):
            *models, sweep = self("train", "-m", *COLUMNS, f"head={','.join(heads)}", *more)
            for model in models:
                self("evaluate", f"run={model}", *QUICK)
            self("report", f"runs=[{sweep}]")

    def table(self, support: Path) -> None:
        """A table without films."""
        (model,) = self("train", "model=cox", "dataset=survival_table", f"dataset.table={support}")
        (judged,) = self("evaluate", f"run={model}", *QUICK)
        self("report", f"runs=[{model},{judged}]")


def compare(before: Path, after: Path) -> int:
    """Print one line per artifact; return how many differ."""
    different = 0
    for name, old, new in _pairs(before, after):
        verdict = _verdict(old, new)
        different += not verdict.startswith("equal")
        print(f"{verdict:28} {name}")
    print(f"{different} artifacts differ")
    return different


def _pairs(before: Path, after: Path) -> Iterator[tuple[str, Path, Path]]:
    """Artifacts of the n-th run of a command and a name, before and after."""
    for command, names in ARTIFACTS.items():
        for group in sorted((before / "outputs" / command).iterdir()):
            olds = sorted(run for run in group.iterdir() if run.is_dir())
            news = sorted(run for run in (after / "outputs" / command / group.name).iterdir() if run.is_dir())
            for place, old in enumerate(olds):
                for name in names:
                    if (old / name).exists():
                        new = news[place] / name if place < len(news) else after / "absent"
                        yield f"{command}/{group.name}/{place}/{name}", old / name, new


def _verdict(old: Path, new: Path) -> str:
    if not new.exists():
        return "ABSENT"
    if old.read_bytes() == new.read_bytes():
        return "equal, byte for byte"
    if old.suffix not in (".csv", ".parquet"):
        return "DIFFERENT"
    read = pd.read_parquet if old.suffix == ".parquet" else pd.read_csv
    was, now = (_placeless(read(path)) for path in (old, new))
    lost = [column for column in was if column not in now]
    if lost or len(was) != len(now):
        return f"DIFFERENT: {len(was)}, now {len(now)} rows; lost {lost}"
    changed = [column for column in was if not was[column].equals(now[column])]
    if changed:
        return f"DIFFERENT: {', '.join(changed)}"
    gained = [column for column in now if column not in was]
    return f"equal, gained {', '.join(gained)}" if gained else "equal, by value"


def _placeless(table: pd.DataFrame) -> pd.DataFrame:
    """A table without times, and paths without the folder: simulated films lie in one named by a hash of their code."""
    if "image_path" in table:
        table = table.assign(image_path=table["image_path"].map(lambda path: Path(path).name, na_action="ignore"))
    return table.drop(columns=TIMES, errors="ignore")


def main() -> int:
    """Make or compare, as typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--code", type=Path, default=Path(__file__).resolve().parents[1])
    making.add_argument("--support", type=Path)
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.verb == "compare":
        return int(compare(given.before, given.after) > 0)
    given.folder.mkdir(parents=True)
    Chains(given.folder, given.code.resolve()).make(given.support and given.support.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
