"""Phantoms as DICOM: PET, SPECT, CT and segmentations like those of a scanner and a workstation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import __version__
from .._foundation.extras import require
from .._foundation.whole_files import atomic
from ..errors import ArgumentError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..io.dicom.dataset import decimal
from .liver import Phantom
from .planning import PlanningPhantom

#: A pydicom Dataset. The library is optional and has no types.
Dataset = Any

PET_STORAGE = "1.2.840.10008.5.1.4.1.1.128"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
NM_STORAGE = "1.2.840.10008.5.1.4.1.1.20"
#: Fixed local time of the phantom's treatment; its tracer is given two days earlier.
_TREATED = datetime(2026, 3, 3, 11, 0, 0)
_TRACED = _TREATED - timedelta(days=2)
_CT_INTERCEPT_HU = -1024
_PET_DURATION_S = 1200


def write_dicom_study(phantom: Phantom, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the treated phantom as a PET series, a CT series and a segmentation.

    Parameters
    ----------
    phantom : Phantom
        Phantom made by `liver_phantom`.
    folder : path
        Folder, which is made if it does not exist. Files of the same names are replaced.

    Returns
    -------
    list of Path
        `pet/PT-000.dcm` and so on, `ct/CT-000.dcm` and so on, and `structures.dcm`.

    Raises
    ------
    MissingExtraError
        If pydicom or highdicom is not installed (extra `dicom`).
    UndefinedError
        If the phantom is not of Y-90, because no other of the nuclides is seen by PET.

    Notes
    -----
    Each slice of the PET has its own slope, as in files of scanners. Values refer to the start of the scan, which is
    `scan_delay_h` after the administration in the header.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom
    >>> written = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> written[-1].name
    'structures.dcm'
    """
    if phantom.nuclide.isotope != "Y-90":
        raise UndefinedError(
            f"a PET study of {phantom.nuclide.isotope} is undefined: of the nuclides, PET sees Y-90 alone"
        )
    folder = Path(folder)
    study = _Study("treatment", phantom.activity, _TREATED)
    scanned = _TREATED + timedelta(hours=phantom.scan_delay_h)
    pet, names = study.pet(phantom, scanned), []
    names += _save_all(pet, folder / "pet", "PT")
    names += _save_all(study.ct(phantom.ct, scanned), folder / "ct", "CT")
    names.append(_save(study.segmentation(phantom.structures, pet), folder / "structures.dcm"))
    return names


def write_planning_dicom_study(phantom: PlanningPhantom, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the phantom before treatment as a SPECT, a CT series and a segmentation.

    Parameters
    ----------
    phantom : PlanningPhantom
        Phantom made by `planning_phantom`.
    folder : path
        Folder, which is made if it does not exist. Files of the same names are replaced.

    Returns
    -------
    list of Path
        `maa.dcm` (one NM file of all slices), `ct/CT-000.dcm` and so on, and `structures.dcm`.

    Raises
    ------
    MissingExtraError
        If pydicom or highdicom is not installed (extra `dicom`).

    Examples
    --------
    >>> from yttria.phantom import planning_phantom
    >>> written = write_planning_dicom_study(planning_phantom((10.0, 10.0, 10.0)), "study")
    >>> written[0].name, written[-1].name
    ('maa.dcm', 'structures.dcm')
    """
    folder = Path(folder)
    study = _Study("planning", phantom.maa_of_all, _TRACED)
    ct = study.ct(phantom.ct, _TRACED)
    names = [_save(study.spect(phantom.maa_of_all, _TRACED + timedelta(hours=1)), folder / "maa.dcm")]
    names += _save_all(ct, folder / "ct", "CT")
    names.append(_save(study.segmentation(phantom.structures, ct), folder / "structures.dcm"))
    return names


class _Study:
    """Attributes that the objects of one study share."""

    def __init__(self, name: str, image: Image, begun: datetime) -> None:
        """Derive identifiers from the content, so that only the same phantom gives the same study."""
        self._pydicom = require("pydicom", "dicom")
        require("highdicom", "dicom")
        self._key = [__version__, name, hashlib.sha256(np.ascontiguousarray(image.array).tobytes()).hexdigest()]
        self._begun, self._name = begun, name
        self._numbers = iter(range(1, 100))

    def uid(self, *of: str) -> str:
        return str(self._pydicom.uid.generate_uid(entropy_srcs=[*self._key, *of]))

    def new(self, sop_class: str, modality: str, instance: int, time: datetime, series: int) -> Dataset:
        """Set patient, study, series and frame of reference of one object."""
        uid = self.uid(modality, str(series), str(instance))
        meta = self._pydicom.dataset.FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, uid
        meta.TransferSyntaxUID = self._pydicom.uid.ExplicitVRLittleEndian
        dataset = self._pydicom.Dataset()
        dataset.file_meta = meta
        dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = sop_class, uid, modality
        dataset.PatientName, dataset.PatientID = "Phantom^Digital", "yttria-phantom"
        dataset.PatientBirthDate = dataset.PatientSex = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
        dataset.StudyInstanceUID, dataset.StudyID = self.uid("study"), "1"
        dataset.StudyDescription = f"Digital phantom, {self._name}"
        dataset.SeriesInstanceUID, dataset.SeriesNumber = self.uid(modality, str(series)), series
        dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = self.uid("frame of reference"), ""
        dataset.Manufacturer, dataset.ManufacturerModelName = "yttria", "digital phantom"
        dataset.SoftwareVersions, dataset.InstanceNumber = __version__, instance
        dataset.BodyPartExamined = "LIVER"
        dataset.StudyDate, dataset.StudyTime = _day(self._begun), _clock(self._begun)
        for what in ("Series", "Acquisition", "Content"):
            setattr(dataset, f"{what}Date", _day(time))
            setattr(dataset, f"{what}Time", _clock(time))
        return dataset

    def pet(self, phantom: Phantom, scanned: datetime) -> list[Dataset]:
        image, series, slices = phantom.activity, next(self._numbers), []
        for k, plane in enumerate(image.array):
            dataset = self.new(PET_STORAGE, "PT", k + 1, scanned, series)
            slope = decimal(max(float(plane.max()), 1.0) / 65535)
            _place(dataset, image, k)
            _pixels(dataset, np.rint(plane / float(slope)).astype("<u2"))
            dataset.ImageType = ["ORIGINAL", "PRIMARY"]
            dataset.RescaleSlope, dataset.RescaleIntercept = slope, "0"
            dataset.Units, dataset.CountsSource, dataset.SeriesType = "BQML", "EMISSION", ["STATIC", "IMAGE"]
            dataset.DecayCorrection, dataset.DecayFactor = "START", "1"
            dataset.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"]
            dataset.CollimatorType = ""
            dataset.NumberOfSlices, dataset.ImageIndex = len(image.array), k + 1
            dataset.FrameReferenceTime, dataset.ActualFrameDuration = "0", str(1000 * _PET_DURATION_S)
            self._set_supine(dataset)
            drug = self._pydicom.Dataset()
            drug.RadionuclideCodeSequence = [_code(self._pydicom, "14691008", "SCT", "^90^Yttrium")]
            drug.RadiopharmaceuticalStartTime = _clock(_TREATED)
            drug.RadiopharmaceuticalStartDateTime = _day(_TREATED) + _clock(_TREATED)
            drug.Radiopharmaceutical = "Y-90 microspheres"
            drug.RadionuclideTotalDose = decimal(1e9 * phantom.administered_activity_gbq)
            drug.RadionuclideHalfLife = decimal(3600 * phantom.nuclide.half_life_h)
            drug.RadionuclidePositronFraction = "3.19e-05"
            dataset.RadiopharmaceuticalInformationSequence = [drug]
            slices.append(dataset)
        return slices

    def ct(self, image: Image, time: datetime) -> list[Dataset]:
        series, slices = next(self._numbers), []
        for k, plane in enumerate(image.array):
            dataset = self.new(CT_STORAGE, "CT", k + 1, time, series)
            _place(dataset, image, k)
            _pixels(dataset, np.rint(plane - _CT_INTERCEPT_HU).astype("<u2"))
            dataset.ImageType, dataset.RescaleType = ["ORIGINAL", "PRIMARY", "AXIAL"], "HU"
            dataset.RescaleSlope, dataset.RescaleIntercept = "1", str(_CT_INTERCEPT_HU)
            dataset.KVP, dataset.AcquisitionNumber, dataset.PatientPosition = "120", series, "HFS"
            slices.append(dataset)
        return slices

    def spect(self, image: Image, time: datetime) -> Dataset:
        dataset = self.new(NM_STORAGE, "NM", 1, time, next(self._numbers))
        _place(dataset, image, 0)
        counts = np.rint(image.array / max(float(image.array.max()), 1.0) * 65535).astype("<u2")
        _pixels(dataset, counts)
        detector = self._pydicom.Dataset()
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
            setattr(detector, keyword, getattr(dataset, keyword))
            delattr(dataset, keyword)
        detector.CollimatorType, detector.FieldOfViewShape = "PARA", "RECTANGLE"
        detector.CollimatorGridName = detector.FocalDistance = ""
        dataset.DetectorInformationSequence = [detector]
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
        dataset.NumberOfFrames = len(counts)
        dataset.FrameIncrementPointer, dataset.SliceVector = 0x00540080, list(range(1, len(counts) + 1))
        dataset.NumberOfSlices, dataset.SpacingBetweenSlices = len(counts), dataset.SliceThickness
        dataset.NumberOfEnergyWindows = dataset.NumberOfDetectors = 1
        window, drug = self._pydicom.Dataset(), self._pydicom.Dataset()
        limits = self._pydicom.Dataset()
        limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = "126", "154"
        window.EnergyWindowName, window.EnergyWindowRangeSequence = "Tc-99m", [limits]
        drug.RadionuclideCodeSequence = [_code(self._pydicom, "72454006", "SCT", "^99m^Technetium")]
        drug.Radiopharmaceutical = "Tc-99m MAA"
        dataset.EnergyWindowInformationSequence = [window]
        dataset.RadiopharmaceuticalInformationSequence = [drug]
        self._set_supine(dataset)
        dataset.CountsAccumulated = int(min(counts.sum(dtype=np.int64), 2**31 - 1))
        turn = self._pydicom.Dataset()
        turn.StartAngle, turn.AngularStep, turn.RotationDirection, turn.ScanArc = "0", "6", "CW", "360"
        turn.ActualFrameDuration, turn.NumberOfFramesInRotation = "20000", 60
        dataset.NumberOfRotations, dataset.RotationInformationSequence = 1, [turn]
        return dataset

    def _set_supine(self, dataset: Dataset) -> None:
        """State that the patient lies supine with the head first, in the codes of PET and NM."""
        lying = _code(self._pydicom, "102538003", "SCT", "recumbent")
        lying.PatientOrientationModifierCodeSequence = [_code(self._pydicom, "40199007", "SCT", "supine")]
        dataset.PatientOrientationCodeSequence = [lying]
        dataset.PatientGantryRelationshipCodeSequence = [_code(self._pydicom, "102540008", "SCT", "headfirst")]

    def segmentation(self, structures: Sequence[Structure], source: Sequence[Dataset]) -> Dataset:
        highdicom = require("highdicom", "dicom")
        affine = structures[0].affine_lps
        if any(not np.array_equal(each.affine_lps, affine) for each in structures):
            raise ArgumentError("structures of one segmentation must lie on one grid")
        masks = np.stack([each.mask for each in structures], axis=-1).astype(np.uint8)
        spacing = [float(v) for v in np.linalg.norm(affine[:3, :3], axis=0)]
        orientation = [float(v) for v in (affine[:3, :2] / spacing[:2]).T.ravel()]
        positions = [
            highdicom.PlanePositionSequence("PATIENT", [float(v) for v in affine[:3, 3] + k * affine[:3, 2]])
            for k in range(len(masks))
        ]
        return highdicom.seg.Segmentation(
            source_images=list(source),
            pixel_array=masks,
            segmentation_type="BINARY",
            segment_descriptions=[_segment(highdicom, n + 1, each.name) for n, each in enumerate(structures)],
            series_instance_uid=self.uid("segmentation series"),
            series_number=next(self._numbers),
            sop_instance_uid=self.uid("segmentation"),
            instance_number=1,
            manufacturer="yttria",
            manufacturer_model_name="digital phantom",
            software_versions=__version__,
            device_serial_number="1",
            pixel_measures=highdicom.PixelMeasuresSequence(spacing[1::-1], spacing[2], spacing[2]),
            plane_orientation=highdicom.PlaneOrientationSequence("PATIENT", orientation),
            plane_positions=positions,
            content_label="PHANTOM",
        )


def _segment(highdicom: Any, number: int, name: str) -> Any:
    """Describe one segment, an organ or a neoplasm."""
    codes = require("pydicom.sr.codedict", "dicom").codes.SCT
    tumor = name.startswith("Tumor")
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=codes.MorphologicallyAbnormalStructure if tumor else codes.Organ,
        segmented_property_type=codes.Neoplasm if tumor else codes.Lung if name == "Lungs" else codes.Liver,
        algorithm_type="MANUAL",
    )


def _place(dataset: Dataset, image: Image, k: int) -> None:
    affine = image.affine_lps
    size = np.linalg.norm(affine[:3, :3], axis=0)
    dataset.ImagePositionPatient = [decimal(float(x)) for x in affine[:3, 3] + k * affine[:3, 2]]
    dataset.ImageOrientationPatient = [decimal(float(x)) for x in (affine[:3, :2] / size[:2]).T.ravel()]
    dataset.PixelSpacing = [decimal(float(size[1])), decimal(float(size[0]))]
    dataset.SliceThickness = decimal(float(size[2]))


def _pixels(dataset: Dataset, stored: npt.NDArray[np.uint16]) -> None:
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.PixelData = stored.tobytes()


def _code(pydicom: Any, value: str, scheme: str, meaning: str) -> Dataset:
    code = pydicom.Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _day(time: datetime) -> str:
    return f"{time:%Y%m%d}"


def _clock(time: datetime) -> str:
    return f"{time:%H%M%S}"


def _save_all(slices: Sequence[Dataset], folder: Path, modality: str) -> list[Path]:
    return [_save(dataset, folder / f"{modality}-{n:03}.dcm") for n, dataset in enumerate(slices)]


def _save(dataset: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        dataset.save_as(file, enforce_file_format=True)
    return path
