"""The command line as a user meets it: in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOWN = {
    "prepare": ["dataset=", "image_table", "phantom_chest", "preprocessing="],
    "train": ["model=", "ospenscreen_demo", "encoder=", "small_cnn", "resume"],
    "pseudolabel": ["dataset=", "merged", "run", "cutoffs"],
    "predict": ["dataset=", "films", "run", "unfamiliar", "pages"],
    "evaluate": ["evaluation=", "run", "split"],
    "report": ["runs"],
    "audit": ["TABLE", "published/PAPER"],
}


def bonerisk(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    script = Path(sys.executable).with_name("bonerisk")
    return subprocess.run(
        [str(script), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize("command", SHOWN)
def test_help_lists_groups_and_options(command, tmp_path):
    done = bonerisk(command, "--help", cwd=tmp_path, COLUMNS="160")
    assert done.returncode == 0
    for part in SHOWN[command]:
        assert part in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["train", "modle=x"]], ids=" ".join)
def test_neither_help_nor_a_mistake_imports_torch(arguments, tmp_path):
    code = f"import sys; sys.argv = ['bonerisk', *{arguments}]\nfrom bonerisk.cli import app\n"
    code += "try: app()\nfinally: print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.strip().endswith("False")


def test_audit_takes_a_table_by_its_name(tmp_path):
    done = bonerisk("audit", "my table.csv", cwd=tmp_path)
    assert done.returncode == 3
    assert "where: my table.csv" in done.stderr


def test_mistakes_end_with_2_and_a_few_lines(tmp_path):
    done = bonerisk("train", "model=ospenscreen_demo", "training.lrr=1", "datset=image_table", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "did you mean training.lr?" in done.stderr
    assert "did you mean dataset?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "outputs").exists()


def test_cfg_prints_the_configuration(tmp_path):
    done = bonerisk("train", "model=ospenscreen_demo", "dataset=phantom_chest", "seed=7", "--cfg", "job", cwd=tmp_path)
    assert done.returncode == 0
    assert "seed: 7" in done.stdout


def test_wrong_data_end_with_3_and_the_run_says_so(tmp_path):
    (tmp_path / "t.csv").write_text("image_path\n1.png\n")
    done = bonerisk("prepare", "dataset=image_table", "dataset.table=t.csv", "dataset.image_root=.", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    (run,) = (tmp_path / "outputs" / "prepare" / "image_table").iterdir()
    assert str(run.relative_to(tmp_path)) in done.stderr
    assert "Traceback" in (run / "run.log").read_text()


def test_no_run_to_evaluate(tmp_path):
    done = bonerisk("evaluate", "run=latest", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no finished run 'latest'" in done.stderr


def test_version(tmp_path):
    assert bonerisk("--version", cwd=tmp_path).stdout.strip() == "0.1.0"


STREAMS = """
import sys
from pathlib import Path
from bonerisk import cli
from bonerisk.config import sweep
cli.do = lambda order: (print("a line for standard error"), Path("Ärzte/run"))[1]
sweep.demand = lambda command, config: None
sys.argv = ["bonerisk", "report", "runs=x"]
cli.main()
"""


@pytest.mark.parametrize(
    ("redirected", "code", "out", "err"),
    [
        ("", 0, "\\xc4rzte/run", "a line"),
        (">/dev/full", 1, "", "can't be written: No space left"),
        (">&-", 1, "", "can't be written: Bad file"),
        ("2>&-", 0, "\\xc4rzte/run", ""),
        ("2>/dev/full", 0, "\\xc4rzte/run", ""),
    ],
)
def test_streams_that_take_ascii_only_are_full_or_closed(redirected, code, out, err, tmp_path):
    (tmp_path / "do.py").write_text(STREAMS)
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} do.py {redirected}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (code, out)
    assert err in done.stderr
    assert "Traceback" not in done.stderr
