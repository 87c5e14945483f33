"""Where an encoder's weights come from: the hub, a file, a training run, or `random`, which a user must ask for.

Nothing here imports torch before weights are read, so that `check` is cheap.
"""

from __future__ import annotations

import contextlib
import pickle
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bonerisk.errors import ConfigError
from bonerisk.runs.find import StoredRun, load
from bonerisk.runs.folder import RECORD
from bonerisk.runs.hashing import sha256 as hash_of

if TYPE_CHECKING:
    from torch import Tensor, nn

KEY = "encoder.weights"
MODEL_FILE = "model.safetensors"  # a training's model file; its keys are encoder.* and head.*
ENCODER_PREFIX = "encoder."
CLIP_KEY = "visual.class_embedding"  # in the state dict of every OpenAI CLIP whose image encoder is a ViT
SHOWN = 4  # keys that an error names


def check(weights: str, sha256: str | None = None) -> Path | None:
    """Find the file that `weights` names, without reading it and without importing torch.

    Parameters
    ----------
    weights : str
        `pretrained`, `random`, a file (.safetensors, or a PyTorch file of tensors), or the folder of a training run.
    sha256 : str, optional
        What the file must hash to (64 hex digits).

    Returns
    -------
    Path or None
        The file; None for `random`, and for `pretrained`, whose file is found when the encoder is built.

    Raises
    ------
    ConfigError
        There is no such file, the run holds no finished model, or the hash differs.
    RunError
        The run's model has changed since the run wrote it.

    Examples
    --------
    >>> check("random")
    >>> check("no_such_file.pt")
    Traceback (most recent call last):
    bonerisk.errors.ConfigError: There is no such weights file
      where: encoder.weights=no_such_file.pt
      mend:  encoder.weights= takes pretrained, a file, the folder of a training run, or random (to learn from scratch)
    """
    if weights in ("pretrained", "random"):
        return None
    path = Path(weights).expanduser()
    path = path / MODEL_FILE if path.is_dir() else path
    if path.name == MODEL_FILE and (path.parent / RECORD).is_file():
        path = _of_run(load(path.parent), weights)
    if not path.is_file():
        what = "The run holds no trained model" if path.name == MODEL_FILE else "There is no such weights file"
        mend = f"{KEY}= takes pretrained, a file, the folder of a training run, or random (to learn from scratch)"
        raise ConfigError(what, f"{KEY}={weights}", mend)
    if sha256 is not None and (found := hash_of(path)) != sha256.lower():
        mend = "Fetch it again, or set encoder.sha256"
        raise ConfigError(f"The weights file's SHA-256 is {found}, not {sha256}", str(path), mend)
    return path


def _of_run(run: StoredRun, weights: str) -> Path:
    """The model of a finished training, as it was written."""
    if run.status != "finished" or MODEL_FILE not in run.written:
        mend = f"{KEY}=RUN takes the folder of a finished training"
        raise ConfigError(f"The run holds no finished model: it {run.state}", f"{KEY}={weights}", mend)
    return run.path(MODEL_FILE)


def refuse_pretrained(weights: str) -> None:
    """Refuse `pretrained`, of an encoder of our own.

    Raises
    ------
    ConfigError
    """
    if weights == "pretrained":
        mend = f"{KEY}=random learns from scratch; a file or the folder of a training run also works"
        raise ConfigError("This encoder has no published weights", f"{KEY}=pretrained", mend)


def from_hub(hub_id: str, filename: str, licence: str) -> Path:
    """Path of a weights file of the hub, from its local cache or fetched now; an error names its licence.

    Raises
    ------
    ConfigError
        It is not cached and cannot be fetched; the message says how to bring it by hand.
    """
    from huggingface_hub import hf_hub_download, hf_hub_url, try_to_load_from_cache

    cached = try_to_load_from_cache(hub_id, filename)
    if isinstance(cached, str):
        return Path(cached)
    url = hf_hub_url(hub_id, filename)
    try:
        # A short test of the network: without one, the hub's own client tries for half a minute.
        with contextlib.suppress(urllib.error.HTTPError):  # any answer will do
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10).close()
        return Path(hf_hub_download(hub_id, filename))
    except OSError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        what = f"The pretrained weights {hub_id} can't be fetched ({reason}); licence {licence}"
        mend = f"Fetch {url} where there is a network and set {KEY}=/path/to/{filename}; for a test, {KEY}=random"
        raise ConfigError(what, f"{KEY}=pretrained", mend) from error


def load_into(
    encoder: nn.Module, path: Path, adapt: Callable[[dict[str, Tensor]], dict[str, Tensor]] = lambda state: state
) -> None:
    """Load all tensors of `path` into `encoder`; a missing or an extra one is an error.

    Parameters
    ----------
    encoder : nn.Module
    path : Path
        A weights file, or the model file of a training run, from which the encoder's part is taken.
    adapt : callable
        Renames the tensors of a file that is not bonerisk's; those of a run keep their names.

    Raises
    ------
    ConfigError
        The file holds code, is damaged, or belongs to another architecture.
    """
    state = read(path)
    own = {key.removeprefix(ENCODER_PREFIX): value for key, value in state.items() if key.startswith(ENCODER_PREFIX)}
    try:
        encoder.load_state_dict(own or adapt(state))
    except (RuntimeError, KeyError, AttributeError) as error:  # the last two: `adapt` met unknown keys
        mend = "Give weights of the same architecture (encoder.architecture), or choose the encoder they belong to"
        raise ConfigError(f"The weights don't fit the encoder: {_brief(error)}", str(path), mend) from error


def read(path: Path) -> dict[str, Tensor]:
    """Tensors of a .safetensors or PyTorch file by name; code in the file is never run.

    Raises
    ------
    ConfigError
        The file is damaged, holds code, or holds something other than tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if _is_torchscript(path):
            what = "The file is a TorchScript archive, as OpenAI's own CLIP files are; bonerisk never runs its code"
            mend = "If you trust it: torch.save(torch.jit.load(OLD, 'cpu').state_dict(), NEW), and give NEW"
            raise ConfigError(what, str(path), mend)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise ConfigError(f"The weights file is damaged ({error})", str(path), "Fetch it again") from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        what = "The file is no PyTorch weights file, or it holds code besides tensors; bonerisk never runs that"
        mend = "If you trust it, save its state_dict alone (safetensors.torch.save_file), and give that file"
        raise ConfigError(what, str(path), mend) from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        mend = "Save the model's state_dict and give that file"
        raise ConfigError("The weights file holds no table of tensors", str(path), mend)
    return {key.removeprefix("module."): value for key, value in state.items()}  # data-parallel training adds it


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _brief(error: Exception) -> str:
    """PyTorch's message about a mismatch, with the first few keys instead of hundreds."""
    lines = [_first_keys(line.strip()) for line in str(error).splitlines()[1:] or [repr(error)]]
    return "; ".join(lines[:SHOWN]) + (f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else "")


def _first_keys(line: str) -> str:
    keys = re.findall(r'"[^"]+"', line)
    if len(keys) <= SHOWN:
        return line
    return f"{line.split(':')[0]}: {', '.join(keys[:SHOWN])}, and {len(keys) - SHOWN} more"
