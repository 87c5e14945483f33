"""What each step of OsPenScreen adds: strong augmentation, distillation, pseudo-labels, on simulated hospitals.

    python scripts/ablation.py FOLDER                    # about half an hour on two cores; resumes
    python scripts/ablation.py FOLDER --patients 110 --external 25 --unlabelled 30 --seeds 1  # small, to try it

300 patients with a DXA and 1,200 without one, three seeds of the training. Each step keeps what the one before it has:
supervised; + strong augmentation; + distillation (the supervised model of the same seed is the teacher);
+ pseudo-labels (that teacher's, at the paper's cut-offs). FOLDER gets the runs, `runs.json` (what is done) and
`ablation.csv`.

AUCs are the mean over the seeds, each model judged by itself: the expected value of one training. An ensemble of the
seeds, that is the mean of their predictions, would rank better than any model that the steps give. Intervals are over
patients, not over trainings: each bootstrap draw takes the same patients for all seeds and steps, so that differences
are paired. The SD over seeds stands beside them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bonerisk.evaluation.intervals.interval import interval
from bonerisk.evaluation.intervals.resampling import Distribution, Draws, distributions
from bonerisk.evaluation.metrics.discrimination import auc
from bonerisk.evaluation.samples.sample import Sample

STEPS = ("supervised", "strong_augmentation", "distillation", "pseudo_labels")
CLASSES = ("normal", "low_bone_mass")
EXTERNAL = ("clinic", "town", "veterans", "abroad")
SHARES = "dataset.rules.split=[0.3,0.1,0.6]"  # of the patients at the first hospital
QUICK = ["evaluation.n_draws=2", "evaluation.binary.subgroups=[]", "evaluation.binary.baselines=[]"]
N_DRAWS = 2000


class Commands:
    """Commands in a folder, each run once, however often the script is started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "runs.json"
        self.done: dict[str, str] = json.loads(self.file.read_text()) if self.file.is_file() else {}

    def run(self, *words: str) -> str:
        """Return the run folder of a command; what was done with the same words is not done again."""
        key = " ".join(words)
        if key not in self.done:
            print(key, file=sys.stderr, flush=True)
            command = [sys.executable, "-m", "bonerisk", *words]
            made = subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True)
            self.done[key] = made.stdout.splitlines()[-1]
            part = self.file.with_suffix(".part")
            part.write_text(json.dumps(self.done, indent=1))
            part.replace(self.file)
        return self.done[key]


def main() -> None:
    """Run the steps that are not there yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=1000, help="of the first hospital: 30 %% train, 10 %% tune")
    parser.add_argument("--external", type=int, default=250, help="of each external hospital")
    parser.add_argument("--unlabelled", type=int, default=1200)
    parser.add_argument("--cutoffs", type=float, nargs=2, default=[0.99, 0.75], help="of normal and low bone mass")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--extra", nargs="*", default=[], help="overrides of every training, as training.max_epochs=1")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    commands = Commands(given.folder)
    labelled = ["dataset=phantom_ospenscreen", f"dataset.patients.screening={given.patients}", SHARES]
    labelled += [f"dataset.patients.{site}={given.external}" for site in EXTERNAL]
    unlabelled = ["dataset=phantom_unlabelled", f"dataset.patients.unlabelled={given.unlabelled}"]
    unlabelled += [f"cutoffs.{name}={cut:g}" for name, cut in zip(CLASSES, given.cutoffs, strict=True)]
    evaluations = [
        given.folder / _evaluated(commands, seed, labelled, unlabelled, given.extra) for seed in range(given.seeds)
    ]
    table = compared([pd.read_parquet(folder / "predictions.parquet") for folder in evaluations])
    table.to_csv(given.folder / "ablation.csv", index=False)
    print(table.to_string(index=False, float_format="{:.3f}".format))


def _evaluated(
    commands: Commands, seed: int, labelled: Sequence[str], unlabelled: Sequence[str], extra: Sequence[str]
) -> str:
    """Return the evaluation of all steps with one seed."""

    def train(step: str, *words: str) -> str:
        return commands.run("train", "model=ospenscreen_demo", *words, f"seed={seed}", f"name={step}", *extra)

    supervised = train("supervised", *labelled)
    strong = train("strong_augmentation", *labelled, "training=classifier_strong_demo")
    distilled = ["training=distillation_demo", f"training.teacher={supervised}"]
    distillation = train("distillation", *labelled, *distilled)
    measured = commands.run("prepare", *labelled)
    proxies = commands.run("pseudolabel", f"run={supervised}", *unlabelled)
    pseudo = train("pseudo_labels", "dataset=merged", f"dataset.runs=[{measured},{proxies}]", *distilled)
    models = f"run=[{supervised},{strong},{distillation},{pseudo}]"
    return commands.run("evaluate", models, *labelled, "split=[test,external]", *QUICK)


def compared(predictions: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """AUC of each step and hospital, and its difference from the step before.

    Parameters
    ----------
    predictions : sequence of DataFrame
        Predictions tables, one a seed, of the same films and of the models `STEPS`.

    Returns
    -------
    DataFrame
        split, site, n, n_events, step; auc, lower, upper; sd_of_seeds; gain, gain_lower, gain_upper.
    """
    return pd.DataFrame(row for place in predictions[0].groupby(["split", "site"]) for row in _rows(place, predictions))


def _rows(
    place: tuple[tuple[str, str], pd.DataFrame], predictions: Sequence[pd.DataFrame]
) -> Iterator[dict[str, object]]:
    (split, site), films = place
    films = films.drop_duplicates("image_id").set_index("image_id")
    patient = pd.factorize(films["patient_id"])[0]
    draws = Draws.of(patient.max() + 1, N_DRAWS)
    before: Distribution | None = None
    for step in STEPS:
        found = []
        for table in predictions:
            risk = table[table["model"] == step].set_index("image_id")["risk"].reindex(films.index)
            sample = Sample.of(risk, films["label"], patient)
            found.append(distributions(sample, {"auc": auc}, draws)["auc"])
        values = [of.estimate for of in found]
        mean = Distribution(float(np.mean(values)), np.mean([of.drawn for of in found], axis=0), found[0].undefined)
        row: dict[str, object] = {"split": split, "site": site, "n": len(films), "n_events": int(films["label"].sum())}
        row |= {"step": step} | _limits("auc", mean)
        row["sd_of_seeds"] = np.std(values, ddof=1) if len(values) > 1 else np.nan
        yield row | _limits("gain", mean - before if before else Distribution(np.nan, np.empty(0), ""))
        before = mean


def _limits(name: str, of: Distribution) -> dict[str, object]:
    limits = interval(of)
    return {name: of.estimate, f"{name}_lower": limits.lower, f"{name}_upper": limits.upper}


if __name__ == "__main__":
    main()
