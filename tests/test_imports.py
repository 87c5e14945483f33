"""What commands import: importing decides how long small work takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMPILER = ("torch._dynamo", "lightning", "torchvision", "timm", "sklearn")
CODE = {
    "evaluate without films": (
        "import bonerisk.jobs.evaluate, bonerisk.jobs.train, bonerisk.reporting.report\n"
        "import bonerisk.heads.cox, bonerisk.datasets.survival_table",
        ("torch", "pydicom", "scipy.stats", "matplotlib", "statsmodels", "xgboost", *COMPILER),
    ),
    "a step of a small training": (
        "import numpy as np, pandas as pd, tempfile, pathlib\n"
        "from bonerisk.encoders.small_cnn import SmallCNN\n"
        "from bonerisk.heads.binary import BinaryHead\n"
        "from bonerisk.training.augmentation.weak import Weak\n"
        "from bonerisk.training.examples import Examples, Inputs\n"
        "from bonerisk.training.fit import fit\n"
        "from bonerisk.training.objectives.cross_entropy import CrossEntropy\n"
        "from bonerisk.training.settings import TrainingSettings\n"
        "import bonerisk.models.train_network\n"
        "images = np.random.default_rng(0).integers(0, 255, (8, 64, 64), dtype=np.uint8)\n"
        "encoder = SmallCNN(weights='random', shape=(1, 64, 64))\n"
        "films = Examples(Inputs(np.arange(8)), np.arange(8) % 2.0)\n"
        "settings = TrainingSettings(CrossEntropy(), Weak(), max_epochs=1)\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        "fit(encoder, BinaryHead(width=encoder.width), images, films, films, settings, 0, folder)",
        ("scipy.stats", "pydicom", *COMPILER),
    ),
}


@pytest.mark.parametrize("work", CODE)
def test_what_is_not_needed_is_not_imported(work: str) -> None:
    code, unwanted = CODE[work]
    code = f"import sys\n{code}\nprint([name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
