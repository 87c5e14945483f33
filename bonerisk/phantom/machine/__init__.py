"""The X-ray machine: detector, the sheet it writes, texture, DICOM."""
