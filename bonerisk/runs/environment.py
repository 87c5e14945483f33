"""What a run ran on: commit, packages, device."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypedDict

_SOURCE = Path(__file__).resolve().parents[2]


class Checkout(TypedDict):
    """The state of the code: `commit` is None before the first one, `diff` is against it."""

    commit: str | None
    dirty: bool
    diff: str | None


class Environment(TypedDict, total=False):
    """What a run ran on; `git` is None for an installed package, `threads` those of one computation."""

    git: Checkout | None
    packages: dict[str, str]
    device: str
    threads: int


def environment() -> Environment:
    """The entries ``git``, ``packages``, ``device`` and ``threads`` of a run's record."""
    return {"git": _git(), "packages": _packages(), "device": _device(), "threads": threads()}


@cache
def _git() -> Checkout | None:
    """Commit of the checkout that bonerisk runs from, and its diff if it is dirty; None for an installed package."""
    if not (_SOURCE / ".git").exists():
        return None
    commit, diff = _call("rev-parse", "HEAD"), _call("diff", "HEAD")
    return {"commit": commit.strip() if commit else None, "dirty": bool(_call("status", "--porcelain")), "diff": diff}


def _call(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(_SOURCE), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


@cache
def _packages() -> dict[str, str]:
    """Versions of Python, bonerisk and its direct requirements."""
    found = {"python": platform.python_version(), "bonerisk": metadata.version("bonerisk")}
    for requirement in metadata.requires("bonerisk") or []:
        name = re.split(r"[\s;<>=!\[~]", requirement)[0]
        if "extra ==" not in requirement:
            with contextlib.suppress(metadata.PackageNotFoundError):  # of another platform
                found[name] = metadata.version(name)
    return found


def _device() -> str:
    """The accelerator if torch has been loaded and sees one, else the processor."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"cpu ({platform.machine()})"


def threads() -> int:
    """Threads of one computation, whose number decides how sums are rounded: ``OMP_NUM_THREADS``, or all cores."""
    given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(given) if given.isdecimal() and int(given) else cores()


def cores() -> int:
    """Cores this process may use, which a cluster's scheduler may have limited."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int | None:
    """Bytes of memory available without swapping (Linux: free and cached); None if the system does not say."""
    try:
        facts = Path("/proc/meminfo").read_text().split()
        return int(facts[facts.index("MemAvailable:") + 1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None
