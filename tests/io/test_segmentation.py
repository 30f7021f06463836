"""Slicer segmentations: layers, overlap, extents, names; and plain labelmaps in NRRD."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from image_samples import KINDS, SHAPE, affine, nrrd_file, values

from yttria import Image, Structure, read_image, read_structures, write_image, write_structures
from yttria.errors import ArgumentError, DTypeError, FileFormatError, GeometryError, UnknownNameError


def _structures(kind: str = "flipped") -> list[Structure]:
    liver = np.zeros(SHAPE, bool)
    liver[:, 1:5, :5] = True
    tumor = np.zeros(SHAPE, bool)
    tumor[1:3, 2:4, 1:3] = True
    other = np.zeros(SHAPE, bool)
    other[3, 4, 6] = True
    empty = np.zeros(SHAPE, bool)
    return [
        Structure("Leber (perfundiert) µ", liver, affine(kind), label=1, color=(0.1, 0.25, 1.0)),
        Structure("Tumor 1", tumor, affine(kind), label=1),
        Structure("Rest\n2nd line \\n", other, affine(kind)),
        Structure("empty", empty, affine(kind), label=300),
    ]


@pytest.mark.parametrize("name", ["x.seg.nrrd", "x.nrrd", "x.seg.nhdr"])
@pytest.mark.parametrize("kind", KINDS)
def test_overlapping_structures_are_read_back(tmp_path: Path, name: str, kind: str) -> None:
    written = _structures(kind)
    write_structures(written, tmp_path / name)
    read = read_structures(tmp_path / name)
    assert [s.name for s in read] == [s.name for s in written]
    assert [s.color for s in read] == [s.color for s in written]
    # A label is a value within a layer: Tumor 1 overlaps Leber and keeps its 1 in the second layer.
    assert [s.label for s in read] == [1, 1, 2, 300]
    for a, b in zip(read, written, strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
        np.testing.assert_array_equal(a.affine_lps, affine(kind))
    vector = SimpleITK.ReadImage(tmp_path / name) if name != "x.seg.nhdr" else None
    assert vector is None or (vector.GetNumberOfComponentsPerPixel(), vector.GetSize()) == (2, (7, 5, 4))


def test_selection_by_name_keeps_the_order_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.seg.nrrd"
    write_structures(_structures(), path)
    assert [s.name for s in read_structures(path, names=["empty", "Tumor 1"])] == ["empty", "Tumor 1"]
    with pytest.raises(UnknownNameError, match=r"Tumor 1, (.|\n)*, got 'Tumor 9'"):
        read_structures(path, names=["Tumor 9"])
    with pytest.raises(ArgumentError, match="names must be a list"):
        read_structures(path, names="Tumor 1")
    with pytest.raises(ArgumentError, match="select structures by names="):
        read_structures(path, labels={1: "Liver"})
    with pytest.raises(FileFormatError, match="holds a segmentation, not an image: use read_structures"):
        read_image(path, unit="1")


def _segmentation(path: Path, payload: bytes, *keys: str, sizes: str = "2 7 5 4") -> Path:
    """A file as Slicer writes it: layers fastest, as a list."""
    directions = "none (1.5,0,0) (0,2.25,0) (0,0,-3.5)"
    changes = {"type": "uchar", "dimension": "4", "sizes": sizes, "space_directions": directions, "endian": None}
    nrrd_file(path, b"\0", **changes)  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[:-2] + "".join(f"{k}\n" for k in keys).encode() + b"\n" + payload)
    return path


LAYERED = np.zeros((*SHAPE, 2), np.uint8)
LAYERED[1:3, 2:4, 1:6, 0] = 1
LAYERED[1, 2, 1:3, 1] = 1
LAYERED[2, 3, 5, 1] = 2


def test_label_values_repeat_across_layers(tmp_path: Path) -> None:
    keys = ("Segment0_Name:=Liver", "Segment0_Layer:=0", "Segment0_LabelValue:=1", "Segment0_Extent:=0 6 0 4 0 3")
    keys += ("Segment1_ID:=S2", "Segment1_Layer:=1", "Segment1_LabelValue:=1", "Segment1_Extent:=1 2 2 2 1 1")
    keys += ("Segment2_Name:=T2", "Segment2_Layer:=1", "Segment2_LabelValue:=2", "Segment2_Extent:=5 5 3 3 2 2")
    path = _segmentation(tmp_path / "x.seg.nrrd", LAYERED.tobytes(), *keys)
    liver, first, second = read_structures(path)
    assert [s.name for s in (liver, first, second)] == ["Liver", "S2", "T2"]
    np.testing.assert_array_equal(liver.mask, LAYERED[..., 0] == 1)
    np.testing.assert_array_equal(first.mask, LAYERED[..., 1] == 1)
    np.testing.assert_array_equal(second.mask, LAYERED[..., 1] == 2)
    np.testing.assert_array_equal(liver.affine_lps, affine("flipped"))


def test_segments_of_old_files_with_one_layer_each_are_read(tmp_path: Path) -> None:
    path = _segmentation(tmp_path / "x.seg.nrrd", (LAYERED > 0).tobytes(), "Segment0_Name:=A", "Segment1_Name:=B")
    first, second = read_structures(path)
    np.testing.assert_array_equal(first.mask, LAYERED[..., 0] > 0)
    np.testing.assert_array_equal(second.mask, LAYERED[..., 1] > 0)


@pytest.mark.parametrize(
    "keys",
    [
        ("Segment0_Name:=A", "Segment0_Layer:=2", "Segment0_LabelValue:=1"),
        ("Segment0_Name:=A", "Segment0_Layer:=0"),
        ("Segment0_Name:=A", "Segment0_Layer:=0", "Segment0_LabelValue:=one"),
        ("Segment0_Color:=1 0 0",),
        ("Segment0_Name:=A", "Segment0_Extent:=0 3 0 4 0 3"),
        ("Segment0_Name:=A", "Segment0_Extent:=0 3 0 4"),
        ("Segment0_Name:=A", "Segmentation_MasterRepresentation:=Fractional labelmap"),
    ],
)
def test_a_segment_that_is_not_there_is_an_error(tmp_path: Path, keys: tuple[str, ...]) -> None:
    with pytest.raises(FileFormatError, match=r"x\.seg\.nrrd: "):
        read_structures(_segmentation(tmp_path / "x.seg.nrrd", LAYERED.tobytes(), *keys))


def test_a_plain_labelmap_is_read(tmp_path: Path) -> None:
    labelmap = SimpleITK.GetImageFromArray(LAYERED[..., 1])
    SimpleITK.WriteImage(labelmap, tmp_path / "x.nrrd")
    assert [(s.name, s.label) for s in read_structures(tmp_path / "x.nrrd")] == [("label 1", 1), ("label 2", 2)]
    (tumor,) = read_structures(tmp_path / "x.nrrd", labels={2: "Tumor"})
    np.testing.assert_array_equal(tumor.mask, LAYERED[..., 1] == 2)
    with pytest.raises(UnknownNameError, match="label must be one of 1, 2, got 3"):
        read_structures(tmp_path / "x.nrrd", labels={3: "Tumor"})
    write_image(Image(values(), affine("plain"), "1"), tmp_path / "y.nrrd")
    with pytest.raises(FileFormatError, match="whole numbers"):
        read_structures(tmp_path / "y.nrrd")


def test_structures_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.seg.nrrd"
    with pytest.raises(ArgumentError, match="at least one structure"):
        write_structures([], path)
    with pytest.raises(GeometryError, match="'b' must lie on the grid of 'Tumor 1'"):
        write_structures([_structures()[1], Structure("b", np.ones(SHAPE, bool), affine("oblique"))], path)
    with pytest.raises(DTypeError, match="mask of 'c' must be bool"):
        write_structures([Structure("c", np.full(SHAPE, 0.5), affine("plain"))], path)
    assert not path.exists()


def _single(path: Path, *keys: str, array: np.ndarray = LAYERED[..., 1]) -> Path:
    kind = {"u1": "uchar", "f4": "float"}[array.dtype.str[1:]]
    nrrd_file(path, b"\0", type=kind)
    path.write_bytes(path.read_bytes()[:-2] + "".join(f"{k}\n" for k in keys).encode() + b"\n" + array.tobytes())
    return path


def _keys(n: int, name: str, value: int) -> tuple[str, ...]:
    return (
        f"Segment{n}_ID:=S{n}",
        f"Segment{n}_Name:={name}",
        f"Segment{n}_Layer:=0",
        f"Segment{n}_LabelValue:={value}",
    )


@pytest.mark.parametrize("numbers", [(0, 2), (1, 2), (3, 7), (2, 1)])
def test_segments_numbered_with_gaps_are_all_read_with_a_note(tmp_path: Path, numbers: tuple[int, int]) -> None:
    path = _single(tmp_path / "x.seg.nrrd", *_keys(numbers[0], "liver", 1), *_keys(numbers[1], "tumor", 2))
    structures = {s.name: s for s in read_structures(path)}
    np.testing.assert_array_equal(structures["liver"].mask, LAYERED[..., 1] == 1)
    np.testing.assert_array_equal(structures["tumor"].mask, LAYERED[..., 1] == 2)
    for structure in structures.values():
        assert [(a.code, a.severity) for a in structure.advisories] == [("segment_numbers_with_gaps", "note")]


def test_gaps_are_refused_if_the_layer_follows_from_the_number(tmp_path: Path) -> None:
    path = _single(tmp_path / "x.seg.nrrd", "Segment1_Name:=liver", "Segment2_Name:=tumor")
    with pytest.raises(FileFormatError, match=r"segments without a layer must be numbered 0, 1, \.\.\., got 1, 2"):
        read_structures(path)


@pytest.mark.parametrize("key", ["MasterRepresentation", "SourceRepresentation"])
@pytest.mark.parametrize("kind", ["Fractional labelmap", "fractional Labelmap", "Closed surface"])
def test_a_segmentation_that_is_not_binary_is_refused(tmp_path: Path, key: str, kind: str) -> None:
    path = _single(tmp_path / "x.seg.nrrd", f"Segmentation_{key}:={kind}", *_keys(0, "liver", 1))
    with pytest.raises(FileFormatError, match=f"{kind}s are not supported"):
        read_structures(path)


@pytest.mark.parametrize("rim", [0.5, -1.0, np.nan, np.inf])
def test_fractions_in_a_layer_are_refused(tmp_path: Path, rim: float) -> None:
    array = (LAYERED[..., 1] > 0).astype("<f4")
    path = _single(tmp_path / "x.seg.nrrd", *_keys(0, "liver", 1), array=array)
    assert read_structures(path)[0].mask.sum() == array.sum()
    array[0, 0, 0] = rim
    with pytest.raises(FileFormatError, match="whole numbers >= 0"):
        read_structures(_single(tmp_path / "x.seg.nrrd", *_keys(0, "liver", 1), array=array))


def test_values_that_no_segment_names_give_a_warning(tmp_path: Path) -> None:
    (liver,) = read_structures(_single(tmp_path / "x.seg.nrrd", *_keys(0, "liver", 1)))
    (advisory,) = liver.advisories
    assert (advisory.code, advisory.severity) == ("values_without_a_segment", "warning")
    assert "contains the values 2, which belong to no segment" in advisory.message


def test_two_segments_with_the_same_voxels_give_a_warning(tmp_path: Path) -> None:
    path = _single(tmp_path / "x.seg.nrrd", *_keys(0, "a", 1), *_keys(1, "b", 1), *_keys(2, "c", 2))
    assert [a.code for a in read_structures(path)[0].advisories] == ["segments_are_the_same"]
