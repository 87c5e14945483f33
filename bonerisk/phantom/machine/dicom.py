"""A simulated film as a DICOM file of modality DX, with fictional names and identifiers that follow from the seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    generate_uid,
)

from bonerisk.phantom.machine.detector import BITS, TOP, System
from bonerisk.phantom.people.clinic import SpineFilm, SpinePatient
from bonerisk.phantom.people.patient import Exposure, Patient

GIVEN = {
    "F": ("Alba", "Bettina", "Cora", "Dilys", "Enid", "Freya", "Greta", "Hilda", "Ines", "Jutta"),
    "M": ("Alvar", "Bruno", "Caspar", "Dewi", "Emil", "Frode", "Gustav", "Harald", "Ivo", "Jasper"),
}
FAMILY = ("Phantom", "Testcase", "Simulata", "Modelly", "Sampleton", "Fictive", "Mockridge", "Nowhere", "Specimen")


@dataclass(frozen=True)
class Examination:
    """How a film was taken, as its header describes it.

    Parameters
    ----------
    system : System
    station, description : str
        StationName and SeriesDescription.
    body_part, view : str
        BodyPartExamined and ViewPosition.
    orientation : str
        Where the film's right points on the patient: the first value of PatientOrientation.
    kvp, distance_mm : float
        Tube voltage and distance from source to detector.
    view_code : (str, str) or None
        SNOMED CT's code and meaning of the view.
    """

    system: System
    station: str
    description: str
    body_part: str
    view: str
    orientation: str
    kvp: float
    distance_mm: float
    view_code: tuple[str, str] | None = None


def header(
    patient: Patient | SpinePatient,
    film: Exposure | SpineFilm,
    examination: Examination,
    pixels: npt.NDArray[np.uint16],
    seed: int,
    processed: bool = True,
) -> Dataset:
    """Return a DICOM data set, ready to be saved, in the polarity of the film's system.

    Parameters
    ----------
    patient : Patient or SpinePatient
    film : Exposure or SpineFilm
    examination : Examination
    pixels : uint16 (rows, columns)
        12 bit, bright = dense.
    seed : int
    processed : bool
        False for the film before display processing, which has another SOP class.
    """
    found, system = Dataset(), examination.system
    _identify(found, patient, film, seed, processed)
    _describe(found, patient, examination, processed)
    found.Rows, found.Columns = pixels.shape
    stored = pixels if system.monochrome == 2 else TOP - pixels
    found.PixelData = stored.astype("<u2", copy=False).tobytes()
    found["PixelData"].VR = "OW"
    found.file_meta = FileMetaDataset()
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return found


def uid(seed: int, film: Exposure | SpineFilm, kind: str) -> UID:
    """Return a film's UID of kind "study", "presentation" or "processing", or of their series, "series …"."""
    return generate_uid(entropy_srcs=["bonerisk phantom", str(seed), film.image_id, kind])


def _identify(
    found: Dataset, patient: Patient | SpinePatient, film: Exposure | SpineFilm, seed: int, processed: bool
) -> None:
    day, kind = film.date.strftime("%Y%m%d"), "presentation" if processed else "processing"
    found.SpecificCharacterSet = "ISO_IR 192"
    found.SOPClassUID = DigitalXRayImageStorageForPresentation if processed else DigitalXRayImageStorageForProcessing
    found.SOPInstanceUID = uid(seed, film, kind)
    found.StudyInstanceUID = uid(seed, film, "study")
    found.SeriesInstanceUID = uid(seed, film, f"series {kind}")
    found.StudyDate = found.SeriesDate = found.AcquisitionDate = found.ContentDate = day
    found.StudyTime = found.AcquisitionTime = found.ContentTime = film.time
    found.StudyID, found.SeriesNumber, found.InstanceNumber = "1", "1" if processed else "2", "1"
    found.AccessionNumber = accession(patient, film)
    found.PatientID, found.PatientName = patient.patient_id, name(patient)
    found.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    found.PatientSex = patient.sex
    found.PatientAge = f"{math.floor(film.age_years):03d}Y"
    found.PatientSize = f"{patient.height_cm / 100:.3f}"
    found.PatientWeight = f"{patient.weight_kg:.1f}"
    found.ReferringPhysicianName = ""


def accession(patient: Patient | SpinePatient, film: Exposure | SpineFilm) -> str:
    """Return the film's number in the hospital's information system."""
    return f"{patient.index:07d}{film.number:02d}"


def name(patient: Patient | SpinePatient) -> str:
    """Return a fictional name as DICOM writes it."""
    return f"{FAMILY[patient.index // 10 % len(FAMILY)]}^{GIVEN[patient.sex][patient.index % 10]}"


def institution(site: str) -> str:
    """Return a site's InstitutionName."""
    return f"Simulated hospital {site.removeprefix('site_').upper()}"


def _describe(found: Dataset, patient: Patient | SpinePatient, examination: Examination, processed: bool) -> None:
    system = examination.system
    found.Modality = "DX"
    found.Manufacturer, found.ManufacturerModelName = system.manufacturer, system.model
    found.InstitutionName, found.StationName = institution(patient.site), examination.station
    found.ImageType = ["ORIGINAL", "PRIMARY"]
    found.ImageComments = "Simulated film: no person"
    found.SeriesDescription = examination.description
    found.PresentationIntentType = "FOR PRESENTATION" if processed else "FOR PROCESSING"
    found.BodyPartExamined, found.ViewPosition = examination.body_part, examination.view
    found.ImageLaterality, found.PatientOrientation = "U", [examination.orientation, "F"]
    if examination.view_code:
        code = Dataset()
        code.CodeValue, code.CodeMeaning = examination.view_code
        code.CodingSchemeDesignator = "SCT"
        found.ViewCodeSequence = [code]
    found.KVP, found.DistanceSourceToDetector = f"{examination.kvp:.0f}", f"{examination.distance_mm:.0f}"
    found.ImagerPixelSpacing = [f"{system.spacing_mm:.3f}"] * 2
    found.BurnedInAnnotation, found.LossyImageCompression = "NO", "00"
    found.PixelIntensityRelationship = "LOG"
    found.PixelIntensityRelationshipSign = 1 if system.monochrome == 1 else -1
    found.SamplesPerPixel = 1
    found.PhotometricInterpretation = f"MONOCHROME{system.monochrome}"
    found.BitsAllocated, found.BitsStored, found.HighBit, found.PixelRepresentation = 16, BITS, BITS - 1, 0
    found.RescaleIntercept, found.RescaleSlope, found.RescaleType = "0", "1", "US"
    found.PresentationLUTShape = "IDENTITY" if system.monochrome == 2 else "INVERSE"
    found.WindowCenter, found.WindowWidth = (f"{value:.0f}" for value in system.window)
    found.VOILUTFunction = "LINEAR"
