"""DICOM in and out by pydicom and highdicom (extra `dicom`).

Every header value is checked where it is read, sizes are checked before pixel data are decoded, and whatever pydicom
raises on a damaged file becomes a `FileFormatError` that names the file.
"""
