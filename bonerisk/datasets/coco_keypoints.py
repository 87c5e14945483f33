"""A user's annotated films: a COCO keypoint JSON, and the folder of its images."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from bonerisk.cohort.check import check
from bonerisk.cohort.flow import Flow
from bonerisk.cohort.refusals import Refusals, counted, told
from bonerisk.cohort.splits import FRACTIONS, random_split
from bonerisk.cohort.table import DTYPES, SPLITS, Cohort
from bonerisk.datasets import settings
from bonerisk.datasets.film_folder import OUTSIDE, find_films, outside
from bonerisk.documents import regular
from bonerisk.errors import ConfigError, DataError, raise_together
from bonerisk.imaging.headers import Header, read_header
from bonerisk.imaging.raster import opened
from bonerisk.keypoints import coco
from bonerisk.keypoints.columns import columns, values
from bonerisk.keypoints.levels import EXTRA, SACRUM
from bonerisk.named import FilePath, FolderPath
from bonerisk.progress import track
from bonerisk.runs.hashing import sha256_cached

STANDARD = "none: the films have no T-scores"
ALONE = (
    "The images of the file have no patient_id: each film counts as a patient of its own (equal images as one), so "
    "that films of one patient can lie in different splits. An entry patient_id of each image names the patient."
)

log = logging.getLogger(__name__)


class CocoKeypoints:
    """Films with points, such as the centres of L1 to L5: columns ``l1_x_px``, ``l1_y_px`` and so on.

    An image's entries of our columns' names, as ``patient_id``, ``sex`` or ``age_years``, are taken too. Points
    that are not labelled (v = 0) are missing. An image with a bad annotation is refused, and the reason names it.

    Parameters
    ----------
    annotations : str
        COCO keypoint JSON (`bonerisk.keypoints.coco`).
    image_root : str
        Folder of the images that the file names, at any depth.
    points : dict
        Our names of points to the file's, where they differ: ``{l1: vertebra_1}``.
    numbering : {"refuse", "keep"}
        Films with T13 or L6, or with L4 and S1 but no L5: their levels may be numbered in another way.
    name : str
        Name of the cohort in results; also the site of patients whose image names none.
    split : list of 3 float, or str
        Shares of patients in train, tune and test; or a fold (``fold_1_of_5``); or the split of all. An image's own
        ``split`` is kept.
    split_seed : int
    colour : {"refuse", "luminance"}

    Raises
    ------
    ConfigError
        A value is out of range; all at once.
    """

    def __init__(
        self,
        annotations: FilePath,
        image_root: FolderPath,
        points: Mapping[str, str] | None = None,
        numbering: Literal["refuse", "keep"] = "refuse",
        name: str = "coco_keypoints",
        split: Sequence[float] | str = FRACTIONS,
        split_seed: int = 0,
        colour: Literal["refuse", "luminance"] = "refuse",
    ) -> None:
        self.file, self.image_root = Path(annotations).expanduser(), Path(image_root).expanduser()
        self.points = {coco.name_of(str(theirs)): ours for ours, theirs in (points or {}).items()}
        wrong = [*settings.bad_name(name), *settings.bad_split_or_fold(split)]
        if numbering not in ("refuse", "keep"):
            wrong.append(ConfigError(f"there is no {numbering!r}", "dataset.numbering", "refuse or keep"))
        raise_together(wrong)
        self.numbering, self.name, self.colour = numbering, name, colour
        self.split, self.split_seed = split, split_seed

    def load(self, data: Path) -> Cohort:
        """Read the annotations and look for the images, of which only the headers are read.

        Parameters
        ----------
        data : Path
            Where the hashes of films are kept, if they are needed to identify patients.

        Raises
        ------
        DataError
            The file is no COCO keypoint JSON, has no point of a name that is asked for, or no image can be used.
        """
        found = coco.read(self.file)
        if absent := [theirs for theirs in self.points if theirs not in found.names]:
            mend = f"it has {', '.join(found.names)}"
            raise DataError(f"the file has no point {', '.join(absent)}", f"{self.file}, dataset.points", mend)
        names = [self.points.get(name, name) for name in found.names]
        refusals = Refusals(self.file.name)
        text = self._with_films(_images(found.images), refusals)
        ids = pd.Series([image["id"] for image in found.images], text.index, dtype="object")
        marked = [
            {self.points.get(name, name): at for name, at in found.points.get(image, {}).items()} for image in ids
        ]
        tracked = track(text["image_path"], "reading sizes")
        reasons = [
            found.wrong.get(image["id"]) or self._refused(points) or _size(path, image, points)
            for image, points, path in zip(found.images, marked, tracked, strict=True)
        ]
        told_why = pd.Series(reasons, text.index, dtype="object")
        refusals.add(text.assign(keypoints=None), told_why.notna(), "keypoints", told_why)
        rows = [values(points, points.values()) for points in marked]
        numbers = pd.DataFrame(rows, text.index, columns(names), dtype="float64")
        text, notes = self._identified(text, data)
        settings.refuse_split_twice(self.split, text, {"split": "split"})
        table = check(text.join(numbers), refusals, {})
        if "split" not in text:
            table["split"] = self.split if self.split in SPLITS else self._shared_out(table)
        rejected = refusals.table
        flow = Flow().step(f"images of {self.file.name}", text, text)
        flow = flow.step("points and values can be used", text, table, counted(rejected))
        for warning in (*told(rejected), *notes):
            log.warning(warning)
        return Cohort(self.name, table, flow, rejected, STANDARD, notes, (self.file,), colour=self.colour)

    def _with_films(self, text: pd.DataFrame, refusals: Refusals) -> pd.DataFrame:
        """Return the rows with the path of each film; rows without a film are refused."""
        paths = text["image_id"].map(find_films(self.image_root, text["image_id"]))
        if paths.isna().all():
            what = f"none of the {len(text)} images is there, such as {text['image_id'].iloc[0]}"
            raise DataError(what, str(self.image_root), "dataset.image_root=<folder of the images>")
        beyond = paths.map(outside(self.image_root), na_action="ignore").eq(True)
        text = text.assign(image_path=text["image_id"], site=text.get("site", self.name))
        refusals.add(text, paths.isna(), "image_path", f"no such film in {self.image_root}")
        refusals.add(text, beyond, "image_path", OUTSIDE)
        return text.assign(image_path=paths.mask(beyond).fillna(text["image_id"]))

    def _refused(self, points: Mapping[str, object]) -> str | None:
        """Why an image's points can't be used; None if they can."""
        if not points:
            return "no labelled point"
        return _numbering(points) if self.numbering == "refuse" else None

    def _identified(self, text: pd.DataFrame, data: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Return the rows with a patient each; if the file has no patients, images that are equal are one patient."""
        if "patient_id" in text:
            return text, ()
        hashes = sha256_cached([Path(path) for path in text["image_path"]], data)
        ids = [f"film-{digest[:16]}" if digest else name for digest, name in zip(hashes, text["image_id"], strict=True)]
        return text.assign(patient_id=ids), (ALONE,)

    def _shared_out(self, table: pd.DataFrame) -> pd.Series:
        return random_split(table, self.split_seed, self.split)


def _images(images: list[dict[str, object]]) -> pd.DataFrame:
    """Rows of text with our columns, indexed by their place in the file, from 0."""
    known = [name for name in DTYPES if name not in ("image_id", "image_path") and any(name in one for one in images)]
    rows = [{name: _text(one.get(name)) for name in known} | {"image_id": str(one["file_name"])} for one in images]
    text = pd.DataFrame(rows, dtype="object")
    return text.assign(image_id=text["image_id"].str.replace("\\", "/", regex=False))


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _numbering(points: Mapping[str, object]) -> str | None:
    """Why the levels of a film may be numbered in another way; None if nothing says so."""
    there = {name.partition("_")[0] for name in points}  # by any of their points
    if extra := [level for level in EXTRA if level in there]:
        return f"the film has {extra[0].upper()}, so that its levels may be numbered in another way"
    if {SACRUM, "l4"} <= there and "l5" not in there:
        return "S1 follows L4: four lumbar vertebrae, or L5 is not labelled"
    return None


def _size(path: str, image: Mapping[str, object], points: Mapping[str, tuple[float, float]]) -> str | None:
    """Why points do not belong to the film as it lies there; None if they may, or it can't be read."""
    header = read_header(path)
    try:
        if isinstance(header, Header):
            size = (header.columns, header.rows)
        else:
            with opened(regular(Path(path)).read_bytes()) as image_file:
                size = image_file.size
    except (DataError, OSError, ValueError, SyntaxError):
        return None  # why it can't be read is told when its pixels are
    said = (image.get("width", size[0]), image.get("height", size[1]))
    if said != size:
        return f"the file says {said[0]} × {said[1]} pixels, but the image has {size[0]} × {size[1]}"
    for name, (x, y) in points.items():
        if not (-0.5 <= x <= size[0] and -0.5 <= y <= size[1]):
            return f"{name} at ({x:g}, {y:g}) lies outside the image of {size[0]} × {size[1]} pixels"
    return None
