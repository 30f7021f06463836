"""DICOM registrations written for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def registration(path: Path, matrices: dict[str, list[np.ndarray]], registered: str = "1.2.4") -> Path:
    pytest.importorskip("highdicom")
    import pydicom
    from dicom_samples import new_dataset

    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.66.1", "REG")
    dataset.FrameOfReferenceUID = registered
    dataset.RegistrationSequence = []
    for frame, parts in matrices.items():
        item, one = pydicom.Dataset(), pydicom.Dataset()
        one.MatrixSequence = []
        for part in parts:
            entry = pydicom.Dataset()
            entry.FrameOfReferenceTransformationMatrix = [f"{x:.10g}" for x in np.ravel(part)]
            entry.FrameOfReferenceTransformationMatrixType = "RIGID"
            one.MatrixSequence.append(entry)
        item.FrameOfReferenceUID, item.MatrixRegistrationSequence = frame, [one]
        dataset.RegistrationSequence.append(item)
    pydicom.dcmwrite(path, dataset)
    return path
