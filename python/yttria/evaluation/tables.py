"""Rows of the tables of doses: typed, and as plain data by `as_dict`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from .._core import DoseVolumeHistogram
from .difference_uncertainty import DifferenceUncertainty
from .partial_volume import RecoveredMean
from .structure_spheres import StructureSpheres
from .uncertainty_budget import UncertaintyBudget

#: Percents of the volume and the small volume in mL whose minimum dose a row states.
PERCENTS = (99, 98, 95, 70, 50, 5, 2, 1)
SMALL_VOLUME_ML = 0.03
#: Column of the standard uncertainty of each quantity that has one.
UNCERTAINTY_COLUMNS = {
    "mean_gy": "mean_standard_uncertainty_gy",
    "d95_gy": "d95_standard_uncertainty_gy",
    "d70_gy": "d70_standard_uncertainty_gy",
    "volume_ml": "volume_standard_uncertainty_ml",
    "recovered_mean_gy": "recovered_mean_standard_uncertainty_gy",
}
_ASKED_FOR = {*UNCERTAINTY_COLUMNS.values(), "coverage_factor"}


@dataclass(frozen=True, kw_only=True)
class StructureDose:
    """Doses of one structure.

    Parameters
    ----------
    structure : str
        Its name.
    volume_ml : float
        Its volume within the dose image in mL.
    outside_fraction : float
        Share of its volume outside the dose image.
    mean_gy, standard_deviation_gy, minimum_gy, maximum_gy : float or None
        Doses in Gy. They are None, like the following fields, if the structure lies wholly outside the dose image.
    mean_uncertainty_gy : float or None
        Standard uncertainty (k = 1) of the mean dose due to the statistics of Monte Carlo alone, from the spread of the
        batches. It is one component of `mean_standard_uncertainty_gy`. None by other methods, with sub-voxels, and for
        structures that were not given to `dose_image`.
    d99_gy, d98_gy, d95_gy, d70_gy, d50_gy, d5_gy, d2_gy, d1_gy : float or None
        Minimum dose of the hottest percents of the volume in Gy.
    d0_03ml_gy : float or None
        Minimum dose of the hottest 0.03 mL in Gy, None also in a smaller structure.
    volume_fractions_at_gy : mapping of float to float or None
        Share of the volume that receives at least a dose, by that dose in Gy.
    mean_standard_uncertainty_gy, d95_standard_uncertainty_gy, d70_standard_uncertainty_gy : float or None
        Standard uncertainty (k = 1) of mean, D95 and D70 by their budgets in Gy, None without budgets.
    volume_standard_uncertainty_ml : float or None
        Standard uncertainty of the volume in mL, None also if the uncertainty of the outline is not known.
    coverage_factor : float or None
        Factor k between a standard uncertainty and half the width of an interval.
    recovered : RecoveredMean or None
        Mean dose without the loss due to the image's blur, None if it was not requested.
    recovered_mean_standard_uncertainty_gy : float or None
        Standard uncertainty of the recovered mean in Gy by its budget.
    spheres : StructureSpheres or None
        Microspheres in the structure, None if their activity was not stated.
    """

    structure: str
    volume_ml: float
    outside_fraction: float
    mean_gy: float | None = None
    mean_uncertainty_gy: float | None = None
    standard_deviation_gy: float | None = None
    minimum_gy: float | None = None
    maximum_gy: float | None = None
    d99_gy: float | None = None
    d98_gy: float | None = None
    d95_gy: float | None = None
    d70_gy: float | None = None
    d50_gy: float | None = None
    d5_gy: float | None = None
    d2_gy: float | None = None
    d1_gy: float | None = None
    d0_03ml_gy: float | None = None
    volume_fractions_at_gy: Mapping[float, float | None] = field(default_factory=dict, hash=False)
    mean_standard_uncertainty_gy: float | None = None
    d95_standard_uncertainty_gy: float | None = None
    d70_standard_uncertainty_gy: float | None = None
    volume_standard_uncertainty_ml: float | None = None
    coverage_factor: float | None = None
    recovered: RecoveredMean | None = None
    recovered_mean_standard_uncertainty_gy: float | None = None
    spheres: StructureSpheres | None = None

    @classmethod
    def of(
        cls,
        structure: str,
        histogram: DoseVolumeHistogram | None,
        *,
        volume_ml: float,
        outside_fraction: float,
        volumes_at_gy: Sequence[float] = (),
        mean_uncertainty_gy: float | None = None,
    ) -> StructureDose:
        """Make the row from a histogram.

        Parameters
        ----------
        structure : str
            Name of the structure.
        histogram : DoseVolumeHistogram or None
            Histogram of the structure, None if it lies wholly outside the dose image.
        volume_ml : float
            Its volume within the dose image in mL.
        outside_fraction : float
            Share of the structure's volume outside the dose image.
        volumes_at_gy : sequence of float
            Doses in Gy whose share of the volume the row states.
        mean_uncertainty_gy : float, optional
            Standard uncertainty (k = 1) of the mean in Gy; None if the method has none.

        Returns
        -------
        StructureDose
            The row.

        Examples
        --------
        >>> row = StructureDose.of("Tumor", None, volume_ml=0.0, outside_fraction=1.0)
        >>> row.mean_gy is None
        True
        """
        if histogram is None:
            return cls(
                structure=structure,
                volume_ml=volume_ml,
                outside_fraction=outside_fraction,
                volume_fractions_at_gy=dict.fromkeys(volumes_at_gy),
            )
        large = histogram.volume_ml >= SMALL_VOLUME_ML
        percents: dict[str, Any] = {f"d{each}_gy": histogram.dose_at_volume_percent(each) for each in PERCENTS}
        return cls(
            structure=structure,
            volume_ml=volume_ml,
            outside_fraction=outside_fraction,
            mean_gy=histogram.mean_gy,
            mean_uncertainty_gy=mean_uncertainty_gy,
            standard_deviation_gy=histogram.standard_deviation_gy,
            minimum_gy=histogram.minimum_gy,
            maximum_gy=histogram.maximum_gy,
            **percents,
            d0_03ml_gy=histogram.dose_at_volume_ml(SMALL_VOLUME_ML) if large else None,
            volume_fractions_at_gy={dose: histogram.volume_at_dose_percent(dose) / 100 for dose in volumes_at_gy},
        )

    def __post_init__(self) -> None:
        object.__setattr__(self, "volume_fractions_at_gy", MappingProxyType(dict(self.volume_fractions_at_gy)))

    def __reduce__(self) -> tuple[Callable[[], StructureDose], tuple[()]]:
        """Pickle through the constructor, because a read-only view cannot be pickled."""
        return partial(StructureDose, **self._numbers(), volume_fractions_at_gy=dict(self.volume_fractions_at_gy)), ()

    def _numbers(self) -> dict[str, Any]:
        """Collect every field except the shares."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "volume_fractions_at_gy"}

    def with_uncertainty(self, budgets: Iterable[UncertaintyBudget]) -> StructureDose:
        """Return the row with the standard uncertainties of budgets.

        Parameters
        ----------
        budgets : iterable of UncertaintyBudget
            Budgets. Those of other structures and of quantities without a column are ignored, and so are budgets
            without components.

        Returns
        -------
        StructureDose
            The row with the columns filled in, or the same row if no budget belongs to it.

        Examples
        --------
        >>> row = StructureDose.of("Tumor", None, volume_ml=0.0, outside_fraction=1.0)
        >>> row.with_uncertainty([]) is row
        True
        """
        own = {each.quantity: each for each in budgets if each.structure == self.structure}
        if not own:
            return self
        found: dict[str, Any] = {
            column: own[quantity].standard_uncertainty if quantity in own and own[quantity].components else None
            for quantity, column in UNCERTAINTY_COLUMNS.items()
        }
        return replace(self, **found, coverage_factor=next(iter(own.values())).coverage_factor)

    def as_dict(self) -> dict[str, Any]:
        """Return the columns of the table, such as "d0.03ml_gy" for the small volume and "v50gy_fraction" for a share.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them. Columns of standard uncertainties, of the
            recovered mean and of microspheres are present if they were requested.

        Examples
        --------
        >>> row = StructureDose.of("Tumor", None, volume_ml=0.0, outside_fraction=1.0)
        >>> row.as_dict()["outside_fraction"]
        1.0
        """
        row = self._numbers()
        recovered, spheres = row.pop("recovered"), row.pop("spheres")
        if self.coverage_factor is None:
            row = {name: value for name, value in row.items() if name not in _ASKED_FOR}
        if recovered is None:
            row.pop(UNCERTAINTY_COLUMNS["recovered_mean_gy"], None)
        row |= {} if recovered is None else recovered.as_dict()
        row |= {} if spheres is None else spheres.columns()
        row[f"d{SMALL_VOLUME_ML:g}ml_gy"] = row.pop("d0_03ml_gy")
        return row | {f"v{dose:g}gy_fraction": share for dose, share in self.volume_fractions_at_gy.items()}


@dataclass(frozen=True, kw_only=True)
class StructureDifference(DifferenceUncertainty):
    """Difference B - A of two dose maps in one structure.

    Parameters
    ----------
    structure : str
        Its name, or "Above cutoff".
    volume_ml : float
        Its volume in mL.
    mean_a_gy, mean_b_gy, mean_difference_gy : float
        Mean doses and their difference in Gy.
    relative_difference : float or None
        The difference as a fraction of the mean of A, None if that is zero.
    q75_gy, q99_gy, maximum_gy : float
        Quantiles and maximum of the absolute difference of voxels in Gy.
    gamma_passing_fraction : float or None
        Share of the evaluated volume with gamma of at most 1, None if no voxel was evaluated.
    mean_a_standard_uncertainty_gy, mean_b_standard_uncertainty_gy : float or None
        Standard uncertainty of both means in Gy, if their budgets were given.
    mean_difference_standard_uncertainty_gy : float or None
        Standard uncertainty of their difference in Gy, without common errors.
    coverage_factor, z, normalized_error : float or None
        As in `DifferenceUncertainty`.
    """

    structure: str
    volume_ml: float
    mean_a_gy: float
    mean_b_gy: float
    mean_difference_gy: float
    relative_difference: float | None
    q75_gy: float
    q99_gy: float
    maximum_gy: float
    gamma_passing_fraction: float | None
    mean_a_standard_uncertainty_gy: float | None = None
    mean_b_standard_uncertainty_gy: float | None = None
    mean_difference_standard_uncertainty_gy: float | None = None


@dataclass(frozen=True, kw_only=True)
class DoseQuantityDifference(DifferenceUncertainty):
    """One quantity of a structure in two dose maps.

    Parameters
    ----------
    structure : str
        Its name.
    quantity : str
        "mean", "D98", "D95", "D70", "D50" or "D2".
    a_gy, b_gy, difference_gy : float
        The quantity in A and in B, and the difference B - A, in Gy.
    a_standard_uncertainty_gy, b_standard_uncertainty_gy : float or None
        Standard uncertainty of both in Gy, if their budgets were given.
    difference_standard_uncertainty_gy : float or None
        Standard uncertainty of the difference in Gy, without common errors.
    coverage_factor, z, normalized_error : float or None
        As in `DifferenceUncertainty`.
    """

    structure: str
    quantity: str
    a_gy: float
    b_gy: float
    difference_gy: float
    a_standard_uncertainty_gy: float | None = None
    b_standard_uncertainty_gy: float | None = None
    difference_standard_uncertainty_gy: float | None = None


@dataclass(frozen=True, kw_only=True)
class IsodoseOverlap:
    """Volumes that receive at least a dose in two maps.

    Parameters
    ----------
    level_gy : float
        The dose in Gy.
    volume_a_ml, volume_b_ml : float
        Volumes in mL at or above this dose in A and in B.
    dice : float or None
        Dice coefficient of both volumes, None if both are empty.
    """

    level_gy: float
    volume_a_ml: float
    volume_b_ml: float
    dice: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> IsodoseOverlap(level_gy=50.0, volume_a_ml=10.0, volume_b_ml=9.0, dice=0.9).as_dict()["dice"]
        0.9
        """
        return asdict(self)
