"""Advisories on the loss to an image's blur, and means without it."""

from __future__ import annotations

from typing import Any

import pytest

from yttria.evaluation import PartialVolumeInputs, RecoveryCurve, partial_volume_advisories, recovered_by_curve

VOLUMES_ML = {"Liver": 1500.0, "Tumor 1": 210.0, "Tumor 2": 12.0, "Tumor 3": 1.1, "Tumor 4": 0.2}


def rows(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"structure": name, "volume_ml": VOLUMES_ML[name], "mean_gy": 50.0, **more} for name in names or VOLUMES_ML]


def codes_and_messages(found: list[dict[str, Any]], **stated: Any) -> list[tuple[str, str]]:
    inputs = PartialVolumeInputs(**stated) if stated else None
    return [(advisory.code, advisory.message) for advisory in partial_volume_advisories(found, inputs)]


def test_small_structures_without_a_resolution_are_reported_once() -> None:
    ((code, message),) = codes_and_messages(rows())
    assert code == "resolution_not_stated"
    assert "'Tumor 4' (0.2 mL), 'Tumor 3' (1.1 mL) and 'Tumor 2' (12 mL)" in message
    assert "8 mm" in message
    assert codes_and_messages(rows("Liver", "Tumor 1")) == []


@pytest.mark.parametrize(
    "stated", [{"fwhm_mm": 7.0}, {"fwhm_mm": (7.0, 7.0, 7.0)}, {"recovery": RecoveryCurve(b1_ml=1.5, b2=0.9)}]
)
def test_structures_with_less_than_half_of_their_activity_are_reported(stated: dict[str, Any]) -> None:
    ((code, message),) = codes_and_messages(rows(), **stated)
    assert code == "recovery_below_half"
    assert "'Tumor 4' (0.2 mL) and 'Tumor 3' (1.1 mL)" in message
    assert codes_and_messages(rows("Liver", "Tumor 1", "Tumor 2"), **stated) == []


def test_an_image_without_blur_loses_nothing() -> None:
    assert codes_and_messages(rows(), fwhm_mm=0.0) == []


def test_a_measured_curve_goes_before_the_blur() -> None:
    curve = RecoveryCurve(b1_ml=20.0, b2=0.9)
    assert "'Tumor 2'" in codes_and_messages(rows("Tumor 2"), fwhm_mm=3.0, recovery=curve)[0][1]


def test_a_structure_without_a_recovered_mean_is_reported_and_one_outside_is_not() -> None:
    found = rows("Tumor 1", recovered_mean_gy=None) + rows("Tumor 4", recovered_mean_gy=None, recovery_coefficient=None)
    found[1]["mean_gy"] = None
    assert [code for code, _ in codes_and_messages(found, fwhm_mm=6.0, method="transfer_matrix")] == [
        "recovery_undefined"
    ]
    assert codes_and_messages([]) == []


def test_recovered_means_without_transport_are_reported() -> None:
    found = [row | {"recovered_mean_gy": 60.0} for row in rows("Liver", "Tumor 2")]
    stated = PartialVolumeInputs(method="transfer_matrix", fwhm_mm=6.0)
    (advisory,) = partial_volume_advisories(found, stated, local_deposition=True)
    assert advisory.code == "recovered_without_transport"
    assert "'Tumor 2' (12 mL)" in advisory.message
    assert partial_volume_advisories(found, stated) == ()
    assert partial_volume_advisories(found[:1], stated, local_deposition=True) == ()
    assert partial_volume_advisories(rows("Tumor 2"), PartialVolumeInputs(fwhm_mm=6.0), local_deposition=True) == ()


def test_many_small_structures_make_one_sentence() -> None:
    many = [{"structure": f"T{n}", "volume_ml": 0.1 * n, "mean_gy": 1.0} for n in range(1, 10)]
    ((_, message),) = codes_and_messages(many, fwhm_mm=10.0)
    assert "'T1' (0.1 mL), 'T2' (0.2 mL), 'T3' (0.3 mL), 'T4' (0.4 mL) and 5 more" in message


def test_the_recovered_mean_of_a_curve_is_the_mean_over_its_recovery() -> None:
    found = recovered_by_curve(60.0, 2.0, RecoveryCurve(b1_ml=2.0, b2=0.8, covariance=[[0.04, 0.0], [0.0, 0.0]]))
    assert (found.recovery_coefficient, found.recovered_mean_gy, found.noise_amplification) == (0.5, 120.0, 2.0)
    # dR/db1 at v = b1 is -b2 / (4 b1).
    assert found.recovery_coefficient_standard_uncertainty == pytest.approx(0.2 * 0.8 / 8.0)
    assert found.as_dict()["recovered_mean_gy"] == 120.0
