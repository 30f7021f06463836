"""Structures of a patient in DICOM: segmentations (SEG) and contours (RTSTRUCT)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import UndefinedError, UnknownNameError
from ...structure import Structure
from .._common import decoding
from .dataset import quiet
from .rtstruct_reader import read_rtstruct
from .segmentation import read_segmentation
from .series import Paths, choose, files, root, scan


def read_structures(
    paths: Paths,
    names: Sequence[str] | None = None,
    labels: Mapping[int, str] | None = None,
    *,
    series: str | None = None,
) -> list[Structure]:
    """The structures of one SEG or RTSTRUCT: a file, or the only one in a folder, or the one that `series` names.

    Raises `UndefinedError` where there is none or several, `UnknownNameError` where `labels` is given, for both kinds
    have names of their own, and whatever `read_segmentation` and `read_rtstruct` raise.
    What was wrong with contours stands in each `ContourStructure.advisories`.
    """
    with decoding(root(paths), "DICOM"):
        if labels is not None:
            raise UnknownNameError("DICOM structures have names of their own; select with names=, not labels=")
        with quiet():
            chosen = choose(scan(files(paths)), series, ("SEG", "RTSTRUCT"), "structures")
        if len(chosen.headers) != 1:
            raise UndefinedError(f"structures must be in one file, got several in one series: {chosen}")
        (header,) = chosen.headers
        with decoding(header.path, "DICOM"):
            if chosen.modality == "RTSTRUCT":
                return list(read_rtstruct(header.path, names))
            return read_segmentation(header.path, names)
