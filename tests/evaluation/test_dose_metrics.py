"""Quantities of structures by their short names, against values that follow from the doses by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import OutOfRangeError, ShapeError, UnknownNameError
from yttria.evaluation import DoseVolumeHistogram, dose_metric, dose_volume_histograms, dvh_table, metric_value

LIVER = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}


def histogram(*doses: float) -> DoseVolumeHistogram:
    dose = np.array(doses).reshape(1, 1, -1)
    return dose_volume_histograms(dose, {"s": np.ones(dose.shape, bool)}, voxel_volume_ml=0.5)["s"]


@pytest.mark.claim("metrics_definition")
@pytest.mark.parametrize(
    ("text", "expected"),
    [("V50", 0.5), ("v50Gy", 0.5), ("V50mL", 1.0), ("V0", 1.0), ("V1000", 0.0), ("D50", 80.0), ("D100", 20.0)],
)
def test_volumes_and_doses_follow_from_the_doses(text: str, expected: float) -> None:
    assert metric_value(dose_metric(text), histogram(20.0, 40.0, 80.0, 100.0)) == pytest.approx(expected)


def test_a_dose_to_more_volume_than_there_is_is_not_defined() -> None:
    found = histogram(20.0, 40.0)
    assert metric_value(dose_metric("D0.5mL"), found) == pytest.approx(40.0)
    assert metric_value(dose_metric("D1.1cc"), found) is None


@pytest.mark.claim("metrics_definition")
def test_mean_bed_is_that_of_the_voxels_and_not_of_the_mean() -> None:
    g = 2.5 / (2.5 + 64.1) / 2.5
    beds = [dose * (1 + dose * g) for dose in (20.0, 100.0)]
    bed = metric_value(dose_metric("BED"), histogram(20.0, 100.0), LIVER)
    assert bed == pytest.approx(sum(beds) / 2, rel=2e-4)  # the half-life is 64.1 h to its last digit
    assert metric_value(dose_metric("EQD2"), histogram(20.0, 100.0), LIVER) == pytest.approx(bed / (1 + 2 / 2.5))


def test_models_go_by_the_parameters_that_are_there() -> None:
    doses = histogram(60.0, 60.0)
    poisson = metric_value(dose_metric("TCP"), doses, {"alpha_per_gy": 0.1, "clonogens": 100.0})
    assert poisson == pytest.approx(math.exp(-100.0 * math.exp(-6.0)))
    assert metric_value(dose_metric("TCP"), doses, {"d50_gy": 60.0, "gamma50": 2.0}) == pytest.approx(0.5)
    assert metric_value(dose_metric("NTCP"), doses, {"td50_gy": 60.0, "m": 0.3, "n": 1.0}) == pytest.approx(0.5)
    assert metric_value(dose_metric("EUD"), doses, {"alpha_per_gy": 0.1}) == pytest.approx(60.0)
    assert metric_value(dose_metric("gEUD"), doses, {"a": -5.0}) == pytest.approx(60.0)
    assert metric_value(dose_metric("TCP"), doses, {"alpha_per_gy": 0.1}) is None
    assert metric_value(dose_metric("EUBED"), doses) is None


def test_negative_doses_count_as_zero_in_models() -> None:
    assert metric_value(dose_metric("BED"), histogram(-5.0, -1.0), LIVER) == 0.0


@pytest.mark.claim("metrics_definition")
@given(st.floats(0.0, 500.0), st.lists(st.floats(0.0, 400.0), min_size=1, max_size=20))
def test_a_share_is_within_0_and_1_and_times_the_volume_in_ml(dose: float, doses: list[float]) -> None:
    found = histogram(*doses)
    share, volume = (metric_value(dose_metric(f"V{dose:.6f}{unit}"), found) for unit in ("", "mL"))
    assert share is not None
    assert 0.0 <= share <= 1.0
    assert volume == pytest.approx(share * found.volume_ml)


def test_keys_end_in_their_unit_and_differ() -> None:
    texts = ["V70", "V70mL", "D98", "D2mL", "BED", "EQD2", "EUD", "gEUD", "EUBED", "TCP", "NTCP", "mass", "activity"]
    keys = [dose_metric(text).key for text in (*texts, "T/N", "reserve")]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("text", ["", "V", "X70", "V-70", "Vnan", "D98Gy", "V70 Gy of it", "D2 mL\0", None, 70])
def test_unknown_quantities_are_refused(text: object) -> None:
    with pytest.raises(UnknownNameError, match="metric must be like V70"):
        dose_metric(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["D101", "D0mL", "V" + "9" * 400])
def test_numbers_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(OutOfRangeError):
        dose_metric(text)


def test_quantities_that_do_not_follow_from_doses_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="must follow from doses, got mass"):
        metric_value(dose_metric("mass"), histogram(1.0))


def test_a_table_of_a_histogram_is_exact_at_its_doses() -> None:
    found = histogram(0.05, 0.25, 0.25, -0.15)
    rows = dvh_table({"s": found}, step_gy=0.1)
    assert [round(row.dose_gy, 9) for row in rows] == [-0.2, -0.1, 0.0, 0.1, 0.2, 0.3]
    assert [row.volume_ml for row in rows] == [2.0, 1.5, 1.5, 1.0, 1.0, 0.0]
    assert rows[0].volume_fraction == 1.0
    for step in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(OutOfRangeError):
            dvh_table({"s": found}, step_gy=step)
    with pytest.raises(ShapeError, match="take a larger step"):
        dvh_table({"s": found}, step_gy=1e-9)
