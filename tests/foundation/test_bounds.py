"""Implausible values are shown loudly, with the reason and the value that was perhaps meant."""

from __future__ import annotations

import numpy as np
import pytest

import yttria
from yttria.advisory import advisory_kinds
from yttria.advisory.bounds import BOUNDS, implausible
from yttria.errors import ImplausibleValueWarning, OutOfRangeError

GRID = np.diag([4.0, 4.0, 4.0, 1.0])


def image(value: float, unit: str = "Bq/mL") -> yttria.Image:
    return yttria.Image(np.full((5, 6, 7), value, np.float32), GRID, unit)


@pytest.mark.parametrize("code", BOUNDS)
def test_every_bound_has_a_reason_and_holds_at_its_ends(code: str) -> None:
    bound = BOUNDS[code]
    assert len(bound.reason.split()) > 4
    assert implausible(code, bound.low) == implausible(code, bound.high) == ()
    for beyond in (np.nextafter(bound.high, np.inf), np.nextafter(bound.low, -np.inf), np.nan, np.inf):
        (advisory,) = implausible(code, float(beyond))
        assert (advisory.code, advisory.severity) == (code, advisory_kinds()[code].severities[0])
        assert bound.reason in advisory.message


def test_a_dose_of_a_thousand_times_the_activity_is_an_error() -> None:
    # 2 MBq/mL read as kBq/mL: 2000 MBq/mL, 117 452 Gy after 20 h.
    result = yttria.dose_image(image(2e6, "kBq/mL"), scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
    found = {a.code: a for a in result.advisories}
    assert found["voxel_dose_implausible"].severity == "error"
    assert found["field_activity_implausible"].value == pytest.approx(2000 * 210 * 0.064 * 1.241438 / 1e3, rel=1e-5)
    plausible = yttria.dose_image(image(1e6), scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
    assert not plausible.advisories


def test_millicurie_given_as_gbq_are_named() -> None:
    result = yttria.dose_image(
        image(1e6), scaling=yttria.AbsoluteScaling(scan_delay_h=20.0, administered_activity_gbq=37.8)
    )
    (advisory,) = (a for a in result.advisories if a.code == "administered_activity_implausible")
    assert "37.8 mCi would be 1.4 GBq" in advisory.message
    assert advisory.severity == "error"


@pytest.mark.parametrize("function", ["local", "convolved"])
def test_an_array_in_bq_per_ml_warns_where_mbq_per_ml_is_due(function: str) -> None:
    activity = np.full((5, 6, 7), 2e6, np.float32)
    s_values = yttria.voxel_s_values((4.0, 4.0, 4.0), medium="liver")
    calls = {
        "local": lambda: yttria.local_deposition(activity, density_g_per_ml=1.05),
        "convolved": lambda: yttria.absorbed_dose(activity, s_values),
    }
    with pytest.warns(ImplausibleValueWarning, match="in Bq/mL or kBq/mL"):
        calls[function]()


def test_a_density_in_kg_per_m3_is_refused_and_the_meant_one_named() -> None:
    activity = np.ones((5, 6, 7))
    with pytest.raises(OutOfRangeError, match=r"at most 25, got 1050 \(did you mean 1.05\?\)"):
        yttria.local_deposition(activity, density_g_per_ml=1050)
    with pytest.raises(OutOfRangeError, match=r"did you mean 1\.05"):
        yttria.dose_image(
            image(1e6),
            scaling=yttria.AbsoluteScaling(scan_delay_h=0.0),
            density=yttria.Image(1050 * activity, GRID, "g/mL"),
        )
