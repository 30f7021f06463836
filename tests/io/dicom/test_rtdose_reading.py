"""Reading of RTDOSE files, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_samples import values

pydicom = pytest.importorskip("pydicom")
from rtdose_samples import changed_rtdose, dose_of, written_rtdose  # noqa: E402

from yttria import YttriaError, read_image  # noqa: E402
from yttria.errors import FileFormatError, GeometryError, UnitError  # noqa: E402
from yttria.io.dicom import read_rtdose  # noqa: E402


def _set(keyword: str, value: Any) -> Callable[[Any], None]:
    return lambda dataset: setattr(dataset, keyword, value)


def _without(keyword: str) -> Callable[[Any], None]:
    return lambda dataset: delattr(dataset, keyword)


def test_centigray_are_gray(tmp_path: Path) -> None:
    dose = read_rtdose(changed_rtdose(tmp_path, _set("DoseUnits", "CGY")))
    np.testing.assert_allclose(dose.array, values() / 100, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (_set("DoseUnits", "RELATIVE"), UnitError, "a relative dose is not in Gy"),
        (_without("DoseUnits"), UnitError, "DoseUnits"),
        (_set("DoseType", "ERROR"), UnitError, "DoseType"),
        (_without("DoseGridScaling"), FileFormatError, "DoseGridScaling"),
        (_set("DoseGridScaling", "0"), FileFormatError, "DoseGridScaling"),
        (_set("DoseGridScaling", "-1"), FileFormatError, "DoseGridScaling"),
        (_set("SOPClassUID", pydicom.uid.CTImageStorage), FileFormatError, "not an RTDOSE"),
        (_set("GridFrameOffsetVector", [0, 3.5, 7, 11]), GeometryError, "are 4 mm"),
        (_set("GridFrameOffsetVector", [0, 3.5, 3.5, 7]), GeometryError, "lie apart"),
        (_set("GridFrameOffsetVector", [0, 3.5, 7]), FileFormatError, "4 finite numbers"),
        (_set("GridFrameOffsetVector", [5, 8.5, 12, 15.5]), GeometryError, "must begin with 0"),
        (_without("GridFrameOffsetVector"), FileFormatError, "GridFrameOffsetVector"),
        (_set("NumberOfFrames", "5"), FileFormatError, "pixel data"),
        (_set("Rows", 65535), FileFormatError, "pixel data"),
        (_set("PixelRepresentation", 1), FileFormatError, "unsigned"),
        (_without("PixelData"), FileFormatError, "pixel data"),
        (_set("PixelSpacing", [0, 1]), GeometryError, "PixelSpacing"),
    ],
)
def test_unsupported_dose_files_are_refused(tmp_path: Path, change: Any, error: type[YttriaError], says: str) -> None:
    with pytest.raises(error, match=says):
        read_rtdose(changed_rtdose(tmp_path, change, dose_of("plain")))


def test_a_dose_of_one_frame_is_read(tmp_path: Path) -> None:
    single = dose_of(array=values(shape=(1, 5, 7)))
    assert read_rtdose(written_rtdose(tmp_path, single).path).same_grid(single)
    planar = read_rtdose(changed_rtdose(tmp_path, _set("SliceThickness", None), single))
    assert [a.code for a in planar.advisories] == ["planar_dose"]
    assert planar.voxel_size_mm[0] == 1.0
    assert np.array_equal(planar.array, read_rtdose(written_rtdose(tmp_path, single).path).array)


@pytest.mark.parametrize("kind", ["BEAM", "FRACTION", "CONTROL_POINT", "RECORD", "BEAM_SESSION", "FRACTION_SESSION"])
def test_a_part_of_a_dose_is_reported(tmp_path: Path, kind: str) -> None:
    (told,) = read_image(changed_rtdose(tmp_path, _set("DoseSummationType", kind))).advisories
    assert (told.code, told.severity) == ("partial_dose", "warning")
    assert kind in told.message


@pytest.mark.parametrize("kind", ["PLAN", "MULTI_PLAN"])
def test_a_dose_of_whole_plans_gives_no_advisory(tmp_path: Path, kind: str) -> None:
    assert read_image(changed_rtdose(tmp_path, _set("DoseSummationType", kind))).advisories == ()


def test_a_thickness_beside_other_offsets_is_reported(tmp_path: Path) -> None:
    dose = read_rtdose(changed_rtdose(tmp_path, _set("SliceThickness", "7"), dose_of("plain")))
    assert [a.code for a in dose.advisories] == ["slice_distance_contradicted"]
    assert dose.voxel_size_mm[0] == pytest.approx(3.5)


@pytest.mark.parametrize("cut", [0, 60, 131, 200, 700, -100, -1])
def test_a_dose_file_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    path = written_rtdose(tmp_path).path
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(YttriaError):
        read_rtdose(path)


def test_dose_files_with_flipped_bits_are_read_or_refused(tmp_path: Path) -> None:
    sound = written_rtdose(tmp_path, dose_of("plain")).path.read_bytes()
    random = np.random.default_rng(4)
    path, read = tmp_path / "flipped.dcm", 0
    for _ in range(300):
        damaged = bytearray(sound)
        for at in random.integers(132, len(sound) - 4 * values().size, random.integers(1, 5)):
            damaged[at] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        with suppress(YttriaError):
            assert np.isfinite(read_rtdose(path).array).all()
            read += 1
    # Some texts fit and some do not, because texts may have any content.
    assert 20 < read < 280


@pytest.mark.claim("rtdose_of_others")
def test_doses_of_other_systems_have_their_known_values(shared_data: Path) -> None:
    dose = read_rtdose(shared_data / "dicom" / "patient_1" / "rd.dcm")
    assert dose.shape == (30, 80, 90)
    assert dose.array.max() == pytest.approx(883.0038, abs=1e-3)
    files = sorted((shared_data / "nelms_dvh" / "DOSE").glob("*.dcm"))
    assert files
    for file in files:
        dose = read_image(file)
        axis = 0 if "SupInf" in file.name else 1
        # The gradient is 1 Gy/mm along one axis until the dose is 0, and 0 along the others.
        steps = np.diff(dose.array, axis=axis) / dose.voxel_size_mm[axis]
        low = np.minimum(*(dose.array.take(range(n, n + steps.shape[axis]), axis) for n in (0, 1)))
        np.testing.assert_allclose(np.abs(steps[low > 0]), 1.0, rtol=1e-3)
        assert all(np.ptp(dose.array, axis=a).max() < 1e-6 for a in range(3) if a != axis)


def test_planes_without_thickness_are_compared_on_the_command_line(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    runner, app = pytest.importorskip("typer.testing").CliRunner(), pytest.importorskip("yttria.cli.app").app
    planar = changed_rtdose(tmp_path, _set("SliceThickness", None), dose_of("plain", values(shape=(1, 5, 7))))
    done = runner.invoke(app, ["compare", str(planar), str(planar), "-o", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    assert '"planar_dose"' in done.stdout
    assert (tmp_path / "out" / "comparison.png").is_file()
