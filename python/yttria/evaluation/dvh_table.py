"""Table of the doses and volumes of whole dose-volume histograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram
from .._foundation.numbers import number
from ..errors import OutOfRangeError, ShapeError

#: Largest number of rows of one structure.
MAX_ROWS = 10**6


@dataclass(frozen=True, kw_only=True)
class DvhRow:
    """One point of a cumulative dose-volume histogram.

    Parameters
    ----------
    structure : str
        Name of the structure.
    dose_gy : float
        Dose in Gy.
    volume_ml : float
        Volume in mL that receives at least this dose.
    volume_fraction : float
        This volume as a share of the structure.
    """

    structure: str
    dose_gy: float
    volume_ml: float
    volume_fraction: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> DvhRow(structure="Tumor", dose_gy=50.0, volume_ml=1.2, volume_fraction=0.3).as_dict()["volume_ml"]
        1.2
        """
        return asdict(self)


def dvh_table(histograms: Mapping[str, DoseVolumeHistogram], *, step_gy: float = 0.1) -> list[DvhRow]:
    """Tabulate cumulative dose-volume histograms at even steps of dose.

    Parameters
    ----------
    histograms : mapping of str to DoseVolumeHistogram
        Histograms by structure.
    step_gy : float, default 0.1
        Distance of the doses in Gy.

    Returns
    -------
    list of DvhRow
        For each structure the doses `n step_gy` from 0, or from below a negative minimum, to the first dose that no
        part receives. The volumes are exact at these doses, because no bins are used.

    Raises
    ------
    OutOfRangeError
        If the step is not positive and finite.
    ShapeError
        If a structure would have more than a million rows.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria.evaluation import dose_volume_histograms
    >>> inside = {"all": np.ones((1, 1, 2), bool)}
    >>> found = dose_volume_histograms(np.array([[[1.0, 2.0]]]), inside, voxel_volume_ml=0.5)
    >>> [(row.dose_gy, row.volume_ml) for row in dvh_table(found, step_gy=1.0)]
    [(0.0, 1.0), (1.0, 1.0), (2.0, 0.5), (3.0, 0.0)]
    """
    step = number("step of dose in Gy", step_gy)
    if not (isfinite(step) and step > 0.0):
        raise OutOfRangeError(f"step of dose in Gy must be finite and > 0, got {step:g}")
    rows = []
    for name, histogram in histograms.items():
        doses, volumes = dvh_curve(histogram, step)
        whole = histogram.volume_ml
        rows += [
            DvhRow(structure=name, dose_gy=dose, volume_ml=volume, volume_fraction=volume / whole)
            for dose, volume in zip(doses.tolist(), volumes.tolist(), strict=True)
        ]
    return rows


def dvh_curve(histogram: DoseVolumeHistogram, step_gy: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute doses in Gy at even steps and the volume in mL that receives at least each dose (see `dvh_table`)."""
    first = min(np.floor(histogram.minimum_gy / step_gy), 0.0)
    last = max(np.floor(histogram.maximum_gy / step_gy), 0.0) + 1.0
    if not last - first < MAX_ROWS:
        raise ShapeError(
            f"a histogram must have at most {MAX_ROWS} rows, got {last - first + 1:.0f}: take a larger step"
        )
    doses = np.arange(first, last + 1.0) * step_gy
    return doses, histogram.curve(doses_gy=doses)[1]
