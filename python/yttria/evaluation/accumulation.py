"""Sum of the doses of several treatments on one grid, and sum of their biologically effective doses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core import DoseVolumeHistogram, Nuclide
from .._foundation.choices import RESAMPLING_METHODS, ResamplingMethod
from .._foundation.numbers import one_of
from ..advisory import Advisory, advise
from ..errors import ArgumentError, DuplicateNameError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import check_unique_names
from .biologically_effective_dose import bed_gy
from .dvh import dose_volume_histograms
from .tables import StructureDose
from .treatment_dose import SummedTreatment, TreatmentDose, on_common_grid, transformed_dose

#: Share of a structure that may lie outside the dose image of a treatment without an advisory.
_OUTSIDE_FRACTION = 0.01


@dataclass(frozen=True, kw_only=True)
class AccumulatedRow:
    """Doses of one structure over several treatments.

    Parameters
    ----------
    total : StructureDose
        Doses of the sum.
    mean_by_treatment_gy : dict of str to float or None
        Mean dose of each treatment in Gy on the common grid, by its name. These means add up to the mean of the sum.
        None if the structure lies wholly outside the grid.
    """

    total: StructureDose
    mean_by_treatment_gy: dict[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the row of the sum, with the means of the treatments under `mean_by_treatment_gy`.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.evaluation.AccumulatedDose.table`.
        """
        return self.total.as_dict() | {"mean_by_treatment_gy": dict(self.mean_by_treatment_gy)}


@dataclass(frozen=True, eq=False, kw_only=True)
class AccumulatedDose:
    """Sum of the doses of several treatments on one grid. For research use.

    Parameters
    ----------
    image : Image
        The sum in Gy.
    treatments : tuple of SummedTreatment
        The treatments of the sum, in the order given.
    parts : tuple of Image
        The dose of each treatment on the common grid, in Gy.
    advisories : tuple of Advisory
        Advisories on the sum.
    """

    image: Image
    treatments: tuple[SummedTreatment, ...]
    parts: tuple[Image, ...] = field(repr=False)
    advisories: tuple[Advisory, ...] = ()
    _given: tuple[TreatmentDose, ...] = field(default=(), repr=False)
    _method: ResamplingMethod = field(default="average", repr=False)

    def table(
        self, structures: Sequence[Structure], *, threads: int | None = None
    ) -> tuple[list[AccumulatedRow], tuple[Advisory, ...]]:
        """Evaluate structures in the sum and in each treatment.

        Parameters
        ----------
        structures : sequence of Structure
            Structures with unique names, in the common space.
        threads : int, optional
            Number of threads; all processors if not given.

        Returns
        -------
        rows : list of AccumulatedRow
        advisories : tuple of Advisory
            `treatment_cuts_structure` if more than 1 % of a structure's volume lies outside the dose image of a
            treatment. This part counts as without dose.

        Raises
        ------
        DuplicateNameError
            If two structures share a name.
        GeometryError
            If a structure lies in another frame of reference.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Structure
        >>> doses = {"March": 40.0, "June": 30.0}
        >>> treatments = [
        ...     TreatmentDose(name=name, dose=Image(np.full((2, 2, 2), dose), np.eye(4), "Gy"))
        ...     for name, dose in doses.items()
        ... ]
        >>> liver = Structure("Liver", np.ones((2, 2, 2), bool), np.eye(4))
        >>> rows, _ = accumulate_doses(treatments).table([liver])
        >>> rows[0].total.mean_gy, rows[0].mean_by_treatment_gy
        (70.0, {'March': 40.0, 'June': 30.0})
        """
        check_unique_names(structures)
        grid, told = self.image, []
        fractions = {each.name: each.voxel_fractions_on(grid, threads=threads) for each in structures}
        volumes = {name: of.volume_ml(grid.voxel_volume_ml) for name, of in fractions.items()}
        inside = {name: of for name, of in fractions.items() if volumes[name] > 0.0}
        of_all, *of_each = (
            dose_volume_histograms(image.array, inside, voxel_volume_ml=grid.voxel_volume_ml, threads=threads)
            for image in (grid, *self.parts)
        )
        for treatment in self._given:
            transformed = transformed_dose(treatment, grid)
            for structure in structures:
                beyond = structure.voxel_fractions_on(transformed, threads=threads).outside_fraction
                if beyond > _OUTSIDE_FRACTION:
                    told.append(
                        advise(
                            "treatment_cuts_structure",
                            structure=structure.name,
                            treatment=treatment.name,
                            outside_fraction=beyond,
                        )
                    )
        rows = [
            AccumulatedRow(
                total=StructureDose.of(
                    name,
                    of_all.get(name),
                    volume_ml=volumes[name],
                    outside_fraction=fractions[name].outside_fraction,
                ),
                mean_by_treatment_gy={
                    treatment.name: found[name].mean_gy if name in found else None
                    for treatment, found in zip(self.treatments, of_each, strict=True)
                },
            )
            for name in (s.name for s in structures)
        ]
        return rows, tuple(told)

    def bed(
        self,
        *,
        alpha_beta_gy: float,
        repair_half_time_h: float,
        nuclide: Nuclide | None = None,
        threads: int | None = None,
    ) -> tuple[Image, tuple[Advisory, ...]]:
        """Sum the biologically effective doses of the treatments, each computed before the sum.

        Parameters
        ----------
        alpha_beta_gy, repair_half_time_h : float
            Parameters of the tissue; see `bed_gy`.
        nuclide : Nuclide, optional
            Of the treatments that state none; `Nuclide()` if not given.
        threads : int, optional
            Number of threads; all processors if not given.

        Returns
        -------
        image : Image
            `sum BED(D_i)` in Gy on the common grid. It holds for treatments so far apart that repair is complete
            between them.
        advisories : tuple of Advisory
            `negative_doses_as_zero` for a treatment with negative doses.

        Raises
        ------
        OutOfRangeError
            If a parameter is not positive.

        Notes
        -----
        The BED of a treatment is computed voxel by voxel on its own grid and then resampled onto the common grid. The
        order matters because the BED of an averaged dose is lower than the average of the BEDs.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> treatments = [
        ...     TreatmentDose(name=name, dose=Image(np.full((1, 1, 1), 50.0), np.eye(4), "Gy")) for name in ("a", "b")
        ... ]
        >>> total = accumulate_doses(treatments)
        >>> apart, _ = total.bed(alpha_beta_gy=2.5, repair_half_time_h=2.5)
        >>> round(float(apart.array[0, 0, 0]), 1)
        175.1
        """
        total = np.zeros(self.image.shape)
        told: list[Advisory] = []
        for treatment in self._given:
            dose = treatment.dose.to("Gy")
            negative = int(np.count_nonzero(dose.array < 0))
            if negative:
                share = negative / dose.array.size
                told.append(advise("negative_doses_as_zero", "map", structure=treatment.name, volume_fraction=share))
            bed = bed_gy(
                np.maximum(dose.array, 0),
                alpha_beta_gy=alpha_beta_gy,
                repair_half_time_h=repair_half_time_h,
                nuclide=nuclide if treatment.nuclide is None else treatment.nuclide,
            )
            on_grid, _ = on_common_grid(dose.with_array(bed, "Gy"), treatment, self.image, self._method, threads)
            total += on_grid.array
        return self.image.with_array(total, "Gy"), tuple(told)

    def histograms(
        self, image: Image, structures: Sequence[Structure], *, threads: int | None = None
    ) -> dict[str, DoseVolumeHistogram]:
        """Compute histograms of an image on the common grid, such as the BED.

        Parameters
        ----------
        image : Image
            Image in Gy on the common grid.
        structures : sequence of Structure
            Structures in the common space.
        threads : int, optional
            Number of threads; all processors if not given.

        Returns
        -------
        dict of str to DoseVolumeHistogram
            Histogram of each structure. A structure outside the grid has no histogram.

        Raises
        ------
        GeometryError
            If a structure lies in another frame of reference.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Structure
        >>> dose = Image(np.full((2, 2, 2), 40.0), np.eye(4), "Gy")
        >>> total = accumulate_doses([TreatmentDose(name="March", dose=dose)])
        >>> liver = Structure("Liver", np.ones((2, 2, 2), bool), np.eye(4))
        >>> total.histograms(total.image, [liver])["Liver"].mean_gy
        40.0
        """
        inside = {each.name: each.voxel_fractions_on(image, threads=threads) for each in structures}
        inside = {name: of for name, of in inside.items() if of.volume_ml(image.voxel_volume_ml) > 0.0}
        return dose_volume_histograms(image.array, inside, voxel_volume_ml=image.voxel_volume_ml, threads=threads)


def accumulate_doses(
    treatments: Sequence[TreatmentDose],
    *,
    grid: Image | None = None,
    resample: ResamplingMethod = "average",
    threads: int | None = None,
) -> AccumulatedDose:
    """Add up the doses of several treatments on one grid.

    Parameters
    ----------
    treatments : sequence of TreatmentDose
        Treatments with unique names.
    grid : Image, optional
        Image with the common grid and patient space. Default: those of the last treatment.
    resample : {"average", "linear"}, default "average"
        Method by which a dose is resampled onto the common grid (see `Image.resampled_on`).
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    AccumulatedDose

    Raises
    ------
    UndefinedError
        If there is no treatment.
    DuplicateNameError
        If two treatments share a name.
    GeometryError
        If known frames of reference differ and no transform is given.
    UnitError
        If an image holds no dose.

    Warns
    -----
    resampled, outside_image
        As `Image.resampled_on`. Beyond the dose image of a treatment its dose counts as 0.
    treatments_of_several_nuclides
        The treatments state different nuclides.

    Notes
    -----
    Absorbed doses of treatments add up to an absorbed dose. Their effects need not add up (see `AccumulatedDose.bed`).

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> first = TreatmentDose(name="March", dose=Image(np.full((2, 2, 2), 40.0), np.eye(4), "Gy"))
    >>> second = TreatmentDose(name="June", dose=Image(np.full((2, 2, 2), 30.0), np.eye(4), "Gy"))
    >>> total = accumulate_doses([first, second])
    >>> float(total.image.array.max()), [each.name for each in total.treatments]
    (70.0, ['March', 'June'])
    >>> bed, _ = total.bed(alpha_beta_gy=2.5, repair_half_time_h=2.5)
    >>> round(float(bed.array.max()), 1)
    107.5
    """
    given = tuple(treatments)
    method = one_of("resample", resample, RESAMPLING_METHODS)
    if not given:
        raise UndefinedError("a sum of doses is undefined: there is no treatment")
    for each in given:
        if not isinstance(each, TreatmentDose):
            raise ArgumentError(f"treatments must hold TreatmentDose, got {type(each).__name__}")
    names = [each.name for each in given]
    if len(set(names)) < len(names):
        raise DuplicateNameError(f"treatments must have different names, got {', '.join(names)}")
    common = transformed_dose(given[-1], None) if grid is None else grid
    total = np.zeros(common.shape)
    parts, summed, told = [], [], []
    for each in given:
        part, done = on_common_grid(each.dose.to("Gy"), each, common, method, threads)
        total += part.array
        parts.append(part)
        told += list(each.dose.advisories)
        if done is not None:
            told += list(done[1])
        summed.append(
            SummedTreatment(
                name=each.name,
                transform_lps=None if each.transform_lps is None else np.asarray(each.transform_lps).tolist(),
                transform_source=each.transform_source,
                resampling=None if done is None else done[0],
                isotope=None if each.nuclide is None else each.nuclide.isotope,
            )
        )
    if len({each.isotope for each in summed if each.isotope is not None}) > 1:
        stated = ", ".join(f"'{each.name}' {each.isotope or 'not stated'}" for each in summed)
        told.append(advise("treatments_of_several_nuclides", stated=stated))
    return AccumulatedDose(
        image=common.with_array(total, "Gy"),
        treatments=tuple(summed),
        parts=tuple(parts),
        advisories=tuple(dict.fromkeys(told)),
        _given=given,
        _method=method,
    )
