"""The X-ray machine: the sheet of projections, bone texture, detector, DICOM."""
