"""Files in and out: NRRD, Slicer segmentations, NIfTI. The only place that knows patient axes."""
