"""Activity of resin microspheres by body surface area or involvement, and the factors that reduce it.

Every liver or treated volume includes the tumor in it. The lung-shunt table belongs to these models alone: a partition
calculation already contains the lungs, and `ResinActivity` is the only thing here that the table can be applied to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import yttria._core as _core

from .._foundation.choices import ShuntBoundary
from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError
from .lung_shunt_reduction import lung_shunt_reduction
from .vial_content import VIAL_CODES, vial_content


@dataclass(frozen=True, kw_only=True)
class ActivityFactor:
    """One reduction that was applied to an activity.

    Parameters
    ----------
    factor : float
        The factor.
    reason : str
        Why it was applied.
    """

    factor: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class ResinActivity:
    """Activity to be delivered, with its model and the factors applied to it.

    Parameters
    ----------
    delivered_activity_gbq : float
        Activity in GBq.
    model : str
        Name of the model.
    tumor_involvement_fraction : float
        Tumor volume as a share of the liver or the treated volume.
    factors : tuple of ActivityFactor
        Factors that were applied.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    delivered_activity_gbq: float
    model: str
    tumor_involvement_fraction: float
    factors: tuple[ActivityFactor, ...] = ()
    advisories: tuple[Advisory, ...] = ()

    def reduced_for_lung_shunt(
        self,
        lung_shunt_fraction: float,
        *,
        boundary: ShuntBoundary = "lower_inclusive",
        override_factor: float | None = None,
    ) -> ResinActivity:
        """Apply the table of reductions for a lung shunt.

        Parameters
        ----------
        lung_shunt_fraction : float
            Lung shunt, within [0, 1].
        boundary : {"lower_inclusive", "upper_inclusive"}
            Row of a shunt on a boundary of the table, as in `lung_shunt_reduction`.
        override_factor : float, optional
            Factor above 20 %, as in `lung_shunt_reduction`.

        Returns
        -------
        ResinActivity
            The reduced activity, with its factor.

        Raises
        ------
        ContraindicatedError
            Above 20 % without `override_factor`.
        OutOfRangeError, UnknownNameError, ArgumentError
            As `lung_shunt_reduction`.

        Examples
        --------
        >>> activity = bsa_activity(1.8, tumor_volume_ml=300.0, liver_volume_incl_tumor_ml=1500.0)
        >>> round(activity.reduced_for_lung_shunt(0.12).delivered_activity_gbq, 3)
        1.44
        """
        reduction = lung_shunt_reduction(lung_shunt_fraction, boundary=boundary, override_factor=override_factor)
        reason = f"lung shunt fraction {reduction.lung_shunt_fraction:g}, table read {boundary}"
        return self._times(ActivityFactor(factor=reduction.factor, reason=reason), reduction.advisories)

    def adjusted_by_physician(self, factor: float, *, reason: str) -> ResinActivity:
        """Apply an explicit factor, with the reason for it.

        Parameters
        ----------
        factor : float
            Factor in (0, 1].
        reason : str
            Reason, not empty.

        Returns
        -------
        ResinActivity
            The adjusted activity, with its factor.

        Raises
        ------
        ArgumentError
            If the reason is empty.
        OutOfRangeError
            If the factor is outside (0, 1].

        Notes
        -----
        Reductions for a small liver, chemotherapy, raised bilirubin or cirrhosis are a decision, usually of 10 to 30 %.
        None is ever implied.

        References
        ----------
        kennedy2007

        Examples
        --------
        >>> activity = bsa_activity(1.8, tumor_volume_ml=300.0, liver_volume_incl_tumor_ml=1500.0)
        >>> round(activity.adjusted_by_physician(0.8, reason="small liver").delivered_activity_gbq, 3)
        1.44
        """
        factor = _core.physician_factor(number("physician factor", factor))
        if not isinstance(reason, str) or not reason.strip():
            raise ArgumentError("reason of the physician factor must be given")
        return self._times(ActivityFactor(factor=factor, reason=reason.strip()), ())

    def _times(self, factor: ActivityFactor, advisories: tuple[Advisory, ...]) -> ResinActivity:
        activity = self.delivered_activity_gbq * factor.factor
        kept = tuple(a for a in self.advisories if a.code not in VIAL_CODES)
        return replace(
            self,
            delivered_activity_gbq=activity,
            factors=(*self.factors, factor),
            advisories=(*kept, *advisories, *vial_content(activity, "resin")),
        )


def bsa_activity(
    body_surface_area_m2: float, *, tumor_volume_ml: float, liver_volume_incl_tumor_ml: float
) -> ResinActivity:
    """Compute the activity for the whole liver by the body surface area model.

    Parameters
    ----------
    body_surface_area_m2 : float
        Body surface area in m2, above 0.2.
    tumor_volume_ml : float
        Tumor volume in mL.
    liver_volume_incl_tumor_ml : float
        Liver volume with the tumor in mL.

    Returns
    -------
    ResinActivity
        `(BSA - 0.2) + V_tumor / V_liver` in GBq.

    Raises
    ------
    OutOfRangeError
        If the area is at most 0.2 m2, a volume is not positive, or the tumor is larger than the liver.

    Warns
    -----
    activity_below_usual, activity_above_vial
        Outside 0.3 to 3 GBq.
    involvement_above_70_percent
        If tumor takes more than 70 %.

    Notes
    -----
    The liver volume includes the tumor. Another reading adds it once more (`bsa_liver_counts_tumor_twice` of
    `yttria.conformance.known_errors`).

    References
    ----------
    sirspheres-ifu, vanroekel

    Examples
    --------
    >>> bsa_activity(1.8, tumor_volume_ml=300.0, liver_volume_incl_tumor_ml=1500.0).delivered_activity_gbq
    1.8
    """
    bsa, tumor, liver = _volumes(body_surface_area_m2, tumor_volume_ml, liver_volume_incl_tumor_ml)
    return _result(_core.resin_bsa_gbq(bsa, tumor, liver), "bsa", tumor / liver)


def modified_bsa_activity(
    body_surface_area_m2: float,
    *,
    tumor_volume_in_treated_ml: float,
    treated_volume_incl_tumor_ml: float,
    liver_volume_incl_tumor_ml: float,
) -> ResinActivity:
    """Compute the activity for a lobe or segment by the modified body surface area model.

    Parameters
    ----------
    body_surface_area_m2 : float
        Body surface area in m2, above 0.2.
    tumor_volume_in_treated_ml : float
        Tumor volume within the treated volume in mL.
    treated_volume_incl_tumor_ml : float
        Treated volume with its tumor in mL.
    liver_volume_incl_tumor_ml : float
        Liver volume with the tumor in mL.

    Returns
    -------
    ResinActivity
        `(BSA - 0.2 + V_tumor,treated / V_treated) V_treated / V_liver` in GBq.

    Raises
    ------
    OutOfRangeError
        As `bsa_activity`, and if the treated volume is larger than the liver.

    Warns
    -----
    activity_below_usual, activity_above_vial
        Outside 0.3 to 3 GBq.
    involvement_above_70_percent
        If tumor takes more than 70 %.

    References
    ----------
    kao2011

    Examples
    --------
    >>> activity = modified_bsa_activity(
    ...     1.8,
    ...     tumor_volume_in_treated_ml=200.0,
    ...     treated_volume_incl_tumor_ml=900.0,
    ...     liver_volume_incl_tumor_ml=1500.0,
    ... )
    >>> round(activity.delivered_activity_gbq, 3)
    1.093
    """
    bsa, tumor, liver = _volumes(body_surface_area_m2, tumor_volume_in_treated_ml, liver_volume_incl_tumor_ml)
    treated = number("treated volume in mL", treated_volume_incl_tumor_ml)
    return _result(_core.resin_modified_bsa_gbq(bsa, tumor, treated, liver), "modified_bsa", tumor / treated)


def simple_lobar_bsa_activity(
    body_surface_area_m2: float,
    *,
    tumor_volume_ml: float,
    treated_volume_incl_tumor_ml: float,
    liver_volume_incl_tumor_ml: float,
) -> ResinActivity:
    """Compute the activity of the whole liver times the treated share of the liver.

    Parameters
    ----------
    body_surface_area_m2 : float
        Body surface area in m2, above 0.2.
    tumor_volume_ml : float
        Tumor volume in mL.
    treated_volume_incl_tumor_ml : float
        Treated volume with its tumor in mL.
    liver_volume_incl_tumor_ml : float
        Liver volume with the tumor in mL.

    Returns
    -------
    ResinActivity
        `bsa_activity` times `V_treated / V_liver`.

    Raises
    ------
    OutOfRangeError
        As `modified_bsa_activity`.

    Warns
    -----
    activity_below_usual, activity_above_vial
        Outside 0.3 to 3 GBq.
    involvement_above_70_percent
        If tumor takes more than 70 %.

    Notes
    -----
    A rule met in practice. It differs from the modified model unless the tumor is spread evenly.

    Examples
    --------
    >>> activity = simple_lobar_bsa_activity(
    ...     1.8, tumor_volume_ml=200.0, treated_volume_incl_tumor_ml=900.0, liver_volume_incl_tumor_ml=1500.0
    ... )
    >>> round(activity.delivered_activity_gbq, 3)
    1.04
    """
    bsa, tumor, liver = _volumes(body_surface_area_m2, tumor_volume_ml, liver_volume_incl_tumor_ml)
    treated = number("treated volume in mL", treated_volume_incl_tumor_ml)
    return _result(_core.resin_simple_lobar_bsa_gbq(bsa, tumor, treated, liver), "simple_lobar_bsa", tumor / liver)


def empirical_activity(tumor_involvement_fraction: float, *, treated_fraction_of_liver: float = 1.0) -> ResinActivity:
    """Look up the activity of the empirical model, which is obsolete.

    Parameters
    ----------
    tumor_involvement_fraction : float
        Tumor volume as a share of the liver, within [0, 1].
    treated_fraction_of_liver : float
        Treated volume as a share of the liver, within (0, 1].

    Returns
    -------
    ResinActivity
        2.0 GBq up to 25 % involvement, 2.5 up to 50 %, 3.0 above, times the treated share.

    Raises
    ------
    OutOfRangeError
        If a fraction is outside its range. A percentage is named as such.

    Warns
    -----
    obsolete
        Always.

    References
    ----------
    sirspheres-ifu, kennedy2007

    Examples
    --------
    >>> empirical_activity(0.2).delivered_activity_gbq
    2.0
    """
    involvement = number("tumor involvement fraction", tumor_involvement_fraction)
    treated = number("treated fraction of the liver", treated_fraction_of_liver)
    activity = _core.resin_empirical_gbq(involvement, treated)
    return _result(activity, "empirical", involvement, (advise("obsolete"),))


def _volumes(bsa: float, tumor: float, liver: float) -> tuple[float, float, float]:
    return (
        number("body surface area in m^2", bsa),
        number("tumor volume in mL", tumor),
        number("liver volume in mL", liver),
    )


def _result(
    activity_gbq: float, model: str, involvement: float, advisories: tuple[Advisory, ...] = ()
) -> ResinActivity:
    advisories += advise_if("involvement_above_70_percent", tumor_involvement_fraction=involvement)
    return ResinActivity(
        delivered_activity_gbq=activity_gbq,
        model=model,
        tumor_involvement_fraction=involvement,
        factors=(),
        advisories=(*advisories, *vial_content(activity_gbq, "resin")),
    )
