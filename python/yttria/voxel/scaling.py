"""Scaling of image values to activity at administration, absolute or relative to a reference region."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import number
from .._foundation.units import UNITS
from ..advisory import Advisory, advise, advise_if
from ..advisory.bounds import BOUNDS, implausible
from ..errors import ArgumentError, OutOfRangeError, UndefinedError, UnitError
from ..geometry.image import Image
from ..geometry.structure import Structure

#: No vial holds this activity; a larger number was meant in MBq.
_MAX_GBQ = 100.0


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """Result of a scaling: MBq/mL at administration per unit of the image, totals, settings, advisories."""

    mbq_per_ml_per_unit: float
    decay_factor: float
    at_reference_time_mbq: float
    at_administration_mbq: float
    terms: dict[str, Any]
    advisories: tuple[Advisory, ...]


@dataclass(frozen=True, kw_only=True)
class AbsoluteScaling:
    """Scaling of an image of activity concentration at a known time after administration.

    Parameters
    ----------
    scan_delay_h : float
        Time t in h from administration to the reference time of the values, 0 to 720; 0 if the image was corrected to
        administration.
    administered_activity_gbq : float, optional
        Delivered activity in GBq at administration, as a check. A total of the field outside 0.8 to 1.2 of it gives an
        advisory.
    time_basis : str, optional
        Origin of the time in words, for the provenance.
    """

    scan_delay_h: float = field(kw_only=False)
    administered_activity_gbq: float | None = None
    time_basis: str | None = None

    def __post_init__(self) -> None:
        _checked("hours after administration", self.scan_delay_h, 0.0, 720.0)
        if self.administered_activity_gbq is not None:
            _checked_gbq("administered activity in GBq", self.administered_activity_gbq)

    def scale(self, image: Image, nuclide: Nuclide, threads: int | None = None) -> Scaled:
        """Compute the factor of an image.

        Parameters
        ----------
        image : Image
            Activity concentration in Bq/mL, kBq/mL or MBq/mL.
        nuclide : Nuclide
            Half-life T.
        threads : int, optional
            Not used.

        Returns
        -------
        Scaled
            `2^(t / T)` times the unit, with the totals.

        Raises
        ------
        UnitError
            If the image is not an activity concentration.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Nuclide
        >>> pet = Image(np.ones((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "MBq/mL")
        >>> AbsoluteScaling(64.1).scale(pet, Nuclide()).decay_factor
        2.0
        """
        quantity, becquerel = UNITS[image.unit]
        if quantity != "activity concentration":
            raise UnitError(
                f"absolute scaling needs an image in Bq/mL, kBq/mL or MBq/mL, got {image.unit}: convert it by the "
                "camera's calibration, or use RelativeScaling"
            )
        decay_factor = 1.0 / nuclide.decay_factor(self.scan_delay_h)
        in_field_mbq = float(image.array.sum(dtype=np.float64)) * becquerel * 1e-6 * image.voxel_volume_ml
        terms = {
            "kind": "absolute",
            "scan_delay_h": self.scan_delay_h,
            "time_basis": self.time_basis,
            "administered_activity_gbq": self.administered_activity_gbq,
        }
        advisories: tuple[Advisory, ...] = ()
        if self.administered_activity_gbq is not None:
            ratio = in_field_mbq * decay_factor / (self.administered_activity_gbq * 1e3)
            terms["field_to_administered_ratio"] = ratio
            advisories += (
                *implausible(
                    "administered_activity_implausible",
                    self.administered_activity_gbq,
                    tail=_in_mci(self.administered_activity_gbq),
                ),
                *implausible("field_total_differs_from_administered", ratio),
            )
        return Scaled(
            mbq_per_ml_per_unit=becquerel * 1e-6 * decay_factor,
            decay_factor=decay_factor,
            at_reference_time_mbq=in_field_mbq,
            at_administration_mbq=in_field_mbq * decay_factor,
            terms=terms,
            advisories=advisories,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class RelativeScaling:
    """Scaling of an image in any counts by a region of known activity.

    Parameters
    ----------
    reference : Structure
        Region that contains `A_delivered (1 - L)` at administration.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1).
    delivered_activity_gbq : float, optional
        Delivered activity in GBq, if the next two are not given.
    vial_activity_gbq, residual_fraction : float, optional
        Activity in the vial at treatment in GBq, and the share R that stays in it: `A_delivered = A_vial (1 - R)`.
    """

    reference: Structure = field(kw_only=False)
    lung_shunt_fraction: float
    delivered_activity_gbq: float | None = None
    vial_activity_gbq: float | None = None
    residual_fraction: float | None = None

    def __post_init__(self) -> None:
        _core.fraction_below_one("lung shunt fraction", number("lung shunt fraction", self.lung_shunt_fraction))
        vial = self.vial_activity_gbq is not None and self.residual_fraction is not None
        alone = self.vial_activity_gbq is None and self.residual_fraction is None
        if not (vial if self.delivered_activity_gbq is None else alone):
            raise ArgumentError(
                "delivered activity must be given by delivered_activity_gbq, or vial_activity_gbq with "
                f"residual_fraction; got {self.delivered_activity_gbq}, {self.vial_activity_gbq}, "
                f"{self.residual_fraction}"
            )
        if self.delivered_activity_gbq is not None:
            _checked_gbq("delivered activity in GBq", self.delivered_activity_gbq)
        if self.vial_activity_gbq is not None and self.residual_fraction is not None:
            _checked_gbq("vial activity in GBq", self.vial_activity_gbq)
            _core.fraction_below_one("residual fraction", number("residual fraction", self.residual_fraction))

    @property
    def reference_activity_mbq(self) -> float:
        """Activity in MBq in the reference region at administration."""
        delivered = self.delivered_activity_gbq
        if delivered is None:
            # The constructor has checked that both are given.
            delivered = (self.vial_activity_gbq or 0.0) * (1.0 - (self.residual_fraction or 0.0))
        return delivered * (1.0 - self.lung_shunt_fraction) * 1e3

    def scale(self, image: Image, nuclide: Nuclide, threads: int | None = None) -> Scaled:
        """Compute the factor of an image.

        Parameters
        ----------
        image : Image
            Counts in any unit except those of dose and HU.
        nuclide : Nuclide
            Not used; the time of the image does not matter, because microspheres stay where they are.
        threads : int, optional
            1 to 1024; every processor available if not given.

        Returns
        -------
        Scaled
            `A_delivered (1 - L) / sum_ref(c)`, the sum weighted by the fraction of each voxel inside the reference.

        Raises
        ------
        UndefinedError
            If the reference holds no counts.
        UnitError
            If the image is in Gy, mGy or HU.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Nuclide, Structure
        >>> spect = Image(np.ones((2, 3, 4)), np.diag([10.0, 10.0, 10.0, 1.0]), "counts")
        >>> liver = Structure("Liver", np.ones((2, 3, 4), dtype=bool), spect.affine_lps)
        >>> scaling = RelativeScaling(liver, lung_shunt_fraction=0.04, delivered_activity_gbq=1.0)
        >>> round(scaling.scale(spect, Nuclide()).at_administration_mbq, 6)
        960.0
        """
        if UNITS[image.unit][0] in ("absorbed dose", "CT number"):
            raise UnitError(f"relative scaling needs an image proportional to activity, got {image.unit}")
        total = float(image.array.sum(dtype=np.float64))
        inside, outside_field = _sum_within(self.reference, image, threads)
        if not inside > 0:
            raise UndefinedError(
                f"relative scaling is undefined: the counts in '{self.reference.name}' sum to {inside:g}, must be > 0"
            )
        mbq_per_count = self.reference_activity_mbq / inside
        # If negative voxels outweigh the reference, the fraction does not exist, and its largest value is reported.
        outside = 1.0 - inside / total if total > 0 else 1.0
        given = self.reference_activity_mbq * 1e-3 / (1.0 - self.lung_shunt_fraction)
        advisories = _not_activity(image)
        advisories += implausible("administered_activity_implausible", given, tail=_in_mci(given))
        named = self.reference.name
        advisories += advise_if("activity_outside_reference", structure=named, outside_fraction=outside)
        if outside_field > 1e-6:
            advisories += (advise("reference_outside_field", structure=named, outside_fraction=outside_field),)
        terms = {
            "kind": "relative",
            "reference": self.reference.name,
            "delivered_activity_gbq": self.delivered_activity_gbq,
            "vial_activity_gbq": self.vial_activity_gbq,
            "residual_fraction": self.residual_fraction,
            "lung_shunt_fraction": self.lung_shunt_fraction,
            "reference_activity_mbq": self.reference_activity_mbq,
            "fraction_outside_reference": outside,
        }
        in_field_mbq = total * mbq_per_count
        return Scaled(
            mbq_per_ml_per_unit=mbq_per_count / image.voxel_volume_ml,
            decay_factor=1.0,
            at_reference_time_mbq=in_field_mbq,
            at_administration_mbq=in_field_mbq,
            terms=terms,
            advisories=advisories,
        )


def _sum_within(structure: Structure, image: Image, threads: int | None) -> tuple[float, float]:
    """Sum the image over the structure, and return the fraction of the structure's volume outside the image."""
    fractions = structure.voxel_fractions_on(image, threads=threads)
    weights: npt.NDArray[Any] = fractions.weights
    box = tuple(slice(o, o + n) for o, n in zip(fractions.origin, weights.shape, strict=True))
    return float(np.multiply(image.array[box], weights, dtype=np.float64).sum()), fractions.outside_fraction


def _not_activity(image: Image) -> tuple[Advisory, ...]:
    """Warn if the unit of an image is not one of activity, such as g/mL of standardized uptake values."""
    quantity, _ = UNITS[image.unit]
    if quantity in ("activity concentration", "counts"):
        return ()
    return (advise("values_not_activity", "image", image_unit=image.unit, quantity=quantity),)


def _in_mci(value: float) -> str:
    """Return a hint if the value would be a usual activity in mCi."""
    gbq = value * 0.037
    return f"{value:g} mCi would be {gbq:.3g} GBq." if BOUNDS["administered_activity_implausible"].holds(gbq) else ""


def _checked(quantity: str, value: float, low: float, high: float) -> None:
    value = number(quantity, value)
    if not (math.isfinite(value) and low <= value <= high):
        raise OutOfRangeError(f"{quantity} must be within [{low:g}, {high:g}], got {value:g}")


def _checked_gbq(quantity: str, value: float) -> None:
    value = number(quantity, value)
    if not 0.0 < value <= _MAX_GBQ:
        hint = f" (did you mean {value / 1e3:g}?)" if _MAX_GBQ < value < math.inf else ""
        raise OutOfRangeError(f"{quantity} must be within (0, {_MAX_GBQ:g}], got {value:g}{hint}")
