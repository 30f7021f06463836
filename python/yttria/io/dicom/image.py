"""Reader of PET, SPECT and CT series as images, with values in their unit on the grid of the slice positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..._foundation.arrays import MAX_VOXELS, empty
from ..._foundation.choices import MODALITIES, IsotopeName, Modality, Unit
from ...advisory import Advisory
from ...advisory.warning_filters import quiet
from ...errors import ArgumentError, FileFormatError, GeometryError, ShapeError
from ...geometry.affine import Affine, voxel_size_mm
from ...geometry.image import Image
from .._common import agreed_unit, decoding
from . import geometry
from .consistency import check_whole, series_doubts
from .dataset import Header, text, whole
from .nuclear_medicine import spect_grid
from .pixels import PixelPlan, plan
from .rescale import Rescale
from .rtdose_reader import read_rtdose
from .series import Paths, Series, choose, files, root, same, scan
from .values import Values, ct_values, pet_values, spect_values

#: Modalities that can be read as an image, with the SOP class in which each must be stored.
_SOP_CLASS = {
    "PT": ("1.2.840.10008.5.1.4.1.1.128", "PET"),
    "NM": ("1.2.840.10008.5.1.4.1.1.20", "Nuclear Medicine"),
    "CT": ("1.2.840.10008.5.1.4.1.1.2", "CT"),
}
_ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "Legacy Converted Enhanced CT",
}


def read_image(
    paths: Paths,
    unit: Unit | None = None,
    *,
    series: str | None = None,
    modalities: Sequence[Modality] = MODALITIES,
    philips_scale_factor: bool = False,
    isotope: IsotopeName = "Y-90",
) -> Image:
    """Read a PET, SPECT or CT series as a float32 image, with each value computed in float64 and rounded once.

    Parameters
    ----------
    paths : path or sequence of paths
        A folder (with the folders in it), a file, or several.
    unit : str, optional
        Unit that the values must have. It is needed for PET in counts or in standardized uptake values ("counts", for
        relative scaling), and for a CT whose header does not state the unit ("HU").
    series : str, optional
        UID or number of one series, needed if there are several of these `modalities`.
    modalities : sequence of str, default ("PT", "NM", "CT")
        Modalities that may be read.
    philips_scale_factor : bool, default False
        Read Philips PET in counts as Bq/mL by the private factor (7053,1009) of its header.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}, default "Y-90"
        Isotope that PET and SPECT are expected to be of.

    Returns
    -------
    Image
        Slices in the order of their positions along the normal, with frame of reference, patient and advisories. PET in
        BQML is returned in Bq/mL, with one slope for each slice. SPECT is returned in counts, or in the unit of its
        real world value mapping, and CT in HU. An RTDOSE, alone or named by `series`, is returned in Gy; see
        `read_rtdose`.

    Raises
    ------
    UndefinedError
        If there is no such series, or there are several.
    UnknownNameError
        If no series has that UID or number.
    GeometryError
        If a slice is missing, duplicated or more than 5 % of the slice distance off an even grid, or if slices differ
        in orientation or are sheared.
    UnitError
        If the header states another unit; the message gives the reason.
    FileFormatError
        If a file is damaged, mixed, enhanced, gated or incomplete, or if a file named like the slices is not readable.
    ShapeError, InsufficientMemoryError, FileNotFoundError, PermissionError, MissingExtraError
        If the series is too large, absent or not readable, or the extra `dicom` is not installed.

    Warns
    -----
    uneven_slices, slice_distance_contradicted, gaps_between_slices, slice_numbers_missing
        Positions, distances and numbers of the slices do not agree.
    other_nuclide, nuclide_contradicted, acquisitions_apart
        The header is of another nuclide, contradicts itself about it, or has slices of different days.
    not_attenuation_corrected
        CorrectedImage of a PET lists corrections, but not that of attenuation.
    values_not_activity, value_mapping_unused, value_mapping_contradicts, unit_not_stated, units_of_nuclear_medicine
        The unit must be checked.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> read_image("study/pet").unit, read_image("study/ct").unit
    ('Bq/mL', 'HU')
    """
    place = root(paths)
    with decoding(place, "DICOM"):
        with quiet():
            there = scan(files(paths))
            only_doses = modalities == MODALITIES and {s.modality for s in there} == {"RTDOSE"}
            chosen = choose(there, series, ("RTDOSE",) if only_doses else modalities, "the image")
            if chosen.modality == "RTDOSE":
                return _dose(chosen, unit)
            found = described(chosen, unit, philips_scale_factor=philips_scale_factor, isotope=isotope)
            carried = {
                "frame_of_reference_uid": text(chosen.headers[0].dataset, "FrameOfReferenceUID"),
                "patient_id": text(chosen.headers[0].dataset, "PatientID"),
                "advisories": found.advisories,
            }
        return _filled(found, agreed_unit(place, found.unit, unit).unit, carried)


def _dose(series: Series, unit: Unit | None) -> Image:
    if len(series.headers) != 1:
        raise FileFormatError(f"an RTDOSE must be one file, got several in one series: {series}")
    path = series.headers[0].path
    agreed_unit(path, "Gy", unit)
    return read_rtdose(path)


class Described(NamedTuple):
    """Description of a series without its values: storage of each slice, rescaling of each file, grid and unit."""

    plans: list[PixelPlan]
    rescale: list[Rescale]
    affine: Affine
    unit: str
    #: Indices of the stored frames in the order of the grid; None if they are stored in that order.
    frames: list[int] | None = None
    advisories: tuple[Advisory, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (k, j, i)."""
        _, rows, columns = self.plans[0].shape
        return sum(p.shape[0] for p in self.plans), rows, columns


def described(
    series: Series, unit: Unit | None, *, philips_scale_factor: bool = False, isotope: IsotopeName = "Y-90"
) -> Described:
    """Describe a series by its headers, if they agree; see `read_image`. Call it within `quiet()`."""
    check_class(series)
    check_whole(series)
    for keyword in ("Rows", "Columns", "FrameOfReferenceUID", "PatientID", "StudyInstanceUID"):
        same(series, keyword)
    if philips_scale_factor and series.modality != "PT":
        raise ArgumentError(f"the Philips scale factor is for PET, got {series}")
    if series.modality == "NM":
        return _spect(series, isotope)
    if series.modality == "CT":
        return _stacked(series, ct_values(series, unit))
    _check_pet(series)
    return _stacked(series, pet_values(series, unit, philips_scale_factor), isotope)


def check_class(series: Series) -> None:
    """Check that the series can be read; otherwise `FileFormatError` states its kind."""
    sop_class = same(series, "SOPClassUID") or ""
    if sop_class in _ENHANCED:
        raise FileFormatError(
            f"{_ENHANCED[sop_class]} is not supported: its frames carry units and times of their own. Export the "
            "series as one file a slice"
        )
    if series.modality not in _SOP_CLASS:
        raise FileFormatError(f"an image must be one of {', '.join(_SOP_CLASS)}, got {series}")
    expected, name = _SOP_CLASS[series.modality]
    if sop_class != expected:
        raise FileFormatError(f"a {series.modality} series must be stored as {name} Image, got SOP class {sop_class}")


def _filled(found: Described, unit: Unit, carried: dict[str, Any]) -> Image:
    if math.prod(found.shape) > MAX_VOXELS:
        raise ShapeError(f"an image must have at most 2^33 voxels, got shape {list(found.shape)}")
    array: npt.NDArray[np.float32] = empty(found.shape, np.float32, "the image")
    first, scratch = 0, np.empty(found.shape[1:], np.float64)
    for plan_, rescale in zip(found.plans, found.rescale, strict=True):
        with decoding(plan_.path, "DICOM"):
            stored = plan_.read()
            rescale.check(stored)
        for n, values in enumerate(stored):
            place = found.frames[n] if found.frames else first + n
            rescale.into(array[place], values, scratch)
        first += len(stored)
    return Image(array, found.affine, unit, **carried)


def _check_pet(series: Series) -> None:
    kind = (text(series.headers[0].dataset, "SeriesType") or "").split("\\")
    if kind[0] in ("DYNAMIC", "GATED") or kind[-1] == "REPROJECTION":
        raise FileFormatError(f"a PET series must be of one image in slices, got SeriesType {' '.join(kind)}")
    stated = max(whole(header.dataset, "NumberOfSlices", 0, 65535, default=0) for header in series.headers)
    if len(series.headers) < stated:
        raise FileFormatError(f"the series has {stated} slices, {len(series.headers)} are there")


def _stacked(series: Series, values: Values, isotope: IsotopeName = "Y-90") -> Described:
    """Describe a series with one slice per file, sorted along the normal."""
    planes, plans, at = [], [], dict[tuple[float, ...], Header]()
    for header in series.headers:
        with decoding(header.path, "DICOM"):
            if whole(header.dataset, "NumberOfFrames", 1, 2**31 - 1, default=1) != 1:
                raise FileFormatError("a slice must have one frame")
            planes.append(geometry.plane(header.dataset))
            plans.append(plan(header))
            other = at.setdefault(tuple(planes[-1].position), header)
            if other is not header:
                raise GeometryError(
                    f"slices must lie apart: this one has the position of {other.path.name}; if one of the two is a "
                    "copy, move it away"
                )
    order, affine, uneven = geometry.stacked(planes)
    advisories = (*values.advisories, *uneven, *series_doubts(series, voxel_size_mm(affine)[0], isotope))
    return Described(
        [plans[n] for n in order], [values.rescale[n] for n in order], affine, values.unit, advisories=advisories
    )


def _spect(series: Series, isotope: IsotopeName) -> Described:
    if len(series.headers) != 1:
        raise FileFormatError(f"a SPECT series must be one file with many frames, got {len(series.headers)} files")
    (header,) = series.headers
    with decoding(header.path, "DICOM"):
        source = plan(header)
        affine, frames = spect_grid(header.dataset, source.shape[0])
        values = spect_values(header)
    advisories = (*values.advisories, *series_doubts(series, voxel_size_mm(affine)[0], isotope))
    return Described([source], values.rescale, affine, values.unit, frames, advisories)
