"""Writer of RTSTRUCT files: masks are outlined along the edges of their voxels, contours are kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..._core import __version__
from ..._foundation.extras import require
from ..._foundation.whole_files import atomic
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import ArgumentError, DTypeError, UndefinedError
from ...geometry.affine import check_same_frame
from ...geometry.contours import ContourStructure
from ...geometry.structure import Structure
from .contour_images import SourceImage, images_of, referenced_image, referenced_study, source_images
from .dataset import Dataset
from .reference import References, patient_and_study, referenced_files, set_texts
from .rtstruct_reader import RT_STRUCTURE_SET_STORAGE
from .voxel_edges import voxel_edge_polygons

_COLORS = ((230, 60, 60), (60, 160, 230), (240, 170, 40), (90, 190, 90), (170, 100, 210), (80, 200, 200))


@dataclass(frozen=True, kw_only=True)
class WrittenRtStruct:
    """Written file, with advisories for its reader."""

    path: Path
    sop_instance_uid: str
    frame_of_reference_uid: str
    advisories: tuple[Advisory, ...]


def write_rtstruct(
    structures: Sequence[Structure],
    path: str | os.PathLike[str],
    *,
    reference: References | None,
    label: str = "yttria",
    description: str = "Structures, yttria",
) -> WrittenRtStruct:
    """Write structures as RTSTRUCT, one region of interest each.

    Parameters
    ----------
    structures : sequence of Structure
        Structures with unique names.
    path : path
        The file. It appears whole or not at all.
    reference : path, Dataset, sequence of these, or None
        A DICOM file, a folder of one series, or pydicom Datasets, from which patient, study and
        FrameOfReferenceUID are
        taken. None makes a study of the file's own. Its images are named as the contoured ones, and each contour refers
        to the image on which it lies, within 1 % of the slice distance.
    label : str
        Label of the structure set, at most 16 characters.
    description : str
        Text of the file.

    Returns
    -------
    WrittenRtStruct
        The file.

    Raises
    ------
    DTypeError
        If a mask holds fractions.
    GeometryError
        If frames of reference are known and differ.
    UndefinedError
        If there is no structure, or if two share a name.
    OutOfRangeError
        If a text is too long.
    MissingExtraError
        If the extra `dicom` is not installed.

    Warns
    -----
    structure_empty
        If a structure is empty; it is written without contours.
    no_frame_of_reference
        If there is no reference.

    Notes
    -----
    A mask is outlined along the edges of its voxels, plane by plane along k, and holes are connected by keyholes. Read
    with `interpolation` "none", it has the volume of its voxels to rounding. A `ContourStructure` keeps its contours.
    All contours are CLOSED_PLANAR, and regions are numbered 1, 2, ... in the given order. Coordinates are rounded to
    1e-9 mm, or more if 16 characters require it. The same structures give the same bytes.

    References
    ----------
    dicom-ps3.3

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Structure
    >>> from yttria.io.dicom import read_rtstruct
    >>> mask = np.zeros((4, 6, 6), bool)
    >>> mask[1:3, 1:5, 1:5] = True
    >>> _ = write_rtstruct([Structure("Tumor", mask, np.diag([2.0, 2.0, 3.0, 1.0]))], "rs.dcm", reference=None)
    >>> round(read_rtstruct("rs.dcm")[0].volume_ml, 3)
    0.384
    """
    path, structures = Path(path), list(structures)
    pydicom = require("pydicom", "dicom")
    _check(structures, label, description)
    drawn = [_contours(structure) for structure in structures]
    with quiet():
        sources = [] if reference is None else referenced_files(reference)
        images = source_images(sources)
        said = dict(patient_and_study(sources[0] if sources else None))
        known = next((s.frame_of_reference_uid for s in structures if s.frame_of_reference_uid), None)
        for structure in structures:
            own, name = structure.frame_of_reference_uid, f"'{structure.name}'"
            check_same_frame(own, name, said.get("FrameOfReferenceUID", known), "the reference")
        instances = [(image.instance_uid, image.frame) for image in images]
        content = hashlib.sha256(repr((said, label, description, [s.name for s in structures], instances)).encode())
        for contours in drawn:
            for points in contours:
                content.update(points.tobytes())

        def uid(of: str) -> str:
            return str(pydicom.uid.generate_uid(entropy_srcs=["yttria", of, content.hexdigest()]))

        dataset = _new(uid("instance"))
        frame = said.pop("FrameOfReferenceUID", None) or known or uid("frame of reference")
        said.setdefault("StudyInstanceUID", uid("study"))
        set_texts(dataset, said | {"StructureSetLabel": label, "SeriesDescription": description})
        dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = uid("series"), "1", "1"
        dataset.FrameOfReferenceUID = frame
        dataset.StructureSetDate = dataset.StructureSetTime = ""
        place = _item(FrameOfReferenceUID=frame)
        if images:
            place.RTReferencedStudySequence = [referenced_study(dataset.StudyInstanceUID, images, pydicom.Dataset)]
        dataset.ReferencedFrameOfReferenceSequence = [place]
        _describe(dataset, structures, drawn, frame, images)
        if not "".join(s.name for s in structures).isascii():
            dataset.SpecificCharacterSet = "ISO_IR 192"
        with atomic(path) as file:
            pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    advisories = [
        advise("structure_empty", structure=structure.name)
        for structure, contours in zip(structures, drawn, strict=True)
        if not contours
    ]
    if not sources and known is None:
        advisories.append(advise("no_frame_of_reference", "rtstruct"))
    return WrittenRtStruct(
        path=path,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        frame_of_reference_uid=frame,
        advisories=tuple(advisories),
    )


def _check(structures: Sequence[Structure], label: str, description: str) -> None:
    names = [s.name for s in structures]
    if not structures or len(set(names)) < len(names):
        raise UndefinedError(f"the structures of a structure set must have unique names, got {names}")
    for quantity, value, most in (("label", label, 16), ("description", description, 64)):
        if not 0 < len(value) <= most or "\\" in value:
            raise ArgumentError(f"{quantity} must have 1 to {most} characters and no backslash, got {value!r:.80}")
    for structure in structures:
        if len(structure.name) > 64 or "\\" in structure.name:
            raise ArgumentError(f"name must have at most 64 characters and no backslash, got {structure.name!r:.80}")
        if not isinstance(structure, ContourStructure) and structure.mask.dtype.kind != "b":
            raise DTypeError(
                f"mask of '{structure.name}' must be bool to be outlined, got fractions: threshold it first"
            )


def _contours(structure: Structure) -> list[npt.NDArray[np.float64]]:
    """Return closed contours (n, 3) in LPS mm."""
    if isinstance(structure, ContourStructure):
        return list(structure.contours)
    found = []
    matrix = structure.affine_lps
    for k in np.flatnonzero(structure.mask.any(axis=(1, 2))).tolist():
        for polygon in voxel_edge_polygons(structure.mask[k]):
            index = np.column_stack([polygon, np.full(len(polygon), float(k))])
            found.append(index @ matrix[:3, :3].T + matrix[:3, 3])
    return found


def _new(instance_uid: str) -> Dataset:
    pydicom = require("pydicom", "dicom")
    dataset, meta = pydicom.Dataset(), pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = RT_STRUCTURE_SET_STORAGE, instance_uid
    # The file uses implicit VR, because only there a contour may have more than 64 KiB of text.
    meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = RT_STRUCTURE_SET_STORAGE, instance_uid
    dataset.Modality, dataset.Manufacturer = "RTSTRUCT", "yttria"
    dataset.ManufacturerModelName, dataset.SoftwareVersions, dataset.OperatorsName = "yttria", __version__, ""
    return dataset


def _describe(
    dataset: Dataset,
    structures: Sequence[Structure],
    drawn: Sequence[Sequence[npt.NDArray[np.float64]]],
    frame: str,
    images: Sequence[SourceImage],
) -> None:
    regions, contours, observations = [], [], []
    for number, (structure, lines) in enumerate(zip(structures, drawn, strict=True), 1):
        regions.append(
            _item(
                ROINumber=number,
                ReferencedFrameOfReferenceUID=frame,
                ROIName=structure.name,
                ROIGenerationAlgorithm="",
            )
        )
        color = structure.color
        rgb = _COLORS[(number - 1) % len(_COLORS)] if color is None else [round(255 * c) for c in color]
        drawing = _item(ROIDisplayColor=list(rgb), ReferencedROINumber=number)
        if lines:
            drawing.ContourSequence = [_contour(points, images) for points in lines]
        contours.append(drawing)
        observations.append(
            _item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType="",
                ROIInterpreter="",
            )
        )
    dataset.StructureSetROISequence = regions
    dataset.ROIContourSequence = contours
    dataset.RTROIObservationsSequence = observations


def _contour(points: npt.NDArray[np.float64], images: Sequence[SourceImage]) -> Dataset:
    contour = _item(
        ContourGeometricType="CLOSED_PLANAR" if len(points) > 1 else "POINT",
        NumberOfContourPoints=len(points),
        ContourData=[_decimal(x) for x in points.ravel().tolist()],
    )
    on = images_of(points, images)
    if on:
        contour.ContourImageSequence = [referenced_image(image, type(contour)) for image in on]
    return contour


def _item(**values: object) -> Dataset:
    item = require("pydicom", "dicom").Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _decimal(x: float) -> str:
    """Return the shortest text of a coordinate in at most 16 characters, the limit of a decimal string."""
    value = repr(round(x, 9) + 0.0)
    return value if len(value) <= 16 else f"{x:.9g}"
