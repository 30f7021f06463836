"""DICOM segmentations: binary, fractional, labelmap, overlapping, each on its own grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("highdicom")

from dicom_samples import FRAME_UID, write_seg, write_series
from image_samples import KINDS, affine, values
from pydicom.dataset import Dataset

from yttria import Image, Structure, read_image, read_structures
from yttria.errors import ArgumentError, FileFormatError, GeometryError, OutOfRangeError, UnknownNameError, YttriaError

SHAPE = (4, 5, 7)


def boxes() -> dict[str, np.ndarray]:
    """Three volumes: one within another, one that leaves the first and last slice empty."""
    liver, tumor, hole = (np.zeros(SHAPE, bool) for _ in range(3))
    liver[:, 1:4, 1:6] = True
    tumor[1:3, 2, 2:5] = True
    hole[1, 4, 6] = True
    return {"Liver": liver, "Tumor": tumor, "Hole": hole}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for kind in KINDS:
        write_series(folder / kind, values(), affine(kind))
    return folder


def centers(structure: Structure) -> set[tuple[float, ...]]:
    k, j, i = np.nonzero(structure.mask)
    points = structure.affine_lps @ np.array([i, j, k, np.ones_like(i)])
    return {tuple(p) for p in np.round(points[:3].T, 4)}


@pytest.mark.claim("segments_in_place")
@pytest.mark.parametrize("kind", KINDS)
def test_overlapping_segments_lie_where_they_were_drawn(sources: Path, tmp_path: Path, kind: str) -> None:
    found = read_structures(write_seg(tmp_path / "seg.dcm", boxes(), sources / kind))
    assert [(s.name, s.label) for s in found] == [("Liver", 1), ("Tumor", 2), ("Hole", 3)]
    for structure, mask in zip(found, boxes().values(), strict=True):
        assert centers(structure) == centers(Structure("drawn", mask, affine(kind)))
        assert structure.mask.dtype == bool
        assert structure.frame_of_reference_uid == FRAME_UID


def test_a_segmentation_on_another_grid_keeps_its_position(sources: Path, tmp_path: Path) -> None:
    """Empty slices are not stored, and the order of the slices may be reversed. Only the affine gives the place of a
    mask."""
    (structure,) = read_structures(write_seg(tmp_path / "seg.dcm", {"Tumor": boxes()["Tumor"]}, sources / "plain"))
    image = read_image(sources / "plain")
    assert structure.mask.shape == (2, 5, 7) != image.shape
    fractions = structure.voxel_fractions_on(image)
    assert (fractions.to_array() == boxes()["Tumor"]).all()


def test_masks_of_0_and_255_are_not_taken_for_fractions(sources: Path, tmp_path: Path) -> None:
    (structure,) = read_structures(write_seg(tmp_path / "seg.dcm", {"Liver": boxes()["Liver"]}, sources / "plain"))
    assert structure.volume_ml == pytest.approx(60 * 1.5 * 2.25 * 3.5e-3, rel=1e-6)
    with pytest.raises(OutOfRangeError, match="from 0 to 255"):
        Structure("Liver", structure.mask.astype(np.uint8) * 255, structure.affine_lps)


@pytest.mark.parametrize("kind", ["plain", "oblique"])
def test_a_labelmap_gives_its_labels(sources: Path, tmp_path: Path, kind: str) -> None:
    masks = boxes()
    masks["Liver"] &= ~masks["Tumor"]
    found = read_structures(write_seg(tmp_path / "seg.dcm", masks, sources / kind, "LABELMAP"))
    assert [(s.name, s.label) for s in found] == [("Liver", 1), ("Tumor", 2), ("Hole", 3)]
    for structure, mask in zip(found, masks.values(), strict=True):
        assert centers(structure) == centers(Structure("drawn", mask, affine(kind)))


def test_a_fractional_segmentation_gives_fractions(sources: Path, tmp_path: Path) -> None:
    fractions = {"Liver": boxes()["Liver"] * np.linspace(0, 1, 140).reshape(SHAPE)}
    path = write_seg(tmp_path / "seg.dcm", fractions, sources / "plain", "FRACTIONAL")
    (structure,) = read_structures(path)
    drawn = Structure("Liver", fractions["Liver"].astype(np.float32), affine("plain"))
    assert structure.mask.dtype == np.float32
    assert structure.volume_ml == pytest.approx(drawn.volume_ml, rel=2e-3)
    assert structure.mask.max() == pytest.approx(fractions["Liver"].max(), abs=0.5 / 255 + 1e-6)


def test_a_map_of_probabilities_is_refused(sources: Path, tmp_path: Path) -> None:
    mask = {"Liver": boxes()["Liver"] * 0.5}
    path = write_seg(tmp_path / "seg.dcm", mask, sources / "plain", "FRACTIONAL", fractional_type="PROBABILITY")
    with pytest.raises(FileFormatError, match="must be of type OCCUPANCY, got PROBABILITY"):
        read_structures(path)


def test_names_select_and_order(sources: Path, tmp_path: Path) -> None:
    path = write_seg(tmp_path / "seg.dcm", boxes(), sources / "plain")
    assert [s.name for s in read_structures(path, names=["Hole", "Liver"])] == ["Hole", "Liver"]
    with pytest.raises(UnknownNameError, match="one of Liver, Tumor, Hole, got 'liver'"):
        read_structures(path, names=["liver"])
    with pytest.raises(ArgumentError, match="labels="):
        read_structures(path, labels={1: "Liver"})


def test_segments_of_one_label_carry_their_number(sources: Path, tmp_path: Path) -> None:
    def rename(dataset: Dataset, _: int) -> None:
        dataset.SegmentSequence[2].SegmentLabel = "Tumor"

    found = read_structures(write_seg(tmp_path / "seg.dcm", boxes(), sources / "plain", change=rename))
    assert [s.name for s in found] == ["Liver", "Tumor #2", "Tumor #3"]


def test_a_folder_may_hold_images_and_one_segmentation(sources: Path, tmp_path: Path) -> None:
    write_series(tmp_path, values(), affine("plain"))
    with pytest.raises(FileFormatError, match="the structures must be a series of SEG or RTSTRUCT"):
        read_structures(tmp_path)
    write_seg(tmp_path / "a.seg", {"Liver": boxes()["Liver"]}, sources / "plain")
    assert [s.name for s in read_structures(tmp_path)] == ["Liver"]
    write_seg(tmp_path / "b.seg", {"Tumor": boxes()["Tumor"]}, sources / "plain")
    with pytest.raises(ArgumentError, match="must be one series, got 2"):
        read_structures(tmp_path)


def _frames(dataset: Dataset, _: int) -> None:
    dataset.NumberOfFrames = 10**6


def _rows(dataset: Dataset, _: int) -> None:
    dataset.Rows = dataset.Columns = 65535


def _missing_groups(dataset: Dataset, _: int) -> None:
    dataset.PerFrameFunctionalGroupsSequence.pop()


def _far(dataset: Dataset, _: int) -> None:
    groups = dataset.PerFrameFunctionalGroupsSequence
    position = groups[-1].PlanePositionSequence[0]
    position.ImagePositionPatient = [*position.ImagePositionPatient[:2], 3.5e9 + 12.125]


def _irregular(dataset: Dataset, _: int) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    position.ImagePositionPatient = [*position.ImagePositionPatient[:2], 17.0]


def _not_finite(dataset: Dataset, _: int) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    position["ImagePositionPatient"].value = ["1e308", "-1e308", "1e308"]


def _no_segments(dataset: Dataset, _: int) -> None:
    dataset.SegmentSequence = []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (_frames, FileFormatError, "are promised"),
        (_rows, FileFormatError, "are promised"),
        (_missing_groups, FileFormatError, "functional groups"),
        (_irregular, GeometryError, "no volume of parallel slices"),
        (_far, YttriaError, "seg.dcm"),
        (_not_finite, YttriaError, "seg.dcm"),
        (_no_segments, FileFormatError, "seg.dcm"),
    ],
)
def test_a_segmentation_is_refused_with_the_value_that_was_found(
    sources: Path, tmp_path: Path, change: object, error: type[Exception], message: str
) -> None:
    path = write_seg(tmp_path / "seg.dcm", boxes(), sources / "plain", change=change)  # type: ignore[arg-type]
    with pytest.raises(error, match=message):
        read_structures(path)


def test_two_frames_of_reference_are_refused(sources: Path, tmp_path: Path) -> None:
    (liver,) = read_structures(write_seg(tmp_path / "seg.dcm", {"Liver": boxes()["Liver"]}, sources / "plain"))
    image = read_image(sources / "plain")
    elsewhere = Image(image.array, image.affine_lps, image.unit, frame_of_reference_uid="1.2.3")
    with pytest.raises(GeometryError, match="must share one frame of reference"):
        liver.voxel_fractions_on(elsewhere)
    shift = np.eye(4)
    shift[0, 3] = 3.0
    moved = liver.transformed(shift, frame_of_reference_uid="1.2.3")
    assert (
        moved.voxel_fractions_on(elsewhere).to_array()[..., 3:] == liver.voxel_fractions_on(image).to_array()[..., 1:-2]
    ).all()
