"""Position of a NIfTI image, which its header may state twice and differently, by sform and by qform with pixdim."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._foundation.choices import NIFTI_MATRICES, NiftiMatrix
from ..advisory import Advisory, advise
from ..errors import ArgumentError, GeometryError
from .affine import Affine

#: Voxel sizes whose relative difference is larger contradict each other. Rounding causes smaller differences.
SAME_SIZE = 0.01
#: Largest distance between the two positions of a voxel that gives no advisory. Rounding of the quaternion causes less.
SAME_PLACE_MM = 0.1
#: A rotation beyond this angle is not a registration, but another order or direction of the axes.
LARGEST_ROTATION_DEGREES = 45.0


def checked_choice(affine: NiftiMatrix | None) -> NiftiMatrix | None:
    """Return the choice; `ArgumentError` if it is not one of `NIFTI_MATRICES`."""
    if affine is None or affine in NIFTI_MATRICES:
        return affine
    raise ArgumentError(f"affine must be one of {', '.join(NIFTI_MATRICES)}, got {affine!r:.80}")


def nifti_affine(header: Any, choice: NiftiMatrix | None = None) -> tuple[Affine, tuple[Advisory, ...]]:
    """Determine the position of a NIfTI image.

    Parameters
    ----------
    header : nibabel header
        Header with sform, qform and pixdim.
    choice : {"sform", "qform"}, optional
        The matrix to use if the header states two that differ.

    Returns
    -------
    ndarray
        Affine (4, 4) from indices (i, j, k) to millimeters, right-anterior-superior.
    tuple of Advisory

    Raises
    ------
    GeometryError
        If there is neither matrix, if a voxel size is not finite and positive, or if the two contradict each other in
        voxel size, left and right, or the direction of an axis.

    Warns
    -----
    sform_and_qform_differ
        The two differ by a shift or a small rotation, as after a registration; the sform was used.

    Notes
    -----
    Programs differ in the matrix that they use. Let T = sform x inverse(qform). The difference is a registration if T
    is a rotation of at most 45 degrees with voxel sizes within 1 %. pixdim belongs to the qform. If there is only a
    sform, pixdim must still agree with the lengths of its columns.
    """
    codes = int(header["sform_code"]), int(header["qform_code"])
    has = {"sform": codes[0] > 0, "qform": codes[1] > 0}
    if not any(has.values()):
        raise GeometryError("the NIfTI image has neither sform nor qform, which would state its position")
    if choice is not None and not has[choice]:
        raise GeometryError(f"the NIfTI image has no {choice}: its {choice}_code is 0")
    pixdim = np.array(header["pixdim"][1:4], dtype=np.float64)
    sform = np.array(header.get_sform(), dtype=np.float64)
    if choice == "sform":
        return sform, _chosen(choice, has, "pixdim and qform")
    if not (np.isfinite(pixdim).all() and (pixdim > 0).all()):
        raise GeometryError(
            f"the NIfTI header's pixdim must be finite and greater than 0, got {_listed(pixdim)} mm"
            + (f"; {_remedy(NIFTI_MATRICES[:1])}" if has["sform"] else "")
        )
    if not has["qform"]:
        _check_size("sform", np.linalg.norm(sform[:3, :3], axis=0), "pixdim", pixdim)
        return sform, ()
    qform = _qform(header)
    if choice == "qform" or not has["sform"]:
        return qform, _chosen(choice, has, "sform")
    return sform, _compared(sform, qform, codes, tuple(int(n) for n in header["dim"][1:4]))


def _qform(header: Any) -> Affine:
    """Compute the matrix of the quaternion and pixdim; a handedness pixdim[0] of 0 means 1 (nifti1.h)."""
    if header["pixdim"][0] == 0:
        header = header.copy()
        header["pixdim"][0] = 1.0
    try:
        return np.array(header.get_qform(), dtype=np.float64)
    except ValueError as error:
        raise GeometryError(
            "the quaternion of the NIfTI header is longer than 1 and therefore not a rotation: the qform is damaged"
        ) from error


def _chosen(choice: NiftiMatrix | None, has: dict[str, bool], other: str) -> tuple[Advisory, ...]:
    if choice is None or not all(has.values()):
        return ()
    return (advise("affine_chosen", choice=choice, other=other),)


def _compared(sform: Affine, qform: Affine, codes: tuple[int, int], shape: tuple[int, ...]) -> tuple[Advisory, ...]:
    if not np.isfinite(sform).all() or not np.isfinite(qform).all():
        raise GeometryError("the NIfTI header's sform and qform must be finite")
    _check_size("sform", np.linalg.norm(sform[:3, :3], axis=0), "qform", np.linalg.norm(qform[:3, :3], axis=0))
    with np.errstate(all="ignore"):
        turned = (sform[:3, :3] / np.linalg.norm(sform[:3, :3], axis=0)).T @ (
            qform[:3, :3] / np.linalg.norm(qform[:3, :3], axis=0)
        )
    if np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) <= 0:
        raise GeometryError(
            "the NIfTI header contradicts itself: by its sform the image is the mirror image of that by its qform, so "
            f"left and right are exchanged; {_remedy()}"
        )
    # The trace of a rotation by t is 1 + 2 cos t.
    angle = float(np.degrees(np.arccos(np.clip((np.trace(turned) - 1) / 2, -1, 1))))
    if not angle <= LARGEST_ROTATION_DEGREES:
        raise GeometryError(
            f"the NIfTI header contradicts itself: sform and qform differ by a rotation of {angle:.0f} degrees, which "
            f"is another direction of the axes; {_remedy()}"
        )
    corners = np.array([[x, y, z, 1] for x in (0, shape[0]) for y in (0, shape[1]) for z in (0, shape[2])]).T
    distance = float(np.linalg.norm(((sform - qform) @ corners)[:3], axis=0).max())
    if distance <= SAME_PLACE_MM:
        return ()
    smallest = float(np.linalg.norm(sform[:3, :3], axis=0).min())
    return (
        advise(
            "sform_and_qform_differ",
            severity="note" if distance <= 0.1 * smallest else "warning",
            distance_mm=distance,
            same_mm=SAME_PLACE_MM,
            sform_code=codes[0],
            qform_code=codes[1],
            angle_degrees=angle,
        ),
    )


def _check_size(name: str, a: Any, other: str, b: Any) -> None:
    with np.errstate(all="ignore"):
        same = bool((np.abs(a / b - 1) <= SAME_SIZE).all())
    if not same:
        raise GeometryError(
            f"the NIfTI header contradicts itself: voxels are {_listed(a)} mm by its {name} and {_listed(b)} mm by its "
            f"{other}; {_remedy(NIFTI_MATRICES[:1] if other == 'pixdim' else NIFTI_MATRICES)}"
        )


def _remedy(choices: tuple[NiftiMatrix, ...] = NIFTI_MATRICES) -> str:
    listed = " or ".join(f"affine='{choice}'" for choice in choices)
    return f"if you know which is right, read it by yttria.read_image with {listed}, and write it again"


def _listed(values: Any) -> str:
    return " x ".join(f"{value:g}" for value in values)
