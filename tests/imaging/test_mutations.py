"""Damaged DICOM files: each is read or refused with a reason, in bounded time and memory.

As a script, it damages files and reads them: test_mutations.py folder first end
"""

from __future__ import annotations

import faulthandler
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")

MOST_BYTES = 2**32  # of address space, of which Python and its libraries take about one
MOST_SECONDS = 5.0
LENGTHS = (0, 1, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
VRS = (b"SQ", b"UN", b"OB", b"OW", b"UT", b"US", b"DS", b"AT", b"ZZ", b"\0\0")
TAGS = ("e07f1000", "feff00e0", "feff0de0", "feffdde0", "08000500", "28001000", "02001000", "54002002", "28001030")


def film(bits: int = 12) -> Dataset:
    """A film of 72 × 80 with texts in Korean, nested sequences and a look-up table, less its pixels."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.SpecificCharacterSet = ["", "ISO 2022 IR 149"]
    data.SOPClassUID, data.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3"
    data.AcquisitionDate, data.AcquisitionTime, data.StudyDate = "20190228", "101112", "20190227"
    data.Modality, data.Manufacturer, data.InstitutionName = "DX", "Phantom", "제일병원"
    data.PatientID, data.PatientSex, data.PatientBirthDate, data.PatientAge = "000123", "F", "19600131", "059Y"
    data.BodyPartExamined, data.ViewPosition, data.SeriesDescription = "CHEST", "PA", "가슴 PA"
    code, modifier, table = Dataset(), Dataset(), Dataset()
    modifier.CodeValue, modifier.CodeMeaning = "1", "modifier"
    code.CodeValue, code.CodeMeaning, code.ViewModifierCodeSequence = "R-10214", "postero-anterior", [modifier]
    data.ViewCodeSequence = Sequence([code])
    data["ViewCodeSequence"].is_undefined_length = True
    if bits > 8:
        table.LUTDescriptor, table.LUTData = [256, 0, 12], list(range(0, 4096, 16))
        table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
        data.VOILUTSequence = Sequence([table])
    data.private_block(0x0019, "PHANTOM", create=True).add_new(1, "OB", bytes(range(200)))
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 72, 80, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16 if bits > 8 else 8, bits, bits - 1
    data.PixelRepresentation, data.WindowCenter, data.WindowWidth = 0, "128", "256"
    return data


def write_sound(folder: Path) -> None:
    """The same film in each of the encodings."""
    import gdcm

    pixels = np.random.default_rng(0).integers(0, 256, (72, 80)).astype(np.uint16)

    def save(data: Dataset, syntax: UID, content: bytes, name: str) -> None:
        data.file_meta.TransferSyntaxUID = syntax
        data.PixelData = content
        data["PixelData"].VR = "OB" if syntax.is_encapsulated else "OW"
        data.save_as(folder / name, enforce_file_format=True)

    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        save(film(), syntax, pixels.tobytes(), syntax.name)
    save(film(), ExplicitVRBigEndian, pixels.astype(">u2").tobytes(), ExplicitVRBigEndian.name)
    plain = folder / ExplicitVRLittleEndian.name
    for syntax in (RLELossless, JPEG2000Lossless):
        data = film()
        save(data, ExplicitVRLittleEndian, pixels.tobytes(), syntax.name)
        data.compress(syntax, generate_instance_uid=False)
        data.save_as(folder / syntax.name)
    for syntax in (gdcm.TransferSyntax.JPEGLosslessProcess14_1, gdcm.TransferSyntax.JPEGLSLossless):
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(plain))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(folder / str(gdcm.TransferSyntax(syntax).GetString())))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "frame", "JPEG")
    frame = (folder / "frame").read_bytes()
    (folder / "frame").unlink()
    save(film(8), JPEGBaseline8Bit, encapsulate([frame]), JPEGBaseline8Bit.name)
    content = (folder / ImplicitVRLittleEndian.name).read_bytes()
    (folder / "without preamble").write_bytes(content[content.index(b"\x08\x00\x05\x00") :])


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four faults: in every second file in the header, else anywhere, which is mostly in the pixels."""
    data = bytearray(content)
    header = rng.random() < 0.5
    for _ in range(int(rng.integers(1, 5))):
        place = int(rng.integers(0, min(len(data), 1200) if header else len(data)))
        match rng.integers(0, 9 if header else 6):
            case 0:
                data[place] ^= 1 << int(rng.integers(0, 8))
            case 1:
                data[place : place + 8] = rng.bytes(int(rng.integers(0, 9)))
            case 2:
                del data[place:]
            case 3:
                data[place:place] = rng.bytes(int(rng.integers(1, 500)))
            case 4:
                data[place : place + 4] = int(rng.choice(LENGTHS)).to_bytes(4, "little")
            case 5:
                data[place : place + 2] = VRS[rng.integers(len(VRS))]
            case 6:
                data[place : place + 4] = bytes.fromhex(TAGS[rng.integers(len(TAGS))])
            case 7:
                data[place:place] = data[place : place + int(rng.integers(1, 2000))]
            case 8:  # the size of the frame
                start = max(data.find(b"\x28\x00\x10\x00"), 0) + 8
                data[start : start + 2] = int(rng.integers(0, 2**16)).to_bytes(2, "little")
        if len(data) < 2:
            break
    return bytes(data)


def main(folder: Path, first: int, end: int) -> None:
    """Print a line a file: its number, what its header and its pixels gave, seconds, and the most memory so far."""
    import resource

    from bonerisk.errors import DataError
    from bonerisk.imaging.headers import Header, Refused, read_header
    from bonerisk.imaging.read import read

    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sound = [path.read_bytes() for path in sorted((folder / "sound").iterdir())]
    for number in range(first, end):
        faulthandler.dump_traceback_later(60, exit=True)  # even where a decoder in C hangs
        path = folder / "damaged" / f"{number}.dcm"
        path.write_bytes(damage(sound[number % len(sound)], np.random.default_rng(number)))
        start = time.perf_counter()
        header = read_header(path)
        middle = time.perf_counter()
        try:
            shown = read(path)
            assert shown.pixels.ndim == 2 and shown.pixels.max() < 2**shown.bits
            reason = ""
        except DataError as error:
            assert error.what and error.where == str(path)
            reason = error.what
        assert isinstance(header, Header) or (isinstance(header, Refused) and header.reason)
        seconds = middle - start, time.perf_counter() - middle
        kept = "film" if isinstance(header, Header) else f"{header.kind}: {header.reason}"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps([number, kept, reason, *seconds, peak]), flush=True)


def trial(folder: Path, count: int) -> tuple[list[list], list[int]]:
    """Outcomes of `count` damaged files, and the numbers of those that killed the process."""
    for name in ("sound", "damaged"):
        (folder / name).mkdir()
    write_sound(folder / "sound")
    outcomes: list[list] = []
    killed: list[int] = []
    first = 0
    while first < count:
        command = [sys.executable, __file__, str(folder), str(first), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        outcomes += map(json.loads, done.stdout.splitlines())
        if done.returncode == 0:
            break
        assert done.returncode < 0, done.stderr  # a signal, and no exception
        first = (outcomes[-1][0] if done.stdout else first - 1) + 2
        killed.append(first - 1)
    return outcomes, killed


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    from bonerisk.imaging.index import index

    outcomes, killed = trial(tmp_path, count)
    assert len(outcomes) + len(killed) == count
    headers, reasons = Counter(line[1].split(":")[0] for line in outcomes), Counter(line[2] for line in outcomes)
    slowest = [max(line[place] for line in outcomes) for place in (3, 4)]
    print(f"headers: {dict(headers)}; read: {reasons['']}, refused: {len(outcomes) - reasons['']}, killed: {killed}")
    print(f"slowest header {slowest[0]:.3f} s, film {slowest[1]:.3f} s; peak {max(line[5] for line in outcomes)} MiB")
    print(*reasons.most_common(), sep="\n")
    assert not killed
    assert max(slowest) < MOST_SECONDS
    assert set(headers) == {"film", "damaged", "other"}
    assert 0.1 < reasons[""] / count < 0.9
    found = index(tmp_path / "damaged", tmp_path / "index.parquet")  # whatever the headers say, it can be kept
    assert (len(found.films), len(found.refused)) == (headers["film"], headers["damaged"])
    assert index(tmp_path / "damaged", tmp_path / "index.parquet").counts["read"] == 0


def test_the_sound_films_are_all_read(tmp_path: Path) -> None:
    from bonerisk.imaging.headers import Header, read_header
    from bonerisk.imaging.read import read

    write_sound(tmp_path)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 10
    for path in paths:
        header = read_header(path)
        assert isinstance(header, Header), path
        assert (header.institution, header.series_description) == ("제일병원", "가슴 PA")
        assert (header.view_code, header.rows, header.problems) == ("postero-anterior", 72, None)
        assert read(path).pixels.shape == (72, 80)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
