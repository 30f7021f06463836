"""Spatial registrations of DICOM (REG) from one frame of reference to another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, GeometryError
from .._common import decoding
from .dataset import Dataset, items, read_dataset, text

REGISTRATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.1"
_DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.3"
Matrix = NDArray[np.float64]


def registration_matrix(path: Path, from_frame: str | None, to_frame: str | None) -> Matrix:
    """Read the matrix from one frame of reference to another; see `yttria.io.read_transform`."""
    dataset = read_dataset(path, pixels=False)
    with decoding(path, "DICOM registration"), quiet():
        kind = text(dataset, "SOPClassUID")
        if kind == _DEFORMABLE:
            raise FileFormatError(
                "a deformable registration is not a matrix: resample the image with the program that made the "
                "registration"
            )
        if kind != REGISTRATION_STORAGE:
            raise FileFormatError(f"must be a spatial registration (REG), got SOP class {kind}")
        registered = text(dataset, "FrameOfReferenceUID")
        if registered is None:
            raise FileFormatError("the registration names no frame of reference that it leads to")
        to_registered = _matrices(dataset)
        to_registered.setdefault(registered, np.eye(4))
        moving, fixed = _chosen(to_registered, registered, from_frame, to_frame)
        return np.asarray(np.linalg.inv(to_registered[fixed]) @ to_registered[moving])


def _matrices(dataset: Dataset) -> dict[str, Matrix]:
    """Return the matrices to the registered frame, by frame of reference."""
    found: dict[str, Matrix] = {}
    for item in items(dataset, "RegistrationSequence"):
        frame = text(item, "FrameOfReferenceUID")
        registrations = items(item, "MatrixRegistrationSequence")
        if frame is None or len(registrations) != 1:
            continue
        matrix = _product([_matrix(each) for each in items(registrations[0], "MatrixSequence")])
        if frame in found and not np.allclose(found[frame], matrix, atol=1e-9):
            raise FileFormatError(f"the registration holds two matrices for frame {frame}, which differ")
        found[frame] = matrix
    if not found:
        raise FileFormatError("the registration holds no matrix of a frame of reference")
    return found


def _product(matrices: list[Matrix]) -> Matrix:
    if not matrices:
        raise FileFormatError("the registration has an item without a matrix")
    forward, backward = np.eye(4), np.eye(4)
    for matrix in matrices:
        forward, backward = forward @ matrix, matrix @ backward
    # The order of several matrices in the standard was not checked. For most files it does not matter.
    if not np.allclose(forward, backward, rtol=1e-9, atol=1e-6):
        raise FileFormatError(
            f"the registration has an item of {len(matrices)} matrices whose product depends on their order: save it "
            "as one matrix"
        )
    return forward


def _matrix(item: Dataset) -> Matrix:
    values = item.get("FrameOfReferenceTransformationMatrix")
    matrix = np.array([] if values is None else [float(value) for value in values])
    if matrix.size != 16:
        raise FileFormatError(f"a matrix of the registration must have 16 numbers, got {matrix.size}")
    matrix = matrix.reshape(4, 4)
    if not (np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-12):
        raise FileFormatError("a matrix of the registration is not finite or has no inverse")
    return matrix


def _chosen(known: dict[str, Matrix], registered: str, from_frame: str | None, to_frame: str | None) -> tuple[str, str]:
    """Choose the moving and the fixed frame, as given or as the only choice of the file."""
    for frame in (from_frame, to_frame):
        if frame is not None and frame not in known:
            raise GeometryError(f"the registration must hold frame of reference {frame}, it holds {', '.join(known)}")
    fixed = to_frame or (registered if from_frame != registered else None)
    others = [frame for frame in known if frame != fixed]
    moving = from_frame or (others[0] if len(others) == 1 else None)
    if fixed is None and moving is not None:
        rest = [frame for frame in known if frame != moving]
        fixed = rest[0] if len(rest) == 1 else None
    if moving is None or fixed is None:
        raise GeometryError(
            f"the registration holds {len(known)} frames of reference ({', '.join(known)}): state the moving and the "
            "fixed one (from_frame, to_frame)"
        )
    return moving, fixed
