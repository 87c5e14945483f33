from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.encoders.timm_model import TimmEncoder
from bonerisk.errors import ConfigError, RunError
from bonerisk.heads.binary import BinaryHead
from bonerisk.training import loop
from bonerisk.training.augmentation.weak import Weak
from bonerisk.training.batches import image_reopener
from bonerisk.training.examples import Examples, Inputs
from bonerisk.training.fit import fit as train
from bonerisk.training.model import Model, load, predict
from bonerisk.training.objectives.cross_entropy import CrossEntropy
from bonerisk.training.settings import TrainingSettings
from bonerisk.training.teacher import Frozen

Fit = Callable[..., tuple[Any, dict[str, torch.Tensor], Path]]


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_threads_are_as_asked_for_in_the_training_alone(fit: Fit) -> None:
    seen = set()

    class Noting(SmallCNN):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            seen.add(torch.get_num_threads())
            return super().forward(images)

    fit("run", threads=2, max_epochs=1, make=lambda: Noting("random", channels=2))
    assert seen == {2}
    assert torch.get_num_threads() == 1


def test_it_learns_and_leaves_its_files_only(fit: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    trained, _, folder = fit("run", max_epochs=8)
    assert trained.best["tune_auc"] > 0.9
    assert sorted(path.name for path in folder.iterdir()) == ["history.csv", "model.safetensors", "resume.ckpt"]
    assert capsys.readouterr().out == ""

    history = pd.read_csv(folder / "history.csv")
    assert list(history) == ["epoch", "lr", "train_loss", "tune_loss", "tune_auc", "seconds"]
    assert history["epoch"].tolist() == list(range(1, 9))
    kept = history.loc[trained.best["epoch"] - 1, "tune_auc"]
    assert kept == history["tune_auc"].max() == trained.best["tune_auc"]


def test_the_best_epoch_is_what_is_saved(fit: Fit, films: Any, splits: Any) -> None:
    from sklearn.metrics import roc_auc_score

    trained, _, folder = fit("run", lr=0.02)
    encoder = SmallCNN("random", channels=8)
    head = BinaryHead(encoder.width)
    load(encoder, head, folder / "model.safetensors")
    scores = predict(Model(encoder, head), films[0], splits["tune"].inputs).cpu()
    assert roc_auc_score(splits["tune"].targets, scores) == pytest.approx(trained.best["tune_auc"])


def test_same_seed_same_weights_and_another_seed_others(fit: Fit) -> None:
    _, once, _ = fit("once", max_epochs=2)
    torch.rand(7)  # what ran before must not matter
    _, again, _ = fit("again", max_epochs=2)
    _, other, _ = fit("other", max_epochs=2, seed=1)
    assert equal(once, again)
    assert not equal(once, other)


@pytest.fixture
def killed(fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The resume.ckpt of a training that died in the middle of its third epoch."""
    step = loop.Loop.step

    def die(self: loop.Loop, number: int, batch: np.ndarray) -> torch.Tensor:
        if number == 2 * self.steps + 3:
            raise Killed
        return step(self, number, batch)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(loop.Loop, "step", die)
        fit("killed")
    return tmp_path / "killed" / "resume.ckpt"


def test_resumed_training_ends_as_the_unbroken_one(fit: Fit, killed: Path) -> None:
    assert [path.name for path in sorted(killed.parent.iterdir())] == ["history.csv", "resume.ckpt"]
    unbroken, weights, _ = fit("unbroken")
    resumed, same, folder = fit("resumed", resume=killed)
    assert equal(weights, same)
    drop = {"columns": "seconds"}
    pd.testing.assert_frame_equal(resumed.history.drop(**drop), unbroken.history.drop(**drop), check_exact=True)
    assert (folder / "resume.ckpt").exists()  # until the run is finished
    again, same, _ = fit("again", resume=folder / "resume.ckpt")  # killed after its last epoch
    assert equal(weights, same)
    assert len(again.history) == len(unbroken.history)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_training_that_is_told_to_stop_goes_on_from_its_step(
    fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    step, done = loop.Loop.step, []

    def told(self: loop.Loop, at: int, batch: np.ndarray) -> torch.Tensor:
        done.append(at)
        if at == self.steps + 1:
            os.kill(os.getpid(), number)
        return step(self, at, batch)

    outside = signal.signal(number, signal.SIG_DFL)  # under nohup SIGHUP is ignored, and would stay so
    before = signal.getsignal(number)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt, match=f"{number.name}.*of epoch 2"):
        patch.setattr(loop.Loop, "step", told)
        fit("stopped")
    assert signal.getsignal(number) is before
    signal.signal(number, outside)
    assert done == list(range(done[-1] + 1))  # no step after the one in which it was told
    unbroken, weights, _ = fit("unbroken")
    resumed, same, _ = fit("resumed", resume=tmp_path / "stopped" / "resume.ckpt")
    assert equal(weights, same)
    drop = {"columns": "seconds"}
    pd.testing.assert_frame_equal(resumed.history.drop(**drop), unbroken.history.drop(**drop), check_exact=True)


def test_resume_refuses_other_settings_and_names_them(fit: Fit, killed: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.lr: 0\.003 then, 0\.1 now"):
        fit("other", resume=killed, lr=0.1)
    with pytest.raises(ConfigError, match="seed: 0 then, 1 now"):
        fit("other", resume=killed, seed=1)


def test_resume_refuses_a_file_with_code_and_a_damaged_one(fit: Fit, killed: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    bomb = tmp_path / "bomb.ckpt"
    bomb.write_bytes(pickle.dumps({"identity": Bomb()}, protocol=2))
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(killed.read_bytes()[:1000])
    for path in (bomb, torn):
        with pytest.raises(ConfigError, match="can't be read"):
            fit("other", resume=path)
    with pytest.raises(ConfigError, match="nothing to go on from"):
        fit("other", resume=tmp_path / "absent.ckpt")
    assert not (tmp_path / "exploded").exists()


def test_early_stop_counts_from_the_best_epoch(fit: Fit) -> None:
    trained, _, _ = fit("run", lr=1e-9, max_epochs=30, patience=3, augmentation=Weak(flip=0))  # nothing is learned
    assert len(trained.history) == trained.best["epoch"] + 3


def without_batch_norm() -> TimmEncoder:
    return TimmEncoder("test_convnext.r160_in1k", weights="random")


def test_films_at_once_adds_up_to_the_batch(fit: Fit) -> None:
    settings = {"make": without_batch_norm, "max_epochs": 2, "objective": CrossEntropy("balanced")}
    whole, _, _ = fit("whole", **settings)
    parts, _, _ = fit("parts", films_at_once=3, **settings)
    columns = ["train_loss", "tune_loss", "tune_auc"]
    pd.testing.assert_frame_equal(parts.history[columns], whole.history[columns], rtol=1e-3)


def test_two_processes_train_as_one(fit: Fit, splits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the processes to come; see one_thread
    torch.manual_seed(1)
    encoder = SmallCNN("random", channels=8)
    teacher = Frozen(Model(encoder, BinaryHead(encoder.width)), splits["train"].inputs)
    settings = {"make": without_batch_norm, "max_epochs": 2, "objective": CrossEntropy("balanced"), "teacher": teacher}
    one, _, _ = fit("one", **settings)
    two, _, folder = fit("two", devices=2, **settings)
    columns = ["epoch", "lr", "train_loss", "tune_loss", "tune_auc"]
    pd.testing.assert_frame_equal(two.history[columns], one.history[columns], rtol=1e-3)
    assert two.device == "2 × cpu, 32-true"
    assert sorted(path.name for path in folder.iterdir()) == ["history.csv", "model.safetensors", "resume.ckpt"]


def test_one_process_without_fabric_does_what_fabric_does(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    from lightning.fabric import Fabric

    _, own, _ = fit("own", max_epochs=2)
    monkeypatch.setattr("bonerisk.training.fit._processes", lambda *_: Fabric(accelerator="cpu", devices=1))
    _, theirs, _ = fit("theirs", max_epochs=2)
    assert equal(own, theirs)


def half(n: int) -> Examples:
    return Examples(Inputs(np.arange(n)), np.arange(n) % 2.0)


def test_fewer_films_than_a_batch_make_one_batch(films: Any, splits: Any, tmp_path: Path) -> None:
    encoder = SmallCNN("random", channels=8)
    settings = TrainingSettings(CrossEntropy(), Weak(), max_epochs=1)
    trained = train(encoder, BinaryHead(encoder.width), films[0], half(4), splits["tune"], settings, 0, tmp_path)
    assert len(trained.history) == 1


def test_more_processes_than_films_in_a_batch_are_refused(fit: Fit) -> None:
    with pytest.raises(ConfigError, match="Batches of 1 films can't be dealt out to 3 processes"):
        fit("run", batch_size=2, devices=3)
    with pytest.raises(ConfigError, match="The tuning split of 37 films can't be dealt out to 38 processes"):
        fit("run", batch_size=83, devices=38)


def test_a_loss_that_is_no_number_stops_with_the_epoch(fit: Fit) -> None:
    with pytest.raises(RunError, match=r"loss of epoch 1 is (nan|inf)"):
        fit("run", lr=1e30)


def test_a_full_disk_stops_with_one_error(fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(value: object, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(RunError, match="can't be written"):
        fit("run")
    assert not list((tmp_path / "run").iterdir())


def test_settings_out_of_range_are_named_together() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainingSettings(CrossEntropy(), Weak(), lr=0, batch_size=0, devices=0)
    assert all(f"training.{name} is 0" in str(caught.value) for name in ("lr", "batch_size", "devices"))


def test_a_memory_map_is_opened_again_and_not_copied(films: Any) -> None:
    again = image_reopener(films[0])
    assert len(pickle.dumps(again)) < 1000
    np.testing.assert_array_equal(again(), films[0])
    np.testing.assert_array_equal(image_reopener(films[0][3:])(), films[0][3:])  # a view has no offset of its own


SCRIPT = """
import sys
import time
from pathlib import Path
import numpy as np
from bonerisk.encoders.small_cnn import SmallCNN
from bonerisk.heads.binary import BinaryHead
from bonerisk.training.augmentation.weak import Weak
from bonerisk.training.examples import Examples, Inputs
from bonerisk.training.fit import fit
from bonerisk.training.objectives.cross_entropy import CrossEntropy
from bonerisk.training.settings import TrainingSettings

if __name__ == "__main__":
    images, folder, devices = np.load(sys.argv[1], mmap_mode="r"), Path(sys.argv[2]), int(sys.argv[3])
    half = Examples(Inputs(np.arange(100)), np.arange(100) % 2.0)
    settings = TrainingSettings(CrossEntropy(), Weak(), max_epochs=10**6, patience=10**6, devices=devices)
    encoder = SmallCNN("random", channels=8)
    try:
        fit(encoder, BinaryHead(encoder.width), images, half, half, settings, 0, folder)
    except KeyboardInterrupt:
        print(time.monotonic())
"""


@pytest.mark.parametrize("devices", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_ends_in_a_second(films: Any, tmp_path: Path, devices: int) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), films[0].filename, str(tmp_path), str(devices)]
    root = str(Path(loop.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True, text=True
    )
    try:
        while not (tmp_path / "history.csv").exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.1)
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        caught, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert float(caught) - start < 4  # a second on an idle machine
