"""Provenance of a dose image: every assumption as a value, beside the numbers it led to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..sources import read_of
from .brief import brief
from .choices import MediumName, Method, NegativeVoxels, Unit

RESEARCH_USE = "For research use only. Not a medical device; no dose shown here is a prescription or an approval."


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Inputs, assumptions and findings on the way from an activity image to a dose image.

    Fields that the method does not use are None. `scaling` holds the scaling's own terms; `decay_factor` is by what
    activity at the image's reference time was multiplied to get that at administration. `negative_fraction` is the
    sum of the negative voxels over that of the positive ones, as a positive number. `image_transform_lps` is what
    moved the image in patient space before (`Image.transformed`), 4 x 4 in rows, and `image_transform_source` where
    that came from; None if nothing did. `density_image` is where each voxel's density came from, and what became of
    voxels of low density; then `density_g_per_ml` is None, but for superposition, whose reference density it is.
    `superposition` is how the rays were set, and what they deposited and carried out of the image. `monte_carlo` states
    histories, seed, when the run was to stop and whether it came so far, and the uncertainty reached. `evaluation`: how
    the structures were given and moved, and by what rules their doses were read (`yttria dose` and batches; None for a
    dose image alone).
    """

    yttria_version: str
    method: Method
    density_g_per_ml: float | None
    nuclide: str
    half_life_h: float
    dose_factor_gy_kg_per_gbq: float
    nuclide_source: str
    input_unit: Unit
    scaling: dict[str, Any]
    decay_factor: float
    mbq_per_ml_per_unit: float
    negative_voxels: NegativeVoxels
    negative_voxel_count: int
    negative_fraction: float
    kernel_medium: MediumName | None = None
    kernel_voxel_size_mm: tuple[float, float, float] | None = None
    kernel_energy_beyond_fraction: float | None = None
    kernel_tail_folded: bool | None = None
    kernel_source: str | None = None
    image_transform_lps: list[list[float]] | None = None
    image_transform_source: str | None = None
    density_image: dict[str, Any] | None = None
    superposition: dict[str, Any] | None = None
    monte_carlo: dict[str, Any] | None = None
    evaluation: dict[str, Any] | None = None
    statement: str = RESEARCH_USE

    __repr__ = brief

    def as_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON, which also states how well the nuclide's sources were read.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        return asdict(self) | {"nuclide_source_read": read_of(self.nuclide_source)}
