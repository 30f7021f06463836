"""Recovered means, their uncertainty and microspheres in the table of doses and in `yttria dose`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blurred_solids import ball, points_mm
from cli_runner import invoke
from measured_figures import Measured

from yttria import AbsoluteScaling, Image, Structure, dose_image, write_image, write_structures
from yttria.case import read_stored_result
from yttria.evaluation import PartialVolumeInputs, RecoveryCurve, UncertaintyInputs
from yttria.voxel import DoseResult, microsphere_spread

SIZE_MM, SHAPE = (4.0, 3.0, 2.5), (18, 24, 28)
PLACE = np.diag([*SIZE_MM[::-1], 1.0])
POINTS = points_mm(SHAPE, SIZE_MM, (0.7, -0.4, 0.3))
BALL = Structure("Ball", ball(POINTS, 9.0, 0.0) >= 0.5, PLACE)
IMAGE = Image((1 + 7 * ball(POINTS, 9.0, 6.0)).astype(np.float32), PLACE, "MBq/mL")
CURVE = RecoveryCurve(b1_ml=1.0, b2=0.9, covariance=[[0.01, 0.0], [0.0, 0.01]])
MATRIX = PartialVolumeInputs(method="transfer_matrix", fwhm_mm=6.0, fwhm_uncertainty_mm=0.3)


def result(**terms: Any) -> DoseResult:
    return dose_image(IMAGE, scaling=AbsoluteScaling(0.0), method="voxel_s_values", **terms)


def test_recovered_means_are_shown_only_on_request() -> None:
    columns = result().table([BALL])[0].as_dict()
    assert not [name for name in columns if "recover" in name or "sphere" in name or "standard_uncertainty" in name]


def test_the_recovered_mean_stands_beside_the_unchanged_mean() -> None:
    plain, row = result().table([BALL])[0], result().table([BALL], partial_volume=MATRIX)[0]
    columns = row.as_dict()
    assert row.mean_gy == plain.mean_gy
    assert columns["recovered_mean_gy"] == pytest.approx(columns["mean_gy"] / columns["recovery_coefficient"])
    assert columns["recovered_mean_gy"] > 1.1 * columns["mean_gy"]
    assert "recovered_mean_standard_uncertainty_gy" not in columns


def test_the_budget_of_a_mean_by_the_transfer_matrix_holds_outline_noise_and_resolution() -> None:
    stated = UncertaintyInputs(fwhm_mm=6.0, calibration_uncertainty=0.04, count_uncertainty=0.03)
    rows, budgets = result().completed(result().table([BALL]), [BALL], uncertainty=stated, partial_volume=MATRIX)
    (row,), found = rows, {budget.quantity: budget for budget in budgets}
    mean, recovered = found["mean_gy"], found["recovered_mean_gy"]
    shares = {part.source: part.contribution / recovered.value for part in recovered.components}
    of_mean = {part.source: part.contribution / mean.value for part in mean.components}
    assert row.recovered is not None
    assert recovered.value == pytest.approx(row.recovered.recovered_mean_gy)
    assert shares["calibration"] == pytest.approx(of_mean["calibration"])
    growth = row.recovered.noise_amplification * row.recovered.recovery_coefficient  # type: ignore[operator]
    assert shares["counts"] == pytest.approx(0.03 * growth)
    u = row.recovered.recovery_coefficient_standard_uncertainty
    assert shares["recovery"] == pytest.approx(-u / row.recovered.recovery_coefficient)  # type: ignore[operator]
    # A larger outline lowers the mean, and raises the coefficient.
    assert shares["volume"] < of_mean["volume"] < 0.0
    assert "recovery" not in recovered.not_included
    assert "recovery" in mean.not_included
    assert row.recovered_mean_standard_uncertainty_gy == recovered.standard_uncertainty


@pytest.mark.claim("transfer_matrix")
def test_the_outline_moves_a_recovered_mean_as_the_matrix_of_the_displaced_outline_does(measured: Measured) -> None:
    """The budget takes a ball of the displaced volume; the matrix solved again with displaced balls is the truth."""
    local = dose_image(IMAGE, scaling=AbsoluteScaling(0.0))
    stated = UncertaintyInputs(contour_uncertainty_mm=0.5)
    _, budgets = local.completed(local.table([BALL]), [BALL], uncertainty=stated, partial_volume=MATRIX)
    (recovered,) = (each for each in budgets if each.quantity == "recovered_mean_gy")
    (outline,) = (part for part in recovered.components if part.source == "volume")
    gy = []
    for radius in (9.5, 8.5):
        displaced = Structure("Ball", ball(POINTS, radius, 0.0), PLACE)
        (row,) = local.table([displaced], partial_volume=MATRIX)
        assert row.recovered is not None
        assert row.recovered.recovered_mean_gy is not None
        gy.append(row.recovered.recovered_mean_gy)
    solved_again = (gy[0] - gy[1]) / 2
    measured(
        "contribution of the outline, of that by the matrix solved again",
        100 * outline.contribution / solved_again,
        "%",
    )
    assert outline.contribution == pytest.approx(solved_again, rel=0.1)


def test_a_curve_of_the_blur_is_that_of_the_uncertainty_too() -> None:
    stated = PartialVolumeInputs(method="recovery_curve", recovery=CURVE)
    row = result().table([BALL], uncertainty=UncertaintyInputs(calibration_uncertainty=0.04), partial_volume=stated)[0]
    assert row.recovered is not None
    assert row.recovered_mean_standard_uncertainty_gy is not None
    relative = row.recovered_mean_standard_uncertainty_gy / row.recovered.recovered_mean_gy  # type: ignore[operator]
    assert relative > 0.04


def test_the_activity_of_a_microsphere_gives_numbers_and_a_component() -> None:
    inputs = UncertaintyInputs(sphere_activity_bq=1500.0)
    (row,), budgets = result().completed(result().table([BALL]), [BALL], uncertainty=inputs)
    (spread,) = microsphere_spread(result(), [BALL], sphere_activity_bq=1500.0).structures
    columns = row.as_dict()
    assert columns["microspheres"] == spread.spheres
    assert columns["microspheres_per_voxel"] == pytest.approx(spread.spheres_per_ml * 0.03)  # type: ignore[operator]
    (mean,) = (budget for budget in budgets if budget.quantity == "mean_gy")
    (part,) = (part for part in mean.components if part.source == "microspheres")
    assert part.contribution == pytest.approx(spread.mean_uncertainty_gy)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("partial_volume")
    write_image(IMAGE, folder / "pet.nrrd")
    write_structures([BALL], folder / "seg.seg.nrrd")
    (folder / "curve.toml").write_text("b1_ml = 1.0\nb2 = 0.9\ncovariance = [[0.01, 0.0], [0.0, 0.01]]\n")
    return folder


def dose(files: Path, name: str, *more: str) -> tuple[dict[str, Any], str]:
    out = files / name
    shown = invoke("dose", files / "pet.nrrd", "-s", files / "seg.seg.nrrd", "--scan-delay-h", "0", "-o", out, *more)
    return json.loads((out / "doses.json").read_text()), shown


def test_yttria_dose_shows_writes_and_reads_back_recovered_means(files: Path) -> None:
    asked = ("--fwhm-mm", "6", "--fwhm-uncertainty-mm", "0.3", "--partial-volume", "transfer-matrix")
    found, shown = dose(files, "matrix", *asked, "--sphere-activity-bq", "1500")
    assert "corrected for the blur of the image" in shown
    assert "Microspheres" in shown
    (row,) = found["structures"]
    (table,) = csv.DictReader((files / "matrix" / "doses.csv").read_text().splitlines())
    for name in ("recovered_mean_gy", "recovered_mean_standard_uncertainty_gy", "microspheres"):
        assert float(table[name]) == pytest.approx(row[name])
    assert [told["code"] for told in found["advisories"] if "recover" in told["code"]] == [
        "recovered_without_transport"
    ]
    stored = read_stored_result(files / "matrix")
    assert stored.uncertainty is not None
    assert "recovered_mean_gy" in {budget.quantity for budget in stored.uncertainty.budgets}
    assert stored.case.partial_volume == "transfer_matrix"


def test_yttria_dose_takes_a_recovery_curve_from_a_file(files: Path) -> None:
    curve = ("--recovery-curve", str(files / "curve.toml"), "--partial-volume", "recovery-curve")
    found, _ = dose(files, "curve", *curve)
    (row,) = found["structures"]
    assert row["recovery_coefficient"] == pytest.approx(CURVE.recovery(row["volume_ml"]))
    assert [each["name"] for each in found["inputs"]["recovery_curve"]] == ["curve.toml"]


def test_a_resolution_that_is_not_stated_is_reported(files: Path) -> None:
    found, shown = dose(files, "plain")
    assert [told["code"] for told in found["advisories"]] == ["resolution_not_stated"]
    assert f"'Ball' ({found['structures'][0]['volume_ml']:.3g} mL)" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--partial-volume", "recovery-curve"), "needs its file"),
        (("--partial-volume", "transfer-matrix"), "needs the resolution"),
        (("--fwhm-uncertainty-mm", "0.5"), "applies only to --partial-volume transfer_matrix"),
        (("--sphere-activity-bq", "0"), "must be finite and > 0"),
    ],
)
def test_missing_options_are_named(files: Path, more: tuple[str, ...], words: str) -> None:
    shown = invoke(
        "dose",
        files / "pet.nrrd",
        "-s",
        files / "seg.seg.nrrd",
        "--scan-delay-h",
        "0",
        "-o",
        files / "no",
        *more,
        code=1,
    )
    assert words in " ".join(shown.split())
