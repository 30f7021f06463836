"""Doses of earlier treatments for the next plan and its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any

from .._core import Nuclide
from .._foundation.choices import ISOTOPES, IsotopeName, StructureRole
from .._foundation.numbers import number, one_of
from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError
from ..evaluation import dose_volume_histograms
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import Patterns
from .delivered_regions import OUTSIDE_FRACTION, role_structures
from .delivered_roles import DeliveredRoles, delivered_roles
from .patient import Patient
from .patient_territories import PatientTerritories


@dataclass(frozen=True, kw_only=True)
class PriorDoses:
    """Mean doses of earlier treatments in Gy; None if they are not known.

    Parameters
    ----------
    prior_normal_perfused_dose_gy : float or None
        To the normal liver of the next territory.
    prior_normal_whole_dose_gy : float or None
        To all normal liver.
    prior_lung_dose_gy : float or None
        To the lungs.
    origins : mapping of str to str
        Tissue of each dose in words.
    isotopes : tuple of str
        Isotopes of the earlier treatments, such as ("Y-90",). It is empty if they are not known.
    """

    prior_normal_perfused_dose_gy: float | None
    prior_normal_whole_dose_gy: float | None
    prior_lung_dose_gy: float | None
    origins: Mapping[str, str] = field(default_factory=dict, hash=False)
    isotopes: tuple[IsotopeName, ...] = ()

    def keywords(self) -> dict[str, float]:
        """Return the known doses by the names that `Patient`, `evaluate_limits` and `delivered_limits` take.

        Returns
        -------
        dict of str to float
            In Gy.

        Examples
        --------
        >>> PriorDoses(
        ...     prior_normal_perfused_dose_gy=None, prior_normal_whole_dose_gy=None, prior_lung_dose_gy=4.0
        ... ).keywords()
        {'prior_lung_dose_gy': 4.0}
        """
        return {name: dose for name, dose in asdict(self).items() if name.startswith("prior_") and dose is not None}

    def advisories(self, nuclide: Nuclide) -> tuple[Advisory, ...]:
        """Compare the nuclides of the earlier treatments with that of the next one.

        Parameters
        ----------
        nuclide : Nuclide
            Nuclide of the next treatment.

        Returns
        -------
        tuple of Advisory
            `prior_doses_of_other_nuclide` if a treatment was with another one. Sums of absorbed doses and limits over
            all treatments do not take account of the different half-lives.

        Examples
        --------
        >>> from yttria import Nuclide
        >>> prior = PriorDoses(
        ...     prior_normal_perfused_dose_gy=None,
        ...     prior_normal_whole_dose_gy=12.5,
        ...     prior_lung_dose_gy=4.0,
        ...     isotopes=("Y-90",),
        ... )
        >>> [advisory.code for advisory in prior.advisories(Nuclide("HO166"))], prior.advisories(Nuclide())
        (['prior_doses_of_other_nuclide'], ())
        """
        if not self.keywords() or not set(self.isotopes) - {nuclide.isotope}:
            return ()
        isotopes = ", ".join(self.isotopes)
        return (advise("prior_doses_of_other_nuclide", isotopes=isotopes, isotope=nuclide.isotope),)

    def as_dict(self) -> dict[str, object]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> PriorDoses(
        ...     prior_normal_perfused_dose_gy=None, prior_normal_whole_dose_gy=None, prior_lung_dose_gy=4.0
        ... ).as_dict()["prior_lung_dose_gy"]
        4.0
        """
        return asdict(self)


def prior_doses(
    dose: Image,
    structures: Sequence[Structure],
    *,
    roles: DeliveredRoles | Mapping[StructureRole, Patterns] | None = None,
    lung_doses_gy: Sequence[float | None] = (),
    isotopes: Sequence[IsotopeName] = (),
    threads: int | None = None,
) -> PriorDoses:
    """Find the doses that earlier treatments gave to the tissues of the next plan.

    Parameters
    ----------
    dose : Image
        Dose of one treatment or the sum of several in Gy, as `accumulate_doses` gives it.
    structures : sequence of Structure
        Of the next plan, in the space of `dose`.
    roles : DeliveredRoles, or mapping of str to str or sequence of str, optional
        Roles of the structures; by name if not given. The perfused normal liver is that of the next territory.
    lung_doses_gy : sequence of float or None, optional
        Dose of each earlier treatment to the lungs in Gy, such as `DeliveredLimits.doses.lung_dose_gy`. If one of them
        is None, or none is given, the sum is not known.
    isotopes : sequence of {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}, optional
        Isotopes of the earlier treatments, for `PriorDoses.advisories`.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    PriorDoses

    Raises
    ------
    OutOfRangeError
        If a dose to the lungs is negative or not finite.
    UnknownNameError
        If an isotope is not one of those.
    GeometryError, UnknownNameError
        As `delivered_limits`.

    Notes
    -----
    A region with more than 1 % of its volume outside the image has no dose here. The mean dose of a map of one density
    is not that of the lungs, so that their doses are added as numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image, Structure
    >>> liver = Structure("Liver", np.ones((2, 2, 2), bool), np.eye(4))
    >>> tumor = Structure("Tumor", np.array([[[1, 0], [0, 0]], [[0, 0], [0, 0]]]), np.eye(4))
    >>> first = Image(np.full((2, 2, 2), 35.0), np.eye(4), "Gy")
    >>> prior_doses(first, [liver, tumor], lung_doses_gy=[6.0, 9.5]).keywords()
    {'prior_normal_whole_dose_gy': 35.0, 'prior_lung_dose_gy': 15.5}
    """
    dose = dose.to("Gy")
    if not isinstance(roles, DeliveredRoles):
        roles = delivered_roles(structures, roles)
    regions, _ = role_structures(structures, roles)
    found: dict[str, float | None] = {}
    origins: dict[str, str] = {}
    for role in ("normal_perfused", "normal_whole"):
        name, region = f"prior_{role}_dose_gy", regions.get(role)
        found[name] = None if region is None else _mean(dose, region, threads)
        if region is not None and found[name] is not None:
            origins[name] = region.name
    lungs = [None if given is None else number("dose to the lungs in Gy", given) for given in lung_doses_gy]
    for given in lungs:
        if given is not None and not (isfinite(given) and given >= 0.0):
            raise OutOfRangeError(f"dose to the lungs in Gy must be finite and >= 0, got {given:g}")
    known = [given for given in lungs if given is not None]
    whole = bool(lungs) and len(known) == len(lungs)
    if whole:
        origins["prior_lung_dose_gy"] = " + ".join(f"{given:.4g} Gy" for given in known)
    return PriorDoses(
        prior_normal_perfused_dose_gy=found["prior_normal_perfused_dose_gy"],
        prior_normal_whole_dose_gy=found["prior_normal_whole_dose_gy"],
        prior_lung_dose_gy=sum(known) if whole else None,
        origins=origins,
        isotopes=tuple(dict.fromkeys(one_of("isotope", each, ISOTOPES) for each in isotopes)),
    )


def with_prior_doses(patient: Patient | PatientTerritories, prior: PriorDoses) -> Patient | PatientTerritories:
    """Add doses of earlier treatments to the inputs of a plan.

    Parameters
    ----------
    patient : Patient or PatientTerritories
        The inputs.
    prior : PriorDoses
        The doses; those that are not known leave the inputs as they are.

    Returns
    -------
    Patient or PatientTerritories

    Raises
    ------
    ArgumentError
        If the inputs state another dose, or that there was no earlier treatment. With several territories, this is also
        raised if the dose to the perfused normal liver is not stated for each of them.

    Examples
    --------
    >>> from yttria.planning import Patient
    >>> patient = Patient(device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4)
    >>> prior = PriorDoses(
    ...     prior_normal_perfused_dose_gy=None, prior_normal_whole_dose_gy=12.5, prior_lung_dose_gy=4.0
    ... )
    >>> with_prior_doses(patient, prior).prior_lung_dose_gy
    4.0
    """
    doses: dict[str, Any] = dict(prior.keywords())
    if isinstance(patient, PatientTerritories):
        perfused = doses.pop("prior_normal_perfused_dose_gy", 0.0)
        if perfused and not patient.prior_normal_perfused_dose_gy:
            raise ArgumentError(
                f"earlier treatments gave the perfused normal liver {perfused:.4g} Gy: with several territories, "
                "prior_normal_perfused_dose_gy must be given for each of them in the patient file"
            )
    for name, dose in doses.items():
        given = getattr(patient, name)
        if given and abs(given - dose) > 1e-6 * dose:
            raise ArgumentError(f"{name} is given twice: {given:g} Gy and {dose:.4g} Gy")
    return replace(patient, **doses)


def _mean(dose: Image, region: Structure, threads: int | None) -> float | None:
    """Compute the mean dose, at least 0. None if more than `OUTSIDE_FRACTION` lies outside the image."""
    inside = region.voxel_fractions_on(dose, threads=threads)
    if not inside.volume_ml(1.0) > 0.0 or inside.outside_fraction > OUTSIDE_FRACTION:
        return None
    histograms = dose_volume_histograms(
        dose.array, {region.name: inside}, voxel_volume_ml=dose.voxel_volume_ml, threads=threads
    )
    return max(histograms[region.name].mean_gy, 0.0)
