"""Dose map with structures and histograms, for the pictures of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._core import DoseVolumeHistogram, VoxelFractions
from ..errors import GeometryError
from ..geometry.affine import check_same_frame
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..voxel.dose_result import DoseResult

#: A histogram belongs to a table if its mean dose agrees with the table's within this share of the structure's maximum.
_SAME_DOSE = 1e-4


@dataclass(frozen=True, eq=False, kw_only=True)
class DoseMap:
    """Inputs of the pictures of a dose.

    Parameters
    ----------
    image : Image
        Absorbed dose in Gy.
    voxel_fractions : mapping of str to VoxelFractions
        Fraction of each dose voxel inside each structure.
    histograms : mapping of str to DoseVolumeHistogram
        Histograms of the structures that lie in the image.
    order : mapping of str to int
        Index of each structure in the table, which determines its color.
    background : Image or None
        Image in gray beneath the dose, on its grid.
    """

    image: Image
    voxel_fractions: Mapping[str, VoxelFractions]
    histograms: Mapping[str, DoseVolumeHistogram]
    order: Mapping[str, int]
    background: Image | None = None

    def renamed(self, names: Mapping[str, str]) -> DoseMap:
        """Return the same map with other names of structures.

        Parameters
        ----------
        names : mapping of str to str
            The other name of each structure.

        Returns
        -------
        DoseMap

        Examples
        --------
        >>> import yttria
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((8.0, 8.0, 8.0))
        >>> dose = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
        >>> list(dose_map(dose, phantom.structures[:1]).renamed({"Liver": "Organ"}).histograms)
        ['Organ']
        """
        return replace(
            self,
            voxel_fractions={names[name]: value for name, value in self.voxel_fractions.items()},
            histograms={names[name]: value for name, value in self.histograms.items()},
            order={names[name]: value for name, value in self.order.items()},
        )

    def differing(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Find structures of a table whose mean dose differs from that of this map, or that this map lacks.

        Parameters
        ----------
        rows : sequence of mapping
            The table of doses.json: `structure` and `mean_gy` of each.

        Returns
        -------
        list of str
            Names of the structures. A mean dose may differ by 1e-4 of the structure's maximum.

        Examples
        --------
        >>> import yttria
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((8.0, 8.0, 8.0))
        >>> dose = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
        >>> rows = [row.as_dict() for row in dose.table(phantom.structures)]
        >>> rows[0]["mean_gy"] *= 1.01
        >>> dose_map(dose, phantom.structures).differing(rows)
        ['Liver']
        """
        found = []
        for row in rows:
            name, mean_gy = str(row["structure"]), row.get("mean_gy")
            histogram = self.histograms.get(name)
            if (histogram is None) != (mean_gy is None):
                found.append(name)
            elif histogram is not None and mean_gy is not None:
                scale_gy = max(abs(histogram.maximum_gy), abs(float(mean_gy)), 1e-9)
                if abs(histogram.mean_gy - float(mean_gy)) > _SAME_DOSE * scale_gy:
                    found.append(name)
        return found


def dose_map(
    result: DoseResult,
    structures: Sequence[Structure],
    *,
    sub_voxel_mm: float | None = None,
    background: Image | None = None,
) -> DoseMap:
    """Compute voxel fractions and histograms of structures for the pictures of a report.

    Parameters
    ----------
    result : DoseResult
        The dose.
    structures : sequence of Structure
        Structures in its space, in the order of the table.
    sub_voxel_mm : float, optional
        Largest sub-voxel in mm, if the doses of the table were read from sub-voxels.
    background : Image, optional
        Image beneath the dose, on its grid.

    Returns
    -------
    DoseMap

    Raises
    ------
    GeometryError
        If the background is on another grid or in another frame of reference.
    DuplicateNameError
        If two structures share a name.

    Examples
    --------
    >>> import yttria
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((8.0, 8.0, 8.0))
    >>> dose = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
    >>> sorted(dose_map(dose, phantom.structures).histograms)
    ['Liver', 'Normal liver', 'Tumor 1', 'Tumor 2']
    """
    if background is not None:
        frames = background.frame_of_reference_uid, result.image.frame_of_reference_uid
        check_same_frame(frames[0], "the background image", frames[1], "the dose image")
        if not background.same_grid(result.image):
            raise GeometryError("the background image must lie on the grid of the dose image: resample it first")
    _, histograms = result.evaluate(structures, sub_voxel_mm=sub_voxel_mm)
    fractions = result.voxel_fractions(structures)
    volume = result.image.voxel_volume_ml
    return DoseMap(
        image=result.image,
        voxel_fractions=fractions,
        histograms={name: h for name, h in histograms.items() if fractions[name].volume_ml(volume) > 0.0},
        order={structure.name: n for n, structure in enumerate(structures)},
        background=background,
    )
