"""One treatment of a sum of doses, with its registration and its resampling onto the common grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import Nuclide
from .._foundation.choices import IsotopeName, ResamplingMethod
from ..advisory import Advisory
from ..geometry.affine import check_same_frame
from ..geometry.image import Image


@dataclass(frozen=True, eq=False, kw_only=True)
class TreatmentDose:
    """Dose of one treatment, with its registration to the others.

    Parameters
    ----------
    name : str
        Name of the treatment, such as its date.
    dose : Image
        Absorbed dose in Gy or mGy.
    transform_lps : array (4, 4), optional
        Registration from its patient space to the common one in LPS mm, from `yttria.io.read_transform`. None if the
        dose is already in the common space.
    transform_source : str, optional
        Source of the registration.
    nuclide : Nuclide, optional
        Nuclide of this treatment for its BED. Default: that of `AccumulatedDose.bed`.
    """

    name: str
    dose: Image
    transform_lps: npt.NDArray[np.float64] | None = None
    transform_source: str | None = None
    nuclide: Nuclide | None = None


@dataclass(frozen=True, kw_only=True)
class SummedTreatment:
    """One treatment of a sum, with its transform and resampling.

    Parameters
    ----------
    name : str
        Name of the treatment.
    transform_lps : list of list of float, or None
        Transform into the common space, None if there was none.
    transform_source : str or None
        Source of the transform.
    resampling : dict or None
        Description of the resampling onto the common grid, None if there was none.
    isotope : str or None
        Isotope of the dose, such as "Y-90"; None if the treatment states no nuclide.
    """

    name: str
    transform_lps: list[list[float]] | None
    transform_source: str | None
    resampling: dict[str, Any] | None
    isotope: IsotopeName | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.evaluation.accumulate_doses`.
        """
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def transformed_dose(treatment: TreatmentDose, common: Image | None, image: Image | None = None) -> Image:
    """Transform the dose of a treatment, or another image on its grid, into the common space."""
    image = treatment.dose if image is None else image
    if treatment.transform_lps is None:
        return image
    frame = None if common is None else common.frame_of_reference_uid
    return image.transformed(treatment.transform_lps, frame_of_reference_uid=frame, source=treatment.transform_source)


def on_common_grid(
    image: Image, treatment: TreatmentDose, common: Image, method: ResamplingMethod, threads: int | None
) -> tuple[Image, tuple[dict[str, Any], tuple[Advisory, ...]] | None]:
    """Resample an image on the grid of a treatment onto the common grid, and describe the resampling."""
    transformed = transformed_dose(treatment, common, image)
    frames = transformed.frame_of_reference_uid, common.frame_of_reference_uid
    check_same_frame(frames[0], f"the dose of '{treatment.name}'", frames[1], "the common grid")
    if transformed.same_grid(common):
        return common.with_array(transformed.array, "Gy"), None
    done = transformed.resampled_on(common, method=method, fill_value=0.0, threads=threads)
    return common.with_array(done.image.array, "Gy"), (done.as_dict(), done.advisories)
