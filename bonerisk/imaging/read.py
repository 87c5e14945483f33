"""A film from any file that holds one, recognised by its content, not by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bonerisk.errors import DataError, reason_of
from bonerisk.imaging import raster
from bonerisk.imaging.bounded import is_dicom
from bonerisk.imaging.film import LARGEST_FILE, Colour, Film, check_not_blank
from bonerisk.runs.environment import free_memory

EXPORT_AGAIN = "copy or export the file again"
REAL_COLOUR = "the image has real colour: its channels differ"


def read(path: Path, colour: Colour = "refuse") -> Film:
    """Read a radiograph: DICOM, PNG of 8 or 16 bits, or JPEG.

    Parameters
    ----------
    path : Path
    colour : {"refuse", "luminance"}
        What to do with an image in colour: refuse it, or take its luminance.

    Returns
    -------
    Film
        Bright where dense, of known depth, with the spacing that a DICOM file gives, and with `path`.

    Raises
    ------
    DataError
        The file is wrong: what, which file, how to mend it. Nothing else is raised.
    """
    try:
        film = replace(check_not_blank(_decode(_content(path))), path=path)
        if film.coloured and colour == "refuse":
            mend = "export the film in grey, unannotated; or dataset.colour=luminance takes the luminance"
            raise DataError(REAL_COLOUR, mend=mend)
        return film
    except DataError as error:
        raise DataError(error.what, str(path), error.mend) from None
    except MemoryError:
        raise DataError("the film does not fit in memory", str(path), "close other programs") from None
    except Exception as error:  # any error of a decoder is about this file
        raise DataError(f"the film can't be decoded: {reason_of(error)}", str(path), EXPORT_AGAIN) from error


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise DataError("a folder stands where a film should be", mend="give the file in it")
    if path.exists() and not path.is_file():  # reading a pipe would wait for its writer
        raise DataError("it is no ordinary file", mend="give a file that holds a film")
    try:
        size, free = path.stat().st_size, free_memory()
        if size > LARGEST_FILE or (free is not None and size > free):
            raise DataError(f"a file of {size / 2**30:.1f} GiB would not fit in memory", mend="give a single film")
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError("there is no such file", mend="check the path and the folder it is relative to") from None
    except OSError as error:
        raise DataError(f"the file can't be read: {error.strerror}", mend="check permissions and disk") from None
    if not content:
        raise DataError("the file is empty", mend=EXPORT_AGAIN)
    return content


def _decode(content: bytes) -> Film:
    if content.startswith((raster.PNG, raster.JPEG)):
        return raster.decode(content)
    if is_dicom(content):
        from bonerisk.imaging import dicom  # many commands read no DICOM

        return dicom.decode(content)
    raise DataError("the file is neither DICOM nor PNG nor JPEG", mend="give the film in one of these")
