"""Radiographs from files: DICOM and raster reading, and the store of decoded images."""
