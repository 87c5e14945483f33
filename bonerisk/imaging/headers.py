"""What the header of a DICOM film says of patient, day and kind, read without its pixels."""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from bonerisk.errors import reason_of
from bonerisk.imaging.bounded import MOST_BYTES, Bounded, inflate, is_deflated, is_dicom
from bonerisk.imaging.elements import Elements

LONGEST_VALUE = 4096  # bytes; the longest text below may have 64 characters

TEXTS = {  # column: keyword; texts in the file's character set
    "patient_id": "PatientID",
    "series_description": "SeriesDescription",
    "study_description": "StudyDescription",
    "protocol_name": "ProtocolName",
    "manufacturer": "Manufacturer",
    "accession": "AccessionNumber",
    "institution": "InstitutionName",
}
DAYS = tuple((f"{day}Date", f"{day}Time") for day in ("Acquisition", "Content", "Series", "Study"))
DAYS += (("AcquisitionDateTime", "AcquisitionDateTime"),)  # the nearest to the exposure first; this one is rarely alone
CODES = (
    *("SOPClassUID", "SOPInstanceUID", "PatientSex", "PatientBirthDate", "PatientAge", "Modality", "ViewPosition"),
    *("PresentationIntentType", "BodyPartExamined", "BurnedInAnnotation", "Rows", "Columns", "ViewCodeSequence"),
    *("ImageLaterality", "Laterality"),
)
KEYWORDS = (*TEXTS.values(), *CODES, *dict.fromkeys(keyword for pair in DAYS for keyword in pair))
TAGS = {int(tag): keyword for keyword in KEYWORDS if (tag := tag_for_keyword(keyword)) is not None}
LAST = max(TAGS)
OF_CLASS = {  # Modality by the first words of the SOP class, of classes that hold no plain radiographs
    ("CT ", "Enhanced CT", "Legacy Converted Enhanced CT"): "CT",
    ("MR ", "Enhanced MR", "Legacy Converted Enhanced MR"): "MR",
    ("Positron", "Enhanced PET", "Legacy Converted Enhanced PET"): "PT",
    ("Nuclear",): "NM",
    ("Ultrasound", "Enhanced US"): "US",
    ("X-Ray Angiographic", "Enhanced XA", "X-Ray 3D"): "XA",
    ("X-Ray Radiofluoroscopic", "Enhanced XRF"): "RF",
    ("Digital Mammography", "Breast"): "MG",
    ("Digital Intra-Oral",): "IO",
    ("VL ", "Video"): "XC",
    ("RT ",): "RTIMAGE",
    ("Segmentation", "Parametric"): "SEG",
}
DIRECTORY = 0x0004  # the group of a DICOMDIR's records, which can be many


class Header(NamedTuple):
    """The header of a film; None where the file gives no value or an impossible one.

    `film_date` is AcquisitionDate, else ContentDate, SeriesDate, StudyDate, AcquisitionDateTime: the first that is not
    empty decides, and gives None if it is no date; `film_time` ("HHMMSS") goes with it. `sex` is F or M. `intent` is
    PresentationIntentType, else what the SOP class says. `modality` is that of the SOP class where this is of no plain
    radiographs, whatever the tag Modality says. `burned_in` is 1 or 0. `view_position`, `view_code` (the meaning of the
    first ViewCodeSequence item), `body_part`, `laterality` (of the image, else of the series) and the descriptions are
    as they stand in the file. `problems` lists what could not be read.
    """

    patient_id: str | None
    image_id: str
    film_date: date | None
    film_time: str | None
    sex: str | None
    birth_date: date | None
    age_years: float | None
    modality: str | None
    intent: str | None
    view_position: str | None
    view_code: str | None
    body_part: str | None
    laterality: str | None
    series_description: str | None
    study_description: str | None
    protocol_name: str | None
    burned_in: float | None
    manufacturer: str | None
    accession: str | None
    institution: str | None
    rows: int
    columns: int
    transfer_syntax: str | None
    problems: str | None


class Refused(NamedTuple):
    """Why a file gives no header.

    `kind` is "damaged"; "other" if it isn't a DICOM image at all, which is no fault; or "unread" if the fault may lie
    outside the file, and may be gone the next time.
    """

    reason: str
    kind: str = "damaged"


def read_headers(paths: Sequence[str]) -> list[Header | Refused]:
    """The results of `read_header` for several paths: a task long enough to send to another process."""
    return [read_header(path) for path in paths]


def read_header(path: Path | str) -> Header | Refused:
    """The header of a DICOM file, with or without preamble. No content of a file raises an error."""
    try:
        with open(path, "rb", buffering=0, opener=_open) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(file)
    except OSError as error:
        if error.errno is not None:  # otherwise it is pydicom's, about the file's content
            return Refused(f"the file can't be read: {error.strerror}", "unread")
        return Refused(f"the header is damaged: {error}")
    except RecursionError:
        return Refused("the header is damaged: sequences are nested without end")
    except Exception as error:  # any error of pydicom is about this file
        return Refused(f"the header is damaged: {reason_of(error)}")


def _open(path: str, flags: int) -> int:
    """Open without waiting for the writer of a pipe."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no ordinary file")
    return descriptor


class _Head(Bounded):
    """A file that notes when the last of TAGS has been passed."""

    ended = False

    def at_end(self, tag: BaseTag, vr: str | None, length: int) -> bool:
        number = int(tag)  # pydicom's tags compare slowly
        self.ended = number > LAST or number >> 16 == DIRECTORY
        return self.ended


def _read(file: io.FileIO) -> Header | Refused:
    head = _Head(file)
    start = head.peek(1)
    if not start:
        return Refused("the file is empty")
    if not is_dicom(start):
        return Refused("not a DICOM file", "other")
    deflated = is_deflated(start)
    if deflated:
        head = _Head(io.BytesIO(inflate(start + file.read(MOST_BYTES), MOST_BYTES)[0]))
    dataset = read_partial(head, head.at_end, LONGEST_VALUE, force=True, specific_tags=list(TAGS))
    raw = {TAGS[tag]: element for element in dataset.values() if (tag := int(element.tag)) in TAGS}
    values = Elements(raw, dataset)
    kind = values.code("SOPClassUID") or str(dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    rows, columns = values.number("Rows"), values.number("Columns")
    if not (rows and columns and head.ended):
        return _no_image(kind, "the header is cut off, or there are no pixels" if rows and columns else "no rows")
    syntax = DeflatedExplicitVRLittleEndian if deflated else dataset.file_meta.get("TransferSyntaxUID")
    return _header(values, kind, rows, columns, str(syntax) if syntax else None)


def _no_image(kind: str, what: str) -> Refused:
    name = _name(kind)
    if "Image" in name or name == kind:  # the latter if the kind is unknown
        return Refused(f"the DICOM file has no image: {what}")
    return Refused(f"a DICOM file without an image: {name}", "other")


def _header(values: Elements, kind: str, rows: int, columns: int, syntax: str | None) -> Header | Refused:
    image_id = values.code("SOPInstanceUID")
    if not image_id:
        return Refused("the header lacks SOPInstanceUID")
    day, time = next((pair for pair in DAYS if (values.code(pair[0]) or "").strip("0")), DAYS[0])
    sex = (values.code("PatientSex") or "").upper()
    return Header(
        image_id=image_id,
        film_date=values.date(day),
        film_time=values.time(time),
        sex=sex if sex in ("F", "M") else None,
        birth_date=values.date("PatientBirthDate"),
        age_years=values.age_years("PatientAge"),
        modality=_modality(kind) or values.code("Modality"),
        intent=_intent(values.code("PresentationIntentType"), kind),
        view_position=values.code("ViewPosition"),
        view_code=values.meaning("ViewCodeSequence"),
        body_part=values.code("BodyPartExamined"),
        laterality=values.code("ImageLaterality") or values.code("Laterality"),
        burned_in={"YES": 1.0, "NO": 0.0}.get((values.code("BurnedInAnnotation") or "").upper()),
        rows=rows,
        columns=columns,
        transfer_syntax=syntax,
        **{column: values.text(keyword) for column, keyword in TEXTS.items()},
        problems="; ".join(values.problems) or None,
    )


@lru_cache(maxsize=256)
def _name(uid: str) -> str:
    return UID(uid).name


def _modality(kind: str) -> str | None:
    """What the SOP class is, if it is of no plain radiographs; secondary captures may be of anything."""
    name = _name(kind)
    return next((modality for starts, modality in OF_CLASS.items() if name.startswith(starts)), None)


def _intent(said: str | None, kind: str) -> str | None:
    intents = "FOR PRESENTATION", "FOR PROCESSING"
    if said and said.upper() in intents:
        return said.upper()
    return next((intent for intent in intents if _name(kind).upper().endswith(intent)), None)
