"""Hours after administration from headers: every decay correction, midnight, zone and duration against the truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import product
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")

from dicom_samples import write_series, write_spect
from image_samples import affine, values
from pydicom.dataset import Dataset

from yttria import AbsoluteScaling, Nuclide, dose_image, read_image
from yttria.errors import FileFormatError, OutOfRangeError, TimeZoneError, UndefinedError
from yttria.io.dicom import ActivityTiming, activity_timing

DURATION_S = 1800
HALF_LIFE_H = 64.1


def stamp(moment: datetime, zone: bool) -> str:
    return moment.strftime("%Y%m%d%H%M%S.%f") + (moment.strftime("%z") if zone else "")


def timed(
    administered: datetime,
    scanned: datetime,
    correction: str,
    *,
    zones: str = "none",
    more: Callable[[Dataset, int], None] | None = None,
) -> Callable[[Dataset, int], None]:
    """Headers of a scan that began at `scanned`. Zones: "none", the "file"'s for all times, or also one in the "DT"."""

    def change(dataset: Dataset, k: int) -> None:
        # The file's zone applies to every time without its own zone.
        local = scanned.astimezone(scanned.tzinfo)
        for kind in ("Series", "Acquisition"):
            setattr(dataset, f"{kind}Date", local.strftime("%Y%m%d"))
            setattr(dataset, f"{kind}Time", local.strftime("%H%M%S.%f"))
        if zones != "none":
            dataset.TimezoneOffsetFromUTC = local.strftime("%z")
        drug = dataset.RadiopharmaceuticalInformationSequence[0]
        there = administered if zones == "DT" else administered.astimezone(scanned.tzinfo)
        drug.RadiopharmaceuticalStartDateTime = stamp(there, zones == "DT")
        drug.RadiopharmaceuticalStartTime = there.strftime("%H%M%S")
        dataset.DecayCorrection, dataset.ActualFrameDuration = correction, DURATION_S * 1000
        if correction == "NONE":
            dataset.CorrectedImage = ["ATTN", "SCAT"]
        if more:
            more(dataset, k)

    return change


def value_shown(correction: str, hours: float) -> float:
    """Compute the value that a scanner shows of 1 MBq at administration, scanned `hours` later, by the midpoint
    rule."""
    if correction == "ADMIN":
        return 1.0
    if correction == "START":
        return 0.5 ** (hours / HALF_LIFE_H)
    t = np.linspace(hours, hours + DURATION_S / 3600, 2001)
    return float(np.mean((0.5 ** (t / HALF_LIFE_H))[1::2]))


ADMINISTERED = datetime(2026, 2, 28, 16, 45, 12, 500000, timezone(timedelta(hours=1)))
SPANS_H = {"same day": 3.25, "past midnight": 20.4, "past the month and two midnights": 44.0}
KINDS = ("plain", "flipped", "permuted", "oblique")


@pytest.mark.claim("dicom_timing")
@pytest.mark.parametrize(
    ("correction", "span", "zones"),
    list(product(("ADMIN", "START", "NONE"), SPANS_H, ("none", "file", "DT"))),
)
def test_activity_at_administration_is_the_truth(tmp_path: Path, correction: str, span: str, zones: str) -> None:
    """From files to activity at administration: decay correction x midnight x zone, over slopes and orientations."""
    hours = SPANS_H[span]
    # The scanner's clock is six zones west if the time of administration has its own zone.
    west = timezone(timedelta(hours=-5, minutes=-30)) if zones == "DT" else ADMINISTERED.tzinfo
    scanned = (ADMINISTERED + timedelta(hours=hours)).astimezone(west)
    truth = np.linspace(0.2, 1.7, 140).reshape(4, 5, 7) * 1e6
    for kind in KINDS:
        matrix = affine(kind)
        folder = write_series(
            tmp_path / kind,
            truth * value_shown(correction, hours),
            matrix,
            slopes=[30.0] * 4 if kind == "plain" else [27.0, 29.31, 32.5, 31.7],
            change=timed(ADMINISTERED, scanned, correction, zones=zones),
        )
        timing = activity_timing(folder)
        scaling = AbsoluteScaling(scan_delay_h=timing.scan_delay_h, time_basis=timing.rule)
        result = dose_image(read_image(folder), scaling=scaling)
        voxel_ml = float(abs(np.linalg.det(matrix[:3, :3]))) * 1e-3
        expected = truth.sum() * voxel_ml * 1e-6
        # Rounding to whole numbers of 140 voxels, and half a microsecond of the clock.
        assert result.activity_in_field_mbq.at_administration == pytest.approx(expected, rel=2e-5)
        assert result.provenance.scaling["time_basis"] == timing.rule
        assert f"(DecayCorrection {correction})" in timing.rule
        if correction == "START":
            assert timing.scan_delay_h == pytest.approx(hours, abs=1e-9)
            assert timing.reference_time is not None
            assert (timing.reference_time.tzinfo is None) == (zones == "none")


def timing_with(folder: Path, change: Callable[[Dataset, int], None]) -> ActivityTiming:
    return activity_timing(write_series(folder, values(), affine("plain"), change=change))


def drug(**headers: str | None) -> Callable[[Dataset, int], None]:
    def change(dataset: Dataset, k: int) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        for keyword, value in headers.items():
            if value is None:
                delattr(item, keyword)
            else:
                setattr(item, keyword, value)

    return change


def test_times_of_day_are_used_with_their_dates(tmp_path: Path) -> None:
    """20.4 h later is 3.6 h earlier by the clock: from HH:MM:SS alone, 1400 MBq would be 1123 x 0.96."""
    given = datetime(2026, 3, 1, 14, 0)
    timing = timing_with(tmp_path, timed(given, given + timedelta(hours=20.4), "START"))
    assert timing.scan_delay_h == pytest.approx(20.4)
    assert 1123 * 2 ** (timing.scan_delay_h / HALF_LIFE_H) == pytest.approx(1400.1, abs=0.1)


def test_values_corrected_to_administration_are_not_decayed_twice(tmp_path: Path) -> None:
    timing = timing_with(tmp_path / "a", timed(ADMINISTERED, ADMINISTERED + timedelta(hours=20), "ADMIN"))
    assert timing.scan_delay_h == 0
    # Nor does it need the time of administration.
    change = timed(ADMINISTERED, ADMINISTERED, "ADMIN", more=drug(RadiopharmaceuticalStartDateTime=None))
    assert timing_with(tmp_path / "b", change).scan_delay_h == 0


def test_a_series_dated_later_than_its_acquisition_has_the_time_of_the_acquisition(tmp_path: Path) -> None:
    """A series that was reconstructed again carries a new time: the earliest acquisition counts, over all slices."""

    def late(dataset: Dataset, k: int) -> None:
        dataset.SeriesDate, dataset.SeriesTime = "20260309", "080000"
        dataset.AcquisitionTime = f"14{[20, 0, 40, 20][k]:02}00"

    timing = timing_with(tmp_path, late)
    assert timing.scan_delay_h == pytest.approx(3.0)
    assert (
        "the earliest acquisition, 2026-03-01 14:00:00, because the series is dated later (2026-03-09 08:00:00)"
        in timing.rule
    )


def test_acquisition_date_time_takes_precedence(tmp_path: Path) -> None:
    def both(dataset: Dataset, k: int) -> None:
        dataset.SeriesTime, dataset.AcquisitionTime = None, None
        dataset.AcquisitionDateTime = "20260302110000.5"

    assert timing_with(tmp_path, both).scan_delay_h == pytest.approx(24 + 0.5 / 3600)


def test_a_series_dated_far_ahead_of_its_acquisition_is_reported(tmp_path: Path) -> None:
    timing = timing_with(tmp_path, lambda d, k: setattr(d, "SeriesTime", "120000"))
    (advisory,) = timing.advisories
    assert (advisory.code, advisory.value) == ("series_time_early", pytest.approx(2.0))
    assert timing.scan_delay_h == pytest.approx(1.0)


def test_a_frame_without_decay_correction_has_the_factor_of_the_formula(tmp_path: Path) -> None:
    """F8.4: START 1.241438, NONE with a frame of 30 min 1.244797, 20 h after administration."""
    scanned = ADMINISTERED + timedelta(hours=20)
    nuclide = Nuclide()
    for correction, factor in (("START", 1.241438), ("NONE", 1.244797)):
        timing = timing_with(tmp_path / correction, timed(ADMINISTERED, scanned, correction))
        assert 1 / nuclide.decay_factor(timing.scan_delay_h) == pytest.approx(factor, abs=6e-7)
    assert timing.reference_time is not None
    middle = scanned.replace(tzinfo=None) + timedelta(seconds=DURATION_S / 2)
    assert 0 < (middle - timing.reference_time).total_seconds() < 1


def test_bed_positions_without_decay_correction_are_refused(tmp_path: Path) -> None:
    def beds(dataset: Dataset, k: int) -> None:
        dataset.AcquisitionTime = f"14{20 * (k // 2):02}00"

    scanned = datetime(2026, 3, 1, 14)
    with pytest.raises(UndefinedError, match="differ by 1200 s, as with several bed positions"):
        timing_with(tmp_path / "a", timed(scanned - timedelta(hours=3), scanned, "NONE", more=beds))
    assert timing_with(tmp_path / "b", beds).scan_delay_h == pytest.approx(3.0)


def test_the_activity_in_the_header_is_shown(tmp_path: Path) -> None:
    assert timing_with(tmp_path / "a", lambda d, k: None).administered_activity_gbq == pytest.approx(1.4)
    timing = timing_with(tmp_path / "b", drug(RadionuclideTotalDose="1400"))
    assert timing.administered_activity_gbq is None
    assert [a.code for a in timing.advisories] == ["total_dose_unit"]
    assert timing_with(tmp_path / "c", drug(RadionuclideTotalDose="0")).administered_activity_gbq is None


@pytest.mark.parametrize(("half_life_s", "refused"), [(230184, False), (233280, False), (228000, True), (234000, True)])
def test_a_half_life_off_by_one_percent_is_refused(tmp_path: Path, half_life_s: int, refused: bool) -> None:
    change = drug(RadionuclideHalfLife=str(half_life_s))
    if refused:
        with pytest.raises(OutOfRangeError, match="half-life must be that of yttrium-90"):
            timing_with(tmp_path, change)
    else:
        assert timing_with(tmp_path, change).half_life_h == pytest.approx(half_life_s / 3600)


def test_a_scan_under_another_nuclide_is_refused_for_every_decay_correction(tmp_path: Path) -> None:
    """Fluorine-18 in the header: 6586.2 s."""
    for correction in ("ADMIN", "START", "NONE"):
        change = timed(ADMINISTERED, ADMINISTERED, correction, more=drug(RadionuclideHalfLife="6586.2"))
        with pytest.raises(OutOfRangeError, match=r"got 1\.829 h: the scan used the protocol of another nuclide"):
            timing_with(tmp_path / correction, change)


def test_a_missing_half_life_or_nuclide_is_reported(tmp_path: Path) -> None:
    timing = timing_with(tmp_path / "a", drug(RadionuclideHalfLife=None))
    assert [a.code for a in timing.advisories] == ["half_life_missing"]
    timing = timing_with(tmp_path / "b", drug(RadionuclidePositronFraction="0.967"))
    assert [(a.code, a.value) for a in timing.advisories] == [("positron_fraction", 0.967)]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (drug(RadiopharmaceuticalStartDateTime=None), UndefinedError, "only a time of day, 110000, without a date"),
        (
            drug(RadiopharmaceuticalStartDateTime=None, RadiopharmaceuticalStartTime=None),
            UndefinedError,
            "no time of administration",
        ),
        (drug(RadiopharmaceuticalStartDateTime="20260301"), FileFormatError, "to the minute"),
        (drug(RadiopharmaceuticalStartDateTime="20260231110000"), FileFormatError, "of the calendar"),
        (drug(RadiopharmaceuticalStartDateTime="20260301113000"), UndefinedError, "contradicts itself"),
        (
            drug(RadiopharmaceuticalStartDateTime="20260301180000", RadiopharmaceuticalStartTime="180000"),
            UndefinedError,
            "is later than the time that the values refer to",
        ),
        (drug(RadiopharmaceuticalStartDateTime="20260301110000+0100"), TimeZoneError, "states a time zone"),
        (lambda d, k: setattr(d, "TimezoneOffsetFromUTC", "CET"), FileFormatError, r"must be like \+0100"),
        (lambda d, k: setattr(d, "DecayCorrection", "MAYBE"), FileFormatError, "ADMIN, START or NONE, got MAYBE"),
        (lambda d, k: delattr(d, "DecayCorrection"), FileFormatError, "got None"),
        (lambda d, k: setattr(d, "DecayCorrection", "NONE" if k else "START"), FileFormatError, "one DecayCorrection"),
        (lambda d, k: setattr(d, "CorrectedImage", ["ATTN"]), UndefinedError, "contradicts itself"),
        (lambda d, k: delattr(d, "AcquisitionDate"), UndefinedError, "no date with time of the acquisition"),
        (lambda d, k: setattr(d, "AcquisitionTime", "14"), FileFormatError, "to the minute"),
        (
            lambda d, k: delattr(d, "RadiopharmaceuticalInformationSequence"),
            UndefinedError,
            "one radiopharmaceutical, got 0",
        ),
        (
            lambda d, k: d.RadiopharmaceuticalInformationSequence.append(Dataset()),
            UndefinedError,
            "one radiopharmaceutical, got 2",
        ),
        (
            lambda d, k: drug(RadiopharmaceuticalStartDateTime=f"2026030111000{k}")(d, k),
            UndefinedError,
            "one RadiopharmaceuticalStartDateTime",
        ),
    ],
)
def test_ambiguous_times_of_a_header_are_refused(
    tmp_path: Path, change: Callable[[Dataset, int], None], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        timing_with(tmp_path, change)


def test_a_duration_is_needed_without_decay_correction(tmp_path: Path) -> None:
    scanned = ADMINISTERED + timedelta(hours=1)
    for value in (0, 10**9):
        change = timed(ADMINISTERED, scanned, "NONE", more=lambda d, k, v=value: setattr(d, "ActualFrameDuration", v))
        with pytest.raises(FileFormatError, match="ActualFrameDuration"):
            timing_with(tmp_path / str(value), change)


def test_a_spect_states_no_reference_time(tmp_path: Path) -> None:
    path = write_spect(tmp_path / "nm.dcm", values(), affine("plain"))
    with pytest.raises(UndefinedError, match="give the scan delay"):
        activity_timing(path)


def test_the_timing_is_plain_data(tmp_path: Path) -> None:
    timing = timing_with(tmp_path, lambda d, k: None)
    data = timing.as_dict()
    assert data["reference_time"] == "2026-03-01T14:00:00"
    assert str(timing) == data["rule"]
    assert math.isclose(data["scan_delay_h"], 3.0)
