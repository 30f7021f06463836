"""Mean energies and ranges against published tables beside the evaluation that the decay data come from."""

from __future__ import annotations

import numpy as np
import pytest
from measured_figures import Measured

from yttria import dose_point_kernel
from yttria._foundation.choices import IsotopeName
from yttria.kernels import decay_data
from yttria.sources import sources

#: Isotope, part of the energy, published MeV per decay, relative tolerance by the printed digits, source.
ENERGIES: list[tuple[IsotopeName, str, float, float, str]] = [
    ("Y-90", "beta_mev", 0.94, 0.015, "weber2022"),
    ("Ho-166", "beta_mev", 0.67, 0.015, "jcm2020-bone"),
    ("P-32", "beta_mev", 0.695, 0.003, "pheur-5.7"),
    ("Lu-177", "beta_mev", 0.1333, 0.003, "ejnmmi2020-lu177"),
    ("Lu-177", "electron_mev", 0.1479, 0.003, "ejnmmi2020-lu177"),
    ("Lu-177", "beta_mev", 0.133, 0.015, "frontiers2018-lu177"),
]
#: Published maximum range of the beta particles in soft tissue or water, in mm.
RANGES: list[tuple[IsotopeName, float, tuple[str, ...]]] = [
    ("Ho-166", 8.7, ("weber2022", "nice-ta985", "jcm2020-bone")),
    ("Y-90", 11.0, ("weber2022",)),
    ("Re-188", 11.0, ("jcm2020-bone", "nanotargeted2010")),
]


@pytest.mark.claim("energies_of_second_sources")
@pytest.mark.parametrize(("isotope", "part", "published", "relative", "key"), ENERGIES)
def test_energy_is_that_of_a_second_source(
    isotope: IsotopeName, part: str, published: float, relative: float, key: str, measured: Measured
) -> None:
    assert sources()[key].read in ("primary", "secondary")
    found = getattr(decay_data(isotope), part)
    words = "all electrons, " if part == "electron_mev" else ""
    measured(f"{isotope}, {words}{key}", 100.0 * (found / published - 1.0), "%", signed=True)
    assert found == pytest.approx(published, rel=relative)


def test_the_mean_energy_of_rhenium_is_that_of_the_evaluation_and_not_of_the_second_table() -> None:
    assert decay_data("Re-188").beta_mev > 1.15 * 0.64
    assert "was not reconciled" in sources()["jcm2020-bone"].checked


@pytest.mark.claim("ranges_of_second_sources")
@pytest.mark.parametrize(("isotope", "range_mm", "keys"), RANGES)
def test_electrons_end_at_the_published_range(
    isotope: IsotopeName, range_mm: float, keys: tuple[str, ...], measured: Measured
) -> None:
    assert all(sources()[key].read == "primary" for key in keys)
    kernel = dose_point_kernel("water", isotope=isotope)
    inside = np.concatenate([[0.0], np.cumsum(kernel.energy_mev)])[: len(kernel.edge_mm)]
    # Beyond 12 mm there is bremsstrahlung only.
    whole = np.interp(12.0, kernel.edge_mm, inside)

    def beyond(radius_mm: float) -> float:
        return float(1.0 - np.interp(radius_mm, kernel.edge_mm, inside) / whole)

    measured(f"{isotope}, beyond {range_mm:g} mm", 1e6 * beyond(range_mm), "ppm")
    assert beyond(range_mm) < 1e-4
    assert beyond(0.8 * range_mm) > 1e-4
