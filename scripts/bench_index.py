"""Headers indexed per second: of a new folder, of a known one, and after 1 % of it has changed.

python scripts/bench_index.py [files [full-size files]]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from bonerisk.imaging.headers import read_header

TARGET = 100_000


def film(number: int, rows: int, columns: int) -> Dataset:
    """A chest film with as many elements as a hospital's archive gives, among them sequences and private ones."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = DigitalXRayImageStorageForPresentation
    data.SOPInstanceUID, data.StudyInstanceUID, data.SeriesInstanceUID = (generate_uid() for _ in range(3))
    data.ImageType = ["DERIVED", "PRIMARY", ""]
    data.AcquisitionDate = data.ContentDate = data.SeriesDate = data.StudyDate = "20190228"
    data.AcquisitionTime = data.ContentTime = data.SeriesTime = data.StudyTime = "101112.123"
    data.AccessionNumber, data.Modality, data.Manufacturer = f"A{number:08}", "DX", "Phantom Medical"
    data.InstitutionName, data.StationName, data.ManufacturerModelName = "제일병원", "DX1", "Model 1"
    data.StudyDescription = data.SeriesDescription = data.ProtocolName = "Chest PA"
    data.PatientName, data.PatientID, data.PatientSex = "홍^길동", f"{number // 2:08}", "FM"[number % 2]
    data.PatientBirthDate, data.PatientAge = "19600131", "059Y"
    data.BodyPartExamined, data.ViewPosition, data.PresentationIntentType = "CHEST", "PA", "FOR PRESENTATION"
    data.KVP, data.Exposure, data.ExposureTime, data.DistanceSourceToDetector = "120", "2", "5", "1800"
    data.BurnedInAnnotation, data.LossyImageCompression, data.PatientOrientation = "NO", "00", ["L", "F"]
    data.ImagerPixelSpacing, data.WindowCenter, data.WindowWidth = ["0.143", "0.143"], "2048", "4096"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "R-10214", "SNM3", "postero-anterior"
    data.ViewCodeSequence = Sequence([code])
    data.ProcedureCodeSequence = Sequence([code])
    data.RequestAttributesSequence = Sequence([code])
    private = data.private_block(0x0019, "PHANTOM", create=True)
    for offset in range(20):
        private.add_new(offset, "LO", f"private value {offset}")
    private.add_new(0x20, "OB", bytes(20_000))
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = rows, columns, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = np.zeros((rows, columns), np.uint16).tobytes()
    data["PixelData"].VR = "OW"
    return data


def timed(what: str, folder: Path, store: Path, files: int) -> None:
    """Index `folder` and print the speed."""
    from bonerisk.imaging.index import index  # here, because each worker imports this script's top and needs no pandas

    start = time.perf_counter()
    index(folder, store)
    seconds = time.perf_counter() - start
    scaled = seconds * TARGET / files
    print(f"{what}: {seconds:.2f} s, {files / seconds:,.0f} files/s; {TARGET:,} files at that rate: {scaled:.0f} s")


def main() -> None:
    """Print the rates and the most memory that a process held."""
    files, large = (
        int(sys.argv[place]) if len(sys.argv) > place else default for place, default in ((1, 4000), (2, 8))
    )
    with tempfile.TemporaryDirectory() as name:
        folder, store = Path(name) / "films", Path(name) / "index.parquet"
        for number in range(files):
            path = folder / f"{number // 100:04}" / f"{number:06}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            film(number, 64, 64).save_as(path, enforce_file_format=True)
        start = time.process_time()
        for path in (few := sorted(folder.rglob("*.dcm"))[:1000]):
            read_header(path)
        print(f"one process: {len(few) / (time.process_time() - start):,.0f} headers/s of processor time")
        timed("new folder", folder, store, files)
        timed("nothing changed", folder, store, files)
        for number in range(0, files, 100):
            film(number, 64, 65).save_as(folder / f"{number // 100:04}" / f"{number:06}.dcm", enforce_file_format=True)
        timed("1 % changed", folder, store, files)
        print(f"store: {store.stat().st_size / files:.0f} bytes a file")
        for number in range(large):
            film(number, 2500, 2048).save_as(folder / f"large{number}.dcm", enforce_file_format=True)
        start = time.process_time()
        for path in folder.glob("large*"):
            read_header(path)
        rate = large / (time.process_time() - start)
        print(f"films of 2,500 × 2,048 (10 MB): {rate:,.0f} headers/s of processor time")
    own, worker = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"peak memory: {own:.0f} MiB here, {worker:.0f} MiB in a worker")


if __name__ == "__main__":
    main()
