"""Films embedded per second, beside the encoder alone, and the cost of reading the store of embeddings.

The films are read from a file that is not in memory. Bare encoder and extraction take turns, and the best of each
counts, since the speed of a shared machine drifts; CPU seconds, which other processes disturb less, are printed too.
Memory is what a process can't give back: pages mapped from a file are left out.

python scripts/bench_extract.py
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import timm
import torch
from torch import Tensor, nn

from bonerisk.embeddings.extract import extract
from bonerisk.embeddings.store import Embeddings
from bonerisk.encoders.small_cnn import SmallCNN

BATCH = 64
MANY, WIDTH, PART = 200_000, 512, 164  # small parts, as many as 5 million films would make
ASKED = 100_000
ARCHIVE, ARCHIVE_PART = 5_000_000, 4096


class ViT(nn.Module):
    """ViT-B/32 of CLIP's shape with random weights, from grey films."""

    def __init__(self) -> None:
        super().__init__()
        self.model = timm.create_model("vit_base_patch32_clip_quickgelu_224", num_classes=WIDTH)

    def forward(self, films: Tensor) -> Tensor:
        """Features (n, 512) of films (n, 1, 224, 224)."""
        return self.model(((films.float() - 101.5) / 83.4).expand(-1, 3, -1, -1))


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> tuple[float, Any]:
    """Seconds, and the result of the work."""
    start = clock()
    result = work()
    return clock() - start, result


def both(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and CPU seconds of all threads."""
    cpu, (wall, _) = timed(lambda: timed(work), time.process_time)
    return wall, cpu


def bare(encoder: nn.Module, films: Tensor) -> None:
    """The encoder alone, on films in memory."""
    with torch.inference_mode():
        for batch in films.split(BATCH):
            encoder(batch)
        if films.is_cuda:
            torch.cuda.synchronize()


def hashes_of(count: int) -> list[str]:
    """Stand-ins for the SHA-256 of as many films."""
    text = np.random.default_rng(0).bytes(32 * count).hex()
    return [text[start : start + 64] for start in range(0, len(text), 64)]


def encoding(name: str, encoder: nn.Module, count: int, side: int, turns: int, folder: Path) -> float:
    """Compare and print; return the extraction's films per second."""
    path = folder / f"{name}.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8))
    images, hashes = np.load(path, mmap_mode="r"), hashes_of(count)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder.to(device).eval()
    ready = torch.from_numpy(np.array(images)).unsqueeze(1).to(device)
    bare(encoder, ready[:BATCH])
    alone, whole = [], []
    for turn in range(turns):
        alone.append(both(lambda: bare(encoder, ready)))
        forget(path)
        store = Embeddings.open(folder / f"{name}-{turn}")
        arguments = images, np.arange(count), hashes, [bytes(480)] * count, store
        whole.append(both(lambda arguments=arguments: extract(encoder, *arguments, batch_size=BATCH)))
    (wall, cpu), (wall_whole, cpu_whole) = np.min(alone, axis=0), np.min(whole, axis=0)
    print(f"{name}, {count} films of {side}², batches of {BATCH}, {device}, {torch.get_num_threads()} threads:")
    print(f"  encoder {count / wall:.1f}/s, extract {count / wall_whole:.1f}/s: {wall / wall_whole:.1%}")
    print(f"  encoder {cpu:.1f} CPU s, extract {cpu_whole:.1f} CPU s: {cpu / cpu_whole:.1%}")
    return count / wall_whole


def forget(path: Path) -> None:
    """Let the system drop a file from memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def anonymous() -> float:
    """MiB of this process that no file backs."""
    status = Path("/proc/self/status").read_text().split("RssAnon:")[1]
    return int(status.split()[0]) / 1024


def peak(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and the most MiB that the work added."""
    before, highest, done = anonymous(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            highest[0] = max(highest[0], anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds, _ = timed(work)
    done.set()
    watcher.join()
    return seconds, highest[0] - before


def reading(folder: Path) -> None:
    """Print the cost of look-ups and of `embeddings.parquet`."""
    hashes = sorted(hashes_of(MANY))
    values = np.random.default_rng(1).normal(size=(MANY, WIDTH)).astype(np.float32)
    writer = Embeddings.open(folder / "many")
    for start in range(0, MANY, PART):
        part = hashes[start : start + PART]
        writer.append(part, [bytes(480)] * len(part), [None] * len(part), values[start : start + PART])
    parts = list((folder / "many").iterdir())
    size = sum(path.stat().st_size for path in parts)
    seconds, store = timed(lambda: Embeddings.open(folder / "many"))
    print(f"store of {MANY} films, {WIDTH} numbers each, in {len(parts)} parts: {size / 2**20:.0f} MiB")
    print(f"  open {seconds:.2f} s")
    asked = list(np.random.default_rng(2).permutation(hashes)[:ASKED])
    print(f"  missing, of {ASKED} films: {timed(lambda: store.missing(asked))[0]:.2f} s")
    seconds, took = peak(lambda: store.read(asked))
    print(f"  read, of {ASKED} films: {seconds:.2f} s, peak {took:.0f} MiB ({4 * WIDTH * ASKED / 2**20:.0f} returned)")
    ids = [f"film-{number:07}" for number in np.random.default_rng(3).permutation(MANY)]
    table = pd.DataFrame({"image_id": ids, "patient_id": ids, "sha256": hashes})
    seconds, took = peak(lambda: store.write_parquet(table, folder / "embeddings.parquet"))
    written = (folder / "embeddings.parquet").stat().st_size
    print(f"  write_parquet, of {MANY} films: {seconds:.1f} s, peak {took:.0f} MiB, {written / 2**20:.0f} MiB written")
    scale = ARCHIVE / MANY
    print(
        f"{ARCHIVE} films, in {-(-ARCHIVE // ARCHIVE_PART)} parts (extrapolated): store {scale * size / 1e9:.1f} GB, "
        f"embeddings.parquet {scale * written / 1e9:.1f} GB in {scale * seconds:.0f} s"
    )


def main() -> None:
    """Print all of it."""
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.manual_seed(0)
        reading(folder)
        encoding("SmallCNN", SmallCNN("random"), 4096, 160, 3, folder)
        rate = encoding("ViT-B-32", ViT(), 256, 224, 2, folder)
        print(f"  {ARCHIVE} films at that rate: {ARCHIVE / rate / 3600:.0f} hours, divided by the number of shards")


if __name__ == "__main__":
    main()
