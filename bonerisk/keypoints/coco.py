"""COCO's keypoint JSON: points of any number and names, by image, and why an annotation can't be used.

A category has names of ``keypoints``. An annotation has as many triples x, y, v: v is 0 for a point that is not
labelled, 1 for one that is labelled but hidden, 2 for a visible one; 1 and 2 are taken. Several annotations of an image
are taken together, as long as they do not give one point two places. If several categories have points, a point is
named after both: ``l1_anterior_superior``.

References
----------
cocodataset.org/#format-data: "Keypoint Detection".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bonerisk.documents import read_json
from bonerisk.errors import DataError
from bonerisk.keypoints.levels import level

LISTS = ("images", "annotations", "categories")
Points = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class CocoFile:
    """What a file says, checked.

    Parameters
    ----------
    images : list of dict
        Entries of ``images``, in order.
    names : list of str
        Names of all points, as `name_of` writes them.
    points : dict
        Labelled points of an image's id, by name. An image without annotation has none.
    wrong : dict
        Why an image can't be used, with the annotation's id.
    """

    images: list[dict[str, Any]]
    names: list[str] = field(default_factory=list)
    points: dict[Any, Points] = field(default_factory=dict)
    wrong: dict[Any, str] = field(default_factory=dict)


def read(path: Path) -> CocoFile:
    """Read a file.

    Raises
    ------
    DataError
        It is no COCO keypoint JSON, or an annotation can't be assigned: it has no known image.
    """
    content = _content(path)
    categories = _categories(content["categories"], path)
    images = {}
    for number, image in enumerate(content["images"]):
        if not isinstance(image, dict) or not {"id", "file_name"} <= set(image):
            raise DataError(f"image {number + 1} of the file has no id or no file_name", str(path))
        if not _is_id(image["id"]) or image["id"] in images:
            raise DataError(f"the image id {image['id']!r} stands twice, or is no number or text", str(path))
        images[image["id"]] = image
    found = CocoFile(
        list(images.values()), list(dict.fromkeys(name for names in categories.values() for name in names))
    )
    origin: dict[tuple[Any, str], object] = {}
    seen: set[Any] = set()
    for number, annotation in enumerate(content["annotations"]):
        if not isinstance(annotation, dict) or not _is_id(annotation.get("id")):
            raise DataError(f"annotation {number + 1} of the file has no id", str(path))
        which, image = annotation["id"], annotation.get("image_id")
        if which in seen:
            raise DataError(f"annotation {which}: its id stands twice", str(path))
        seen.add(which)
        if not _is_id(image) or image not in images:
            raise DataError(f"annotation {which}: there is no image {image!r}", str(path))
        try:
            _take(found, origin, annotation, categories)
        except DataError as error:
            found.wrong.setdefault(image, f"annotation {which}: {error.what}")
    return found


def name_of(text: str) -> str:
    """A point's name as we write it: of a vertebra alone, or of its centre, the level.

    >>> [name_of(text) for text in ("L1", "l 2 centre", "L3_anterior-superior", "Promontory")]
    ['l1', 'l2', 'l3_anterior_superior', 'promontory']
    """
    plain = re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_")
    plain = re.sub(r"_(centre|center)$", "", plain)
    return level(plain) or plain


def _take(
    found: CocoFile, origin: dict[tuple[Any, str], object], annotation: Mapping[str, Any], categories: Mapping[Any, Any]
) -> None:
    """Add an annotation's labelled points to its image's."""
    category = annotation.get("category_id")
    if not _is_id(category) or category not in categories:
        raise DataError(f"there is no category {category!r} with keypoints")
    names, given = categories[category], annotation.get("keypoints")
    if not isinstance(given, list) or len(given) != 3 * len(names):
        many = f"{len(given)} numbers" if isinstance(given, list) else "none"
        raise DataError(f"keypoints must be {len(names)} triples x, y, v: {many}")
    points = found.points.setdefault(annotation["image_id"], {})
    for place, name in enumerate(names):
        x, y, seen = given[3 * place : 3 * place + 3]
        if isinstance(seen, bool) or seen not in (0, 1, 2):
            raise DataError(f"v of {name} is {seen!r}, but must be 0, 1 or 2")
        if seen == 0:
            continue
        if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in (x, y)):
            raise DataError(f"{name} at ({x!r}, {y!r}) is no point")
        earlier = points.setdefault(name, (float(x), float(y)))
        if earlier != (x, y):
            other = origin[annotation["image_id"], name]
            raise DataError(f"{name} stands in another place than in annotation {other}: which is right?")
        origin.setdefault((annotation["image_id"], name), annotation["id"])


def _content(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except OSError as error:
        raise DataError(f"the file is no JSON that can be read: {error}", str(path)) from error
    lacking = [name for name in LISTS if not isinstance(content, dict) or not isinstance(content.get(name), list)]
    if lacking:
        mend = "the file must be of COCO's keypoint format, as CVAT and COCO Annotator write it"
        raise DataError(f"the file has no list {', '.join(lacking)}", str(path), mend)
    return dict(content)


def _categories(listed: list[Any], path: Path) -> dict[Any, list[str]]:
    """Names of the points of each category that has some."""
    pointed = [one for one in listed if isinstance(one, dict) and one.get("keypoints") and _is_id(one.get("id"))]
    if not pointed:
        raise DataError("no category of the file has keypoints", str(path), "boxes and outlines alone are no points")
    found = {}
    for one in pointed:
        before = f"{one.get('name', one['id'])}_" if len(pointed) > 1 else ""
        names = [name_of(f"{before}{name}") for name in one["keypoints"]]
        if len(set(names)) < len(names) or not all(names):
            raise DataError(f"category {one['id']}: two keypoints have one name, or one has none: {names}", str(path))
        found[one["id"]] = names
    return found


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)
