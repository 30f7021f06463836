"""Uncertainty budgets of the doses and the volume of one structure, to first order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .._foundation.choices import BudgetUnit, UncertaintySource
from .._foundation.provenance import Provenance
from ..advisory import advise_if
from ..evaluation import RecoveredMean, UncertaintyBudget, UncertaintyComponent, UncertaintyInputs, ball_recovery
from .displaced_doses import DOSES, DisplacedDoses
from .dose_components import OutlineUncertainty, component, not_included, relative_components, scaled

#: Name of the mean dose divided by the recovery coefficient of the structure.
CORRECTED_MEAN = "recovered_mean_gy"
_IN_WORDS = {
    "mean_gy": "mean dose",
    "d70_gy": "D70",
    "d95_gy": "D95",
    "volume_ml": "volume",
    CORRECTED_MEAN: "recovered mean dose",
}


@dataclass(frozen=True, kw_only=True)
class StructureState:
    """Quantities and components from which the budgets of one structure are made.

    Parameters
    ----------
    structure : str
        Its name.
    values : mapping of str to float
        Its quantities in the table of doses.
    displaced : DisplacedDoses
        Its quantities with the outline displaced and shifted.
    outline : OutlineUncertainty, optional
        Uncertainty of its outline; None if it is not known.
    reference_outline : UncertaintyComponent, optional
        Relative contribution to every dose by the outline of the reference region of relative scaling; None in absolute
        scaling, and if it is not known.
    is_reference : bool
        Whether the structure is that region itself, so that both outlines are the same.
    statistics_gy, microspheres_gy : float, optional
        Standard uncertainty of the mean dose in Gy by the statistics of Monte Carlo and by the number of microspheres.
    recovered : RecoveredMean, optional
        The mean dose corrected by the transfer matrix, instead of that by a recovery curve.
    fwhm_mm : float, optional
        Resolution with which it was corrected.
    """

    structure: str
    values: Mapping[str, float]
    displaced: DisplacedDoses
    outline: OutlineUncertainty | None = None
    reference_outline: UncertaintyComponent | None = None
    is_reference: bool = False
    statistics_gy: float | None = None
    microspheres_gy: float | None = None
    recovered: RecoveredMean | None = None
    fwhm_mm: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Dose:
    """A dose with a budget, which is one of the table divided by a coefficient or by 1.

    `of_counts` is the ratio of the relative noise of its counts to that of the mean.
    """

    quantity: str
    of_table: str
    by_outline: float
    divisor: float = 1.0
    more: tuple[UncertaintyComponent, ...] = ()
    of_counts: float = 1.0


def structure_budgets(
    state: StructureState, inputs: UncertaintyInputs, provenance: Provenance
) -> tuple[UncertaintyBudget, ...]:
    """Make the budgets of mean, D70, D95 and volume of a structure, and of its mean corrected by a recovery curve.

    The outline decides which voxels count, so that its contribution is the central difference of the quantity itself.
    Contributions that are the same share of every dose are in `relative_components`. The uncertainty of the counts is
    one factor of the whole structure.
    """
    by_outline = state.displaced.by_outline
    doses = [_Dose(quantity=name, of_table=name, by_outline=by_outline(name)) for name in DOSES]
    if state.recovered is not None:
        doses += _by_transfer_matrix(state, state.recovered)
    elif inputs.recovery is not None:
        doses.append(_corrected(state, inputs))
    relative = relative_components(inputs, provenance, state.structure)
    budgets = []
    for dose in doses:
        components = _components(dose, state, inputs, relative)
        knows_reference = state.reference_outline is not None
        left_out = not_included(components, inputs, provenance, knows_reference=knows_reference)
        budgets.append(
            _budget(
                dose.quantity, "Gy", state.values[dose.of_table] / dose.divisor, components, left_out, state, inputs
            )
        )
    own = _own_outline(state, by_outline("volume_ml"))
    volume = _budget("volume_ml", "mL", state.values["volume_ml"], own, () if own else ("volume",), state, inputs)
    return (*budgets, volume)


def _budget(
    quantity: str,
    unit: BudgetUnit,
    value: float,
    components: tuple[UncertaintyComponent, ...],
    left_out: tuple[UncertaintySource, ...],
    state: StructureState,
    inputs: UncertaintyInputs,
) -> UncertaintyBudget:
    budget = UncertaintyBudget(
        structure=state.structure,
        quantity=quantity,
        unit=unit,
        value=value,
        components=components,
        correlations=inputs.correlations,
        not_included=left_out,
        coverage_factor=inputs.coverage_factor,
    )
    words = f"{_IN_WORDS[quantity]} of '{state.structure}'"
    relative = budget.relative_standard_uncertainty or 0.0
    return replace(budget, advisories=advise_if("large_uncertainty", quantity=words, relative_uncertainty=relative))


def _components(
    dose: _Dose, state: StructureState, inputs: UncertaintyInputs, relative: Sequence[UncertaintyComponent]
) -> tuple[UncertaintyComponent, ...]:
    value = state.values[dose.of_table] / dose.divisor
    found = [*_outlines(dose, value, state), *dose.more]
    found += [scaled(each, value * (dose.of_counts if each.source == "counts" else 1.0)) for each in relative]
    if state.displaced.shifted:
        u, basis = inputs.registration_shift_mm or 0.0, inputs.basis_of("registration_shift_mm")
        contribution = state.displaced.by_shift(dose.of_table) / dose.divisor
        found.append(component("registration", "shift along each axis", u, contribution, basis, unit="mm"))
    if state.statistics_gy is not None:
        found.append(_of_mean("method", "statistics of Monte Carlo", state.statistics_gy, dose, value, state))
    if state.microspheres_gy is not None:
        found.append(_of_mean("microspheres", "number of microspheres", state.microspheres_gy, dose, value, state))
    return tuple(found)


def _own_outline(state: StructureState, change: float, words: str = "outline") -> tuple[UncertaintyComponent, ...]:
    outline = state.outline
    if outline is None:
        return ()
    u, basis = outline.displacement_mm, outline.basis
    return (component("volume", words, u, change, basis, unit="mm", is_default=outline.is_default),)


def _outlines(dose: _Dose, value: float, state: StructureState) -> tuple[UncertaintyComponent, ...]:
    """Return the components of the outlines of structure and reference region; one if they are the same."""
    reference = state.reference_outline
    if reference is None:
        return _own_outline(state, dose.by_outline)
    if state.is_reference:
        return _own_outline(state, dose.by_outline + reference.contribution * value)
    return (*_own_outline(state, dose.by_outline), scaled(reference, value))


def _of_mean(
    source: UncertaintySource, words: str, of_mean_gy: float, dose: _Dose, value: float, state: StructureState
) -> UncertaintyComponent:
    """Make a component that is known only for the mean, and is the same share of the other doses."""
    mean_gy = state.values["mean_gy"]
    share = of_mean_gy / mean_gy if mean_gy else 0.0
    basis = "computed" if dose.of_table == "mean_gy" else "computed for the mean dose"
    return component(source, words, share, share * value, basis)


def _corrected(state: StructureState, inputs: UncertaintyInputs) -> _Dose:
    """Make the budget of the mean over the recovery coefficient, which depend on the same outline."""
    curve = inputs.recovery
    assert curve is not None
    corrected = {
        side: values["mean_gy"] / curve.recovery(values["volume_ml"]) for side, values in state.displaced.sides.items()
    }
    coefficient = curve.recovery(state.values["volume_ml"])
    u = curve.uncertainty(state.values["volume_ml"], volume_uncertainty=0.0)
    contribution = -u * state.values["mean_gy"] / coefficient
    fit = component("recovery", "recovery curve", u, contribution, inputs.basis_of("recovery"))
    return _Dose(
        quantity=CORRECTED_MEAN,
        of_table="mean_gy",
        by_outline=state.displaced.change(corrected),
        divisor=coefficient,
        more=(fit,),
    )


def _by_transfer_matrix(state: StructureState, recovered: RecoveredMean) -> tuple[_Dose, ...]:
    """Make the budget of the mean corrected by the transfer matrix; none if there is no such mean.

    With a displaced outline, the coefficient changes like that of a ball of the same volume. The matrix is not solved
    again for each outline.
    """
    coefficient, fwhm_mm = recovered.recovery_coefficient, state.fwhm_mm
    if coefficient is None or fwhm_mm is None or recovered.noise_amplification is None:
        return ()
    of_ball = ball_recovery(state.values["volume_ml"], fwhm_mm=fwhm_mm)
    sides = {
        side: values["mean_gy"] / (coefficient * ball_recovery(values["volume_ml"], fwhm_mm=fwhm_mm) / of_ball)
        for side, values in state.displaced.sides.items()
    }
    u = recovered.recovery_coefficient_standard_uncertainty
    resolution: tuple[UncertaintyComponent, ...] = ()
    if u is not None:
        relative = u / coefficient
        contribution = -relative * state.values["mean_gy"] / coefficient
        resolution = (component("recovery", "resolution of the image", relative, contribution, "computed"),)
    return (
        _Dose(
            quantity=CORRECTED_MEAN,
            of_table="mean_gy",
            by_outline=state.displaced.change(sides),
            divisor=coefficient,
            more=resolution,
            of_counts=recovered.noise_amplification * coefficient,
        ),
    )
