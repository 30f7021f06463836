"""The partition model of a treatment: tumors that take up more per mass than the perfused normal liver, and the lungs.

`partition_doses` and `partition_activities` are the same model over arrays, for many patients or many assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._foundation.choices import LimitKind
from .._foundation.numbers import number
from ..advisory import Advisory
from ..errors import ArgumentError, OutOfRangeError
from . import _partition_advisories as notes
from .model_doses import DoseRow, PartitionDoses, TumorDose
from .partition_inputs import Activities, PartitionInputs
from .partition_limits import GivenLimits, MaximumActivity, PartitionLimits
from .vial_content import vial_content


class PartitionModel(PartitionInputs):
    """One treatment of one or more territories, each with its own injection.

    Territory k with shunt `L_k`, perfused normal liver `m_N,k` and tumors `m_ik` at ratios `r_ik` has the weight `W_k =
    m_N,k + sum_i r_ik m_ik`. An activity `A_k` delivered into it gives the dose `D_N,k = C A_k (1 - L_k) / W_k` to its
    normal liver and `r_ik D_N,k` to its tumor i. The lungs receive `C A_k L_k / m_lung`. Sources: ho1996, vanroekel.

    Parameters
    ----------
    territories : sequence of Territory
        At least one. The only one needs no name, and if it has none it must have a tumor.
    overlap : {"disjoint", "same_tissue"} or mapping of it by tumor, optional
        Needed for a tumor in several territories. "disjoint" portions are different tissue, and a tumor's dose is their
        mean over mass. "same_tissue" is fed more than once. Its doses add up, and its masses are equal. Perfused normal
        livers are taken as different tissue; one territory injected twice is one territory.
    normal_total_mass_kg : float, optional
        All normal liver, perfused or not. Doses to the whole normal liver need it.
    lung_mass_kg : float, default 1.0
        0.3-2.5 kg.
    unperfused_tumor_mass_kg : mapping of float, optional
        Mass of a tumor that no territory feeds, at 0 Gy, in kg by its name.
    residual_fraction : float, default 0.0
        Part of each vial's activity that is not delivered, within [0, 1).
    prior_lung_dose_gy, prior_normal_whole_dose_gy : float, optional
        Mean doses of earlier treatments in Gy. Without the last one, the dose to the whole normal liver is that which
        follows from the doses to the territories.
    prior_normal_perfused_dose_gy : mapping of float, optional
        The same by territory.
    nuclide : Nuclide, optional
        Of Y-90, Ho-166, P-32 or Re-188; by default that of the library.

    Raises
    ------
    OutOfRangeError
        If a mass or ratio is not positive, a perfused normal mass is below 0 or above the total, a shunt or residual is
        outside [0, 1), or the lungs are outside 0.3-2.5 kg.
    ArgumentError
        If an overlap or the name of one of several territories is missing, a value has a wrong type, or it is a nuclide
        that no microspheres carry.
    UndefinedError
        Without a territory, without a tumor in the only territory without name, without a ratio if it does not cancel,
        for a name twice, for a territory without tissue.
    UnknownNameError
        If a tumor, a territory or an overlap does not exist.

    Warns
    -----
    ratio_below_1, ratio_above_20, lung_shunt_above_20_percent, activity_above_vial
        By every result. With named territories also `lung_dose_above_limit` (30 Gy),
        `cumulative_lung_dose_above_limit` (50 Gy), `lung_limit_of_yttrium`, `territory_without_activity`,
        `portion_below_half_of_mean`, and `normal_livers_taken_as_disjoint` if a tumor is fed twice.

    Examples
    --------
    >>> from yttria.planning import PartitionModel, Territory, Tumor
    >>> tumor = Tumor(mass_kg=0.3, tumor_to_normal_ratio=4)
    >>> model = PartitionModel(
    ...     territories=[Territory(tumors=[tumor], normal_perfused_mass_kg=1.2, lung_shunt_fraction=0.05)]
    ... )
    >>> round(model.doses(2.0).normal_perfused_dose_gy, 1)
    39.3
    """

    @property
    def rows(self) -> tuple[DoseRow, ...]:
        """Tissue of each row of `dose_matrix_gy_per_gbq`."""
        return tuple(
            DoseRow(
                kind=kind,
                territory=None if territory is None else self.territories[territory].name,
                tumor=None if tumor is None else self.tumors[tumor],
                mass_kg=mass,
            )
            for kind, territory, tumor, mass, _ in self.core().rows()
        )

    @property
    def dose_matrix_gy_per_gbq(self) -> NDArray[np.float64]:
        """Gy per GBq delivered, shape (rows, territories). Doses are this matrix times the activities."""
        return np.array([row[4] for row in self.core().rows()], dtype=np.float64)

    def doses(self, delivered_activities_gbq: Activities) -> PartitionDoses:
        """Compute the doses of all tissue.

        Parameters
        ----------
        delivered_activities_gbq : float, sequence or mapping of float
            A number for one territory; else one for each territory, in order or by name. 0 to 100 GBq each.

        Returns
        -------
        PartitionDoses
            Mean doses in Gy.

        Raises
        ------
        OutOfRangeError
            If an activity is outside its range.
        ArgumentError, UnknownNameError
            As `activities`.

        Warns
        -----
        ratio_below_1, ratio_above_20, lung_shunt_above_20_percent, activity_above_vial, ...
            As the class.

        Notes
        -----
        `D_N = C A (1 - L) / W` with `W = m_N + sum r m_T`, `D_T = r D_N`, and `C A L / m_lung` for the lungs.

        References
        ----------
        ho1996, vanroekel

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> model = PartitionModel(territories=[lobe])
        >>> round(model.doses(2.0).normal_perfused_dose_gy, 1)
        39.3
        """
        given = self.activities(delivered_activities_gbq)
        if len(given) == 1:
            return self._doses_of_one(given[0], self.core().doses(given[0]))
        core = self.core()
        doses = dict(zip(((kind, t, i) for kind, t, i, *_ in core.rows()), core.doses_gy(given), strict=True))
        index = {name: i for i, name in enumerate(self.tumors)}
        portions = tuple(
            tuple(doses["tumor_portion", k, index[t.tumor_name(i)]] for i in range(len(t.tumors)))
            for k, t in enumerate(self.territories)
        )
        masses = {(kind, i): mass for kind, _, i, mass, _ in core.rows()}
        tumors = tuple(
            TumorDose(
                tumor=name,
                perfused_mass_kg=masses["tumor_perfused", i],
                perfused_mean_dose_gy=doses["tumor_perfused", None, i],
                whole_mass_kg=masses["tumor_whole", i],
                whole_mean_dose_gy=doses["tumor_whole", None, i],
            )
            for name, i in index.items()
        )
        c = self.nuclide.dose_factor_gy_kg_per_gbq
        energies = tuple(c * a * (1.0 - t.lung_shunt_fraction) for a, t in zip(given, self.territories, strict=True))
        perfused = (t.normal_perfused_mass_kg + sum(p.mass_kg for p in t.tumors) for t in self.territories)
        normal = tuple(doses.get(("normal_perfused", k, None)) for k in range(len(given)))
        means = tuple(energy / mass for energy, mass in zip(energies, perfused, strict=True))
        whole, lung = doses.get(("normal_whole", None, None)), doses["lung", None, None]
        return self._result(given, portions, tumors, normal, whole, means, lung, energies)

    def activity_for_tumor_dose(self, target_dose_gy: float, *, tumor: int = 0) -> PartitionDoses:
        """Compute the activity for a mean dose to one tumor, for a treatment of one territory.

        Parameters
        ----------
        target_dose_gy : float
            Mean dose D in Gy, above 0 and at most 2000.
        tumor : int
            Index of the tumor.

        Returns
        -------
        PartitionDoses
            The activity `A = D W / (r C (1 - L))`, and all doses that it gives.

        Raises
        ------
        UndefinedError
            If there are several territories.
        OutOfRangeError
            If the target is outside its range, or there is no such tumor.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> model = PartitionModel(territories=[lobe])
        >>> round(model.activity_for_tumor_dose(205.0).delivered_activity_gbq, 2)
        2.61
        """
        target = number("target tumor dose in Gy", target_dose_gy)
        return self._doses_of_one(*self.core().activity_for_tumor_dose(target, self._index(tumor)))

    def maximum_activity(
        self, limits: PartitionLimits, *, target_tumor_dose_gy: float | None = None, tumor: int = 0
    ) -> MaximumActivity:
        """Compute the largest activity under all limits, for a treatment of one territory.

        Parameters
        ----------
        limits : PartitionLimits
            Limits and prior doses in Gy.
        target_tumor_dose_gy : float, optional
            Target in Gy whose reach is to be decided.
        tumor : int
            Index of the tumor of the target.

        Returns
        -------
        MaximumActivity
            The largest activity, that of every limit, and whether the target is reachable.

        Raises
        ------
        OutOfRangeError
            If a limit is not positive or a prior dose is negative.
        UndefinedError
            If a limit of all normal liver comes without its mass, or there are several territories, for which
            `optimize_activities` serves.
        ArgumentError
            If model and limits give different prior doses.

        Warns
        -----
        lung_cumulative_limit_already_exceeded, normal_perfused_limit_already_exceeded,
        normal_whole_limit_already_exceeded
            If a prior dose reaches its limit, which leaves 0 GBq.
        prior_dose_not_counted
            If a prior dose comes without its limit.

        Notes
        -----
        Perfused normal liver: `A = (D - D_prior) W / (C (1 - L))`; all normal liver: that times `m_N,total / m_N`;
        lungs: `(D - D_prior) m_lung / (C L)`.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> model = PartitionModel(territories=[lobe])
        >>> from yttria.planning import PartitionLimits
        >>> best = model.maximum_activity(PartitionLimits(normal_perfused_limit_gy=70.0, lung_limit_gy=30.0))
        >>> round(best.delivered_activity_gbq, 2), best.binding
        (3.56, ('normal_perfused',))
        """
        priors: dict[LimitKind, float] = {
            "normal_perfused": sum(self.prior_normal_perfused_dose_gy.values()),
            "normal_whole": self.resolved_prior_normal_whole_dose_gy,
            "lung_cumulative": self.prior_lung_dose_gy,
        }
        given = GivenLimits.of(limits, priors)
        found, least, row = self.core().maximum_activity(given.core())
        at_limits = given.at_limits(found)
        target, reachable = None, None
        if target_tumor_dose_gy is not None:
            target = self.activity_for_tumor_dose(target_tumor_dose_gy, tumor=tumor)
            reachable = least is None or target.delivered_activity_gbq <= least
        return MaximumActivity(
            delivered_activity_gbq=least,
            binding=tuple(at.kind for at in at_limits if at.binding),
            at_limits=at_limits,
            doses=None if least is None or row is None else self._doses_of_one(least, row),
            target=target,
            target_reachable=reachable,
            advisories=(*given.advisories(at_limits), *self.advisories()),
        )

    def advisories(self) -> tuple[Advisory, ...]:
        """Return advisories on the territories, which do not depend on activities.

        Returns
        -------
        tuple of Advisory
            Shunts and ratios that are unusual, and tumors that two territories feed.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> tumor = Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)
        >>> lobe = Territory(tumors=[tumor], normal_perfused_mass_kg=1.2, lung_shunt_fraction=0.23)
        >>> [advisory.code for advisory in PartitionModel(territories=[lobe]).advisories()]
        ['lung_shunt_above_20_percent']
        """
        of_each = (advisory for territory in self.territories for advisory in territory.advisories())
        return (*of_each, *notes.tumors_fed_twice(self.territories, self.tumors, self.overlap_of))

    def _index(self, tumor: int) -> int:
        count = len(self.territories[0].tumors)
        needed = f"tumor must be an index from 0 to {count - 1}, got {tumor!r}"
        if isinstance(tumor, bool) or not isinstance(tumor, int):
            raise ArgumentError(needed)
        if not 0 <= tumor < count:
            raise OutOfRangeError(needed)
        return tumor

    def _doses_of_one(self, activity: float, row: _core._PartitionDoses) -> PartitionDoses:
        normal, whole, doses, mean, lung, energy = row
        tumors = []
        for name, tumor, dose in zip(self.tumors, self.territories[0].tumors, doses, strict=True):
            whole_kg = tumor.mass_kg + self.unperfused_tumor_mass_kg.get(name, 0.0)
            tumors.append(
                TumorDose(
                    tumor=name,
                    perfused_mass_kg=tumor.mass_kg,
                    perfused_mean_dose_gy=dose,
                    whole_mass_kg=whole_kg,
                    whole_mean_dose_gy=dose * (tumor.mass_kg / whole_kg),
                )
            )
        return self._result([activity], (tuple(doses),), tuple(tumors), (normal,), whole, (mean,), lung, (energy,))

    def _result(
        self,
        given: Sequence[float],
        portions: tuple[tuple[float, ...], ...],
        tumors: tuple[TumorDose, ...],
        normal: tuple[float | None, ...],
        whole: float | None,
        means: tuple[float, ...],
        lung: float,
        energies: tuple[float, ...],
    ) -> PartitionDoses:
        vials = tuple(activity / (1.0 - self.residual_fraction) for activity in given)
        cumulative_lung = self.prior_lung_dose_gy + lung
        found = [*self.advisories()]
        if all(self._names):
            found += notes.uneven_doses(self.territories, given, portions, self.overlap_of)
            found += notes.lung_doses(lung, cumulative_lung, self.nuclide)
            found += notes.vial_contents(self.territories, vials, self.nuclide)
        else:
            found += vial_content(vials[0], nuclide=self.nuclide)
        priors = self.prior_normal_perfused_dose_gy
        return PartitionDoses(
            delivered_activities_gbq=tuple(given),
            vial_activities_gbq=vials,
            tumor_portion_doses_gy=portions,
            tumors=tumors,
            normal_perfused_doses_gy=normal,
            normal_whole_dose_gy=whole,
            perfused_mean_doses_gy=means,
            lung_dose_gy=lung,
            liver_energies_j=energies,
            cumulative_lung_dose_gy=cumulative_lung,
            cumulative_normal_perfused_doses_gy=tuple(
                None if dose is None else dose + priors.get(name, 0.0)
                for name, dose in zip(self._names, normal, strict=True)
            ),
            cumulative_normal_whole_dose_gy=None if whole is None else whole + self.resolved_prior_normal_whole_dose_gy,
            advisories=tuple(found),
        )
