"""Readers and writers of files: NRRD, Slicer segmentations, NIfTI, MetaImage, Interfile, 3ddose, DICOM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from . import dicom
    from .egs_3ddose import MonteCarloDose, read_3ddose
    from .files import read_image, read_structures, write_image, write_structures
    from .recovery_curves import read_recovery_curve
    from .transforms import read_transform
    from .uncertainty_inputs import read_uncertainty_inputs

__all__ = [
    "MonteCarloDose",
    "dicom",
    "read_3ddose",
    "read_image",
    "read_recovery_curve",
    "read_structures",
    "read_transform",
    "read_uncertainty_inputs",
    "write_image",
    "write_structures",
]

lazy_room(
    __name__,
    {
        ".dicom": (),
        ".egs_3ddose": ("MonteCarloDose", "read_3ddose"),
        ".files": ("read_image", "read_structures", "write_image", "write_structures"),
        ".recovery_curves": ("read_recovery_curve",),
        ".transforms": ("read_transform",),
        ".uncertainty_inputs": ("read_uncertainty_inputs",),
    },
)
