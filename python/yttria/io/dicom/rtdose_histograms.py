"""Dose-volume histograms of regions of interest in an RTDOSE file."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ..._core import DoseVolumeHistogram
from ..._foundation.choices import DoseType
from ..._foundation.extras import require
from ...errors import ArgumentError, FileFormatError, UnknownNameError
from .dataset import Dataset, decimal, items, text, whole
from .reference import Reference, read_header
from .rtstruct_reader import RT_STRUCTURE_SET_STORAGE
from .structure_names import name_of, told_apart

#: Largest number of bins of a histogram, so that the text of all of them stays below 64 KiB.
_BINS = 1000


def region_histograms(
    histograms: Mapping[str, DoseVolumeHistogram] | None, structure_set: Reference | None, dose_type: DoseType
) -> Dataset | None:
    """Make the attributes of the RT DVH module; None without histograms. Call it within `quiet()`.

    `ArgumentError` is raised for histograms without a structure set or the reverse, and `FileFormatError` if that is
    not an RTSTRUCT. A name that it does not have raises `UnknownNameError`.
    """
    if histograms is None and structure_set is None:
        return None
    if histograms is None or structure_set is None:
        raise ArgumentError(
            "histograms of an RTDOSE belong to the regions of an RTSTRUCT: give both histograms and structure_set, "
            "or neither"
        )
    header = read_header(structure_set)
    if text(header, "SOPClassUID") != RT_STRUCTURE_SET_STORAGE:
        raise FileFormatError(f"structure set must be an RTSTRUCT, got SOP class {text(header, 'SOPClassUID')}")
    numbers = region_numbers(header)
    pydicom = require("pydicom", "dicom")
    module, reference = pydicom.Dataset(), pydicom.Dataset()
    reference.ReferencedSOPClassUID = RT_STRUCTURE_SET_STORAGE
    reference.ReferencedSOPInstanceUID = text(header, "SOPInstanceUID")
    module.ReferencedStructureSetSequence = [reference]
    written = []
    for name, histogram in histograms.items():
        if name not in numbers:
            raise UnknownNameError(f"histogram must be of a region of the structure set, got '{name}'")
        written.append(_histogram(pydicom.Dataset(), pydicom.Dataset(), numbers[name], histogram, dose_type))
    module.DVHSequence = written
    return module


def region_numbers(header: Dataset) -> dict[str, int]:
    """Return the numbers of the regions of an RTSTRUCT, by the names that `read_rtstruct` gives them."""
    regions = items(header, "StructureSetROISequence")
    numbers = [whole(region, "ROINumber", 0, 2**31 - 1) for region in regions]
    names = [name_of(region, "ROIName") or f"ROI {number}" for region, number in zip(regions, numbers, strict=True)]
    return dict(zip(told_apart(names, numbers), numbers, strict=True))


def _histogram(
    item: Dataset, region: Dataset, number: int, histogram: DoseVolumeHistogram, dose_type: DoseType
) -> Dataset:
    """Make one item, in which bin n begins at the sum of the widths before it and holds the volume at that dose."""
    region.ReferencedROINumber, region.DVHROIContributionType = number, "INCLUDED"
    item.DVHReferencedROISequence = [region]
    item.DVHType, item.DoseUnits, item.DoseType = "CUMULATIVE", "GY", dose_type
    item.DVHDoseScaling, item.DVHVolumeUnits = "1", "CM3"
    step = _step(histogram.maximum_gy)
    bins = max(math.floor(histogram.maximum_gy / step), 0) + 2
    _, volumes = histogram.curve(doses_gy=np.arange(bins) * step)
    volumes[0] = histogram.volume_ml
    item.DVHNumberOfBins = bins
    item.DVHData = [part for volume in volumes.tolist() for part in (decimal(step), decimal(float(f"{volume:.9g}")))]
    item.DVHMinimumDose, item.DVHMaximumDose, item.DVHMeanDose = (
        decimal(max(dose, 0.0)) for dose in (histogram.minimum_gy, histogram.maximum_gy, histogram.mean_gy)
    )
    return item


def _step(maximum_gy: float) -> float:
    """Choose a step of 1, 2 or 5 times a power of ten, so that `_BINS` steps reach the maximum."""
    least = max(maximum_gy, 1e-6) / _BINS
    power = 10.0 ** math.floor(math.log10(least))
    return next(step for factor in (1.0, 2.0, 5.0, 10.0) if (step := factor * power) >= least * (1 - 1e-12))
