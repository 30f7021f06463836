"""Writer of RTDOSE files that other systems accept."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..._core import DoseVolumeHistogram, __version__
from ..._foundation.arrays import empty
from ..._foundation.choices import DOSE_TYPES, NEGATIVE_DOSES, DoseType, NegativeDoses
from ..._foundation.dose_isotope import isotope_of_dose
from ..._foundation.extras import require
from ..._foundation.provenance import Provenance
from ..._foundation.whole_files import atomic
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import ArgumentError, GeometryError, OutOfRangeError, ShapeError, UnknownNameError
from ...geometry.affine import Affine, check_same_frame
from ...geometry.image import Image
from .dataset import Dataset, decimal
from .geometry import MAX_GAP
from .nuclide import described_dose
from .reference import Reference, References, patient_and_study, referenced, set_texts
from .rtdose_histograms import region_histograms
from .rtdose_reader import RT_DOSE_STORAGE

_LARGEST = 2**32 - 1
#: Largest number of decimal strings of 16 characters in one attribute of an explicit transfer syntax.
_MOST_FRAMES = 65534 // 17


class DosedImage(Protocol):
    """A dose image with its provenance, such as `yttria.DoseResult`."""

    @property
    def image(self) -> Image:
        """Dose in Gy."""

    @property
    def provenance(self) -> Provenance:
        """Inputs and assumptions."""


@dataclass(frozen=True, kw_only=True)
class WrittenRtDose:
    """Written file, with advisories for its reader.

    Parameters
    ----------
    path : Path
        The file.
    sop_instance_uid, frame_of_reference_uid : str
        Identifiers of the file.
    step_gy : float
        DoseGridScaling in Gy; values are exact within half of it.
    clipped_voxels : int
        Voxels that were negative and became 0.
    advisories : tuple of Advisory
        `negative_doses_clipped`, `no_frame_of_reference`.
    """

    path: Path
    sop_instance_uid: str
    frame_of_reference_uid: str
    step_gy: float
    clipped_voxels: int
    advisories: tuple[Advisory, ...]


def write_rtdose(
    dose: Image | DosedImage,
    path: str | os.PathLike[str],
    *,
    reference: References | None,
    dose_type: DoseType = "PHYSICAL",
    negative_doses: NegativeDoses = "refuse",
    plan_uid: str | None = None,
    plan_reference: bool = True,
    tissue_heterogeneity: str | None = None,
    comment: str | None = None,
    description: str | None = None,
    histograms: Mapping[str, DoseVolumeHistogram] | None = None,
    structure_set: Reference | None = None,
) -> WrittenRtDose:
    """Write a dose image as RTDOSE.

    Parameters
    ----------
    dose : Image or DoseResult
        Dose in Gy or mGy. Comment, derivation and TissueHeterogeneityCorrection are taken from the provenance of a
        result.
    path : path
        The file. It appears whole or not at all.
    reference : path, Dataset, sequence of these, or None
        A DICOM file, a folder of one series, or pydicom Datasets, from which patient, study and
        FrameOfReferenceUID are
        taken. None makes a study of the file's own.
    dose_type : {"PHYSICAL", "EFFECTIVE"}
        Absorbed or biologically effective dose.
    negative_doses : {"refuse", "clip"}
        Treatment of negative doses, which the format cannot store: they raise an error, or become 0.
    plan_uid : str, optional
        RT plan to which DoseSummationType PLAN refers. Radioembolization has none. If it is not given, a new UID is
        made, because importers require one.
    plan_reference : bool
        Whether the file refers to the plan. False violates the standard.
    tissue_heterogeneity : str, optional
        "IMAGE", "ROI_OVERRIDE", "WATER" or several with backslashes.
    comment, description : str, optional
        Texts of the file; the comment has at most 64 characters. The description names the isotope if it is not given.
    histograms : mapping of str to DoseVolumeHistogram, optional
        Histograms of regions of `structure_set`, by the names that `read_rtstruct` gives them. They are written as
        cumulative histograms of at most 1002 bins; negative doses count as 0.
    structure_set : path or Dataset, optional
        RTSTRUCT of these regions. Give both or neither.

    Returns
    -------
    WrittenRtDose
        The file, with the step of its values.

    Raises
    ------
    UnitError
        If the image holds no dose.
    OutOfRangeError
        If a dose is not finite, or negative with "refuse", or if a text is too long.
    GeometryError
        If the grid is sheared, or if the frames of reference of references and image differ.
    ShapeError
        If there are more than 65535 rows or columns, 3854 frames or 4 GiB.
    FileFormatError
        If a reference has no frame of reference, or the structure set is not an RTSTRUCT.
    ArgumentError, UnknownNameError
        If there are histograms without a structure set, or a histogram of an unknown region.
    MissingExtraError
        If the extra `dicom` is not installed.

    Warns
    -----
    negative_doses_clipped
        If negative doses became 0.
    no_frame_of_reference
        If neither image nor reference has one; viewers will not overlay the dose on the patient.

    Notes
    -----
    Values are 32-bit unsigned, explicit little endian, with GridFrameOffsetVector from 0 upwards. Frames are ordered
    along their normal, also for left-handed and oblique grids. The same dose gives the same bytes, because no time of
    writing is stored and UIDs are derived from the content.

    References
    ----------
    dicom-ps3.3

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> from yttria.io.dicom import read_rtdose
    >>> dose = Image(np.full((3, 4, 5), 50.0), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> _ = write_rtdose(dose, "dose.dcm", reference=None)
    >>> round(float(read_rtdose("dose.dcm").array.mean()), 6)
    50.0
    """
    path = Path(path)
    pydicom = require("pydicom", "dicom")
    for name, value, known in (
        ("dose_type", dose_type, DOSE_TYPES),
        ("negative_doses", negative_doses, NEGATIVE_DOSES),
    ):
        if value not in known:
            raise UnknownNameError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    if not isinstance(dose, Image) and not (hasattr(dose, "image") and hasattr(dose, "provenance")):
        raise ArgumentError(f"dose of write_rtdose must be an Image or a DoseResult, got {type(dose).__name__}")
    image, provenance = (dose, None) if isinstance(dose, Image) else (dose.image, dose.provenance.as_dict())
    image = image.to("Gy")
    known_of = provenance or {}
    if description is None:
        description = described_dose(known_of.get("half_life_h"), known_of.get("dose_factor_gy_kg_per_gbq"))
    frames, affine_lps = _right_handed(image)
    step, clipped = _step(image.array, negative_doses)
    pixels = _pixels(frames, step)
    with quiet():
        source = None if reference is None else referenced(reference)
        said = dict(patient_and_study(source))
        if source is not None:
            check_same_frame(image.frame_of_reference_uid, "the dose", said["FrameOfReferenceUID"], "the reference")
        content = hashlib.sha256(pixels)
        of_regions = region_histograms(histograms, structure_set, dose_type)
        for part in (affine_lps.tolist(), step, dose_type, description, comment, plan_uid, said, provenance):
            content.update(repr(part).encode())
        if of_regions is not None:
            content.update(repr(of_regions).encode())

        def uid(of: str) -> str:
            return str(pydicom.uid.generate_uid(entropy_srcs=["yttria", of, content.hexdigest()]))

        dataset = _new(pydicom, uid("instance"))
        said.setdefault("StudyInstanceUID", uid("study"))
        said.setdefault("FrameOfReferenceUID", image.frame_of_reference_uid or uid("frame of reference"))
        set_texts(dataset, said)
        dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = uid("series"), "1", "1"
        dataset.SeriesDescription = _short(description, "description")
        _place(dataset, affine_lps, frames.shape)
        dataset.PixelData = pixels
        dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", dose_type, "PLAN"
        dataset.DoseGridScaling = decimal(step)
        if plan_reference:
            plan = pydicom.Dataset()
            plan.ReferencedSOPClassUID = pydicom.uid.RTPlanStorage
            plan.ReferencedSOPInstanceUID = plan_uid or uid("plan")
            dataset.ReferencedRTPlanSequence = [plan]
        if of_regions is not None:
            dataset.update(of_regions)
        _write_provenance(dataset, provenance, comment, tissue_heterogeneity)
        with atomic(path) as file:
            pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    advisories = []
    if clipped:
        share = clipped / image.array.size
        advisories.append(advise("negative_doses_clipped", count=clipped, clipped_fraction=share))
    if source is None and image.frame_of_reference_uid is None:
        advisories.append(advise("no_frame_of_reference", "rtdose"))
    frame = str(dataset.FrameOfReferenceUID)
    return WrittenRtDose(
        path=path,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        frame_of_reference_uid=frame,
        step_gy=step,
        clipped_voxels=clipped,
        advisories=tuple(advisories),
    )


def _right_handed(image: Image) -> tuple[npt.NDArray[Any], Affine]:
    """Reorder the image so that frames follow each other along their normal, row direction x column direction."""
    array, matrix = image.array, image.affine_lps.copy()
    normal = np.cross(matrix[:3, 0], matrix[:3, 1])
    normal /= np.linalg.norm(normal)
    if matrix[:3, 2] @ normal < 0:
        array = array[::-1]
        matrix[:3, 3] += matrix[:3, 2] * (len(array) - 1)
        matrix[:3, 2] = -matrix[:3, 2]
    beside = float(np.linalg.norm(matrix[:3, 2] - (matrix[:3, 2] @ normal) * normal)) * (len(array) - 1)
    if beside > MAX_GAP * float(np.linalg.norm(matrix[:3, 2])):
        raise GeometryError(
            f"the frames of an RTDOSE must follow each other along their normal, but the last one lies {beside:.3g} "
            "mm off it: resample the dose first"
        )
    return array, matrix


def _step(dose: npt.NDArray[Any], negative_doses: NegativeDoses) -> tuple[float, int]:
    """Return DoseGridScaling in 16 characters, for which the highest dose fits, and the number of negative doses."""
    low, high = float(dose.min()), float(dose.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        count = dose.size - int(np.count_nonzero(np.isfinite(dose)))
        raise OutOfRangeError(f"dose must be finite, got {count} voxels that are not")
    clipped = int(np.count_nonzero(dose < 0)) if low < 0 else 0
    if clipped and negative_doses == "refuse":
        raise OutOfRangeError(
            f"dose must be >= 0 in an RTDOSE, got {clipped} negative voxels, the lowest {low:g} Gy; "
            "negative_doses='clip' writes them as 0"
        )
    if high <= 0:
        return 1e-6, clipped
    if high > 1e12:
        raise OutOfRangeError(f"dose must be at most 1e12 Gy, got {high:g} Gy")
    # The text may be rounded down. Then the next larger text fits the highest dose. Doses below 1e-30 Gy count as 0.
    exact = max(high, 1e-30) / _LARGEST
    step = float(f"{exact:.9e}")
    return (step if step >= exact else float(f"{exact * (1 + 1e-9):.9e}")), clipped


def _pixels(frames: npt.NDArray[Any], step: float) -> bytes:
    """Round to the nearest multiples of the step, little endian, frame by frame to avoid a second dose map."""
    voxels = frames.size
    rows, columns = frames.shape[1:]
    if max(rows, columns) > 65535 or len(frames) > _MOST_FRAMES or 4 * voxels > _LARGEST - 1:
        raise ShapeError(
            f"a dose must have at most {_MOST_FRAMES} frames of 65535 rows and columns, 4 GiB in all, to be written "
            f"as RTDOSE, got shape {list(frames.shape)}"
        )
    stored = empty(frames.shape, "<u4", "the stored dose")
    scaled = np.empty((rows, columns))
    for frame, out in zip(frames, stored, strict=True):
        np.divide(frame, step, out=scaled, dtype=np.float64)
        np.rint(scaled, out=scaled)
        np.clip(scaled, 0, _LARGEST, out=scaled)
        out[...] = scaled
    return stored.tobytes()


def _new(pydicom: Any, instance_uid: str) -> Dataset:
    dataset = pydicom.Dataset()
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = RT_DOSE_STORAGE, instance_uid
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = RT_DOSE_STORAGE, instance_uid, "RTDOSE"
    dataset.Manufacturer = dataset.ManufacturerModelName = "yttria"
    dataset.SoftwareVersions, dataset.OperatorsName = __version__, ""
    return dataset


def _place(dataset: Dataset, affine_lps: Affine, shape: tuple[int, ...]) -> None:
    size = np.linalg.norm(affine_lps[:3, :3], axis=0)
    directions = (affine_lps[:3, :2] / size[:2]).T.ravel()
    dataset.ImagePositionPatient = [decimal(x) for x in affine_lps[:3, 3]]
    dataset.ImageOrientationPatient = [decimal(x) for x in directions]
    dataset.PixelSpacing, dataset.SliceThickness = [decimal(size[1]), decimal(size[0])], decimal(size[2])
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = shape
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.GridFrameOffsetVector = [decimal(size[2] * k) for k in range(shape[0])]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 32, 32, 31, 0


def _write_provenance(
    dataset: Dataset, provenance: dict[str, Any] | None, comment: str | None, heterogeneity: str | None
) -> None:
    """Write the provenance of the dose into the attributes that the standard has for it."""
    if provenance is not None:
        method = str(provenance["method"]).replace("_", " ")
        # Superposition has a reference density in addition to those of the voxels.
        rho = None if provenance["density_image"] else provenance["density_g_per_ml"]
        curve = (provenance["density_image"] or {}).get("curve")
        own = f"CT densities by {curve}" if curve else "own densities of the voxels"
        medium = f"{rho:g} g/mL" if rho is not None else own
        isotope = isotope_of_dose(provenance["half_life_h"], provenance["dose_factor_gy_kg_per_gbq"])
        comment = comment or f"{method}, {medium}; research use"[:64]
        heterogeneity = heterogeneity or ("WATER" if rho is not None else "IMAGE")
        dataset.DerivationDescription = (
            f"yttria {provenance['yttria_version']}: {isotope} {method}, {medium}, "
            f"{provenance['dose_factor_gy_kg_per_gbq']:g} Gy kg/GBq ({provenance['nuclide']}), decay factor "
            f"{provenance['decay_factor']:.6g}, {provenance['mbq_per_ml_per_unit']:.6g} MBq/mL per "
            f"{provenance['input_unit']}, negative voxels: {provenance['negative_voxels']}. {provenance['statement']}"
        )[:1024]
    if comment:
        dataset.DoseComment = _short(comment, "comment")
    if heterogeneity:
        known = {"IMAGE", "ROI_OVERRIDE", "WATER"}
        if not set(heterogeneity.split("\\")) <= known:
            raise UnknownNameError(
                f"tissue_heterogeneity must be one or more of {', '.join(sorted(known))}, got {heterogeneity!r}"
            )
        dataset.TissueHeterogeneityCorrection = heterogeneity.split("\\")


def _short(value: str, name: str) -> str:
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable() or "\\" in value or not value.isascii():
        raise ArgumentError(f"{name} must be a plain ASCII text of at most 64 characters, got {value!r:.100}")
    return value
