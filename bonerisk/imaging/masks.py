"""Organ masks: which part of a film each organ covers, from files that a segmenter or the simulation wrote.

Organs overlap on a film, so one pixel may belong to several. Without a folder, masks lie beside simulated films: for
``films/a.dcm`` it is ``masks/a.png``, whose bits are `PLANES` and, on spine films, `LEVELS`. A folder of the user's
holds, for a film ``a.dcm``,

- ``FOLDER/a/<organ>.png`` or ``FOLDER/<organ>/a.png``: not 0 where the organ is, as CXAS writes them, or
- ``FOLDER/a.png``: one image whose bits or values are organs. ``FOLDER/organs.csv`` names them: columns ``organ``, and
  ``bit`` (from 0) or ``value``.

A file of one organ is recognised by its name (`organ_of`): "clavicle left" and "Right Clavicle" are clavicles.
``organs.csv`` with the columns ``organ`` and ``name`` gives other names. Files of other names are not read.

References
----------
Seibold et al. 2022, "Detailed Annotations of Chest X-Rays via CT Projection for Report Understanding", BMVC (CXAS).
Cohen et al. 2022, "TorchXRayVision", MIDL (its PSPNet names 14 organs).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from bonerisk.documents import regular
from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.raster import opened

PLANES = ("body", "lung_right", "lung_left", "heart", "vertebrae", "ribs", "clavicles", "scapulae", "humeri", "device")
LEVELS = ("t12", "l1", "l2", "l3", "l4", "l5")  # single vertebral bodies, from bit 10
BONES = ("vertebrae", "ribs", "clavicles", "scapulae", "humeri")
BESIDE, NAMES = "masks", "organs.csv"
SUFFIXES = (".png", ".jpg")
MOST = {"bit": 15, "value": 65535}
MEND = "write masks of all films there, or leave these films out; README, “Where the model looks”, has the forms"
KNOWN = {  # words in a file's name, and the organ that they mean; the first that fits
    r"clavic": "clavicles",
    r"scapul": "scapulae",
    r"humer": "humeri",
    r"\bribs?\b": "ribs",
    r"vertebra|spine": "vertebrae",
    r"stern": "sternum",
    r"lung.*left|left.*lung": "lung_left",
    r"lung.*right|right.*lung": "lung_right",
    r"heart": "heart",
    r"mediastinum": "mediastinum",
    r"diaphragm": "diaphragm",
}


@dataclass(frozen=True)
class Masks:
    """Where masks lie.

    Parameters
    ----------
    folder : Path, optional
        None: beside the films, as simulated ones have them.

    Raises
    ------
    DataError
        When a film's mask is read: ``organs.csv`` has other columns, or values that can't be.
    """

    folder: Path | None = None

    @classmethod
    def of(cls, folder: str | None) -> Masks:
        """Those of a folder as a user writes it."""
        return cls(Path(folder).expanduser() if folder else None)

    def files(self, film: Path) -> list[Path]:
        """Files of a film's masks, in order; empty if there are none."""
        whole = self._whole(film)
        return [whole] if whole else list(self._of_organs(film))

    def read(self, film: Film, organs: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Mask of each organ, or of some, bool of the masks' own size, by organ.

        Raises
        ------
        DataError
            The film has no mask, or it can't be read, belongs to another film or has no name for what it marks.
        """
        if film.path is None:
            raise DataError("a film that was not read from a file has no organ mask")
        if whole := self._whole(film.path):
            values = _image(whole, film)
            numbers = {organ: number for number, organ in self._numbers(whole).items() if not organs or organ in organs}
            marked = {organ: self._marks(values, number) for organ, number in numbers.items()}
            return {organ: mask for organ, mask in marked.items() if organ not in LEVELS or mask.any()}
        found: dict[str, np.ndarray] = {}
        for path, organ in self._of_organs(film.path).items():
            mask = _image(path, film) > 0
            if organ in found and found[organ].shape != mask.shape:
                raise DataError(f"the mask {path} has another size than others of its organ", str(film.path))
            found[organ] = mask | found.get(organ, mask)  # left and right, say
        if not found:
            where = f"in {self.folder}" if self.folder else f"in {film.path.absolute().parent.parent / BESIDE}"
            raise DataError(f"no organ mask of the film lies {where}", str(film.path), MEND)
        return found

    def _whole(self, film: Path) -> Path | None:
        """The file that holds all organs of a film."""
        folder = self.folder or film.absolute().parent.parent / BESIDE
        return next((path for name in _names(film) if (path := folder / f"{name}.png").is_file()), None)

    def _of_organs(self, film: Path) -> dict[Path, str]:
        """Files of one organ each, and the organ."""
        if self.folder is None:
            return {}
        for name in _names(film):
            within = sorted((self.folder / name).iterdir()) if (self.folder / name).is_dir() else []
            found = {path: self._named(path.stem) for path in within if path.suffix in SUFFIXES}
            beside = {
                folder / f"{name}{suffix}": organ for folder, organ in self._folders.items() for suffix in SUFFIXES
            }
            found |= {path: organ for path, organ in beside.items() if path.is_file()}
            if known := {path: organ for path, organ in found.items() if organ}:
                return known
        return {}

    @cached_property
    def _folders(self) -> dict[Path, str]:
        folders = sorted(path for path in (self.folder or Path()).iterdir() if path.is_dir())
        return {path: organ for path in folders if (organ := self._named(path.name))}

    def _named(self, name: str) -> str | None:
        """The organ that a file's or folder's name means; None if it is not known."""
        return self._table.get(name) if self._kind == "name" else organ_of(name)

    def _numbers(self, path: Path) -> dict[int, str]:
        """Organ of each bit or value of a file that holds all organs."""
        if self.folder is None:
            return dict(enumerate((*PLANES, *LEVELS)))
        if self._kind not in MOST:
            mend = f"write {self.folder / NAMES} with the columns organ and bit, or organ and value"
            raise DataError("nothing says which bits or values of the masks are which organ", str(path), mend)
        return {int(number): organ for number, organ in self._table.items()}

    def _marks(self, values: np.ndarray, number: int) -> np.ndarray:
        return values == number if self._kind == "value" else values & (1 << number) > 0

    @property
    def _kind(self) -> str:
        """Column of ``organs.csv`` beside the organ: bit, value or name; empty without the file."""
        return next(iter(self._rows[0]), "") if self._rows else ""

    @cached_property
    def _table(self) -> dict[str, str]:
        """Bit, value or file name → organ."""
        return {row[self._kind]: row["organ"] for row in self._rows}

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        file = self.folder and self.folder / NAMES
        if not file or not file.is_file():
            return []
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [{key.strip(): (value or "").strip() for key, value in row.items()} for row in csv.DictReader(lines)]
        kind = next((name for name in ("bit", "value", "name") if rows and name in rows[0]), None)
        if kind is None or "organ" not in rows[0]:
            raise DataError(f"{NAMES} has no rows, or not the columns organ and bit, value or name", str(file))
        most = MOST.get(kind)
        wrong = [row[kind] for row in rows if most and not (row[kind].isdecimal() and int(row[kind]) <= most)]
        if wrong:
            raise DataError(f"{NAMES}: {kind} {', '.join(wrong)} is no number from 0 to {most}", str(file))
        return [{kind: row[kind], "organ": row["organ"]} for row in rows]


def organ_of(name: str) -> str | None:
    """The organ that a name means, of `PLANES`, `LEVELS` or `KNOWN`; None if it is not known.

    >>> organ_of("posterior 3rd rib left"), organ_of("Left Clavicle"), organ_of("vertebrae_T5"), organ_of("liver")
    ('ribs', 'clavicles', 'vertebrae', None)
    """
    words = re.sub(r"[_\-.]+", " ", name.lower())
    if words.replace(" ", "_") in (*PLANES, *LEVELS):
        return words.replace(" ", "_")
    return next((organ for pattern, organ in KNOWN.items() if re.search(pattern, words)), None)


def _names(film: Path) -> tuple[str, ...]:
    """What a film's masks may be called: its name with and without a suffix, which one of numbers and dots has not."""
    return film.stem, film.name


def on_film(mask: np.ndarray, film: Film) -> np.ndarray:
    """A mask (rows, columns) on the film's grid, bool (height, width)."""
    height, width = film.pixels.shape
    if mask.shape == (height, width):
        return mask
    return cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _image(path: Path, film: Film) -> np.ndarray:
    try:
        with opened(regular(path).read_bytes()) as image:
            values = np.array(image)  # of an image with a palette: its numbers, not its colours
    except (DataError, OSError, ValueError, SyntaxError) as error:
        raise DataError(f"the organ mask {path} can't be read", str(film.path), MEND) from error
    if values.ndim == 3 and (values[..., :3] == values[..., :1]).all():
        values = values[..., 0]
    (height, width), shape = film.pixels.shape, values.shape
    if values.ndim != 2 or abs(shape[0] * width - shape[1] * height) > height + width:
        what = f"the mask {path} of shape {shape} does not belong to this film of {height} × {width} pixels"
        raise DataError(what, str(film.path), "write masks of the film's own aspect ratio, in grey")
    return values.astype(np.uint16)
