"""Draw one film under each step of the strong augmentation, a row a step, and under all of them.

Usage: python scripts/contact_sheet.py FILM.dcm SHEET.png [SIZE_PX]
"""

import sys
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import torch

from bonerisk.imaging.read import read
from bonerisk.training.augmentation.strong import Strong

STEPS = ("flip", "blur", "motion", "median", "shift_scale_rotate", "grid", "elastic", "optical", "gamma", "dropout")
DRAWS = 6


def main(film: Path, sheet: Path, size: int = 256) -> None:
    """Write the sheet: each row is named at its left."""
    grey = cv2.resize(read(film).pixels.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(grey, [0.5, 99.5])
    image = torch.from_numpy((np.clip((grey - low) / (high - low), 0, 1) * 255).astype(np.uint8))
    batch = image.expand(DRAWS, 1, size, size).contiguous()
    usual = {field.name: field.default for field in fields(Strong)}
    rows = []
    for step in (*STEPS, "all"):
        shares = {name: usual[name] if step == "all" else float(name == step) for name in STEPS}
        augmentation = Strong(**shares)
        drawn = augmentation.draw(DRAWS, np.random.default_rng(1))
        row = np.hstack(list(augmentation.apply(batch, drawn)[:, 0].numpy()))
        label = np.full((size, 150), 255, np.uint8)
        cv2.putText(label, step, (4, size // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 0, 1, cv2.LINE_AA)
        rows.append(np.hstack([label, row]))
    cv2.imwrite(str(sheet), np.vstack(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
