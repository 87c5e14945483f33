from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from bonerisk.errors import DataError
from bonerisk.imaging.grayscale import table
from bonerisk.imaging.read import read


def header(signed: bool = False, bits: int = 12, **tags: Any) -> Dataset:
    data = Dataset()
    data.BitsStored, data.PixelRepresentation = bits, int(signed)
    data.PhotometricInterpretation = "MONOCHROME2"
    for name, value in tags.items():
        setattr(data, name, value)
    return data


def lut(entries: list[int] | bytes, first: int = 0, bits: int = 16, count: int | None = None) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) if count is None else count, first, bits])
    item.add_new("LUTData", "OW" if isinstance(entries, bytes) else "US", entries)
    return [item]


STEPS = [int(value) for value in np.linspace(0, 65535, 300)]
RISING = [int(value) for value in np.linspace(0, 1000, 4096)]

CASES = {
    "nothing": {},
    "rescale": {"RescaleSlope": 2.5, "RescaleIntercept": -1024},
    "window": {"WindowCenter": 1800, "WindowWidth": 1500},
    "first of several windows": {"WindowCenter": [1800, 40], "WindowWidth": [1500, 80]},
    "linear exact": {"WindowCenter": 1800, "WindowWidth": 1500, "VOILUTFunction": "LINEAR_EXACT"},
    "sigmoid": {"WindowCenter": 1800, "WindowWidth": 700, "VOILUTFunction": "SIGMOID"},
    "rescale and window": {"RescaleSlope": 0.684, "RescaleIntercept": 200, "WindowCenter": 1600, "WindowWidth": 900},
    "modality LUT": {"ModalityLUTSequence": lut(STEPS, first=100)},
    "modality LUT of 8 bits": {"ModalityLUTSequence": lut(list(range(256)), first=7, bits=8)},
    "modality LUT and window": {
        "ModalityLUTSequence": lut(STEPS, first=100),
        "WindowCenter": 30000,
        "WindowWidth": 20000,
    },
    "VOI LUT": {"VOILUTSequence": lut(STEPS, first=900)},
    "VOI LUT of 10 bits before a window": {
        "VOILUTSequence": lut(RISING, bits=10),
        "WindowCenter": 1,
        "WindowWidth": 9,
    },
    "modality and VOI LUT": {
        "ModalityLUTSequence": lut(RISING, bits=16),
        "VOILUTSequence": lut(STEPS, first=200),
    },
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_equals_pydicom_after_scaling(case: str, signed: bool) -> None:
    data = header(signed, **CASES[case])
    values, bits = table(data, np.dtype(np.int16 if signed else np.uint16))
    stored = (np.arange(4096) - 2048 * signed).astype(np.int16 if signed else np.uint16)
    ours = values[stored.view(np.uint16)]
    golden = apply_voi_lut(apply_modality_lut(stored, data), data).astype(float)
    low, high = 0.0, 2.0**bits - 1
    if "VOILUTSequence" not in data and "ModalityLUTSequence" not in data:  # pydicom keeps the rescaled range
        first = -2048 * signed
        slope, intercept = data.get("RescaleSlope", 1), data.get("RescaleIntercept", 0)
        low, high = slope * first + intercept, slope * (first + 4095) + intercept
    np.testing.assert_allclose(ours, (golden - low) / (high - low) * (2**bits - 1), atol=0.501)


@pytest.mark.parametrize("name", ["mlut_18", "vlut_04"])
def test_real_lut_is_pydicoms_exactly(real_data: Path, name: str) -> None:
    data = pydicom.dcmread(real_data / "dicom" / f"{name}.dcm")
    golden = apply_voi_lut(apply_modality_lut(data.pixel_array, data), data)
    film = read(real_data / "dicom" / f"{name}.dcm")
    assert film.bits == 16
    assert (film.pixels == golden).all()


def test_window_by_hand() -> None:
    values, _ = table(header(bits=8, WindowCenter=100, WindowWidth=51), np.dtype(np.uint8))  # 74.5 … 124.5
    assert values[74] == 0
    assert values[75] == round(0.5 / 50 * 255)
    assert values[124] == round(49.5 / 50 * 255)
    assert values[125] == 255


def test_negative_slope_inverts() -> None:
    values, _ = table(header(bits=8, RescaleSlope=-1, RescaleIntercept=255), np.dtype(np.uint8))
    assert (values == np.arange(255, -1, -1)).all()


@pytest.mark.parametrize("width", [0, 1, -5])
def test_window_that_dicom_forbids_is_none(width: int) -> None:
    values, _ = table(header(bits=8, WindowCenter=100, WindowWidth=width), np.dtype(np.uint8))
    assert (values == np.arange(256)).all()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_narrower_than_one(function: str) -> None:
    tags = {"RescaleSlope": 1 / 4095, "RescaleIntercept": 0, "WindowCenter": 0.5, "WindowWidth": 0.5}
    values, _ = table(header(VOILUTFunction=function, **tags), np.dtype(np.uint16))
    x = np.arange(4096) * pydicom.valuerep.DSfloat(1 / 4095, auto_format=True)
    exact = np.clip((x - 0.5) / 0.5 + 0.5, 0, 1)
    expected = 1 / (1 + np.exp(-4 * (x - 0.5) / 0.5)) if function == "SIGMOID" else exact
    np.testing.assert_allclose(values[:4096], expected * 4095, atol=0.501)


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_window_of_width_one_is_valid_where_it_is_not_linear(function: str) -> None:
    values, _ = table(header(bits=8, WindowCenter=100, WindowWidth=1, VOILUTFunction=function), np.dtype(np.uint8))
    assert (values[[98, 99]] < 10).all()
    assert values[100] == 128
    assert (values[[101, 102]] > 245).all()


@pytest.mark.parametrize("name", ["VOILUTSequence", "ModalityLUTSequence"])
def test_empty_lut_is_none_and_half_a_lut_is_refused(name: str) -> None:
    window = {"WindowCenter": 1800, "WindowWidth": 1500}
    empty, half = Dataset(), Dataset()
    empty.add_new("LUTDescriptor", "US", None)
    empty.add_new("LUTData", "OW", None)
    half.LUTExplanation = "NORMAL"
    half.add_new("LUTDescriptor", "US", [4096, 0, 12])
    plain, _ = table(header(**window), np.dtype(np.uint16))
    assert (table(header(**{name: [empty]}, **window), np.dtype(np.uint16))[0] == plain).all()
    with pytest.raises(DataError, match=f"{name} lacks its LUTData"):
        table(header(**{name: [half]}), np.dtype(np.uint16))


@pytest.mark.filterwarnings("ignore")
def test_lut_count_that_is_written_as_signed() -> None:
    entries = np.arange(40_000, dtype="<u2")
    sequence = lut(entries.tobytes(), count=40_000 - 2**16, first=-1)  # a negative first value makes it signed
    values, _ = table(header(bits=16, VOILUTSequence=sequence), np.dtype(np.uint16))
    assert (values[:39_999] == entries[1:]).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WindowCenter", "2000,5"),
        ("RescaleSlope", "abc"),
        ("RescaleIntercept", "nan"),
        ("WindowWidth", "1 500"),
        ("NumberOfFrames", "one"),
    ],
)
def test_a_tag_that_is_no_number_is_named_with_its_value(
    write_dicom: Callable[..., Path], ramp: np.ndarray, name: str, value: str
) -> None:
    placeholder = "7" * len(value)  # pydicom writes numbers only
    path = write_dicom(ramp, **{"WindowCenter": 1, "WindowWidth": 1500, name: placeholder})
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), value.encode()))
    with pytest.raises(DataError, match=f"{name} is '{value}', not a number"):
        read(path)


def test_lut_entries_as_bytes_packed_or_not() -> None:
    entries = np.arange(255, -1, -1)
    packed = lut(entries.astype(np.uint8).tobytes(), bits=8, count=256)
    loose = lut(entries.astype("<u2").tobytes(), bits=8, count=256)
    for sequence in (packed, loose):
        values, bits = table(header(bits=8, VOILUTSequence=sequence), np.dtype(np.uint8))
        assert bits == 8
        assert (values == entries).all()


def test_lut_of_65536_entries_is_counted_as_zero() -> None:
    entries = np.arange(65535, -1, -1).astype("<u2")
    data = header(bits=16, VOILUTSequence=lut(entries.tobytes(), count=0))
    assert (table(data, np.dtype(np.uint16))[0] == entries).all()


def test_first_mapped_value_below_zero_after_a_rescale() -> None:
    sequence = lut(list(range(256)), first=2**16 - 100, bits=8)  # −100 in a tag that is read as unsigned
    data = header(bits=8, RescaleIntercept=-100, RescaleSlope=1, VOILUTSequence=sequence)
    values, _ = table(data, np.dtype(np.uint8))
    assert (values == np.arange(256)).all()


def test_short_lut_is_refused() -> None:
    with pytest.raises(DataError, match="promises 300 entries of 16 bits and holds 4"):
        table(header(VOILUTSequence=lut([1, 2, 3, 4], count=300)), np.dtype(np.uint16))


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_dark_in_either_polarity(kind: str) -> None:
    data = header(bits=8, PixelPaddingValue=250, PixelPaddingRangeLimit=252, PhotometricInterpretation=kind)
    values, _ = table(data, np.dtype(np.uint8))
    assert (values[250:253] == 0).all()
    assert values[249] == (249 if kind == "MONOCHROME2" else 6)
    assert values[253] == (253 if kind == "MONOCHROME2" else 2)


@pytest.mark.parametrize(("signed", "vr", "written"), [(True, "US", 63536), (False, "SS", -2000)])
def test_padding_has_the_sign_of_the_pixels(signed: bool, vr: str, written: int) -> None:
    data = header(signed, bits=16)
    data.add_new("PixelPaddingValue", vr, written)
    data.add_new("PixelPaddingRangeLimit", vr, written - 10)
    values, _ = table(data, np.dtype(np.int16 if signed else np.uint16))
    assert (values[63526:63537] == 0).all()
    assert (values[[63525, 63537]] != 0).all()
