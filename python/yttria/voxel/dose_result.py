"""Dose images with their provenance, and the doses of structures in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from .._core import DoseVolumeHistogram
from ..errors import UndefinedError
from ..evaluation import PartialVolumeInputs, UncertaintyBudget, UncertaintyInputs
from ..evaluation.tables import StructureDose
from ..geometry.image import Image
from ..geometry.structure import Structure
from .dosed_image import DosedImage
from .dosed_structures import structure_budgets_of, structure_spheres
from .recovered_means import recovered_means
from .structure_fractions import fractions_key


@dataclass(frozen=True, eq=False, kw_only=True)
class DoseResult(DosedImage):
    """Absorbed dose image in Gy with its provenance, for research use.

    Parameters
    ----------
    image : Image
        Absorbed dose after complete decay in Gy, shape (k, j, i).
    provenance : Provenance
        All inputs, assumptions and findings.
    advisories : tuple of Advisory
        Findings that a reader of the doses must know.
    activity_in_field_mbq : ActivityInField
        Sum of the activity over all voxels in MBq.
    gas : ndarray of bool, optional
        True for voxels of gas, which have no dose and are excluded from the doses of structures; None if there are
        none.
    activity : Image, optional
        The image from which the dose was computed, in its own unit.
    density : Image, optional
        Density of each voxel in g/mL on the same grid; None if it is uniform.
    uncertainty : Image, optional
        Standard uncertainty (k = 1) of each voxel in Gy by Monte Carlo; None by the other methods.

    Examples
    --------
    >>> from yttria import AbsoluteScaling, dose_image
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
    >>> result.image.unit, result.provenance.method
    ('Gy', 'local_deposition')
    """

    def dose_volume_histograms(
        self, structures: Sequence[Structure], *, sub_voxel_mm: float | None = None, threads: int | None = None
    ) -> dict[str, DoseVolumeHistogram]:
        """Compute exact cumulative histograms of structures, weighted by voxel fractions.

        Parameters
        ----------
        structures : sequence of Structure
            Their names must differ.
        sub_voxel_mm : float, optional
            Cut voxels into sub-voxels of at most that size in mm, with the dose interpolated inside voxels.
        threads : int, optional
            All processors if not given.

        Returns
        -------
        dict of str to DoseVolumeHistogram
            By the structure's name; see `yttria.evaluation`.

        Raises
        ------
        UndefinedError
            If a structure occupies no voxel of the image.
        YttriaError
            As for `table`.

        Examples
        --------
        >>> from yttria import AbsoluteScaling, dose_image
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((10.0, 10.0, 10.0))
        >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
        >>> list(result.dose_volume_histograms(phantom.structures[:2]))
        ['Liver', 'Normal liver']
        """
        evaluated = self._evaluated(structures, sub_voxel_mm, threads)
        for name, (_, _, histogram) in evaluated.items():
            if histogram is None:
                raise UndefinedError(
                    f"dose-volume histogram of '{name}' is undefined: the structure occupies no voxel of the dose grid"
                )
        return {name: histogram for name, (_, _, histogram) in evaluated.items() if histogram is not None}

    def transformed(
        self, transform_lps: npt.ArrayLike, *, frame_of_reference_uid: str | None = None, source: str | None = None
    ) -> DoseResult:
        """Apply a transform of patient space to the dose and to its input images.

        Parameters
        ----------
        transform_lps : array (4, 4)
            Maps its patient space to another one, LPS mm; see `yttria.io.read_transform`.
        frame_of_reference_uid, source : str, optional
            See `Image.transformed`.

        Returns
        -------
        DoseResult

        Raises
        ------
        GeometryError
            If the transform is not an affine, or leaves the axes sheared.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import AbsoluteScaling, Image, dose_image
        >>> activity = Image(np.ones((2, 2, 2)), np.eye(4), "MBq/mL")
        >>> result = dose_image(activity, scaling=AbsoluteScaling(0.0))
        >>> shift = np.eye(4)
        >>> shift[:3, 3] = (5.0, 0.0, 0.0)
        >>> result.transformed(shift, source="by hand").image.affine_lps[:3, 3].tolist()
        [5.0, 0.0, 0.0]
        """

        def transformed(image: Image | None) -> Image | None:
            if image is None:
                return None
            return image.transformed(transform_lps, frame_of_reference_uid=frame_of_reference_uid, source=source)

        dose = transformed(self.image)
        assert dose is not None
        return replace(
            self,
            image=dose,
            activity=transformed(self.activity),
            density=transformed(self.density),
            uncertainty=transformed(self.uncertainty),
        )

    def table(
        self,
        structures: Sequence[Structure],
        *,
        volumes_at_gy: Sequence[float] = (),
        sub_voxel_mm: float | None = None,
        uncertainty: UncertaintyInputs | None = None,
        partial_volume: PartialVolumeInputs | None = None,
        threads: int | None = None,
    ) -> list[StructureDose]:
        """Compute the doses of structures, with one row for each, in the given order.

        Parameters
        ----------
        structures : sequence of Structure
            Their names must differ.
        volumes_at_gy : sequence of float
            Doses in Gy at which the share of the volume is stated.
        sub_voxel_mm : float, optional
            As for `dose_volume_histograms`.
        uncertainty : UncertaintyInputs, optional
            Stated uncertainties, which give mean, D95, D70 and volume their standard uncertainties, see
            `uncertainty_budgets`. With the activity of a microsphere, rows also state the number of microspheres.
        partial_volume : PartialVolumeInputs, optional
            Statements on the blur of the image, with which rows also have the mean corrected for it, see
            `voxel.recovered_means`.
        threads : int, optional
            All processors if not given.

        Returns
        -------
        list of StructureDose
            `as_dict` makes plain data of a row. Monte Carlo gives `mean_uncertainty_gy` for structures that were given
            to `dose_image`.

        Raises
        ------
        DuplicateNameError
            If two structures share a name.
        GeometryError
            If a structure lies in another known frame of reference.

        Examples
        --------
        >>> from yttria import AbsoluteScaling, dose_image
        >>> from yttria.evaluation import UncertaintyInputs
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((10.0, 10.0, 10.0))
        >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
        >>> liver = result.table(phantom.structures, uncertainty=UncertaintyInputs(calibration_uncertainty=0.05))[0]
        >>> liver.structure, round(liver.mean_standard_uncertainty_gy / liver.mean_gy, 3)
        ('Liver', 0.05)
        """
        how: dict[str, Any] = {"sub_voxel_mm": sub_voxel_mm, "threads": threads}
        rows, _ = self.evaluate(structures, volumes_at_gy=volumes_at_gy, **how)
        return self.completed(rows, structures, uncertainty=uncertainty, partial_volume=partial_volume, **how)[0]

    def completed(
        self,
        rows: Sequence[StructureDose],
        structures: Sequence[Structure],
        *,
        uncertainty: UncertaintyInputs | None = None,
        partial_volume: PartialVolumeInputs | None = None,
        reference: Structure | None = None,
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> tuple[list[StructureDose], list[UncertaintyBudget]]:
        """Complete rows of `evaluate` with the requested uncertainties, corrected means and microspheres.

        Parameters
        ----------
        rows : sequence of StructureDose
            Rows of the structures.
        structures, uncertainty, partial_volume, sub_voxel_mm, threads
            As for `table`. A recovery curve in one of the two inputs is used for both.
        reference : Structure, optional
            As for `uncertainty_budgets`.

        Returns
        -------
        rows : list of StructureDose
            The completed rows.
        budgets : list of UncertaintyBudget
            The budgets of `uncertainty_budgets`, with that of a corrected mean by either method.

        Examples
        --------
        >>> from yttria import AbsoluteScaling, dose_image
        >>> from yttria.evaluation import PartialVolumeInputs
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((6.0, 6.0, 6.0))
        >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
        >>> rows, _ = result.evaluate(phantom.structures)
        >>> stated = PartialVolumeInputs(method="transfer_matrix", fwhm_mm=6.0)
        >>> completed, budgets = result.completed(rows, phantom.structures, partial_volume=stated)
        >>> completed[3].recovered.recovered_mean_gy > rows[3].mean_gy, budgets
        (True, [])
        """
        how: dict[str, Any] = {"sub_voxel_mm": sub_voxel_mm, "threads": threads}
        blur = PartialVolumeInputs() if partial_volume is None else partial_volume
        recovered = recovered_means(self, structures, blur, **how)
        spheres, budgets = structure_spheres(self, structures, uncertainty, threads), []
        if uncertainty is not None:
            stated = uncertainty.replaced(recovery=uncertainty.recovery or blur.recovery)
            by_matrix = recovered if blur.method == "transfer_matrix" else {}
            more: dict[str, Any] = {"recovered": by_matrix, "fwhm_mm": blur.mean_fwhm_mm, "reference": reference}
            budgets = structure_budgets_of(self, structures, stated, spheres, **more, **how)
        found = (replace(row, recovered=recovered.get(row.structure)) for row in rows)
        found = (replace(row, spheres=spheres.get(row.structure)) for row in found)
        return [row.with_uncertainty(budgets) for row in found], budgets

    def evaluate(
        self,
        structures: Sequence[Structure],
        *,
        volumes_at_gy: Sequence[float] = (),
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> tuple[list[StructureDose], dict[str, DoseVolumeHistogram]]:
        """Compute the table of doses, and the histograms from which it was read.

        Parameters
        ----------
        structures, volumes_at_gy, sub_voxel_mm, threads
            As for `table`.

        Returns
        -------
        rows : list of StructureDose
            One row for each structure, in the given order.
        histograms : dict of str to DoseVolumeHistogram
            By the structure's name; a structure wholly outside the image has none. Errors are those of `table`.

        Examples
        --------
        >>> from yttria import AbsoluteScaling, dose_image
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((10.0, 10.0, 10.0))
        >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))
        >>> rows, histograms = result.evaluate(phantom.structures)
        >>> rows[0].mean_gy == histograms["Liver"].mean_gy
        True
        """
        evaluated = self._evaluated(structures, sub_voxel_mm, threads)
        uncertainties: dict[str, float | None] = {}
        if self._mean_uncertainties_gy and sub_voxel_mm is None:
            fractions = self.voxel_fractions(structures, threads=threads)
            uncertainties = {n: self._mean_uncertainties_gy.get(fractions_key(f)) for n, f in fractions.items()}
        rows = [
            StructureDose.of(
                name,
                histogram,
                volume_ml=volume_ml,
                outside_fraction=outside_fraction,
                volumes_at_gy=volumes_at_gy,
                mean_uncertainty_gy=uncertainties.get(name),
            )
            for name, (volume_ml, outside_fraction, histogram) in evaluated.items()
        ]
        return rows, {name: found[2] for name, found in evaluated.items() if found[2] is not None}

    def uncertainty_budgets(
        self,
        structures: Sequence[Structure],
        inputs: UncertaintyInputs,
        *,
        reference: Structure | None = None,
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> list[UncertaintyBudget]:
        """Compute budgets of the standard uncertainties of mean, D70, D95 and volume, to first order.

        Parameters
        ----------
        structures : sequence of Structure
            Their names must differ. One wholly outside of the image has no budget.
        inputs : UncertaintyInputs
            Stated uncertainties. Those that are not stated are not zero: they are listed in `not_included`, or have a
            default that is named.
        reference : Structure, optional
            Reference region of relative scaling, if it is not among the structures, because its outline changes every
            dose.
        sub_voxel_mm : float, optional
            As for `table`; contributions of outlines and shifts are computed with whole voxels.
        threads : int, optional
            All processors if not given.

        Returns
        -------
        list of UncertaintyBudget
            Four for each structure, and with a recovery curve a fifth, of the mean divided by the recovery coefficient.
            `evaluation.tables` has the columns of their standard uncertainties.

        Raises
        ------
        UndefinedError
            If the dose is a sum of treatments.
        YttriaError
            As for `table`.

        Notes
        -----
        docs/uncertainty.md lists each sensitivity. Outlines are displaced on the image by their standard uncertainty to
        both sides, and mean, D70, D95 and volume are computed again.

        References
        ----------
        gear2018, gum2008

        Examples
        --------
        >>> from yttria import AbsoluteScaling, dose_image
        >>> from yttria.evaluation import UncertaintyInputs
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((6.0, 6.0, 6.0))
        >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
        >>> inputs = UncertaintyInputs(fwhm_mm=6.0, calibration_uncertainty=0.05)
        >>> mean, *_ = result.uncertainty_budgets(phantom.structures[:1], inputs)
        >>> mean.quantity, [each.source for each in mean.components]
        ('mean_gy', ['volume', 'calibration', 'decay'])
        """
        spheres = structure_spheres(self, structures, inputs, threads)
        return structure_budgets_of(
            self, structures, inputs, spheres, reference=reference, sub_voxel_mm=sub_voxel_mm, threads=threads
        )
