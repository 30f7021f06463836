"""Reading and writing by the file's name, with one table of the formats other than DICOM."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from .._foundation.choices import ISOTOPES, IsotopeName, NiftiMatrix, Unit
from .._foundation.numbers import one_of
from ..errors import ArgumentError, FileFormatError
from ..geometry.image import Image
from ..geometry.nifti_affine import checked_choice
from ..geometry.structure import Structure
from ..geometry.structure_selection import Patterns, select_structures
from . import dicom, egs_3ddose, interfile, mask_folder, metaimage, nifti, nrrd, segmentation
from ._common import ReadOptions, decoding
from .labelmap import check_writable

Labels = Mapping[int, str] | None
StructureReader = Callable[[Path, Sequence[str] | None, Labels, ReadOptions], list[Structure]]


class Format(NamedTuple):
    """File format with its endings, readers, writers, and the options that its readers use."""

    name: str
    endings: tuple[str, ...]
    read_image: Callable[[Path, ReadOptions], Image]
    read_structures: StructureReader | None = None
    write_image: Callable[[Image, Path], None] | None = None
    write_structures: Callable[[Sequence[Structure], Path], None] | None = None
    options: tuple[str, ...] = ()


FORMATS = (
    Format(
        "NRRD",
        (".nrrd", ".nhdr"),
        nrrd.read_image,
        segmentation.read_structures,
        nrrd.write_image,
        segmentation.write_structures,
        ("data_folder",),
    ),
    Format(
        "NIfTI",
        (".nii", ".nii.gz"),
        nifti.read_image,
        nifti.read_structures,
        nifti.write_image,
        nifti.write_structures,
        ("affine",),
    ),
    Format("MetaImage", (".mhd", ".mha"), metaimage.read_image, metaimage.read_structures, options=("data_folder",)),
    Format(
        "Interfile",
        (".h33", ".hv", ".h00", ".hdr"),
        interfile.read_image,
        interfile.read_structures,
        options=("orientation", "data_folder"),
    ),
    Format("3ddose", (".3ddose",), egs_3ddose.read_image, options=("orientation",)),
)
_BY_ENDING = {ending: each for each in FORMATS for ending in each.endings}
#: A file name with an ending of these formats. `.seg` before it marks a segmentation of 3D Slicer.
NAME = re.compile(rf"(?P<stem>.+?)(?P<end>(\.seg)?({'|'.join(map(re.escape, _BY_ENDING))}))$", re.IGNORECASE)


def read_image(
    path: str | os.PathLike[str],
    *,
    unit: Unit | None = None,
    series: str | None = None,
    affine: NiftiMatrix | None = None,
    orientation: str | None = None,
    data_folder: str | os.PathLike[str] | None = None,
    isotope: IsotopeName = "Y-90",
) -> Image:
    """Read an image from a file in the format of its name, as stored but in native byte order.

    Parameters
    ----------
    path : str or path
        NRRD (`.nrrd`, `.nhdr`), NIfTI (`.nii`, `.nii.gz`), MetaImage (`.mhd`, `.mha`), Interfile (`.h33`, `.hv`,
        `.h00`, `.hdr`), 3ddose of DOSXYZnrc, or DICOM: a folder, a `.dcm` file or any other DICOM file, which
        `yttria.io.dicom.read_image` reads.
    unit : str, optional
        One of `yttria.geometry.UNITS`, needed if the file states none. It cannot replace a unit that the file states.
    series : str, optional
        For DICOM: UID or number of one series of several.
    affine : {"sform", "qform"}, optional
        For NIfTI: the matrix to use if the header states two positions that contradict each other.
    orientation : str, optional
        For Interfile and 3ddose: the directions of the file's axes x, y and z in the patient, as one letter each of
        L/R, P/A and S/I, for example "LPS".
    data_folder : path, optional
        For a header with its values in another file: the folder in which that file may lie. The default is the
        folder of the header.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}, default "Y-90"
        Isotope that an image of activity is expected to be of. It is compared with a DICOM header, and with the
        PET-BIDS sidecar of a NIfTI file. Other formats do not state it.

    Returns
    -------
    Image
        Its `advisories` state every assumption that the reader made.

    Raises
    ------
    UnitError
        If neither the file nor the caller gives a unit, or if both do and differ. A sidecar counts as the file.
    GeometryError
        If the file does not state its position, or contradicts itself.
    FileFormatError
        If the file is damaged, of another kind, a pipe or a device, or if its values lie outside the allowed folder.
    ArgumentError
        If an option does not apply to this format.
    FileNotFoundError
    MissingExtraError
        Extras `nrrd`, `nifti`, `dicom`.

    Warns
    -----
    unit_not_recognized, unit_converted, sform_and_qform_differ, affine_chosen, orientation_assumed, position_assumed,
    anatomical_orientation_differs, element_size_differs, byte_order_assumed, calibration_factor_not_applied,
    slice_distance_assumed, slice_distance_differs, data_file_beside_header, dose_per_history, sidecar_read,
    sidecar_not_used, other_nuclide, not_attenuation_corrected

    Notes
    -----
    The sidecar of a NIfTI file is the JSON file of its name, and those from which it inherits in a BIDS data set. Its
    keys `Units`, `TracerRadionuclide`, `RadionuclideHalfLife` (in s, as dcm2niix writes it) and `AttenuationCorrection`
    are used. A sidecar that cannot be read is a warning.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> write_image(Image(np.ones((2, 3, 4), np.float32), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy"), "dose.nii")
    >>> read_image("dose.nii", unit="Gy").voxel_size_mm
    (3.0, 4.0, 4.0)
    """
    path = Path(path)
    options = replace(_options(unit, affine, orientation, data_folder), isotope=one_of("isotope", isotope, ISOTOPES))
    kind = _kind(path, reading=True)
    if kind is None:
        _check_options(path, "DICOM", (), options)
        return dicom.read_image(path, unit, series=series, isotope=options.isotope)
    _check_no_series(path, series)
    _check_options(path, kind.name, kind.options, options)
    with decoding(path, kind.name):
        return kind.read_image(path, options)


def write_image(image: Image, path: str | os.PathLike[str]) -> None:
    """Write an image with its unit and position.

    Parameters
    ----------
    image : Image
        The image.
    path : path
        `.nrrd`, `.nhdr` (values beside it in `.raw.gz`), `.nii` or `.nii.gz`. The file appears whole or not at
        all.

    Returns
    -------
    None
        NRRD keeps every bit of values and affine. NIfTI keeps the values, and the affine in single precision.

    Raises
    ------
    DTypeError
        If the format does not have the type of the values.
    FileFormatError
        If the name has another ending.
    MissingExtraError
        If the extra `nifti` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> image = Image(np.ones((2, 3, 4), np.float32), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> write_image(image, "dose.nrrd")
    >>> read_image("dose.nrrd").unit
    'Gy'
    """
    path = Path(path)
    kind = _kind(path)
    assert kind is not None
    assert kind.write_image is not None
    kind.write_image(image, path)


def read_structures(
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    labels: Labels = None,
    series: str | None = None,
    only: Patterns = None,
    exclude: Patterns = None,
    affine: NiftiMatrix | None = None,
    orientation: str | None = None,
    data_folder: str | os.PathLike[str] | None = None,
) -> list[Structure]:
    """Read structures from a segmentation, a labelmap, or a folder of masks.

    Parameters
    ----------
    path : str or path
        Slicer segmentation (`.seg.nrrd`), labelmap in any format of `read_image` except 3ddose, folder of masks in
        these formats, or DICOM. A folder of masks has one file for each structure, whose name is the file's name
        without its ending. DICOM is a file or a folder with one SEG or RTSTRUCT, which
        `yttria.io.dicom.read_structures` reads.
    names : sequence of str, optional
        Names of the structures to read, in the order wanted.
    labels : mapping of int to str, optional
        Names for the values of a labelmap, {5: "Liver"}; only these values are read. Without it, each value n > 0
        becomes a structure with its name in the file, or "label n". Names are read from the file's own table, from the
        label table of a NIfTI header extension (TotalSegmentator), and from a BIDS `dseg.tsv` beside the file.
    series : str, optional
        For DICOM: UID or number of one series of several.
    only, exclude : str or sequence of str, optional
        Patterns of names, as in `yttria.select_structures`.
    affine, orientation, data_folder : optional
        As for `read_image`.

    Returns
    -------
    list of Structure
        Structures on the grid of the file, shape (k, j, i), or as contours; the warnings are in their `advisories`.

    Raises
    ------
    UnknownNameError
        If a name or label is not in the file, or if `labels` is given for a file that has its own names.
    FileFormatError
        If values are not labels or too many. The other errors of `read_image` are raised too.

    Warns
    -----
    segment_numbers_with_gaps, values_without_a_segment, segments_are_the_same, control_characters_in_name,
    mask_of_fractions

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Structure
    >>> place = np.diag([4.0, 4.0, 3.0, 1.0])
    >>> both = [Structure(name, np.ones((2, 3, 4), dtype=bool), place) for name in ("Liver", "Tumor")]
    >>> write_structures(both, "structures.seg.nrrd")
    >>> [structure.name for structure in read_structures("structures.seg.nrrd", names=["Tumor"])]
    ['Tumor']
    """
    path = Path(path)
    options = _options(None, affine, orientation, data_folder)
    if isinstance(names, str):
        raise ArgumentError(f"names must be a list of names, got the text '{names}'")
    if mask_folder.is_mask_folder(path, NAME):
        _check_no_series(path, series)
        if labels is not None:
            raise ArgumentError(f"{path}: the files of a folder of masks name its structures: use names=, not labels=")
        return mask_folder.read_structures(path, NAME, _mask, options, names=names, only=only, exclude=exclude)
    kind = _kind(path, reading=True)
    if kind is None:
        _check_options(path, "DICOM", (), options)
        return dicom.read_structures(path, names, labels, series=series, only=only, exclude=exclude)
    _check_no_series(path, series)
    _check_options(path, kind.name, kind.options, options)
    if kind.read_structures is None:
        raise FileFormatError(f"{path}: {kind.name} holds doses, not structures")
    with decoding(path, kind.name):
        return select_structures(kind.read_structures(path, names, labels, options), only=only, exclude=exclude)


def write_structures(structures: Sequence[Structure], path: str | os.PathLike[str]) -> None:
    """Write structures as a segmentation or a labelmap with names.

    Parameters
    ----------
    structures : sequence of Structure
        Structures on one grid.
    path : path
        Slicer segmentation (`.seg.nrrd`, `.nrrd`), in which structures may overlap, or labelmap (`.nii`,
        `.nii.gz`). The
        file appears whole or not at all.

    Returns
    -------
    None
        A structure keeps its `label` if that is given and free; the others are numbered.

    Raises
    ------
    GeometryError
        If the structures do not share one grid.
    DTypeError
        If a mask holds fractions.
    FileFormatError
        If structures overlap in a labelmap, or the name has another ending.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Structure
    >>> tumor = Structure("Tumor", np.ones((2, 3, 4), dtype=bool), np.diag([4.0, 4.0, 3.0, 1.0]))
    >>> write_structures([tumor], "structures.seg.nrrd")
    >>> [structure.name for structure in read_structures("structures.seg.nrrd")]
    ['Tumor']
    """
    path = Path(path)
    structures = list(structures)
    check_writable(structures)
    kind = _kind(path)
    assert kind is not None
    assert kind.write_structures is not None
    kind.write_structures(structures, path)


def may_be_dicom(path: str | os.PathLike[str]) -> bool:
    """Whether this path would be read as DICOM: any except files of the other formats and folders of masks."""
    path = Path(path)
    return NAME.match(path.name) is None and not mask_folder.is_mask_folder(path, NAME)


def _kind(path: Path, *, reading: bool = False) -> Format | None:
    """Return the format of a file; None for DICOM."""
    name = path.name.casefold()
    for ending, kind in _BY_ENDING.items():
        if name.endswith(ending) and (reading or kind.write_image is not None):
            return kind
    if reading and (name.endswith(".dcm") or path.is_dir() or (path.is_file() and dicom.is_dicom(path))):
        return None
    # If a name has no ending, the likelier mistake is that the path does not exist.
    if reading and not path.suffix and not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no such file or folder", str(path))
    endings = [ending for ending, kind in _BY_ENDING.items() if reading or kind.write_image is not None]
    more = " (or be a folder or a file in DICOM)" if reading else ""
    raise FileFormatError(f"{path}: the name must end in {', '.join(endings)}{more}")


def _mask(path: Path, options: ReadOptions) -> Image:
    """Read the image of one mask of a folder."""
    kind = _kind(path, reading=True)
    assert kind is not None
    used = ReadOptions(unit="1", sidecars=False, **{name: getattr(options, name) for name in kind.options})
    with decoding(path, kind.name):
        return kind.read_image(path, used)


def _options(
    unit: Unit | None,
    affine: NiftiMatrix | None,
    orientation: str | None,
    data_folder: str | os.PathLike[str] | None,
) -> ReadOptions:
    return ReadOptions(
        unit=unit,
        affine=checked_choice(affine),
        orientation=orientation,
        data_folder=None if data_folder is None else Path(data_folder),
    )


def _check_options(path: Path, kind: str, known: Sequence[str], options: ReadOptions) -> None:
    for name in ("affine", "orientation", "data_folder"):
        if getattr(options, name) is not None and name not in known:
            formats = ", ".join(each.name for each in FORMATS if name in each.options)
            raise ArgumentError(f"{path}: {name} is an option for {formats}, but this is {kind}")


def _check_no_series(path: Path, series: str | None) -> None:
    if series is not None:
        raise ArgumentError(f"{path}: series= is for DICOM, but this file holds one image")
