"""DICOM series written for the tests: small, asymmetric, every header value open to change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

SOP_CLASS = {"PT": PositronEmissionTomographyImageStorage, "CT": CTImageStorage}
#: A study of its own for every test run would do; one for all keeps references between series simple.
STUDY_UID = generate_uid(entropy_srcs=["yttria", "study"])
FRAME_UID = generate_uid(entropy_srcs=["yttria", "frame of reference"])

Change = Callable[[Dataset, int], None]


def new_dataset(sop_class: str, modality: str, series: str = "1") -> FileDataset:
    """Make the common part of every object, which is meta header, patient, study, series and frame of reference."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality = modality
    dataset.StudyInstanceUID = STUDY_UID
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["yttria", modality, series])
    dataset.SeriesNumber = series
    dataset.FrameOfReferenceUID = FRAME_UID
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.PatientSex = "Test^Y90", "1", "", ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20260301", "100000", "1"
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.Manufacturer = "", "", "yttria"
    return dataset


def place(dataset: Dataset, affine_lps: npt.NDArray[np.float64], k: int) -> None:
    """Position, orientation and pixel spacing of slice k of the grid that an affine states."""
    size = np.linalg.norm(affine_lps[:3, :3], axis=0)
    directions = affine_lps[:3, :2] / size[:2]
    dataset.ImagePositionPatient = [f"{x:.10g}" for x in (affine_lps[:3, 3] + k * affine_lps[:3, 2])]
    dataset.ImageOrientationPatient = [f"{x:.12g}" for x in directions.T.ravel()]
    dataset.PixelSpacing = [f"{size[1]:.10g}", f"{size[0]:.10g}"]
    dataset.SliceThickness = f"{size[2]:.10g}"


def write_series(
    folder: Path,
    array: npt.ArrayLike,
    affine_lps: npt.NDArray[np.float64],
    modality: str = "PT",
    *,
    slopes: Sequence[float] | None = None,
    intercept: float = 0.0,
    series: str = "1",
    change: Change | None = None,
    order: Sequence[int] | None = None,
) -> Path:
    """One file a slice for values (k, j, i), stored as whole numbers `round((value - intercept) / slope)`.

    `change(dataset, k)` may alter every header before it is written; `order` states the number of each slice.
    """
    values = np.asarray(array, dtype=np.float64)
    folder.mkdir(parents=True, exist_ok=True)
    signed = modality == "CT"
    for n, k in enumerate(order if order is not None else range(len(values))):
        dataset = new_dataset(SOP_CLASS[modality], modality, series)
        place(dataset, affine_lps, k)
        slope = 1.0 if slopes is None else slopes[k]
        stored = np.rint((values[k] - intercept) / slope).astype("<i2" if signed else "<u2")
        set_pixels(dataset, stored)
        dataset.InstanceNumber = n + 1
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{slope:.10g}", f"{intercept:.10g}"
        (_pet if modality == "PT" else _ct)(dataset)
        if modality == "PT":
            dataset.NumberOfSlices, dataset.ImageIndex = len(values), n + 1
        if change:
            change(dataset, k)
        pydicom.dcmwrite(folder / f"{modality}{series}-{n:03}.dcm", dataset)
    return folder


def set_pixels(dataset: Dataset, stored: npt.NDArray[Any]) -> None:
    """Set pixel data and the elements that describe them, from (rows, columns) or (frames, rows, columns)."""
    bits = 8 * stored.dtype.itemsize
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        dataset.NumberOfFrames = len(stored)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes()


def _pet(dataset: Dataset) -> None:
    """Given at 11:00 on 1 March 2026, scanned at 14:00 for 20 min, values corrected to the start of the scan."""
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.Units, dataset.DecayCorrection, dataset.CountsSource = "BQML", "START", "EMISSION"
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"]
    dataset.SeriesType = ["STATIC", "IMAGE"]
    dataset.SeriesDate, dataset.SeriesTime = "20260301", "140000"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20260301", "140000"
    dataset.ActualFrameDuration, dataset.FrameReferenceTime = 1200000, "0"
    drug = Dataset()
    drug.Radiopharmaceutical = "Y90 microspheres"
    drug.RadiopharmaceuticalStartTime, drug.RadiopharmaceuticalStartDateTime = "110000", "20260301110000"
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "1400000000", "230760"
    drug.RadionuclidePositronFraction = "3.19e-05"
    dataset.RadiopharmaceuticalInformationSequence = [drug]


def _ct(dataset: Dataset) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.RescaleType, dataset.KVP, dataset.AcquisitionNumber = "HU", "120", "1"


def write_spect(
    path: Path,
    array: npt.ArrayLike,
    affine_lps: npt.NDArray[np.float64],
    *,
    order: Sequence[int] | None = None,
    mapping: tuple[float, float, str] | None = None,
    last: int = 65535,
    change: Change | None = None,
) -> Path:
    """One NM file of counts (k, j, i), its frames in any order; `mapping`: slope, intercept and UCUM unit."""
    values = np.rint(np.asarray(array, dtype=np.float64)).astype("<u2")
    places = list(order) if order is not None else list(range(len(values)))
    dataset = new_dataset(NuclearMedicineImageStorage, "NM")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    place(dataset, affine_lps, 0)
    detector = Dataset()
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
        setattr(detector, keyword, getattr(dataset, keyword))
        delattr(dataset, keyword)
    dataset.DetectorInformationSequence = [detector]
    set_pixels(dataset, values[places])
    dataset.FrameIncrementPointer = 0x00540080
    dataset.SliceVector = [k + 1 for k in places]
    normal = np.cross(affine_lps[:3, 0], affine_lps[:3, 1])
    against = normal @ affine_lps[:3, 2] < 0
    dataset.SpacingBetweenSlices = f"{'-' if against else ''}{np.linalg.norm(affine_lps[:3, 2]):.10g}"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20260301", "140000"
    if mapping:
        item, code = Dataset(), Dataset()
        item.RealWorldValueSlope, item.RealWorldValueIntercept, code.CodeValue = mapping
        code.CodingSchemeDesignator, code.CodeMeaning = "UCUM", mapping[2]
        item.MeasurementUnitsCodeSequence = [code]
        for keyword, value in (("First", 0), ("Last", last)):
            item.add_new(pydicom.tag.Tag(f"RealWorldValue{keyword}ValueMapped"), "US", value)
        dataset.RealWorldValueMappingSequence = [item]
    if change:
        change(dataset, 0)
    pydicom.dcmwrite(path, dataset)
    return path


def write_seg(
    path: Path,
    masks: dict[str, npt.NDArray[Any]],
    source: Path,
    kind: str = "BINARY",
    *,
    fractional_type: str = "OCCUPANCY",
    change: Change | None = None,
) -> Path:
    """A segmentation by highdicom on the slices in `source`, (k, j, i) in the order of their file names."""
    images = [pydicom.dcmread(p) for p in sorted(source.iterdir())]
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=n + 1,
            segment_label=name,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type="MANUAL",
        )
        for n, name in enumerate(masks)
    ]
    if kind == "LABELMAP":
        pixels = sum((n + 1) * mask for n, mask in enumerate(masks.values())).astype(np.uint8)
    else:
        pixels = np.stack(list(masks.values()), axis=-1)
        pixels = pixels.astype(np.uint8) if kind == "BINARY" else pixels.astype(np.float32)
    segmentation = highdicom.seg.Segmentation(
        source_images=images,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid=generate_uid(),
        series_number=90,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="yttria",
        manufacturer_model_name="tests",
        software_versions="1",
        device_serial_number="1",
        fractional_type=fractional_type,
        max_fractional_value=255,
    )
    if change:
        change(segmentation, 0)
    segmentation.save_as(path)
    return path
