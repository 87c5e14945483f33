"""Cox models of embeddings beside one XᵀX in float64 on the same machine: seconds, peak memory, peers' coefficients.

python scripts/bench_cox.py [--rows N] [--columns P] [--events D] [--peers R sksurv]

Each line is a process of its own. Peak memory is the growth of its largest resident set (ru_maxrss) from before it
loads the covariates, divided by their size: 1 is the covariates alone. Times are the best of three, except for the
peers and the path of penalties.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

R_SCRIPT = """
library(survival)
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3])
read <- function(name, count) readBin(file.path(a[1], name), "double", n = count)
x <- matrix(read("x.bin", n * p), n); y <- Surv(read("time.bin", n), read("event.bin", n))
control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
colnames(x) <- paste0("x", seq_len(p))
start <- proc.time()[["elapsed"]]
fit <- coxph.fit(x, y, NULL, NULL, NULL, control, rep(1, n), "efron", NULL)
seconds <- proc.time()[["elapsed"]] - start
result <- list(seconds = seconds, coefficients = unname(fit$coefficients), loglik = fit$loglik[2])
cat(jsonlite::toJSON(result, digits = NA, auto_unbox = TRUE))
"""


def make(folder: Path, n: int, p: int, events: int, _: str) -> dict[str, Any]:
    """Correlated columns, follow-up of up to ten years in whole days, and about `events` events."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, p))
    x += rng.normal(size=(n, 1))
    risk = x @ rng.normal(size=p) * 0.6 / np.sqrt(p)
    latent, censoring = rng.exponential(size=n) / np.exp(risk), rng.uniform(size=n)
    latent /= np.quantile(latent / censoring, events / n)
    np.save(folder / "time.npy", np.ceil(np.minimum(latent, censoring) * 3650))
    np.save(folder / "event.npy", latent <= censoring)
    np.save(folder / "float64.npy", x)
    np.save(folder / "float32.npy", x.astype(np.float32))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(x.astype(np.float32).ravel()), p)
    pq.write_table(pa.table({"embedding": lists}), folder / "x.parquet", row_group_size=2**14)
    return {"events": int((latent <= censoring).sum())}


def product(folder: Path, *_: Any) -> dict[str, Any]:
    """One XᵀX."""
    x = np.load(folder / "float64.npy")
    return {"seconds": best_of_three(lambda: x.T @ x)[0]}


def best_of_three(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the quickest of three runs, which other work disturbed least, and the result."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def fit(folder: Path, n: int, p: int, events: int, kind: str) -> dict[str, Any]:
    """Our fit, of an array or of the Parquet file."""
    import pyarrow.parquet  # noqa: F401  loaded before memory is measured, as numpy is

    from bonerisk.survival import cox, rows

    outcome = np.load(folder / "time.npy"), np.load(folder / "event.npy")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    x = rows.Parquet(folder / "x.parquet", "embedding") if kind == "parquet" else np.load(folder / f"{kind}.npy")
    seconds, model = best_of_three(lambda: cox.fit(x, *outcome))
    return {
        "seconds": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
        "coefficients": model.coefficients,
        "loglik": model.log_likelihood,
    }


def ridge(folder: Path, *_: Any) -> dict[str, Any]:
    """20 penalties × 5 folds beside one fit, on 20,000 rows."""
    from bonerisk.survival import cox, ridge

    x, outcome = np.load(folder / "float64.npy"), (np.load(folder / "time.npy"), np.load(folder / "event.npy"))
    marks = [time.perf_counter()]
    cox.fit(x, *outcome, penalty=400.0)
    marks.append(time.perf_counter())
    ridge.cross_validate(x, *outcome, penalties=20, folds=5)
    marks.append(time.perf_counter())
    return {"fit": marks[1] - marks[0], "path": marks[2] - marks[1]}


def sksurv(folder: Path, n: int, p: int, events: int, kind: str) -> dict[str, Any]:
    """scikit-survival's Newton method."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    x, outcome = (
        np.load(folder / f"{kind}.npy"),
        Surv.from_arrays(np.load(folder / "event.npy"), np.load(folder / "time.npy")),
    )
    start = time.perf_counter()
    model = CoxPHSurvivalAnalysis(ties="efron", tol=1e-12).fit(x.astype(float), outcome)
    return {"seconds": time.perf_counter() - start, "coefficients": model.coef_}


def in_r(folder: Path, n: int, p: int, events: int, kind: str) -> dict[str, Any]:
    """coxph.fit of R's survival; of float32, on the rounded values."""
    np.load(folder / f"{kind}.npy").astype(float).T.tofile(folder / "x.bin")
    for name in ("time", "event"):
        np.load(folder / f"{name}.npy").astype(float).tofile(folder / f"{name}.bin")
    (folder / "cox.R").write_text(R_SCRIPT)
    command = ["Rscript", str(folder / "cox.R"), str(folder), str(n), str(p)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(work: Any, *arguments: Any) -> dict[str, Any]:
    """Run `work` in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    """Make data, fit, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=166_571)
    parser.add_argument("--columns", type=int, default=512)
    parser.add_argument("--events", type=int, default=1_900)
    parser.add_argument("--peers", nargs="*", choices=["R", "sksurv"], default=[])
    asked = parser.parse_args()
    size = asked.rows, asked.columns, asked.events
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = alone(make, folder, *size, "")
        unit = alone(product, folder)["seconds"]
        print(f"{asked.rows:,} × {asked.columns}, {made['events']} events; XᵀX in float64 {unit:.2f} s")
        ours = {}
        for kind, width in (("float64", 8), ("float32", 4), ("parquet", 4)):
            ours[kind] = result = alone(fit, folder, *size, kind)
            memory = result["peak"] * 1024 / (asked.rows * asked.columns * width)
            print(f"{kind:8} {result['seconds']:7.2f} s {result['seconds'] / unit:5.1f} × XᵀX  peak {memory:.2f} × X")
        difference = np.abs(ours["parquet"]["coefficients"] - ours["float32"]["coefficients"]).max()
        print(f"parquet and float32 differ by {difference:.1e}")
        for peer in asked.peers:
            result = alone({"R": in_r, "sksurv": sksurv}[peer], folder, *size, "float64")
            difference = np.abs(result["coefficients"] - ours["float64"]["coefficients"]).max()
            print(f"{peer:8} {result['seconds']:7.2f} s; its coefficients and ours differ by {difference:.1e}")
    with tempfile.TemporaryDirectory() as temporary:
        alone(make, Path(temporary), 20_000, 512, 400, "")
        result = alone(ridge, Path(temporary))
        ratio = result["path"] / result["fit"]
        print(f"20 penalties × 5 folds, 20,000 × 512: {result['path']:.1f} s, {ratio:.1f} × one fit")


if __name__ == "__main__":
    sys.exit(main())
