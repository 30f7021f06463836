"""MetaImage: SimpleITK as the other reader, values in other files, contradictions, and damaged files."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, SIZE, affine, values

from yttria import read_image, read_structures, write_image
from yttria.errors import ArgumentError, FileFormatError, GeometryError, UnitError, YttriaError
from yttria.io.opened import opened_files

HEADER = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 -1",
    "Offset": "-101.25 37.5 12.125",
    "ElementSpacing": "1.5 2.25 3.5",
    "DimSize": "7 5 4",
    "ElementType": "MET_FLOAT",
    "ElementDataFile": "LOCAL",
}


def file_with(path: Path, payload: bytes = b"", **changes: str | None) -> Path:
    """A MetaImage with these header fields changed, or left out if None; raw float values unless given."""
    fields = {**HEADER, **changes}
    data = fields.pop("ElementDataFile")
    lines = [f"{key} = {value}" for key, value in fields.items() if value is not None]
    lines += [f"ElementDataFile = {data}"] if data is not None else []
    path.write_bytes(("\n".join(lines) + "\n").encode() + (payload or values("<f4").tobytes()))
    return path


def simpleitk_image(kind: str, array: npt.NDArray[np.generic]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(SIZE)
    image.SetOrigin(affine(kind)[:3, 3].tolist())
    image.SetDirection((affine(kind)[:3, :3] / SIZE).ravel().tolist())
    return image


@pytest.mark.claim("metaimage")
@pytest.mark.parametrize("name", ["x.mhd", "x.mha"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u1", "u4", "i8"])
def test_files_of_simpleitk_are_read_as_by_simpleitk(
    tmp_path: Path, name: str, kind: str, compressed: bool, dtype: str
) -> None:
    SimpleITK.WriteImage(simpleitk_image(kind, values(dtype)), tmp_path / name, useCompression=compressed)
    image = read_image(tmp_path / name, unit="Bq/mL")
    np.testing.assert_array_equal(image.array, values(dtype))
    assert image.array.dtype == dtype
    np.testing.assert_allclose(image.affine_lps, affine(kind), rtol=0, atol=1e-9)
    assert image.advisories == ()


def test_labelmaps_become_structures(tmp_path: Path) -> None:
    labelmap = np.zeros(SHAPE, np.uint8)
    labelmap[1:3, 2:4, 1:6] = 3
    SimpleITK.WriteImage(simpleitk_image("oblique", labelmap), tmp_path / "x.mha")
    (liver,) = read_structures(tmp_path / "x.mha", labels={3: "Liver"})
    np.testing.assert_array_equal(liver.mask, labelmap == 3)
    np.testing.assert_allclose(liver.affine_lps, affine("oblique"), rtol=0, atol=1e-9)


def test_values_in_other_files_and_types_are_read(tmp_path: Path) -> None:
    data = values("<f4").tobytes()
    text = " ".join(repr(float(x)) for x in values("<f4").ravel()).encode()
    four = {"NDims": "4", "DimSize": "7 5 4 1", "ElementSpacing": "1.5 2.25 3.5 1"}
    four |= {"Offset": "-101.25 37.5 12.125 0", "TransformMatrix": "1 0 0 0 0 1 0 0 0 0 -1 0 0 0 0 1"}
    forms: list[tuple[bytes, dict[str, str]]] = [
        (values(">f4").tobytes(), {"BinaryDataByteOrderMSB": "True"}),
        (zlib.compress(data), {"CompressedData": "True"}),
        (text, {"BinaryData": "False"}),
        (b"xyz" + data, {"HeaderSize": "3"}),
        (b"anything" + data, {"HeaderSize": "-1"}),
        (data, four),
    ]
    for n, (payload, changes) in enumerate(forms):
        image = read_image(file_with(tmp_path / f"{n}.mha", payload, **changes), unit="1")
        np.testing.assert_array_equal(image.array, values("<f4"))
        np.testing.assert_array_equal(image.affine_lps, affine("flipped"))


def test_values_in_one_file_for_each_slice_are_read(tmp_path: Path) -> None:
    for n, plane in enumerate(values("<f4"), 1):
        (tmp_path / f"s{n:02}.raw").write_bytes(plane.tobytes())
    listed = "\n".join(f"s{n:02}.raw" for n in (1, 2, 3, 4)).encode() + b"\n"
    for name, data, payload in (("a.mhd", "LIST", listed), ("b.mhd", "s%02d.raw 1 4 1", b"\n")):
        file_with(tmp_path / name, payload, ElementDataFile=data)
        with opened_files() as opened:
            image = read_image(tmp_path / name, unit="1")
        np.testing.assert_array_equal(image.array, values("<f4"))
        assert [p.name for p in opened] == [name, "s01.raw", "s02.raw", "s03.raw", "s04.raw"]


def test_a_header_without_a_position_is_assumed_to_be_at_zero_with_an_advisory(tmp_path: Path) -> None:
    image = read_image(file_with(tmp_path / "x.mha", TransformMatrix=None, Offset=None), unit="1")
    np.testing.assert_array_equal(image.affine_lps, np.diag([*SIZE, 1.0]))
    assert [(a.code, a.severity) for a in image.advisories] == [("position_assumed", "warning")]


@pytest.mark.parametrize(("stated", "codes"), [("RAS", []), ("LPI", []), ("RAI", ["anatomical_orientation_differs"])])
def test_an_anatomical_orientation_against_the_matrix_is_a_warning(
    tmp_path: Path, stated: str, codes: list[str]
) -> None:
    # By the matrix the axes run toward L, P and I; ITK names the sides they come from.
    image = read_image(file_with(tmp_path / "x.mha", AnatomicalOrientation=stated), unit="1")
    assert [a.code for a in image.advisories] == codes


@pytest.mark.parametrize(
    "changes",
    [
        {"ElementSpacing": None},
        {"ElementSpacing": "1.5 0 3.5"},
        {"ElementSpacing": "1.5 -2.25 3.5"},
        {"TransformMatrix": "2 0 0 0 1 0 0 0 1"},
        {"TransformMatrix": "0.8 0.6 0 0 1 0 0 0 1"},
        {"TransformMatrix": "0 0 0 0 0 0 0 0 0"},
        {"DistanceUnits": "cm"},
    ],
)
def test_an_impossible_position_is_refused(tmp_path: Path, changes: dict[str, str | None]) -> None:
    with pytest.raises(GeometryError, match=r"x\.mha: "):
        read_image(file_with(tmp_path / "x.mha", **changes), unit="1")


@pytest.mark.parametrize(
    ("payload", "changes"),
    [
        (values("<f4").tobytes()[:-1], {}),
        (values("<f4").tobytes() + b"x", {}),
        (zlib.compress(values("<f4").tobytes())[:-9], {"CompressedData": "True"}),
        (zlib.compress(values("<f4").tobytes()[:-4]), {"CompressedData": "True"}),
        (b"not compressed", {"CompressedData": "True"}),
        (b"1 2 3", {"BinaryData": "False"}),
        (b"1 2 300" * 46, {"BinaryData": "False", "ElementType": "MET_UCHAR"}),
        (b"", {"ObjectType": "Mesh"}),
        (b"", {"NDims": "2"}),
        (b"", {"NDims": None}),
        (b"", {"DimSize": "7 5"}),
        (b"", {"DimSize": "7 5 -4"}),
        (b"", {"DimSize": "7 5 4.5"}),
        (b"", {"DimSize": "70000 50000 40000"}),
        (b"", {"ElementNumberOfChannels": "3"}),
        (b"", {"ElementType": "MET_STRING"}),
        (b"", {"ElementToIntensityFunctionSlope": "2"}),
        (b"", {"BinaryData": "perhaps"}),
        (b"", {"HeaderSize": "-5"}),
        (b"", {"ElementDataFile": None}),
        (b"", {"ElementDataFile": "absent.raw"}),
        (b"", {"ElementDataFile": "s%s.raw 1 4 1"}),
        (b"", {"ElementDataFile": "s%d.raw 1 999999999 1"}),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, payload: bytes, changes: dict[str, str]) -> None:
    with pytest.raises(FileFormatError, match=r"x\.mha: "):
        read_image(file_with(tmp_path / "x.mha", payload, **changes), unit="1")


def test_units_are_stated_and_options_of_other_formats_refused(tmp_path: Path) -> None:
    path = file_with(tmp_path / "x.mha", yttria_unit="Bq/ml")
    assert read_image(path).unit == "Bq/mL"
    with pytest.raises(UnitError, match="not kBq/mL"):
        read_image(path, unit="kBq/mL")
    with pytest.raises(FileFormatError, match="is this an image"):
        read_structures(path)
    with pytest.raises(ArgumentError, match="affine is an option for NIfTI, but this is MetaImage"):
        read_image(path, affine="sform")
    with pytest.raises(FileFormatError, match=r"the name must end in \.nrrd, \.nhdr, \.nii, \.nii\.gz"):
        write_image(read_image(path), tmp_path / "y.mha")


@given(st.sampled_from(list(HEADER)), st.text("()-0123456789. eTFLIST%d", max_size=20))
@settings(max_examples=100)
def test_any_header_is_an_image_or_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, field: str, value: str
) -> None:
    path = file_with(tmp_path_factory.mktemp("meta") / "x.mha", **{field: value})
    try:
        read_image(path, unit="1")
    except YttriaError as error:
        assert str(error).startswith(str(path))  # noqa: PT017


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_are_an_error_of_yttria(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("meta") / "x.mhd"
    path.write_bytes(b"ObjectType = Image\n" + data)
    with pytest.raises(YttriaError, match=r"x\.mhd"):
        read_image(path, unit="1")


def test_sizes_of_an_element_that_differ_are_a_warning(tmp_path: Path) -> None:
    image = read_image(file_with(tmp_path / "x.mha", ElementSize="1.5 2.25 3"), unit="1")
    assert image.voxel_size_mm == SIZE[::-1]
    assert [(a.code, a.severity) for a in image.advisories] == [("element_size_differs", "warning")]
    assert read_image(file_with(tmp_path / "x.mha", ElementSize="1.5 2.25 3.5"), unit="1").advisories == ()


def test_two_origins_that_differ_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="states Offset and Position, whose values differ"):
        read_image(file_with(tmp_path / "x.mha", Position="0 0 0"), unit="1")
