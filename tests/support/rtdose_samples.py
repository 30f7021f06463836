"""Doses, and RTDOSE files written from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from image_samples import affine, values

pydicom = pytest.importorskip("pydicom")

from yttria import Image  # noqa: E402
from yttria.io.dicom import write_rtdose  # noqa: E402


def dose_of(kind: str = "oblique", array: Any = None, unit: str = "Gy") -> Image:
    return Image(values() if array is None else array, affine(kind), unit)


def written_rtdose(path: Path, dose: Any = None, **options: Any) -> Any:
    return write_rtdose(dose_of() if dose is None else dose, path / "dose.dcm", **{"reference": None, **options})


def changed_rtdose(path: Path, change: Callable[[Any], None], dose: Any = None) -> Path:
    """A written file with another header."""
    written = written_rtdose(path, dose)
    dataset = pydicom.dcmread(written.path)
    change(dataset)
    pydicom.dcmwrite(path / "changed.dcm", dataset)
    return path / "changed.dcm"


# There and back
