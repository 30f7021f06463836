"""Checks of `yttria verify`. Each compares the installed core with results that do not share its code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import evaluation
from ..._core import Nuclide
from ...errors import YttriaError
from ...kernels import dose_point_kernel as kernel_of
from ...kernels import media, voxel_s_values
from ...reference.dose_point_kernel import energy_within_mev
from ...voxel import ConvolutionPlan, absorbed_dose, local_deposition
from .. import monte_carlo, phantoms
from .._cases import FILE_MODELS, SuiteCase, cases
from .._deviation import relative_deviation
from ..answers import reference_answer, yttria_answer
from ..comparisons import comparisons
from ..diagnosis import diagnose, injected

OWN_KERNEL = 1e-3
"""Accepted difference of the core from the reference in a dose map by kernel, relative to the maximum."""


TRANSPORT_HISTORIES = 400_000
"""Number of decays in a check of the core's Monte Carlo, which takes less than a second of one processor core."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim with its tolerance, the measured value, and the margin, measured over accepted.

    A margin below 1 passes.
    """

    claim: str
    acceptance: str
    measured: str
    margin: float
    passed: bool


def within(claim: str, acceptance: str, share: float, measured: str) -> Check:
    """Make a check that passes if `share`, measured over accepted, is at most 1."""
    return Check(claim=claim, acceptance=acceptance, measured=measured, margin=share, passed=bool(share <= 1.0))


def holds(claim: str, acceptance: str, passed: bool, measured: str) -> Check:
    """Make a check that passes or fails without a margin."""
    return Check(claim=claim, acceptance=acceptance, measured=measured, margin=0.0 if passed else 2.0, passed=passed)


def all_checks() -> Sequence[Callable[[], Iterable[Check]]]:
    """Run every check in the order of the report."""
    return (
        vectors,
        refusals,
        reference_answers,
        agreement,
        monte_carlo_tables,
        superposition,
        transport,
        dose_point_kernel,
        energy,
        determinism,
        control,
    )


def _share(case: SuiteCase, got: dict[str, Any]) -> float:
    """Compute the worst deviation of a case over the allowed one.

    A wrong answer that is not a number gives more than 1.
    """
    worst = 0.0
    for quantity in case.quantities:
        value = got.get(quantity)
        share = relative_deviation(value, case.expected[quantity]) / _allowed(case)
        worst = max(worst, share if case.is_map or case.within(quantity, value) else 1.0 + share)
    return worst


def _allowed(case: SuiteCase) -> float:
    """Return the allowed deviation.

    The tolerance of cases allows kernels of other codes, but the core has that of the reference.
    """
    return min(case.tolerance.get("of_maximum", 0.0), OWN_KERNEL) or case.tolerance.get("rel", 0.0) or 1.0


def _answered(which: str) -> tuple[list[SuiteCase], float, SuiteCase]:
    chosen = [case for case in cases() if "error" not in case.expected and _kind(case) == which]
    shares = [_share(case, yttria_answer(case.model, case.inputs)) for case in chosen]
    return chosen, max(shares), chosen[int(np.argmax(shares))]


def _kind(case: SuiteCase) -> str:
    if case.model in FILE_MODELS:
        return "files"  # reading them needs extras
    if case.is_map:
        return "voxel cases"
    return "own planning cases" if case.id.startswith("own-") else "published vectors"


def vectors() -> Iterable[Check]:
    """Check planning vectors and voxel cases by the core."""
    for which, acceptance in (
        ("published vectors", "each within its own tolerance, mostly 1e-9"),
        ("own planning cases", "each within 1e-9 of the reference"),
        ("voxel cases", "1e-6 local, 1e-3 of the maximum by kernel"),
    ):
        chosen, share, worst = _answered(which)
        measured = f"{len(chosen)} answered, worst {worst.id}: {share:.2g} of its tolerance"
        yield within(f"Core answers the {which}", acceptance, share, measured)


def refusals() -> Iterable[Check]:
    """Check that invalid inputs are refused."""
    chosen = [case for case in cases() if "error" in case.expected]
    accepted = []
    for case in chosen:
        try:
            yttria_answer(case.model, case.inputs)
        except YttriaError:
            continue
        accepted.append(case.id)
    measured = f"{len(chosen) - len(accepted)} of {len(chosen)} refused" + (f", not {accepted}" if accepted else "")
    yield holds("Core refuses what has no answer", "every one", not accepted, measured)


def reference_answers() -> Iterable[Check]:
    """Check the same vectors by the reference, so that expected values and formulas agree."""
    chosen = [case for case in cases() if "error" not in case.expected]
    shares = [_share(case, reference_answer(case.model, case.inputs)) for case in chosen]
    worst = chosen[int(np.argmax(shares))].id
    measured = f"{len(chosen)} answered, worst {worst}: {max(shares):.2g} of its tolerance"
    yield within("The NumPy reference answers all cases", "each within its own tolerance", max(shares), measured)


def agreement() -> Iterable[Check]:
    """Check the agreement of every public function that computes."""
    by_room: dict[str, list[tuple[float, str]]] = {}
    for name, entry in comparisons().items():
        by_room.setdefault(name.split(".")[0], []).append((entry.difference(), name))
    for room, found in by_room.items():
        share, name = max(found)
        measured = f"{len(found)} functions, worst {name}: {share:.2g} of its tolerance"
        yield within(f"Core equals reference: yttria.{room}", "1e-12, or as the registry says", share, measured)


def monte_carlo_tables() -> Iterable[Check]:
    """Check voxel S values against full Monte Carlo."""
    for table in monte_carlo.tables():
        found = monte_carlo.compare_to_monte_carlo(table)
        share = abs(found.source_voxel) / 2e-3
        if not found.within:
            share = max(share, 2.0)
        size = " x ".join(f"{mm:g}" for mm in table.voxel_size_mm)
        exact = ", exact boundaries" if "exact" in table.name else ""
        measured = (
            f"S000 {found.source_voxel:+.1e} (sigma {found.source_voxel_sigma:.0e}), "
            f"{found.voxels} voxels rms {found.rms_sigma:.2f} sigma"
        )
        yield within(
            f"Voxel S values follow Monte Carlo: {table.medium} {size} mm{exact}",
            "S000 2e-3; voxels max(0.7 %, 4 sigma)",
            share,
            measured,
        )


def superposition() -> Iterable[Check]:
    """Check superposition against full Monte Carlo in phantoms of several tissues."""
    limits = {"lung": 0.025, "bone": 0.04, "soft": 0.04}
    for name, of_what in (("dome_hot", "a liver dome under lung"), ("rib", "a rib beside a hot sphere")):
        shares, measured = [], []
        for region, found in phantoms.compare_superposition(phantoms.monte_carlo_phantom(name)).items():
            limit = limits.get(region.split()[0], 0.01) + found.sigma_fraction
            shares.append(abs(found.deviation_fraction) / limit)
            measured.append(f"{region} {100 * found.deviation_fraction:+.1f}")
        yield within(
            f"Superposition follows Monte Carlo: {of_what}",
            "means: tumor, liver 1 %, lung 2.5 %, bone and behind 4 %, each and sigma",
            max(shares),
            ", ".join(measured) + " %",
        )


def transport() -> Iterable[Check]:
    """Check the core's Monte Carlo against EGSnrc, with few histories and a given seed."""
    water = next(table for table in monte_carlo.tables() if table.medium == "water")
    deviation, sigma = monte_carlo.compare_source_voxel(water, histories=TRANSPORT_HISTORIES, seed=1)
    size = " x ".join(f"{mm:g}" for mm in water.voxel_size_mm)
    yield within(
        f"Own Monte Carlo follows EGSnrc: source voxel of water {size} mm",
        "0.5 % and three sigma",
        abs(deviation) / (0.005 + 3 * sigma),
        f"{deviation:+.2%} (sigma {sigma:.2%})",
    )
    limits = {"lung 15 to 30 mm": 0.03, "lung 0 to 6 mm": 0.015, "lung 6 to 15 mm": 0.015}
    found = phantoms.compare_transport(phantoms.monte_carlo_phantom("dome_hot"), histories=TRANSPORT_HISTORIES, seed=1)
    shares = [
        abs(each.deviation_fraction) / (limits.get(n, 0.007) + 3 * each.sigma_fraction) for n, each in found.items()
    ]
    yield within(
        "Own Monte Carlo follows EGSnrc: a liver dome under lung",
        "means: tumor, liver 0.7 %, lung to 15 mm 1.5 %, farther 3 %, each and three sigma",
        max(shares),
        ", ".join(f"{n} {each.deviation_fraction:+.1%} (sigma {each.sigma_fraction:.1%})" for n, each in found.items()),
    )


def dose_point_kernel() -> Iterable[Check]:
    """Check the embedded table of water against EGSnrc, another code with another spectrum."""
    water = kernel_of("water")
    within_12 = float(energy_within_mev(water.edge_mm, water.energy_mev, 12.0))
    beyond = 1 - within_12 / water.emitted_mev
    radii = np.linspace(0.0, 12.0, 120001)
    inside = energy_within_mev(water.edge_mm, water.energy_mev, radii) / water.emitted_mev
    found = [float(np.interp(share, inside, radii)) for share in (0.5, 0.9, 0.99)]
    off = max(abs(a / b - 1) for a, b in zip(found, (2.345, 5.432, 8.095), strict=True))
    yield within(
        "Dose point kernel of water: X50, X90, X99",
        "2.345, 5.432, 8.095 mm by EGSnrc, each within 0.3 %",
        off / 0.003,
        ", ".join(f"{mm:.3f}" for mm in found) + " mm",
    )
    yield within("Energy beyond 12 mm of water", "0.39 % within 0.04", abs(beyond - 0.0039) / 4e-4, f"{beyond:.4%}")


def energy() -> Iterable[Check]:
    """Check conservation of energy in every medium."""
    worst = 0.0
    for medium in media():
        for size in ((3.0, 4.0, 2.5), (7.0, 5.0, 4.0)):
            s = voxel_s_values(size, medium=medium.name)
            nuclide = s.nuclide
            mj = float(s.values.sum()) * float(np.prod(size)) * 1e-6 * s.density_g_per_ml
            emitted = nuclide.dose_factor_gy_kg_per_gbq / nuclide.mean_life_s
            worst = max(worst, abs(mj / emitted / s.energy_inside_fraction - 1))
    yield within("S values conserve energy, 5 media, 2 voxel sizes", "1e-10", worst / 1e-10, f"{worst:.1e}")
    nuclide = Nuclide()
    s = voxel_s_values((4.0, 5.0, 6.0), medium="liver")
    dose = absorbed_dose(np.full(s.values.shape, 0.7), s)
    center = float(dose[tuple(n // 2 for n in dose.shape)])
    local = float(local_deposition(0.7, density_g_per_ml=s.density_g_per_ml, nuclide=nuclide))
    off = abs(center / (local * s.energy_inside_fraction) - 1)
    yield within("A uniform medium receives the local dose", "1e-10", off / 1e-10, f"{off:.1e}")


def determinism() -> Iterable[Check]:
    """Check that the number of threads has no effect on results."""
    rng = np.random.default_rng(1)
    shape = (37, 52, 45)
    density = rng.uniform(0.3, 1.5, shape)
    s = voxel_s_values((4.0, 4.07, 4.07), medium="liver")
    kernel = s.gy_per_mbq_per_ml()
    weights = rng.uniform(0.0, 1.0, shape).astype(np.float32)

    def everything(kind: type[np.floating[Any]], threads: int) -> list[bytes]:
        activity = np.asarray(np.random.default_rng(2).gamma(1.0, 2.0, shape), kind)
        dose = ConvolutionPlan(shape, kernel, kind, threads=threads).apply(activity)
        local = local_deposition(activity, density_g_per_ml=density.astype(kind), threads=threads)
        histogram = evaluation.dose_volume_histograms(dose, {"s": weights}, voxel_volume_ml=0.07, threads=threads)["s"]
        again = voxel_s_values((4.0, 4.07, 4.07), medium="liver", threads=threads).values
        return [dose.tobytes(), local.tobytes(), histogram.curve()[1].tobytes(), again.tobytes()]

    different = [
        (kind.__name__, threads)
        for kind in (np.float32, np.float64)
        for threads in (2, 3, 8)
        if everything(kind, threads) != everything(kind, 1)
    ]
    measured = f"differ: {different}" if different else "all bits equal"
    claim = "Results do not depend on threads: convolution, local deposition, histogram, S values"
    yield holds(claim, "bit for bit, 1, 2, 3 and 8 threads", not different, measured)


def control() -> Iterable[Check]:
    """Check that checks can fail, because a known mistake is found and the right answers are not rejected."""
    own = {c.id: yttria_answer(c.model, c.inputs) for c in cases() if _kind(c) != "files" and "error" not in c.expected}
    accused = [finding.name for finding in diagnose(own, noise=1e-6)]
    yield holds("The core makes no known mistake", "none named", not accused, str(accused or "none named"))
    name = "dose_factor_50"
    found = [finding.name for finding in diagnose(injected([name], own), noise=1e-3)]
    measured = ", ".join(found) or "nothing"
    yield holds("Control: a dose factor of 50 put in is found", name, found == [name], measured)
