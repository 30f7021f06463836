"""Advisories on the doses of several territories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from .._core import Nuclide
from ..advisory import Advisory, advise
from .lung import (
    CUMULATIVE_LUNG_LIMIT_GY,
    LUNG_LIMIT_GY,
    cumulative_lung_dose_advisories,
    lung_dose_advisories,
    lung_limits_of_yttrium,
)
from .territory import Territory
from .vial_content import vial_content


def tumors_fed_twice(
    territories: Sequence[Territory], tumors: Iterable[str], overlap_of: Callable[[str], str]
) -> Iterator[Advisory]:
    """Advise on tumors of the same tissue that several territories feed."""
    every = [t.tumor_name(i) for t in territories for i in range(len(t.tumors))]
    twice = [name for name in tumors if overlap_of(name) == "same_tissue" and every.count(name) > 1]
    if twice:
        yield advise("normal_livers_taken_as_disjoint", tumors=", ".join(twice))


def uneven_doses(
    territories: Sequence[Territory],
    given: Sequence[float],
    portions: Sequence[Sequence[float]],
    overlap_of: Callable[[str], str],
) -> Iterator[Advisory]:
    """Advise on territories without activity, and on portions with less than half of their tumor's mean dose."""
    for territory, activity in zip(territories, given, strict=True):
        if activity <= 1e-9 * max(given) and any(a > 0 for a in given):
            yield advise("territory_without_activity", territory=territory.name, activity_gbq=activity)
    doses: dict[str, list[tuple[str, float, float]]] = {}
    for territory, of_territory in zip(territories, portions, strict=True):
        for index, dose in enumerate(of_territory):
            name = territory.tumor_name(index)
            if overlap_of(name) == "disjoint":
                doses.setdefault(name, []).append((territory.name, territory.tumors[index].mass_kg, dose))
    for tumor, parts in doses.items():
        mean = sum(mass * dose for _, mass, dose in parts) / sum(mass for _, mass, _ in parts)
        for name, _, dose in parts:
            if dose < 0.5 * mean:
                yield advise(
                    "portion_below_half_of_mean",
                    tumor=tumor,
                    territory=name,
                    dose_gy=dose,
                    mean_gy=mean,
                    half_of_mean_gy=0.5 * mean,
                )


def lung_doses(lung_dose_gy: float, cumulative_gy: float, nuclide: Nuclide) -> Iterator[Advisory]:
    """Compare the lung doses with their usual limits. An optimum may exceed its limit by rounding."""
    yield from lung_dose_advisories(lung_dose_gy, LUNG_LIMIT_GY, rounding=1e-9)
    yield from cumulative_lung_dose_advisories(cumulative_gy, CUMULATIVE_LUNG_LIMIT_GY, rounding=1e-9)
    yield from lung_limits_of_yttrium(nuclide, LUNG_LIMIT_GY, CUMULATIVE_LUNG_LIMIT_GY)


def vial_contents(
    territories: Sequence[Territory], vial_activities_gbq: Sequence[float], nuclide: Nuclide
) -> Iterator[Advisory]:
    """Compare the activity in each vial with the content of available vials."""
    for territory, activity in zip(territories, vial_activities_gbq, strict=True):
        for advisory in vial_content(activity, nuclide=nuclide):
            yield replace(advisory, message=f"Territory '{territory.name}': {advisory.message}")
