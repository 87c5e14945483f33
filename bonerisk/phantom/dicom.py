"""A simulated film as a DICOM file of modality DX, with fictional names and identifiers that follow from the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from bonerisk.phantom.detector import BITS, TOP, System
from bonerisk.phantom.population import Patient

GIVEN = {
    "F": ("Alba", "Bettina", "Cora", "Dilys", "Enid", "Freya", "Greta", "Hilda", "Ines", "Jutta"),
    "M": ("Alvar", "Bruno", "Caspar", "Dewi", "Emil", "Frode", "Gustav", "Harald", "Ivo", "Jasper"),
}
FAMILY = ("Phantom", "Testcase", "Simulata", "Modelly", "Sampleton", "Fictive", "Mockridge", "Nowhere", "Specimen")


def write(path: Path, patient: Patient, system: System, film: npt.NDArray[np.uint16], seed: int) -> None:
    """Write `film` (rows, columns; bright = dense) to `path`, in the polarity of `system`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = _uid(seed, patient, "instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    _identify(header, patient, seed)
    _describe(header, patient, system)
    header.Rows, header.Columns = film.shape
    stored = film if system.monochrome == 2 else TOP - film
    header.PixelData = stored.astype("<u2", copy=False).tobytes()
    header.save_as(path, enforce_file_format=True)


def _uid(seed: int, patient: Patient, kind: str) -> UID:
    return generate_uid(entropy_srcs=["bonerisk phantom", str(seed), str(patient.index), kind])


def _identify(header: FileDataset, patient: Patient, seed: int) -> None:
    day = patient.film_date.strftime("%Y%m%d")
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = DigitalXRayImageStorageForPresentation
    header.SOPInstanceUID = _uid(seed, patient, "instance")
    header.StudyInstanceUID = _uid(seed, patient, "study")
    header.SeriesInstanceUID = _uid(seed, patient, "series")
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = day
    header.StudyTime = header.ContentTime = "120000"
    header.StudyID, header.SeriesNumber, header.InstanceNumber = "1", "1", "1"
    header.AccessionNumber = f"{patient.index:08d}"
    header.PatientID = patient.patient_id
    family = FAMILY[patient.index // 10 % len(FAMILY)]
    header.PatientName = f"{family}^{GIVEN[patient.sex][patient.index % 10]}"
    header.PatientBirthDate = ""
    header.PatientSex = patient.sex
    header.PatientAge = f"{patient.age_years:03d}Y"
    header.PatientSize = f"{patient.height_cm / 100:.3f}"
    header.PatientWeight = f"{patient.weight_kg:.1f}"
    header.ReferringPhysicianName = ""


def _describe(header: FileDataset, patient: Patient, system: System) -> None:
    header.Modality = "DX"
    header.Manufacturer, header.ManufacturerModelName = system.manufacturer, system.model
    header.InstitutionName = f"Simulated hospital {patient.site[-1].upper()}"
    header.ImageType = ["ORIGINAL", "PRIMARY"]
    header.ImageComments = "Simulated film: no person"
    header.PresentationIntentType = "FOR PRESENTATION"
    header.BodyPartExamined, header.ViewPosition, header.ImageLaterality = "CHEST", "PA", "U"
    header.PatientOrientation = ["L", "F"]
    header.KVP = "120"
    header.DistanceSourceToDetector = "1830"
    header.ImagerPixelSpacing = [f"{system.spacing_mm:.3f}"] * 2
    header.BurnedInAnnotation, header.LossyImageCompression = "NO", "00"
    header.PixelIntensityRelationship = "LOG"
    header.PixelIntensityRelationshipSign = 1 if system.monochrome == 1 else -1
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = f"MONOCHROME{system.monochrome}"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, BITS, BITS - 1, 0
    header.RescaleIntercept, header.RescaleSlope, header.RescaleType = "0", "1", "US"
    header.PresentationLUTShape = "IDENTITY" if system.monochrome == 2 else "INVERSE"
    header.WindowCenter, header.WindowWidth = (f"{value:.0f}" for value in system.window)
    header.VOILUTFunction = "LINEAR"
