"""Fixtures that many tests share."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bonerisk.cli import do
from bonerisk.config.sweep import execute

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores Ctrl-C, which tests send


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of small real data; a test that needs it skips where it is absent."""
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("BONERISK_REAL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set BONERISK_REAL_DATA)")
    return folder


@pytest.fixture(scope="session")
def with_films(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Give a data folder the simulated chest films that all tests here share: each is made once, whole and the same."""
    folder = tmp_path_factory.getbasetemp()
    common = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "simulated"
    common.mkdir(parents=True, exist_ok=True)

    def share(data: Path) -> None:
        data.mkdir()
        (data / "phantom_chest").symlink_to(common, target_is_directory=True)

    return share


@pytest.fixture
def typed(monkeypatch, capsys) -> Callable[..., tuple[int, list[str], str]]:
    """Run a subcommand in a folder as if typed there; exit code, lines of standard output, standard error."""

    def call(place: Path, command: str, *arguments: str) -> tuple[int, list[str], str]:
        monkeypatch.chdir(place)
        flags = [item for item in arguments if item.startswith("-")]
        overrides = [item for item in arguments if not item.startswith("-")]
        monkeypatch.setattr(sys, "argv", ["bonerisk", command, *arguments])
        code = execute(command, do, overrides, ["--multirun"] if "-m" in flags else [])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return call
