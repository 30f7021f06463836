"""Reader of registrations as one matrix between patient spaces, from text, ITK transforms and DICOM REG."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, GeometryError
from ..geometry.affine import Affine, checked_affine
from .dicom import is_dicom
from .dicom.registration import registration_matrix
from .opened import record_opened

#: Largest size of a text of a transform.
_LONGEST = 2**20
_ITK = "#Insight Transform File"
Matrix = NDArray[np.float64]


def read_transform(
    path: str | os.PathLike[str], *, from_frame: str | None = None, to_frame: str | None = None
) -> Affine:
    """Read the registration of a moving patient space to a fixed one as one matrix.

    Parameters
    ----------
    path : path
        A 4 x 4 matrix as text, an ITK transform (`.tfm` or `.txt`), or a DICOM registration (REG).
    from_frame, to_frame : str, optional
        Frames of reference of the moving and the fixed space, needed if a DICOM registration holds several. By default
        the only other frame is the moving one, and the registered frame is the fixed one.

    Returns
    -------
    array (4, 4)
        Maps a point (x, y, z, 1) of the moving space to the fixed space, both in left-posterior-superior millimeters.
        `Image.transformed` and `Structure.transformed` take this matrix.

    Raises
    ------
    FileFormatError
        If the file holds none of these formats, a deformation, a transform that is not supported, or one that shears.
    GeometryError
        If a DICOM registration does not hold the given frames, or holds several and none is given.
    FileNotFoundError, MissingExtraError
        If there is no file, or a DICOM file needs the extra `dicom`.

    Notes
    -----
    A text holds the returned matrix itself. An ITK transform is made for resampling. It maps a point of the fixed space
    to the moving one, `T(x) = R (x - c) + c + t`, and its inverse is returned. 3D Slicer writes its transforms in the
    same way, so that a transform that registers A to B is read as the matrix from A to B. A composite applies its last
    transform first. In a DICOM registration, the matrix of an item maps a point of the item's frame to the registered
    frame. The matrix from one item to another is `M_to^-1 M_from`. Source: DICOM PS3.3 C.20.2 (dicom-ps3.3).

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("shift.txt").write_text("1 0 0 5\\n0 1 0 0\\n0 0 1 -2\\n0 0 0 1\\n")
    >>> read_transform("shift.txt")[:3, 3].tolist()
    [5.0, 0.0, -2.0]
    """
    path = Path(path)
    if is_dicom(path):
        found = registration_matrix(path, from_frame, to_frame)
    else:
        text = _text(path)
        found = _itk(path, text) if text.startswith(_ITK) else _numbers(path, text)
    try:
        return checked_affine(found)
    except GeometryError as error:
        raise FileFormatError(f"{path}: must hold a rigid or scaled transform of patient space: {error}") from error


def _text(path: Path) -> str:
    with record_opened(path).open("rb") as file:
        content = file.read(_LONGEST + 1)
    try:
        if len(content) > _LONGEST:
            raise ValueError("it is too long for a transform")
        return content.decode("utf-8-sig")
    except ValueError as error:
        raise FileFormatError(
            f"{path}: must be a 4 x 4 matrix as text, an ITK transform as text (.tfm) or a DICOM registration: "
            f"{error}; save transforms of other formats (.h5, .mat) as .tfm"
        ) from error


def _numbers(path: Path, text: str) -> Matrix:
    lines = [line.partition("#")[0].replace(",", " ").split() for line in text.splitlines()]
    rows = [line for line in lines if line]
    try:
        matrix = np.array([[float(word) for word in row] for row in rows])
        if matrix.shape != (4, 4):
            raise ValueError
    except ValueError:
        raise FileFormatError(
            f"{path}: must hold a 4 x 4 matrix as text, LPS mm to LPS mm: 4 rows of 4 numbers and nothing else"
        ) from None
    return matrix


def _itk(path: Path, text: str) -> Matrix:
    """Read an ITK transform and return its inverse, because the file maps the fixed space to the moving one."""
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if line.startswith("#") or not colon:
            continue
        if key == "Transform":
            found.append({})
        elif not found:
            raise FileFormatError(f"{path}: holds '{key:.40}' before any transform")
        found[-1][key.strip()] = value.strip()
    # A composite comes first and has no parameters.
    parts = [part for part in found if not part.get("Transform", "").startswith("CompositeTransform")]
    if not parts:
        raise FileFormatError(f"{path}: holds no transform")
    whole = np.eye(4)
    for part in parts:
        whole = whole @ _itk_matrix(path, part)
    if not (np.isfinite(whole).all() and abs(np.linalg.det(whole[:3, :3])) > 1e-12):
        raise FileFormatError(f"{path}: holds a transform that has no inverse")
    inverse = np.asarray(np.linalg.inv(whole), dtype=np.float64)
    inverse[3] = (0.0, 0.0, 0.0, 1.0)
    return inverse


def _itk_matrix(path: Path, part: dict[str, str]) -> Matrix:
    kind = part["Transform"]
    name, _, dimensions = kind.partition("_")
    reader = _READERS.get(name)
    if reader is None or not dimensions.endswith("_3_3"):
        raise FileFormatError(f"{path}: must hold transforms of {', '.join(_READERS)} in 3 dimensions, got {kind:.80}")
    count, fixed_count, make = reader
    values, fixed = (_values(path, part, key) for key in ("Parameters", "FixedParameters"))
    if len(values) != count or len(fixed) < fixed_count:
        raise FileFormatError(f"{path}: {name} must have {count} parameters and {fixed_count} fixed ones")
    rotation, shift = make(values, fixed)
    center = fixed[:3] if len(fixed) >= 3 else np.zeros(3)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = shift + center - rotation @ center
    return matrix


def _values(path: Path, part: dict[str, str], key: str) -> Matrix:
    try:
        values = np.array([float(word) for word in part.get(key, "").split()])
    except ValueError:
        raise FileFormatError(f"{path}: {key} must be numbers, got {part[key]!r:.80}") from None
    if not np.isfinite(values).all():
        raise FileFormatError(f"{path}: {key} must be finite, got {part[key]!r:.80}")
    return values


def _versor(values: Matrix) -> Matrix:
    """Return the rotation of the vector part of a unit quaternion."""
    x, y, z = values[:3].tolist()
    square = x * x + y * y + z * z
    w = math.sqrt(max(1.0 - square, 0.0))
    if square > 1.0:
        x, y, z = (each / math.sqrt(square) for each in (x, y, z))
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ],
        dtype=np.float64,
    )


def _euler(values: Matrix, fixed: Matrix) -> Matrix:
    """Return `R_z R_x R_y`, or `R_z R_y R_x` if the fourth fixed parameter requires it."""
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(angle), math.sin(angle)) for angle in values[:3].tolist())
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    if len(fixed) > 3 and fixed[3] != 0.0:
        return np.asarray(about_z @ about_y @ about_x)
    return np.asarray(about_z @ about_x @ about_y)


Maker = Callable[[Matrix, Matrix], tuple[Matrix, Matrix]]
#: Number of parameters and of fixed ones, and the function that makes rotation and shift of them.
_READERS: dict[str, tuple[int, int, Maker]] = {
    "AffineTransform": (12, 0, lambda values, fixed: (values[:9].reshape(3, 3), values[9:])),
    "MatrixOffsetTransformBase": (12, 0, lambda values, fixed: (values[:9].reshape(3, 3), values[9:])),
    "Rigid3DTransform": (12, 0, lambda values, fixed: (values[:9].reshape(3, 3), values[9:])),
    "VersorRigid3DTransform": (6, 0, lambda values, fixed: (_versor(values), values[3:])),
    "Euler3DTransform": (6, 0, lambda values, fixed: (_euler(values, fixed), values[3:])),
    "Similarity3DTransform": (7, 0, lambda values, fixed: (values[6] * _versor(values), values[3:6])),
    "TranslationTransform": (3, 0, lambda values, fixed: (np.eye(3), values)),
    "IdentityTransform": (0, 0, lambda values, fixed: (np.eye(3), np.zeros(3))),
}
