from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bonerisk.errors import RunError
from bonerisk.imaging import parallel
from bonerisk.imaging.parallel import parallel_map

DIE = "__import__('os')._exit(1)"  # what a crash in a decoder's C code does


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: 2)


def test_in_order_from_other_processes() -> None:
    items = [f"({number}, __import__('os').getpid())" for number in range(64)]
    numbers, processes = zip(*parallel_map(eval, items, died=str), strict=True)
    assert list(numbers) == list(range(64))
    assert os.getpid() not in processes


def test_few_items_start_no_process() -> None:
    items = ["__import__('os').getpid()"] * 5
    assert set(parallel_map(eval, items, died=str)) == {os.getpid()}


def test_item_that_kills_its_process_is_known_and_the_rest_goes_on() -> None:
    items = [str(number) for number in range(40)]
    items[7] = DIE
    results = list(parallel_map(eval, items, died=lambda item: "died"))
    assert results == ["died" if item == DIE else int(item) for item in items]


def test_processes_that_all_die_end_it() -> None:
    with pytest.raises(RunError, match="die one after another"):
        list(parallel_map(eval, [DIE] * 40, died=str))


def test_error_of_the_function_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(parallel_map(eval, ["1 / 0"] * 40, died=str))


def test_closing_does_not_wait_for_the_rest() -> None:
    start = time.monotonic()
    with closing(parallel_map(eval, ["__import__('time').sleep(0.1)"] * 1000, died=str)) as results:
        next(results)
    assert time.monotonic() - start < 10


SCRIPT = """
import os, sys
from bonerisk.imaging import parallel
parallel.cores = lambda: 2
if __name__ == "__main__":
    items = ["(__import__('os').getpid(), __import__('time').sleep(0.05))"] * 2000
    seen = set()
    for process, _ in parallel.parallel_map(eval, items, died=str):
        if process not in seen:
            seen.add(process)
            print(process, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_parent(tmp_path: Path, ending: signal.Signals) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        start = time.monotonic()
        if ending == signal.SIGINT:
            os.killpg(parent.pid, ending)  # a terminal sends it to the whole group
        else:
            parent.kill()
        _, errors = parent.communicate(timeout=20)
        waited = time.monotonic() - start
    assert waited < 5  # under a heavy load; all films would take 50
    assert errors.count("Traceback") <= 1  # the parent's own, none from the workers
    deadline = time.monotonic() + 5
    while any(alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(worker) for worker in workers)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2] if Path("/proc").is_dir() else True
