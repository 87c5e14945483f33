from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from bonerisk.embeddings.extract import NOT_FINITE, extract
from bonerisk.embeddings.store import Embeddings
from bonerisk.encoders.small_cnn import SmallCNN

FILMS, SIDE, BATCH = 1000, 16, 32


class Stopping(nn.Module):
    """A small net whose `stop_at`-th batch raises `error`; it takes down the shapes it was given."""

    def __init__(self, stop_at: int = 0, error: BaseException | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net, self.shapes = SmallCNN("random", channels=2, dropout=0.9), []
        self.stop_at, self.error = stop_at, error

    def forward(self, films: Tensor) -> Tensor:
        self.shapes.append(tuple(films.shape))
        if len(self.shapes) == self.stop_at and self.error is not None:
            raise self.error
        return self.net(films)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path = tmp_path_factory.mktemp("images") / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (FILMS, SIDE, SIDE), dtype=np.uint8))
    return np.load(path, mmap_mode="r")


def run(encoder: nn.Module, images: np.ndarray, store: Embeddings, **options: int) -> list[str]:
    """Encode what is missing of all images; their hashes, in order of the images."""
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    row = {name: number for number, name in enumerate(hashes)}
    missing = store.missing(hashes)
    rows = np.array([row[name] for name in missing], int)
    perceptual = [bytes.fromhex(name) for name in missing]
    assert extract(encoder, images, rows, missing, perceptual, store, **{"batch_size": BATCH, "part": 100} | options)
    return hashes


def parquet(store: Embeddings, hashes: list[str]) -> bytes:
    films = pd.DataFrame({"image_id": hashes, "patient_id": hashes, "sha256": hashes})
    store.write_parquet(films, store.folder.with_suffix(".parquet"))
    return store.folder.with_suffix(".parquet").read_bytes()


def test_embeddings_are_the_frozen_encoders(tmp_path: Path, images: np.ndarray) -> None:
    encoder, store = Stopping(), Embeddings.open(tmp_path / "s")
    hashes = run(encoder, images, store)
    with torch.inference_mode():
        expected = encoder.net.cpu().eval()(torch.from_numpy(np.array(images)).unsqueeze(1)).numpy()
    np.testing.assert_allclose(store.read(hashes), expected, rtol=1e-5, atol=1e-5)
    assert list(store.facts(hashes)["perceptual"]) == [bytes.fromhex(name) for name in hashes]
    assert set(encoder.shapes) == {(BATCH, 1, SIDE, SIDE)}
    assert len(list(store.folder.iterdir())) == -(-FILMS // 96)  # parts are whole batches


def test_images_of_several_planes_are_encoded(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (50, 2, 40, 64), dtype=np.uint8)
    encoder, store = SmallCNN("random", channels=2, shape=(2, 40, 64)).eval(), Embeddings.open(tmp_path / "s")
    hashes = run(encoder, images, store)
    with torch.inference_mode():
        expected = encoder(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(store.read(hashes), expected, rtol=1e-5, atol=1e-5)


def test_an_embedding_does_not_depend_on_the_other_films(tmp_path: Path, images: np.ndarray) -> None:
    whole, few = Embeddings.open(tmp_path / "whole"), Embeddings.open(tmp_path / "few")
    hashes = run(Stopping(), images, whole)
    chosen = np.arange(5, FILMS, 77)[::-1]
    extract(Stopping(), images, chosen, [hashes[at] for at in chosen], [b""] * len(chosen), few, BATCH)
    asked = [hashes[at] for at in chosen]
    assert (few.read(asked) == whole.read(asked)).all()


def test_a_stopped_extraction_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, images: np.ndarray) -> None:
    stopped, whole = Embeddings.open(tmp_path / "stopped"), Embeddings.open(tmp_path / "whole")
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run(Stopping(8, KeyboardInterrupt()), images, stopped)
    assert threading.active_count() == threads
    encoder = Stopping()
    hashes = run(encoder, images, stopped)
    assert len(encoder.shapes) == -(-(FILMS - 2 * 96) // BATCH)  # two parts were whole
    assert parquet(stopped, hashes) == parquet(whole, run(Stopping(), images, whole))


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
import test_extract as t
class Slow(t.Stopping):
    def forward(self, films):
        time.sleep(0.05)
        return super().forward(films)
t.run(Slow(), np.load(sys.argv[2], mmap_mode="r"), t.Embeddings.open(Path(sys.argv[3])))
"""


def test_what_a_killed_process_wrote_is_whole(tmp_path: Path, images: np.memmap) -> None:
    killed, whole = tmp_path / "killed", Embeddings.open(tmp_path / "whole")
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(images.filename), str(killed)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    while process.poll() is None and not list(killed.glob("part-*")):
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    store = Embeddings.open(killed)
    hashes = run(Stopping(), images, whole)
    assert 0 < len(store.missing(hashes)) < FILMS
    run(Stopping(), images, store)
    assert parquet(store, hashes) == parquet(whole, hashes)


def test_a_film_whose_embedding_is_not_finite_is_a_failure(tmp_path: Path, images: np.ndarray) -> None:
    class Dividing(nn.Module):
        def forward(self, films: Tensor) -> Tensor:
            return 1 / films[:, 0, 0, :4].float()

    store = Embeddings.open(tmp_path)
    hashes = np.array(run(Dividing(), images, store))
    bad = (images[:, 0, :4] == 0).any(axis=1)
    assert 0 < bad.sum() < FILMS / 2
    reasons = store.facts(list(hashes))["reason"]
    assert list(reasons[bad].unique()) == [NOT_FINITE]
    assert reasons[~bad].isna().all()
    assert (store.read(list(hashes[~bad])) == 1 / images[~bad, 0, :4].astype(np.float32)).all()
    assert store.missing(list(hashes)) == []


def test_no_film_writes_nothing(tmp_path: Path, images: np.ndarray) -> None:
    assert extract(Stopping(), images, np.array([], int), [], [], Embeddings.open(tmp_path / "s"))
    assert not (tmp_path / "s").exists()
