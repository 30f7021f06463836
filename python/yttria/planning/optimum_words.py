"""Description of an optimum in plain sentences, with objective, binding limits, and their shadow prices."""

from __future__ import annotations

from .._foundation.choices import Objective
from .optimum import Constraint, Optimum, ShadowPrice

_OBJECTIVES: dict[Objective, str] = {
    "max_min_tumor_dose": "the smallest tumor dose",
    "max_tumor_energy": "the energy imparted to all tumors",
    "min_lung_energy": "the energy imparted to the lungs",
}
_KINDS = {
    "lung": "the lungs in this treatment",
    "lung_cumulative": "the lungs over all treatments",
    "normal_perfused": "the perfused normal liver of",
    "normal_whole": "the whole normal liver",
    "activity": "the activity of",
    "target": "the target of",
}
#: Change of a limit in a sentence, by its unit.
_STEPS = {"Gy": 1.0, "GBq": 0.1}


def constraint_in_words(constraint: Constraint) -> str:
    """Name a limit or a target of an optimum in words.

    Parameters
    ----------
    constraint : Constraint
        Of an `Optimum`.

    Returns
    -------
    str
        Such as "the perfused normal liver of 'right' (limit 40 Gy)".

    Examples
    --------
    >>> constraint_in_words(Constraint(name="lung", limit=30.0, value=12.0, unit="Gy"))
    'the lungs in this treatment (limit 30 Gy)'
    """
    kind, _, of = constraint.name.partition(":")
    whose = " in ".join(f"'{name}'" for name in of.split(":")) if of else ""
    what = " ".join(filter(None, (_KINDS.get(kind, kind), whose)))
    word = "" if kind == "target" else "limit "
    return f"{what} ({word}{constraint.limit:g} {constraint.unit})"


def optimum_in_words(optimum: Optimum) -> tuple[str, ...]:
    """Describe an optimum in plain sentences.

    Parameters
    ----------
    optimum : Optimum
        From `optimize_activities`.

    Returns
    -------
    tuple of str
        The objective and its value, the lowest tumors, the binding limits, and for each of them the change of the
        objective by a step of the limit. If no plan exists, the limits and targets that contradict each other.

    Notes
    -----
    A step is 1 Gy of a dose and 0.1 GBq of an activity. A shadow price holds near the optimum, because a larger step
    may change the binding limits.

    Examples
    --------
    >>> from yttria.planning import PartitionModel, Territory, Tumor, optimize_activities
    >>> tumor = Tumor(name="A", mass_kg=0.1, tumor_to_normal_ratio=4.0)
    >>> right = Territory(name="right", normal_perfused_mass_kg=0.8, lung_shunt_fraction=0.2, tumors=[tumor])
    >>> model = PartitionModel(territories=[right], overlap="disjoint")
    >>> best = optimize_activities(model, objective="max_min_tumor_dose")
    >>> print(optimum_in_words(best)[-1].partition(";")[0])
    With 1 Gy more for the lungs in this treatment (limit 30 Gy), the smallest tumor dose rises by 13.3 Gy
    """
    if optimum.status == "infeasible":
        names = " and ".join(constraint_in_words(each) for each in optimum.conflict)
        return (f"No plan meets all of these at once: {names}.",)
    what = _OBJECTIVES[optimum.objective]
    better = "smaller" if optimum.objective == "min_lung_energy" else "larger"
    found = [
        f"{what[0].upper()}{what[1:]} is {optimum.objective_value:.4g} {optimum.objective_unit}, and no plan within "
        f"the limits makes it {better}."
    ]
    if optimum.objective == "max_min_tumor_dose":
        listed = ", ".join(f"'{name}'" for name in optimum.lowest_tumors)
        found.append(f"The lowest tumor{'s are' if len(optimum.lowest_tumors) > 1 else ' is'} {listed}.")
    by_name = {each.name: each for each in optimum.constraints}
    binding = "; ".join(constraint_in_words(by_name[name]) for name in optimum.binding)
    found.append(f"Binding limits: {binding or 'none'}.")
    prices = [sentence for price in optimum.shadow_prices if (sentence := _price(price, by_name, optimum))]
    return (*found, *prices)


def _price(price: ShadowPrice, by_name: dict[str, Constraint], optimum: Optimum) -> str:
    """Describe the change of the objective by a step of a limit in words, empty if nothing changes."""
    constraint = by_name[price.constraint]
    step = _STEPS[constraint.unit]
    unit, objective = optimum.objective_unit, _OBJECTIVES[optimum.objective]
    gain, loss = abs(price.if_relaxed) * step, abs(price.if_tightened or 0.0) * step
    if price.if_tightened is not None and not (gain or loss):
        return ""
    is_target = constraint.name.startswith("target")
    more, less = ("less", "more") if is_target else ("more", "less")
    limit = constraint_in_words(constraint)
    better, worse = ("falls", "rises") if optimum.objective == "min_lung_energy" else ("rises", "falls")
    amount = f"{step:g} {constraint.unit}"
    relaxed = f"With {amount} {more} for {limit}, {objective} {better} by {gain:.3g} {unit}"
    if price.if_tightened is None:
        return f"{relaxed}; with {amount} {less} there is no plan."
    return f"{relaxed}; with {amount} {less} it {worse} by {loss:.3g} {unit}."
