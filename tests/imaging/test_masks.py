from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from bonerisk.errors import DataError
from bonerisk.imaging.film import Film
from bonerisk.imaging.masks import BONES, PLANES, Masks, on_film, organ_of

LEFT = np.zeros((50, 40), np.uint8)
LEFT[10:20, 5:15] = 255
RIGHT = LEFT[:, ::-1]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(np.zeros((100, 80), np.uint16), 12, path=tmp_path / "films" / "a.dcm")


def write(path: Path, mask: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)
    return path


def test_bits_beside_simulated_films(film: Film, tmp_path: Path) -> None:
    bits = np.where(LEFT > 0, np.uint16(1 << PLANES.index("humeri") | 1), np.uint16(0))
    write(tmp_path / "masks" / "a.png", bits)
    found = pickle.loads(pickle.dumps(Masks())).read(film)
    assert list(found) == list(PLANES)
    assert {organ for organ, mask in found.items() if mask.any()} == {"humeri", "body"}
    assert (found["humeri"] == (LEFT > 0)).all()
    assert (on_film(found["humeri"], film) == np.repeat(np.repeat(LEFT > 0, 2, 0), 2, 1)).all()
    assert set(BONES) < set(PLANES)


@pytest.mark.parametrize("form", ["{film}/{organ}.png", "{organ}/{film}.png", "{organ}/{film}.jpg"])
def test_a_file_for_each_organ(film: Film, tmp_path: Path, form: str) -> None:
    for organ, mask in {"clavicle left": LEFT, "clavicle right": RIGHT, "vertebrae T5": LEFT, "liver": RIGHT}.items():
        write(tmp_path / "out" / form.format(film="a", organ=organ), np.repeat(np.repeat(mask, 2, 0), 2, 1))
    masks = Masks(tmp_path / "out")
    found = masks.read(film)
    assert sorted(found) == ["clavicles", "vertebrae"]
    if form.endswith("png"):  # JPEG has ripples
        assert (found["clavicles"][::2, ::2] == (LEFT > 0) | (RIGHT > 0)).all()
    assert len(masks.files(film.path)) == 3
    assert masks.files(tmp_path / "films" / "other.dcm") == []


def test_one_bit_images_and_names_of_dots(film: Film, tmp_path: Path) -> None:
    path = tmp_path / "out" / "1.2.840" / "Spine.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(LEFT > 0).convert("1").save(path)
    dotted = Film(film.pixels, 12, path=tmp_path / "films" / "1.2.840")
    assert (Masks(tmp_path / "out").read(dotted)["vertebrae"] == (LEFT > 0)).all()


@pytest.mark.parametrize(("kind", "marked"), [("bit", 0b101), ("value", 2)])
def test_one_file_of_all_organs_needs_names(film: Film, tmp_path: Path, kind: str, marked: int) -> None:
    mask = np.where(LEFT > 0, np.uint8(marked), np.uint8(0))
    coloured = Image.fromarray(mask, mode="P")
    coloured.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, *[9] * 756])  # its numbers count, not its colours
    (tmp_path / "out").mkdir()
    coloured.save(tmp_path / "out" / "a.png")
    with pytest.raises(DataError, match="nothing says which bits or values"):
        Masks(tmp_path / "out").read(film)
    (tmp_path / "out" / "organs.csv").write_text(f"organ,{kind}\nmy organ,2\nribs,0\n")
    found = Masks(tmp_path / "out").read(film)
    assert (found["my organ"] == (LEFT > 0)).all()
    assert (found["ribs"] == ((LEFT > 0) if kind == "bit" else (LEFT == 0))).all()


def test_own_names_of_files(film: Film, tmp_path: Path) -> None:
    write(tmp_path / "out" / "a" / "roi7.png", LEFT)
    with pytest.raises(DataError, match="no organ mask of the film"):
        Masks(tmp_path / "out").read(film)
    (tmp_path / "out" / "organs.csv").write_text("name,organ\nroi7,ribs\n")
    assert list(Masks(tmp_path / "out").read(film)) == ["ribs"]


@pytest.mark.parametrize("text", ["organ,bit\n", "a,b\n1,2\n", "organ,bit\nribs,16\n", "organ,value\nribs,x\n"])
def test_wrong_table_of_names(film: Film, tmp_path: Path, text: str) -> None:
    write(tmp_path / "out" / "a.png", LEFT)
    (tmp_path / "out" / "organs.csv").write_text(text)
    with pytest.raises(DataError, match=r"organs\.csv"):
        Masks(tmp_path / "out").read(film)


def test_masks_that_are_no_masks(film: Film, tmp_path: Path) -> None:
    masks, path = Masks(tmp_path / "out"), tmp_path / "out" / "a" / "ribs.png"
    write(path, LEFT.T.copy())
    with pytest.raises(DataError, match=r"of shape \(40, 50\) does not belong to this film of 100 × 80"):
        masks.read(film)
    write(path, np.dstack([LEFT, RIGHT, LEFT]))
    with pytest.raises(DataError, match="does not belong"):
        masks.read(film)
    path.write_bytes(b"no image")
    with pytest.raises(DataError, match="can't be read"):
        masks.read(film)
    write(path, LEFT)
    write(path.with_name("12th rib.png"), cv2.resize(LEFT, (80, 100)))
    with pytest.raises(DataError, match="another size"):
        masks.read(film)
    with pytest.raises(DataError, match="not read from a file"):
        masks.read(Film(film.pixels, 12))


@pytest.mark.parametrize(
    ("name", "organ"),
    {
        "Spine": "vertebrae",
        "vertebrae L1": "vertebrae",
        "Left Scapula": "scapulae",
        "humerus right": "humeri",
        "anterior 1st rib left": "ribs",
        "ribs super": "ribs",
        "Right Lung": "lung_right",
        "lung lower lobe left": "lung_left",
        "lung_left": "lung_left",
        "heart ventricle left": "heart",
        "scribble": None,
        "Weasand": None,
    }.items(),
)
def test_names_of_segmenters(name: str, organ: str | None) -> None:
    assert organ_of(name) == organ
