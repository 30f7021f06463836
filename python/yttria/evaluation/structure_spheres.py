"""Number of microspheres in a structure, and the spread of doses that this number causes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class StructureSpheres:
    """Microspheres of one structure, and the spread of doses between injections with the same mean.

    Parameters
    ----------
    structure : str
        Its name.
    spheres : float
        Expected number of microspheres inside.
    spheres_per_ml : float or None
        Number per mL. It is None, like the following fields, if the structure lies outside the image.
    spheres_per_voxel : float or None
        Number per voxel of the dose.
    mean_gy : float or None
        Mean dose in Gy.
    mean_uncertainty_gy : float or None
        Standard uncertainty of the mean dose in Gy.
    voxel_relative_uncertainty : float or None
        Root mean square of the standard uncertainty of the voxels, as a fraction of the mean dose.
    """

    structure: str
    spheres: float
    spheres_per_ml: float | None = None
    spheres_per_voxel: float | None = None
    mean_gy: float | None = None
    mean_uncertainty_gy: float | None = None
    voxel_relative_uncertainty: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end.

        Examples
        --------
        >>> StructureSpheres(structure="Tumor", spheres=120.0, spheres_per_ml=100.0).as_dict()["spheres"]
        120.0
        """
        return asdict(self)

    def columns(self) -> dict[str, float | None]:
        """Return the columns for a table of doses.

        Returns
        -------
        dict of str to float or None
            Numbers of microspheres, and the relative standard uncertainty of voxels. That of the mean is a component of
            its budget.

        Examples
        --------
        >>> StructureSpheres(structure="Tumor", spheres=120.0, spheres_per_ml=100.0).columns()["microspheres"]
        120.0
        """
        return {
            "microspheres": self.spheres,
            "microspheres_per_ml": self.spheres_per_ml,
            "microspheres_per_voxel": self.spheres_per_voxel,
            "microsphere_voxel_relative_uncertainty": self.voxel_relative_uncertainty,
        }
