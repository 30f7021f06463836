"""Statements of the loss of activity due to an image's blur, and the mean dose of a structure without that loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._foundation.choices import PARTIAL_VOLUME_METHODS, PartialVolumeMethod
from .._foundation.numbers import number, one_of
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, OutOfRangeError, ShapeError
from .ball_recovery import ball_recovery
from .recovery import RecoveryCurve

#: Largest width in mm of the resolution of a patient's image.
LARGEST_FWHM_MM = 40.0
#: Resolution in mm that is assumed for warnings if none is stated.
_TYPICAL_FWHM_MM = 8.0
#: Volume in mL above which less than a tenth of the energy of yttrium-90 leaves a structure.
_NOTHING_LEAVES_ML = 300.0
#: Largest number of structures whose names are listed.
_LISTED = 4


@dataclass(frozen=True, kw_only=True)
class PartialVolumeInputs:
    """Statements of the blur of an image, and the correction of mean doses for it.

    Parameters
    ----------
    method : {"none", "recovery_curve", "transfer_matrix"}, default "none"
        "recovery_curve" divides the mean dose of each structure by the recovery of its volume. "transfer_matrix" finds
        one concentration for each structure and one for the surroundings, so that their blur gives the image
        (rousset1998). "none" corrects nothing, and the statements are used for warnings.
    recovery : RecoveryCurve, optional
        Recovery coefficient against volume.
    fwhm_mm : float or (float, float, float), optional
        Full width at half maximum of the image's point spread function in mm, within [0, 40]. It is one number, or one
        for each axis (k, j, i) of the image. 0 states that the image has no blur.
    fwhm_uncertainty_mm : float, optional
        Standard uncertainty of that width in mm, at least 0.

    Raises
    ------
    ArgumentError
        If the method needs a curve or a width that is not stated.
    OutOfRangeError, ShapeError
        If a width or its uncertainty is outside its range, or if two widths are given.

    Examples
    --------
    >>> PartialVolumeInputs(method="transfer_matrix", fwhm_mm=6.0).fwhm_kji_mm
    (6.0, 6.0, 6.0)
    """

    method: PartialVolumeMethod = "none"
    recovery: RecoveryCurve | None = None
    fwhm_mm: float | Sequence[float] | None = None
    fwhm_uncertainty_mm: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", one_of("method of partial volume", self.method, PARTIAL_VOLUME_METHODS))
        if self.recovery is not None and not isinstance(self.recovery, RecoveryCurve):
            raise ArgumentError(f"recovery must be a RecoveryCurve, got {self.recovery!r:.80}")
        if self.fwhm_mm is not None:
            object.__setattr__(self, "fwhm_mm", _checked_widths(self.fwhm_mm))
        if self.fwhm_uncertainty_mm is not None:
            u = number("standard uncertainty of the FWHM in mm", self.fwhm_uncertainty_mm)
            if not 0.0 <= u <= LARGEST_FWHM_MM:
                raise OutOfRangeError(f"standard uncertainty of the FWHM in mm must be within [0, 40], got {u:g}")
            object.__setattr__(self, "fwhm_uncertainty_mm", u)
        if self.method == "recovery_curve" and self.recovery is None:
            raise ArgumentError("correction by a recovery curve needs the curve (recovery)")
        if self.method == "transfer_matrix" and self.fwhm_mm is None:
            raise ArgumentError("correction by the transfer matrix needs the resolution of the image (fwhm_mm)")

    @property
    def fwhm_kji_mm(self) -> tuple[float, float, float] | None:
        """Width along each axis of the image in mm, None if it is not stated."""
        if self.fwhm_mm is None:
            return None
        k, j, i = self.fwhm_mm if isinstance(self.fwhm_mm, Sequence) else (self.fwhm_mm,) * 3
        return k, j, i

    @property
    def mean_fwhm_mm(self) -> float | None:
        """Geometric mean of the widths in mm, None if they are not stated."""
        widths = self.fwhm_kji_mm
        return None if widths is None else math.prod(widths) ** (1.0 / 3.0)

    def expected_recovery(self, volume_ml: float) -> float | None:
        """Compute the expected recovery coefficient of a structure of a given volume.

        Parameters
        ----------
        volume_ml : float
            Volume in mL, positive.

        Returns
        -------
        float or None
            Coefficient by the curve, or else that of a ball with the stated blur. None if neither is stated.

        Raises
        ------
        OutOfRangeError
            If the volume is not positive.

        Examples
        --------
        >>> round(PartialVolumeInputs(fwhm_mm=6.0).expected_recovery(1.15), 3)
        0.555
        """
        if self.recovery is not None:
            return self.recovery.recovery(volume_ml)
        width = self.mean_fwhm_mm
        return None if width is None else ball_recovery(volume_ml, fwhm_mm=width)


@dataclass(frozen=True, kw_only=True)
class RecoveredMean:
    """Mean dose of a structure without the loss due to the image's blur.

    Parameters
    ----------
    recovery_coefficient : float or None
        Mean dose of the image over the recovered one. It is None, like the following fields, if there is no recovered
        mean.
    recovery_coefficient_standard_uncertainty : float or None
        Standard uncertainty of the coefficient by the fit of the curve, or by the stated uncertainty of the resolution.
        None if neither is stated. It does not include the uncertainty of the volume.
    recovered_mean_gy : float or None
        Mean dose in Gy.
    noise_amplification : float or None
        Standard uncertainty of the recovered mean over that of the mean, both due to noise that is independent between
        voxels.
    """

    recovery_coefficient: float | None = None
    recovery_coefficient_standard_uncertainty: float | None = None
    recovered_mean_gy: float | None = None
    noise_amplification: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the columns of the table.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> from yttria.evaluation import RecoveryCurve, recovered_by_curve
        >>> recovered_by_curve(50.0, 2.0, RecoveryCurve(b1_ml=2.0, b2=0.8)).as_dict()["recovered_mean_gy"]
        100.0
        """
        return asdict(self)


def recovered_by_curve(mean_gy: float, volume_ml: float, curve: RecoveryCurve) -> RecoveredMean:
    """Divide the mean dose of a structure by the recovery of its volume.

    Parameters
    ----------
    mean_gy : float
        Mean dose in Gy.
    volume_ml : float
        Volume in mL, positive.
    curve : RecoveryCurve
        Recovery coefficient against volume.

    Returns
    -------
    RecoveredMean
        The recovered mean. Its noise increases in proportion to the mean.

    Raises
    ------
    OutOfRangeError
        If the volume is not positive.

    Examples
    --------
    >>> recovered_by_curve(50.0, 2.0, RecoveryCurve(b1_ml=2.0, b2=0.8)).recovered_mean_gy
    100.0
    """
    r = curve.recovery(volume_ml)
    u = r * curve.uncertainty(volume_ml, volume_uncertainty=0.0) if any(map(any, curve.covariance)) else None
    return RecoveredMean(
        recovery_coefficient=r,
        recovery_coefficient_standard_uncertainty=u,
        recovered_mean_gy=mean_gy / r,
        noise_amplification=1.0 / r,
    )


def partial_volume_advisories(
    rows: Sequence[dict[str, Any]], stated: PartialVolumeInputs | None = None, *, local_deposition: bool = False
) -> tuple[Advisory, ...]:
    """List advisories on structures that lose activity to the image's blur.

    Parameters
    ----------
    rows : sequence of dict
        Rows of a table of doses, with `structure`, `volume_ml` and `mean_gy`.
    stated : PartialVolumeInputs, optional
        Statements of the blur.
    local_deposition : bool, default False
        Whether the doses are those of local deposition.

    Returns
    -------
    tuple of Advisory
        At most one advisory of each kind.

    Warns
    -----
    resolution_not_stated
        If neither a resolution nor a recovery curve is stated, and a ball of a structure's volume would lose at least a
        fifth of its activity at 8 mm.
    recovery_below_half
        If structures are smaller than the volume whose recovery is 0.5.
    recovery_undefined
        If the transfer matrix has no recovered mean for structures.
    recovered_without_transport
        If structures below 300 mL have a recovered mean by local deposition.

    Examples
    --------
    >>> row = {"structure": "Tumor", "volume_ml": 1.2, "mean_gy": 80.0}
    >>> [told.code for told in partial_volume_advisories([row], PartialVolumeInputs(fwhm_mm=8.0))]
    ['recovery_below_half']
    """
    stated = PartialVolumeInputs() if stated is None else stated
    inside = [row for row in rows if row["mean_gy"] is not None and row["volume_ml"] > 0.0]
    lost = [row for row in inside if row.get("recovered_mean_gy", 0.0) is None]
    told: tuple[Advisory, ...] = (advise("recovery_undefined", structures=_names(lost)),) if lost else ()
    if local_deposition and any(row.get("recovered_mean_gy") is not None for row in inside):
        smallest = min(row["volume_ml"] for row in inside)
        leaving = [row for row in inside if row["volume_ml"] < _NOTHING_LEAVES_ML]
        told += advise_if("recovered_without_transport", structures=_names(leaving), volume_ml=smallest)
    known = {row["structure"]: stated.expected_recovery(row["volume_ml"]) for row in inside}
    if any(r is None for r in known.values()):
        unknown = {row["structure"]: ball_recovery(row["volume_ml"], fwhm_mm=_TYPICAL_FWHM_MM) for row in inside}
        least = min(unknown.values(), default=1.0)
        small = [row for row in inside if unknown[row["structure"]] < 0.8]
        return (
            *told,
            *advise_if("resolution_not_stated", structures=_names(small), fwhm_mm=_TYPICAL_FWHM_MM, recovery=least),
        )
    least = min((r for r in known.values() if r is not None), default=1.0)
    small = [row for row in inside if (known[row["structure"]] or 1.0) < 0.5]
    return (*told, *advise_if("recovery_below_half", structures=_names(small), recovery=least))


def _names(rows: Sequence[dict[str, Any]]) -> str:
    """List names and volumes of the smallest structures, and the number of others."""
    ordered = sorted(rows, key=lambda row: float(row["volume_ml"]))
    listed = [f"'{row['structure']}' ({row['volume_ml']:.3g} mL)" for row in ordered[:_LISTED]]
    if len(ordered) > _LISTED:
        listed.append(f"{len(ordered) - _LISTED} more")
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}" if listed else ""


def _checked_widths(stated: float | Sequence[float]) -> float | tuple[float, ...]:
    several = isinstance(stated, Sequence) and not isinstance(stated, str)
    widths = tuple(number("FWHM in mm", each) for each in (stated if several else [stated]))  # type: ignore[union-attr]
    if several and len(widths) != 3:
        raise ShapeError(f"FWHM in mm must be one number or one for each axis, got {len(widths)}")
    for each in widths:
        if not 0.0 <= each <= LARGEST_FWHM_MM:
            raise OutOfRangeError(f"FWHM in mm must be within [0, {LARGEST_FWHM_MM:g}], got {each:g}")
    return widths if several else widths[0]
