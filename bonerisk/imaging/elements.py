"""The elements of a DICOM header as Python values, from their bytes; those that can't be read are problems."""

from __future__ import annotations

import re
from datetime import date

from pydicom import Dataset
from pydicom.charset import decode_bytes
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.valuerep import TEXT_VR_DELIMS

AGE = re.compile(r"(\d{1,3})([DWMY]?)")
YEARS = {"": 1.0, "Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
DAY = re.compile(r"(\d{4})([.-]?)(\d\d)\2(\d\d)")
TIME = re.compile(r"([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d|60)(?:\.\d*)?)?")
FIRST_YEAR, LAST_YEAR, OLDEST = 1850, 2261, 120  # nanoseconds end in 2262
PADDING = " \0\r\n\t"


class Elements:
    """Elements by keyword; pydicom's own conversion takes ten times as long.

    Parameters
    ----------
    elements : dict of RawDataElement or DataElement
        By keyword. A DataElement can only be a sequence; a value that was not read because it is too long is None.
    dataset : Dataset
        The data set that they belong to.
    """

    def __init__(self, elements: dict[str, RawDataElement | DataElement], dataset: Dataset) -> None:
        self.elements, self.dataset = elements, dataset
        self.problems: list[str] = []

    def code(self, keyword: str) -> str | None:
        """A value of the default character set, such as a UID or a code string."""
        return self._bytes(keyword).decode("latin-1").strip(PADDING) or None

    def text(self, keyword: str) -> str | None:
        """A value in the file's character set; bytes outside it are replaced."""
        value = self._bytes(keyword)
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii").strip(PADDING) or None
        text = decode_bytes(value, self.dataset.original_character_set, TEXT_VR_DELIMS)
        return text.encode("utf-8", "replace").decode("utf-8").strip(PADDING) or None

    def number(self, keyword: str) -> int:
        """An unsigned short, 0 if missing."""
        little = getattr(self.elements.get(keyword), "is_little_endian", True)
        return int.from_bytes(self._bytes(keyword)[:2], "little" if little else "big")

    def date(self, keyword: str) -> date | None:
        """A date, "20190228" or as ACR-NEMA wrote it "2019.02.28"; that of a date with time where it was taken."""
        text = self._part(keyword, slice(0, 8))
        if text is None:
            return None
        if (match := DAY.fullmatch(text)) and FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
            try:
                return date(int(match[1]), int(match[3]), int(match[4]))
            except ValueError:
                pass
        self._problem(keyword, text, "is no date")
        return None

    def time(self, keyword: str) -> str | None:
        """A time as "HHMMSS", of the zone where it was taken."""
        text = self._part(keyword, slice(8, 14))
        if text is None:
            return None
        if match := TIME.fullmatch(text):
            return match[1] + match[2] + (match[3] or "00")
        self._problem(keyword, text, "is no time")
        return None

    def age_years(self, keyword: str) -> float | None:
        """An age such as "058Y" or "018M"."""
        text = self.code(keyword)
        if text is None:
            return None
        if match := AGE.fullmatch(text.upper()):
            age = int(match[1]) * YEARS[match[2]]
            if age <= OLDEST and (age or match[2] not in ("", "Y")):  # 000Y stands for an unknown age
                return age
        self._problem(keyword, text, "is no age")
        return None

    def meaning(self, keyword: str) -> str | None:
        """CodeMeaning of the first item of a sequence."""
        element = self.elements.get(keyword)
        if element is None or not element.value:
            return None
        try:
            return str(self.dataset[keyword].value[0].CodeMeaning).strip(PADDING) or None
        except Exception:  # any error of pydicom: the rest of the header is still valid
            self.problems.append(f"{keyword} is damaged")
            return None

    def _part(self, keyword: str, part: slice) -> str | None:
        """A code string, or the `part` of a date with time, such as "20190228101500+0900"."""
        text = self.code(keyword)
        return text[part] or None if text and keyword.endswith("DateTime") else text

    def _bytes(self, keyword: str) -> bytes:
        element = self.elements.get(keyword)
        if not isinstance(element, RawDataElement) or not element.length:
            return b""
        if element.value is None:
            self.problems.append(f"{keyword} is {element.length} bytes long")
        return element.value or b""

    def _problem(self, keyword: str, text: str, what: str) -> None:
        self.problems.append(f"{keyword} {text[:40]!r} {what}")
