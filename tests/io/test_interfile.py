"""Interfile of SPECT consoles, STIR and others: values, factors, position, and advisories on missing statements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import SHAPE, SIZE, values

from yttria import read_image, read_structures
from yttria.errors import ArgumentError, FileFormatError, GeometryError, UnitError, YttriaError
from yttria.io.opened import opened_files

STIR = {
    "!imaging modality": "nucmed",
    "name of data file": "x.v",
    "patient orientation": "head_in",
    "patient rotation": "supine",
    "!type of data": "Tomographic",
    "imagedata byte order": "LITTLEENDIAN",
    "process status": "Reconstructed",
    "!number format": "float",
    "!number of bytes per pixel": "4",
    "number of dimensions": "3",
    "matrix axis label [1]": "x",
    "!matrix size [1]": "7",
    "scaling factor (mm/pixel) [1]": "1.5",
    "matrix axis label [2]": "y",
    "!matrix size [2]": "5",
    "scaling factor (mm/pixel) [2]": "2.25",
    "matrix axis label [3]": "z",
    "!matrix size [3]": "4",
    "scaling factor (mm/pixel) [3]": "3.5",
    "first pixel offset (mm) [1]": "-4.5",
    "first pixel offset (mm) [2]": "-4.5",
    "first pixel offset (mm) [3]": "0",
    "number of time frames": "1",
}
#: A reconstruction of a SPECT console: no z size, no place, integers.
CONSOLE = {
    "!imaging modality": "nucmed",
    "!version of keys": "3.3",
    "!name of data file": "x.i33",
    "!type of data": "TOMOGRAPHIC",
    "imagedata byte order": "BIGENDIAN",
    "!number of images/energy window": "4",
    "!process status": "RECONSTRUCTED",
    "!matrix size [1]": "7",
    "!matrix size [2]": "5",
    "!number format": "UNSIGNED INTEGER",
    "!number of bytes per pixel": "2",
    "!scaling factor (mm/pixel) [1]": "4.42",
    "!scaling factor (mm/pixel) [2]": "4.42",
    "!number of slices": "4",
    "!slice orientation": "Transverse",
    "slice thickness (pixels)": "1.0",
    "patient orientation": "Unknown",
}


def written(
    path: Path, base: dict[str, str] = STIR, array: npt.NDArray[np.generic] | None = None, **changes: str | None
) -> Path:
    """An Interfile header with these keys changed, or left out if None, and its values beside it."""
    fields = {**base, **{key.replace("_", " "): value for key, value in changes.items()}}
    lines = ["!INTERFILE  :=", *(f"{k} := {v}" for k, v in fields.items() if v is not None), "!END OF INTERFILE :="]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\r\n".join(lines) + "\r\n")
    console = "!version of keys" in base
    stored = values(">u2" if console else "<f4") if array is None else array
    path.with_name("x.i33" if console else "x.v").write_bytes(stored.tobytes())
    return path


def codes(path: Path, **options: str) -> list[str]:
    return [a.code for a in read_image(path, unit="counts", **options).advisories]  # type: ignore[arg-type]


@pytest.mark.claim("interfile")
def test_an_image_of_stir_is_read_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hv")
    with opened_files() as opened:
        image = read_image(path, unit="counts")
    assert [p.name for p in opened] == ["x.hv", "x.v"]
    np.testing.assert_array_equal(image.array, values("<f4"))
    assert image.voxel_size_mm == SIZE[::-1]
    # Head first and supine, x runs to the left, y to the back and z to the feet.
    np.testing.assert_allclose(image.affine_lps @ (1, 2, 3, 1), (-3.0, 0.0, -10.5, 1))
    assert [a.code for a in image.advisories] == ["orientation_assumed"]


@pytest.mark.parametrize(
    ("position", "signs"),
    [(("head_in", "prone"), (-1, -1, -1)), (("feet_in", "supine"), (-1, 1, 1)), (("feet_in", "prone"), (1, -1, 1))],
)
def test_axes_follow_the_position_of_the_patient(
    tmp_path: Path, position: tuple[str, str], signs: tuple[int, int, int]
) -> None:
    path = written(tmp_path / "x.hv", patient_orientation=position[0], patient_rotation=position[1])
    # STIR's table: toward RAI, RPS and LAS.
    np.testing.assert_array_equal(np.sign(np.diag(read_image(path, unit="1").affine_lps)[:3]), signs)


def test_an_orientation_that_is_given_replaces_the_assumption(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hv")
    image = read_image(path, unit="counts", orientation="LPS")
    np.testing.assert_array_equal(image.affine_lps[:3, 3], (-4.5, -4.5, 0))
    assert image.advisories == ()
    turned = read_image(path, unit="counts", orientation="PIR")
    np.testing.assert_allclose(turned.affine_lps @ (1, 0, 0, 1), (0, -3.0, 4.5, 1))
    for wrong in ("LP", "LLS", "XYZ", ""):
        with pytest.raises(ArgumentError, match="one letter each of L/R, P/A and S/I"):
            read_image(path, unit="counts", orientation=wrong)


def test_an_image_of_a_console_states_neither_place_nor_z_size(tmp_path: Path) -> None:
    path = written(tmp_path / "x.h33", CONSOLE)
    image = read_image(path, unit="counts")
    np.testing.assert_array_equal(image.array, values("u2"))
    assert image.voxel_size_mm == (4.42, 4.42, 4.42)
    np.testing.assert_allclose(image.affine_lps @ (3, 2, 1.5, 1), (0, 0, 0, 1), atol=1e-12)
    assert {(a.code, a.severity) for a in image.advisories} == {
        ("position_assumed", "warning"),
        ("orientation_assumed", "warning"),
    }


@pytest.mark.parametrize(("stated", "distance"), [("4.42", 4.42), ("4.4200", 4.42), ("2", 8.84), ("0.5", 2.21)])
def test_a_slice_distance_in_pixels_may_be_millimeters_and_is_a_warning(
    tmp_path: Path, stated: str, distance: float
) -> None:
    path = written(tmp_path / "x.h33", {**CONSOLE, "slice thickness (pixels)": stated})
    image = read_image(path, unit="counts")
    assert image.voxel_size_mm[0] == pytest.approx(distance)
    assert "slice_distance_assumed" in [a.code for a in image.advisories]
    with pytest.raises(GeometryError, match=r"slices would be 44\.2 mm apart"):
        read_image(written(path, {**CONSOLE, "slice thickness (pixels)": "10"}), unit="counts")


@pytest.mark.parametrize(
    ("changes", "factor", "offset"),
    [
        ({"image scaling factor[1]": "0.5"}, 0.5, 0.0),
        ({"quantification units": "0.5"}, 0.5, 0.0),
        ({"quantification units": "0.5", "image scaling factor [1]": "0.5"}, 0.5, 0.0),
        ({"data rescale slope": "2", "data rescale offset": "-10"}, 2.0, -10.0),
        ({"image scaling factor[1]": "{1, 2, 3, 4}"}, np.array([1, 2, 3, 4]).reshape(4, 1, 1), 0.0),
    ],
)
def test_factors_and_offsets_are_applied(tmp_path: Path, changes: dict[str, str], factor: float, offset: float) -> None:
    image = read_image(written(tmp_path / "x.hv", {**STIR, **changes}, values("<f4")), unit="counts")
    np.testing.assert_allclose(image.array, values("<f4") * factor + offset, rtol=1e-6)


def test_a_calibration_factor_is_not_applied_and_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hv", calibration_factor="8.5")
    assert "calibration_factor_not_applied" in codes(path)
    assert "calibration_factor_not_applied" not in codes(written(path, calibration_factor="1"))


def test_units_of_the_header_are_used(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hv", quantification_units="Bq/cc")
    assert read_image(path).unit == "Bq/mL"
    with pytest.raises(UnitError, match="not kBq/mL"):
        read_image(path, unit="kBq/mL")
    with pytest.raises(UnitError, match="states no unit"):
        read_image(written(path))


def test_a_header_without_byte_order_is_big_endian_by_the_standard(tmp_path: Path) -> None:
    path = written(tmp_path / "x.h33", CONSOLE, imagedata_byte_order=None)
    image = read_image(path, unit="counts")
    np.testing.assert_array_equal(image.array, values("u2"))
    assert "byte_order_assumed" in [a.code for a in image.advisories]


def test_an_offset_into_the_file_of_values_is_applied(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hv", {**STIR, "data offset in bytes[1]": "8"})
    (tmp_path / "x.v").write_bytes(b"8 bytes." + values("<f4").tobytes())
    np.testing.assert_array_equal(read_image(path, unit="1").array, values("<f4"))
    path = written(tmp_path / "x.h33", {**CONSOLE, "!data starting block": "1"})
    (tmp_path / "x.i33").write_bytes(bytes(2048) + values(">u2").tobytes())
    np.testing.assert_array_equal(read_image(path, unit="1").array, values("u2"))


def test_labels_become_structures(tmp_path: Path) -> None:
    labelmap = np.zeros(SHAPE, ">u2")
    labelmap[1:3, 2:4, 1:6] = 3
    (liver,) = read_structures(written(tmp_path / "x.h33", CONSOLE, labelmap), labels={3: "Liver"}, orientation="LPI")
    np.testing.assert_array_equal(liver.mask, labelmap == 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"process status": "Acquired"},
        {"matrix axis label [2]": "axial coordinate"},
        {"!PET data type": "Emission"},
        {"!slice orientation": "Coronal"},
        {"matrix axis label [1]": "z"},
        {"number of time frames": "2"},
        {"number of energy windows": "3"},
        {"!matrix size [1]": "8"},
        {"!matrix size [1]": "-7"},
        {"!matrix size [1]": "7.5"},
        {"!matrix size [1]": "{7, 7}"},
        {"!matrix size [3]": "4000000000"},
        {"number of slices": "5"},
        {"!number format": "bit"},
        {"!number format": "long float"},
        {"!number of bytes per pixel": "3"},
        {"imagedata byte order": "MIDDLEENDIAN"},
        {"data offset in bytes": "-4"},
        {"image scaling factor[1]": "{1, 2}"},
        {"image scaling factor[1]": "0"},
        {"image scaling factor[1]": "2", "quantification units": "3"},
        {"name of data file": "../y.v"},
        {"name of data file": "absent.v"},
        {"!name of data file": "other.v"},
    ],
)
def test_headers_of_no_image_and_contradicting_headers_are_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(FileFormatError, match=r"x\.hv: "):
        read_image(written(tmp_path / "x.hv", {**STIR, **changes}, values("<f4")), unit="1")


@pytest.mark.parametrize("size", [None, "0", "-1.5"])
def test_an_image_without_a_voxel_size_is_refused(tmp_path: Path, size: str | None) -> None:
    base = {key: value for key, value in STIR.items() if key != "scaling factor (mm/pixel) [1]"}
    if size is not None:
        base["scaling factor (mm/pixel) [1]"] = size
    with pytest.raises(GeometryError, match=r"scaling factor \(mm/pixel\)"):
        read_image(written(tmp_path / "x.hv", base, values("<f4")), unit="1")


def test_a_header_of_another_format_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "x.hdr").write_bytes(bytes(348))
    with pytest.raises(FileFormatError, match="does not begin with '!INTERFILE'"):
        read_image(tmp_path / "x.hdr", unit="1")


@given(st.sampled_from(list(STIR)), st.text("()-0123456789. eTFxyz{},", max_size=20))
@settings(max_examples=100)
def test_any_header_is_an_image_or_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, field: str, value: str
) -> None:
    path = written(tmp_path_factory.mktemp("interfile") / "x.hv", {**STIR, field: value}, values("<f4"))
    try:
        read_image(path, unit="1")
    except YttriaError as error:
        assert str(error).startswith(str(path))  # noqa: PT017


@pytest.mark.parametrize(("stated", "warned"), [("2.3333", False), ("3.5", False), ("1", True)])
def test_two_slice_distances_that_differ_are_a_warning(tmp_path: Path, stated: str, warned: bool) -> None:
    image = read_image(written(tmp_path / "x.hv", {**STIR, "slice thickness (pixels)": stated}), unit="1")
    assert image.voxel_size_mm[0] == 3.5
    assert ("slice_distance_differs" in [a.code for a in image.advisories]) == warned


@pytest.mark.parametrize("name", ["C:\\data\\x.v", "/export/home/x.v", "../x.v"])
def test_values_that_were_moved_with_their_header_are_found_beside_it(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "patient" / "x.hv", {**STIR, "name of data file": name})
    image = read_image(path, unit="1")
    np.testing.assert_array_equal(image.array, values("<f4"))
    assert ("data_file_beside_header", "note") in [(a.code, a.severity) for a in image.advisories]


def test_keys_of_several_detector_heads_may_differ(tmp_path: Path) -> None:
    path = written(tmp_path / "x.h33", CONSOLE)
    path.write_text(path.read_text().replace("!END", "start angle := 0\nstart angle := 180\n!END"))
    assert read_image(path, unit="1").shape == SHAPE
    path.write_text(path.read_text().replace("!END", "!matrix size [1] := 8\n!END"))
    with pytest.raises(FileFormatError, match=r"states 'matrix size\[1\]' twice, with different values"):
        read_image(path, unit="1")


@pytest.mark.parametrize(
    ("key", "value", "warned"),
    [
        ("isotope name", "^18^Fluorine", True),
        ("isotope name", "F-18", True),
        ("isotope name", "Tc99m", True),
        ("isotope name", "^90^Yttrium", False),
        ("isotope name", "Y-90", False),
        ("isotope name", "unknown", False),
        ("isotope gamma halflife (sec)", "6586.2", True),
        ("isotope gamma halflife (sec)", "230760", False),
        ("isotope gamma halflife (sec)", "0", False),
        ("isotope gamma halflife (sec)", "unknown", False),
    ],
)
def test_another_nuclide_in_the_header_is_a_warning(tmp_path: Path, key: str, value: str, warned: bool) -> None:
    path = written(tmp_path / "x.hv", **{key: value})
    told = {each.code: each.message for each in read_image(path, unit="Bq/mL").advisories}
    assert ("other_nuclide" in told) == warned
    assert not warned or told["other_nuclide"].startswith("x.hv states")
    assert "other_nuclide" in {each.code for each in read_image(path, unit="Bq/mL", isotope="Ho-166").advisories} or (
        value in ("unknown", "0")
    )
