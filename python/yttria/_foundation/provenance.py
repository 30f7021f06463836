"""Provenance of a dose image, with every assumption as a value."""

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

    Fields that the method does not use are None. `scaling` holds the settings of the scaling. `decay_factor` is the
    factor from the activity at the image's reference time to that at administration. `negative_fraction` is the sum of
    the negative voxels over that of the positive ones, as a positive number. `image_transform_lps` is the transform
    that was applied to the image in patient space (`Image.transformed`), 4 x 4 in rows, and `image_transform_source` is
    its origin. Both are None if the image was not transformed. `density_image` states the origin of each voxel's
    density and the treatment of voxels of low density. With it, `density_g_per_ml` is None, except for superposition,
    where it is the reference density. `superposition` states the settings of the rays, and the energy that they
    deposited and carried out of the image. `monte_carlo` states the histories, the seed, the stopping rule, whether it
    was reached, and the uncertainty reached. `evaluation` states how the structures were given and transformed, and the
    rules by which their doses were read. It is filled by `yttria dose` and batches, and None for a dose image alone.
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
