"""One treatment of a sum of doses: its place, and its way onto the common grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import Nuclide
from .._foundation.choices import ResamplingMethod
from ..advisory import Advisory
from ..geometry.affine import check_same_frame
from ..geometry.image import Image


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatmentDose:
    """Dose of one treatment, and how it lies to the others.

    Parameters
    ----------
    name : str
        Name of the treatment, such as its date.
    dose : Image
        Absorbed dose in Gy or mGy.
    transform_lps : array (4, 4), optional
        Registration from its patient space to the common one, LPS mm, as `yttria.io.read_transform` gives it. None if
        it lies in the common space.
    transform_source : str, optional
        Where the registration came from.
    nuclide : Nuclide, optional
        Nuclide of this treatment, for its BED; that of `AccumulatedDose.bed` if not given.
    """

    name: str
    dose: Image
    transform_lps: npt.NDArray[np.float64] | None = None
    transform_source: str | None = None
    nuclide: Nuclide | None = None


@dataclass(frozen=True, kw_only=True)
class SummedTreatment:
    """One treatment of a sum, and what was done to it.

    Parameters
    ----------
    name : str
        Its name.
    transform_lps : list of list of float, or None
        What moved it into the common space.
    transform_source : str or None
        Where that came from.
    resampling : dict or None
        How it came onto the common grid; None if it lay there.
    """

    name: str
    transform_lps: list[list[float]] | None
    transform_source: str | None
    resampling: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def moved_dose(treatment: TreatmentDose, common: Image | None, image: Image | None = None) -> Image:
    """The dose of a treatment, or another image on its grid, in the common space."""
    image = treatment.dose if image is None else image
    if treatment.transform_lps is None:
        return image
    frame = None if common is None else common.frame_of_reference_uid
    return image.transformed(treatment.transform_lps, frame_of_reference_uid=frame, source=treatment.transform_source)


def on_common_grid(
    image: Image, treatment: TreatmentDose, common: Image, method: ResamplingMethod, threads: int | None
) -> tuple[Image, tuple[dict[str, Any], tuple[Advisory, ...]] | None]:
    """An image on the grid of a treatment on the common grid, and how it came there."""
    moved = moved_dose(treatment, common, image)
    frames = moved.frame_of_reference_uid, common.frame_of_reference_uid
    check_same_frame(frames[0], f"the dose of '{treatment.name}'", frames[1], "the common grid")
    if moved.same_grid(common):
        return common.with_array(moved.array, "Gy"), None
    done = moved.resampled_on(common, method=method, fill_value=0.0, threads=threads)
    return common.with_array(done.image.array, "Gy"), (done.as_dict(), done.advisories)
