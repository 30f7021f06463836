"""Files of the cases that read files, which are a PET series and NIfTI images written by pydicom and nibabel alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .._foundation.extras import require

_PET_STORAGE = "1.2.840.10008.5.1.4.1.1.128"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


def write_nifti(path: Path, inputs: dict[str, Any]) -> Path:
    """Write `.nii.gz` with 16 bit integers, slope, intercept and sform, and a PET-BIDS sidecar with the unit."""
    nibabel = require("nibabel", "nifti")
    stored = np.ascontiguousarray(np.transpose(inputs["stored"], (2, 1, 0))).astype("<i2")
    image = nibabel.Nifti1Image(stored, np.vstack([inputs["sform_ras"], [0.0, 0.0, 0.0, 1.0]]))
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, code="scanner")
    image.set_qform(None, code="unknown")
    image.header.set_slope_inter(inputs["scl_slope"], inputs["scl_inter"])
    # The stored values are given, because nibabel would otherwise choose a slope.
    with nibabel.openers.Opener(str(path), "wb") as file:
        image.header["vox_offset"] = 352
        image.header.write_to(file)
        file.write(stored.tobytes(order="F"))
    sidecar = path.with_name(path.name.split(".")[0] + ".json")
    sidecar.write_text(json.dumps({"Units": inputs["unit"]}) + "\n", "utf-8")
    return path


def write_dicom(folder: Path, inputs: dict[str, Any]) -> list[Path]:
    """Write a file for each slice, named `slice_001.dcm` and so on by instance number."""
    pydicom = require("pydicom", "dicom")
    folder.mkdir(parents=True, exist_ok=True)
    uid = pydicom.uid.generate_uid
    seed = [json.dumps({k: v for k, v in inputs.items() if k != "stored"}, sort_keys=True)]
    study, series, frame = (uid(entropy_srcs=[*seed, name]) for name in ("study", "series", "frame"))
    written = []
    for n, stored in enumerate(np.asarray(inputs["stored"]).astype("<u2")):
        meta = pydicom.dataset.FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = _PET_STORAGE, _EXPLICIT_LITTLE
        meta.MediaStorageSOPInstanceUID = uid(entropy_srcs=[*seed, str(n)])
        slice_ = pydicom.dataset.FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        slice_.SOPClassUID, slice_.SOPInstanceUID = _PET_STORAGE, meta.MediaStorageSOPInstanceUID
        slice_.StudyInstanceUID, slice_.SeriesInstanceUID, slice_.FrameOfReferenceUID = study, series, frame
        slice_.update(_header(pydicom, inputs))
        slice_.InstanceNumber = slice_.ImageIndex = n + 1
        slice_.NumberOfSlices = len(inputs["stored"])
        slice_.ImagePositionPatient = inputs["ImagePositionPatient"][n]
        slice_.RescaleSlope, slice_.RescaleIntercept = inputs["RescaleSlope"][n], 0
        slice_.Rows, slice_.Columns = stored.shape
        slice_.PixelData = stored.tobytes()
        path = folder / f"slice_{n + 1:03}.dcm"
        slice_.save_as(path, enforce_file_format=True)
        written.append(path)
    return written


def _header(pydicom: Any, i: dict[str, Any]) -> Any:
    """Make the attributes that all slices share."""

    def digits(time: str) -> str:
        return "".join(c for c in time if c.isdigit())

    scanned, given = digits(i["AcquisitionDateTime"]), digits(i["RadiopharmaceuticalStartDateTime"])
    drug = pydicom.dataset.Dataset()
    drug.Radiopharmaceutical = "Y90 microspheres"
    drug.RadiopharmaceuticalStartDateTime, drug.RadiopharmaceuticalStartTime = given, given[8:]
    drug.RadionuclideHalfLife = i["half_life_h"] * 3600
    nuclide = pydicom.dataset.Dataset()
    nuclide.CodeValue, nuclide.CodingSchemeDesignator, nuclide.CodeMeaning = "C-B1039", "SRT", "^90^Yttrium"
    drug.RadionuclideCodeSequence = [nuclide]
    shared = pydicom.dataset.Dataset()
    shared.Modality, shared.Manufacturer = "PT", "yttria conformance suite"
    shared.PatientName, shared.PatientID, shared.PatientBirthDate, shared.PatientSex = "Suite^Conformance", "1", "", ""
    shared.StudyID, shared.SeriesNumber, shared.AccessionNumber, shared.ReferringPhysicianName = "1", "1", "", ""
    for name in ("Study", "Series", "Acquisition"):
        setattr(shared, f"{name}Date", scanned[:8])
        setattr(shared, f"{name}Time", scanned[8:])
    shared.ImageType, shared.SeriesType = ["ORIGINAL", "PRIMARY"], ["STATIC", "IMAGE"]
    shared.Units, shared.DecayCorrection, shared.CountsSource = i["Units"], i["DecayCorrection"], "EMISSION"
    shared.CorrectedImage = ["DECY", "ATTN", "SCAT"]
    shared.ActualFrameDuration, shared.FrameReferenceTime = 1200000, 0
    shared.RadiopharmaceuticalInformationSequence = [drug]
    shared.ImageOrientationPatient, shared.PixelSpacing = i["ImageOrientationPatient"], i["PixelSpacing"]
    shared.SliceThickness = round(abs(i["ImagePositionPatient"][1][2] - i["ImagePositionPatient"][0][2]), 4)
    shared.SamplesPerPixel, shared.PhotometricInterpretation = 1, "MONOCHROME2"
    shared.BitsAllocated, shared.BitsStored, shared.HighBit, shared.PixelRepresentation = 16, 16, 15, 0
    return shared
