"""Segmentations as other programs store them: slices left out, distances that contradict, unusual encodings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("highdicom")

import highdicom
import pydicom
from dicom_samples import write_seg, write_series
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import affine
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless

from yttria import Structure, read_structures
from yttria.errors import ArgumentError, FileFormatError, GeometryError, ShapeError
from yttria.io.dicom import segmentation
from yttria.io.dicom.geometry import Plane
from yttria.io.dicom.segmentation_grid import frame_grid
from yttria.io.opened import opened_files

#: 30 slices of 8 x 8 voxels of 4 mm; 16 voxels a slice are 1.024 mL.
SHAPE, SLICE_ML = (30, 8, 8), 1.024
AFFINE = np.diag([4.0, 4, 4, 1])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_series(tmp_path_factory.mktemp("source") / "ct", np.zeros(SHAPE), AFFINE, "CT")


def on(*slices: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[list(slices), 2:6, 2:6] = True
    return mask


def states(spacing: float | None, thickness: float | None = 4.0) -> Callable[[Dataset, int], None]:
    def change(dataset: Dataset, _: int) -> None:
        (measures,) = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
        for keyword, value in (("SpacingBetweenSlices", spacing), ("SliceThickness", thickness)):
            if value is None:
                if keyword in measures:
                    delattr(measures, keyword)
            else:
                setattr(measures, keyword, value)

    return change


def read(path: Path, **terms: float) -> list[tuple[float, list[str]]]:
    found = segmentation.read_segmentation(path, **terms)  # type: ignore[arg-type]
    return [(round(s.volume_ml / SLICE_ML, 9), [a.code for a in s.advisories]) for s in found]


@pytest.mark.parametrize(
    ("slices", "spacing", "thickness", "expected", "codes"),
    [
        ((12, 14, 16), None, 4.0, 3, ["segmentation_slice_distance"]),
        ((12, 14, 16), 4.0, 4.0, 3, []),
        ((12, 13, 14, 15, 16), 1.0, 4.0, 5, ["segmentation_slice_distance"]),
        ((12, 13, 17), None, 4.0, 3, []),
        ((12, 13, 17), 4.0, None, 3, []),
        ((12, 13, 17), 4.0, 5.0, 3, []),
        ((12, 13, 14), 7.0, 4.0, 3, ["segmentation_slice_distance"]),
        ((12, 13, 14), None, 5.0, 3, ["segmentation_slice_distance"]),
        ((12, 13, 14), None, 3.0, 3, ["segmentation_slice_distance"]),
        ((12,), 4.0, None, 1, []),
    ],
)
def test_volumes_follow_positions_and_stated_distances(
    source: Path, tmp_path: Path, slices: tuple[int, ...], spacing: float, thickness: float, expected: int, codes: list
) -> None:
    path = write_seg(tmp_path / "seg.dcm", {"L": on(*slices)}, source, change=states(spacing, thickness))
    assert read(path) == [(expected, codes)]


def test_one_slice_with_a_thickness_beside_another_spacing_is_reported(source: Path, tmp_path: Path) -> None:
    """No neighbor shows which of the two is the distance, and the volume is proportional to it."""
    for spacing, thickness, expected in ((8.0, 4.0, ["segmentation_slice_distance"]), (4.0, None, []), (4.0, 4.0, [])):
        path = write_seg(tmp_path / "seg.dcm", {"L": on(12)}, source, change=states(spacing, thickness))
        assert read(path) == [(spacing / 4, expected)]


def test_two_lesions_far_apart_have_the_volume_of_their_slices(source: Path, tmp_path: Path) -> None:
    path = write_seg(tmp_path / "seg.dcm", {"A": on(12), "B": on(18)}, source, change=states(None))
    assert [volume for volume, _ in read(path)] == [1, 1]


@pytest.mark.parametrize(
    ("slices", "spacing", "thickness", "message"),
    [
        ((12,), None, 4.0, "one slice must state SpacingBetweenSlices"),
        ((12, 14, 16), None, None, "neither is stated"),
        ((12, 13, 14), 7.0, None, "SpacingBetweenSlices 7 mm"),
        ((12, 14, 17), 5.5, 6.5, "at a known distance"),
    ],
)
def test_an_unknown_distance_is_refused_and_can_be_given(
    source: Path, tmp_path: Path, slices: tuple[int, ...], spacing: float, thickness: float, message: str
) -> None:
    path = write_seg(tmp_path / "seg.dcm", {"L": on(*slices)}, source, change=states(spacing, thickness))
    with pytest.raises(GeometryError, match=message):
        read_structures(path)
    assert read(path, slice_thickness_mm=4.0) == [(len(slices), [])]
    if len(slices) > 1:
        with pytest.raises(GeometryError, match="the given slice thickness of 11 mm does not fit"):
            read(path, slice_thickness_mm=11.0)


def planes(heights: list[float]) -> list[Plane]:
    axes = np.eye(3)
    return [
        Plane(
            position=np.array([1.0, 2, z]),
            row_direction=axes[0],
            column_direction=axes[1],
            row_spacing_mm=4.0,
            column_spacing_mm=4.0,
        )
        for z in heights
    ]


@settings(max_examples=60)
@given(
    occupied=st.lists(st.integers(0, 400), min_size=2, max_size=30),
    step=st.floats(0.3, 12),
    digits=st.integers(2, 6),
)
def test_slices_of_an_even_grid_keep_their_positions(occupied: list[int], step: float, digits: int) -> None:
    # Positions are rounded as DICOM's decimal texts are.
    grid = frame_grid(planes([round(k * step, digits) for k in occupied]), step, step)
    top = max(occupied)
    assert grid.slices == top - min(occupied) + 1
    assert list(grid.slice_of) == [top - k for k in occupied]
    if grid.slices > 1:
        assert grid.affine_lps[2, 2] == pytest.approx(-step, abs=2 * 0.1**digits)


def test_a_stack_slightly_uneven_is_read_with_the_distance_and_others_are_refused() -> None:
    heights = [0.0, 3.27, 6.54, 9.70, 12.97, 16.24]
    grid = frame_grid(planes(heights), 3.27, 3.27)
    assert grid.slices == 6
    (advisory,) = grid.advisories
    assert (advisory.code, advisory.value) == ("slices_not_equidistant", pytest.approx(0.064, abs=0.03))
    with pytest.raises(GeometryError, match="no volume of parallel slices"):
        frame_grid(planes([0.0, 4.0, 9.5]), 4.0, 4.0)
    tilted = planes([0.0, 4.0])
    with pytest.raises(GeometryError, match="orientations differ"):
        frame_grid(
            [
                tilted[0],
                Plane(
                    position=tilted[1].position,
                    row_direction=np.eye(3)[1],
                    column_direction=np.eye(3)[0],
                    row_spacing_mm=4.0,
                    column_spacing_mm=4.0,
                ),
            ],
            4.0,
            4.0,
        )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["plain", "flipped", "oblique"]))
def test_segmentations_are_read_as_by_highdicom(tmp_path_factory, seed: int, kind: str) -> None:
    folder = tmp_path_factory.mktemp("oracle")
    rng = np.random.default_rng(seed)
    masks = {name: rng.random((4, 5, 7)) < 0.3 for name in "AB"}
    write_series(folder / "ct", np.zeros((4, 5, 7)), affine(kind), "CT")
    path = write_seg(folder / "seg.dcm", masks, folder / "ct")
    found = read_structures(path)
    oracle = highdicom.seg.segread(path)
    for n, structure in enumerate(found):
        volume = oracle.get_volume(segment_numbers=[n + 1], combine_segments=True)
        np.testing.assert_array_equal(structure.mask, volume.array > 0)
        np.testing.assert_allclose(structure.affine_lps, volume.affine[:, [2, 1, 0, 3]], atol=1e-6)


@pytest.mark.claim("segments_of_one_slice")
def test_segmentations_of_one_slice_lie_where_they_are(shared_data: Path) -> None:
    folder = shared_data / "failing" / "02_seg_one_frame"
    expected = {
        "seg_image_ct_binary_single_frame.dcm": (1832, (-158.135803, -179.035797, -75.699997), -5.0),
        "single_slice_seg_omitTrue.dcm": (400, (-235.199997, -226.800003, -127.690002), -1.0),
        "liver_cut_to_1.dcm": (35645, (-235.2, -226.8, -127.69), -1.0),
    }
    for name, (voxels, origin, step) in expected.items():
        (structure,) = read_structures(folder / name)
        assert structure.mask.sum() == voxels
        assert structure.affine_lps[:3, 3].tolist() == pytest.approx(origin)
        assert structure.affine_lps[2, 2] == pytest.approx(step)


def rewritten(path: Path, change: Callable[[Dataset], None], **terms: bool) -> Path:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path, **terms)
    return path


def test_the_segment_may_be_stated_once_for_all_frames_or_for_each(source: Path, tmp_path: Path) -> None:
    keyword = "SegmentIdentificationSequence"

    def stated(*, shared: bool, each: bool) -> Callable[[Dataset], None]:
        def change(dataset: Dataset) -> None:
            item = Dataset()
            item.ReferencedSegmentNumber = 1
            for group, there in (
                *((group, each) for group in dataset.PerFrameFunctionalGroupsSequence),
                (dataset.SharedFunctionalGroupsSequence[0], shared),
            ):
                if keyword in group:
                    del group[keyword]
                if there:
                    setattr(group, keyword, [item])

        return change

    path = write_seg(tmp_path / "seg.dcm", {"L": on(3, 4)}, source)
    assert read(rewritten(path, stated(shared=True, each=False))) == [(2, [])]
    assert read(rewritten(path, stated(shared=False, each=True))) == [(2, [])]
    with pytest.raises(FileFormatError, match="frame 1 of 2 has no SegmentIdentificationSequence"):
        read(rewritten(path, stated(shared=False, each=False)))


def test_big_endian_and_rle_hold_the_same_mask(source: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    mask = on(3, 4) & (rng.random(SHAPE) < 0.7)
    (plain,) = read_structures(write_seg(tmp_path / "seg.dcm", {"L": mask}, source))

    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    dataset.walk(lambda _, element: None)  # reads every value before the byte order changes
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dataset["PixelData"].VR = "OW"
    dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").byteswap().tobytes()
    pydicom.dcmwrite(tmp_path / "big.dcm", dataset, force_encoding=True, implicit_vr=False, little_endian=False)
    (big,) = read_structures(tmp_path / "big.dcm")
    np.testing.assert_array_equal(big.mask, plain.mask)

    fractions = {"L": mask * rng.random(SHAPE)}
    path = write_seg(tmp_path / "fraction.dcm", fractions, source, "FRACTIONAL")
    (expected,) = read_structures(path)
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(path)
    (packed,) = read_structures(path)
    np.testing.assert_array_equal(packed.mask, expected.mask)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.106", "1.2.3.4"])
def test_an_encoding_that_cannot_be_read_is_named(source: Path, tmp_path: Path, syntax: str) -> None:
    path = write_seg(tmp_path / "seg.dcm", {"L": on(3)}, source)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = pydicom.encaps.encapsulate([b"\0" * 8])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=False)
    with pytest.raises(FileFormatError, match=r"seg.dcm: the transfer syntax .* is not supported"):
        read_structures(path)


def test_a_deflated_file_is_refused_in_plain_words(source: Path, tmp_path: Path) -> None:
    path = write_seg(tmp_path / "seg.dcm", {"L": on(3)}, source)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    with pytest.raises(FileFormatError, match="deflated transfer syntax is not supported: store the file uncompressed"):
        read(path)


def test_a_number_of_two_segments_is_refused(source: Path, tmp_path: Path) -> None:
    def twice(dataset: Dataset, _: int) -> None:
        dataset.SegmentSequence[1].SegmentNumber = 1

    path = write_seg(tmp_path / "seg.dcm", {"Liver": on(3), "Tumor": on(4)}, source, change=twice)
    with pytest.raises(FileFormatError, match="segment number 1 is given to 'Liver' and to 'Tumor'"):
        read_structures(path)


def test_frames_of_a_segment_that_is_not_described_are_refused(source: Path, tmp_path: Path) -> None:
    def other(dataset: Dataset, _: int) -> None:
        dataset.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9

    path = write_seg(tmp_path / "seg.dcm", {"Liver": on(3), "Tumor": on(4)}, source, change=other)
    with pytest.raises(FileFormatError, match="frame 2 belongs to segment 9, which is not described"):
        read_structures(path)


def test_a_slice_stored_twice_counts_once_or_is_refused(source: Path, tmp_path: Path) -> None:
    def moved(dataset: Dataset, _: int) -> None:
        first, second = dataset.PerFrameFunctionalGroupsSequence[:2]
        second.PlanePositionSequence = first.PlanePositionSequence

    path = write_seg(tmp_path / "seg.dcm", {"L": on(3, 4, 5)}, source, change=moved)
    assert read(path) == [(2, ["segment_frame_twice"])]
    mask = on(3, 4, 5)
    mask[4, 2, 2] = False
    path = write_seg(tmp_path / "seg.dcm", {"L": mask}, source, change=moved)
    with pytest.raises(FileFormatError, match="two frames of 'L' lie on one slice and differ"):
        read(path)


def test_names_are_trimmed_and_told_apart(source: Path, tmp_path: Path) -> None:
    def named(dataset: Dataset, _: int) -> None:
        for item, label in zip(dataset.SegmentSequence, ("T", "T ", "T #2", "Tumor\n\0"), strict=True):
            item.SegmentLabel = label

    path = write_seg(tmp_path / "seg.dcm", {n: on(3) for n in "ABCD"}, source, change=named)
    found = read_structures(path)
    assert [s.name for s in found] == ["T #1", "T #2 #2", "T #2 #3", "Tumor"]
    assert [s.name for s in read_structures(path, only="t*", exclude="tumor")] == ["T #1", "T #2 #2", "T #2 #3"]


def test_patient_and_opened_file_are_known(source: Path, tmp_path: Path) -> None:
    path = write_seg(tmp_path / "seg.dcm", {"L": on(3)}, source)
    with opened_files() as opened:
        (structure,) = read_structures(path)
    assert structure.patient_id == "1"
    assert path in opened


def many(path: Path, count: int, gap_mm: float, size: int, kind: str = "BINARY") -> Path:
    """A segmentation of full frames, one for each segment, written without highdicom."""
    from dicom_samples import new_dataset

    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.66.4", "SEG")
    dataset.SegmentationType, dataset.Rows, dataset.Columns, dataset.NumberOfFrames = kind, size, size, count
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SpacingBetweenSlices = [4, 4], 4
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.SegmentSequence, dataset.PerFrameFunctionalGroupsSequence = [], []
    for n in range(count):
        segment, group, place, identified = (Dataset() for _ in range(4))
        segment.SegmentNumber, segment.SegmentLabel = n + 1, f"s{n}"
        place.ImagePositionPatient, identified.ReferencedSegmentNumber = [0, 0, n * gap_mm], n + 1
        group.PlanePositionSequence, group.SegmentIdentificationSequence = [place], [identified]
        dataset.SegmentSequence.append(segment)
        dataset.PerFrameFunctionalGroupsSequence.append(group)
    data = np.packbits(np.ones(count * size * size, np.uint8), bitorder="little").tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB"
    pydicom.dcmwrite(path, dataset)
    return path


def test_thousands_of_segments_are_refused_unless_some_are_selected(tmp_path: Path) -> None:
    path = many(tmp_path / "seg.dcm", 1200, 4.0, 4)
    with pytest.raises(ShapeError, match="at most 1000 segments can be read at once, got 1200: select some by names="):
        read_structures(path)
    assert [s.name for s in read_structures(path, only="s111?")] == [f"s111{n}" for n in range(10)]


def test_masks_that_would_fill_the_memory_cover_their_own_slices(tmp_path: Path, monkeypatch) -> None:
    path = many(tmp_path / "seg.dcm", 3, 40.0, 8)
    common = read_structures(path)
    assert [s.mask.shape for s in common] == [(21, 8, 8)] * 3
    monkeypatch.setattr(segmentation, "_COMMON_BYTES", 1000)
    own = read_structures(path)
    assert [s.mask.shape for s in own] == [(1, 8, 8)] * 3
    for a, b in zip(common, own, strict=True):
        assert centers(a) == centers(b)
    monkeypatch.setattr(segmentation, "_MAX_BYTES", 100)
    with pytest.raises(ShapeError, match=r"masks of 3 segments need .* select some by names="):
        read_structures(path)
    with pytest.raises(ShapeError, match=r"at most 2\^31 voxels"):
        read_structures(many(tmp_path / "far.dcm", 2, 4e8, 8))


def centers(structure: Structure) -> set[tuple[float, ...]]:
    k, j, i = np.nonzero(structure.mask)
    points = structure.affine_lps @ np.array([i, j, k, np.ones_like(i)])
    return {tuple(p) for p in np.round(points[:3].T, 4)}


def test_rules_for_contours_are_not_for_a_segmentation(source: Path, tmp_path: Path) -> None:
    from yttria.io.dicom import read_structures as read_dicom

    path = write_seg(tmp_path / "seg.dcm", {"L": on(3, 4)}, source)
    with pytest.raises(ArgumentError, match="end_caps= applies only to contours"):
        read_dicom(path, end_caps="none")
    assert [s.name for s in read_dicom(path, slice_thickness_mm=4)] == ["L"]
