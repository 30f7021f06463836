"""SPECT in one file with a frame for each slice (DICOM PS3.3 A.5, C.8.4)."""

from __future__ import annotations

from ...errors import FileFormatError
from ...geometry.affine import Affine
from . import geometry
from .dataset import Dataset, items, numbers, text

_SLICE_VECTOR = 0x00540080


def spect_grid(header: Dataset, frames: int) -> tuple[Affine, list[int]]:
    """Return the affine of a reconstructed SPECT, and the index of each stored frame along the k axis.

    The slices follow each other by SpacingBetweenSlices along the normal of the first. If it is negative, they follow
    against the normal, and the grid is left-handed. Projections, planar and gated images raise `FileFormatError`.
    """
    kind = (text(header, "ImageType") or "").split("\\")
    if len(kind) < 3 or kind[2] != "RECON TOMO":
        raise FileFormatError(
            f"an NM image must be a reconstructed SPECT (ImageType RECON TOMO), got {' '.join(kind[2:3]) or 'none'}"
        )
    pointer = header.get("FrameIncrementPointer")
    if pointer is None or pointer != _SLICE_VECTOR:
        raise FileFormatError(f"frames must be numbered by SliceVector (0054,0080) alone, got {pointer}")
    vector = [int(n) for n in numbers(header, "SliceVector", frames)]
    if sorted(vector) != list(range(1, frames + 1)):
        raise FileFormatError(f"SliceVector (0054,0080) must number the slices from 1 to {frames}, got {vector!r:.80}")
    places = {
        tuple(numbers(item, "ImagePositionPatient", 3) + numbers(item, "ImageOrientationPatient", 6)): item
        for item in [*items(header, "DetectorInformationSequence"), header]
        if item.get("ImagePositionPatient") and item.get("ImageOrientationPatient")
    }
    if len(places) != 1:
        raise FileFormatError(
            f"a SPECT must state one position and orientation (DetectorInformationSequence), got {len(places)}"
        )
    first = geometry.plane(next(iter(places.values())), measures=header)
    step = geometry.slice_step(first, geometry.spacing_between_slices(header))
    return geometry.affine(first, step), [n - 1 for n in vector]
