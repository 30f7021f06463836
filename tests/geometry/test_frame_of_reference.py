"""Objects of two patient spaces are combined only if the caller gives the transform."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from image_samples import affine, values

from yttria import AbsoluteScaling, ContourStructure, Image, RelativeScaling, Structure, dose_image, write_structures
from yttria.errors import ArgumentError, GeometryError

SHIFT = np.array([[1.0, 0, 0, 3.0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def image(uid: str | None) -> Image:
    return Image(values(), affine("plain"), "Bq/mL", frame_of_reference_uid=uid)


def structure(uid: str | None, name: str = "Liver") -> Structure:
    return Structure(name, values() > 50, affine("plain"), frame_of_reference_uid=uid)


@pytest.mark.parametrize(("a", "b"), [("1.2", "1.2"), ("1.2", None), (None, "1.2"), (None, None)])
def test_one_frame_of_reference_or_an_unknown_one_is_accepted(a: str | None, b: str | None) -> None:
    result = dose_image(image(a), scaling=AbsoluteScaling(scan_delay_h=0.0))
    assert result.image.frame_of_reference_uid == a
    assert result.table([structure(b)])[0].volume_ml > 0


def test_two_frames_of_reference_are_refused_in_every_function(tmp_path) -> None:
    result = dose_image(image("1.2"), scaling=AbsoluteScaling(scan_delay_h=0.0))
    message = "'Liver' and the image must share one frame of reference, got 1.3 and 1.2: register them"
    for meet in (
        lambda: structure("1.3").voxel_fractions_on(image("1.2")),
        lambda: result.table([structure("1.3")]),
        lambda: result.dose_volume_histograms([structure("1.3")]),
        lambda: dose_image(
            image("1.2"),
            scaling=RelativeScaling(reference=structure("1.3"), delivered_activity_gbq=1.0, lung_shunt_fraction=0.0),
        ),
    ):
        with pytest.raises(GeometryError, match=message):
            meet()
    with pytest.raises(GeometryError, match="one frame of reference"):
        write_structures([structure("1.2"), structure("1.3", "Tumor")], tmp_path / "s.seg.nrrd")


def test_a_background_in_another_frame_of_reference_is_refused() -> None:
    pytest.importorskip("matplotlib")
    from yttria.report import dose_figure

    result = dose_image(image("1.2"), scaling=AbsoluteScaling(scan_delay_h=0.0))
    with pytest.raises(GeometryError, match="the background image and the dose image must share one frame"):
        dose_figure(result, [structure("1.2")], background=image("1.3"))


def test_a_transform_between_frames_is_applied_and_reported() -> None:
    moved = image("1.2").transformed(SHIFT, frame_of_reference_uid="1.3")
    assert moved.affine_lps == pytest.approx(SHIFT @ affine("plain"))
    assert moved.frame_of_reference_uid == "1.3"
    result = dose_image(moved, scaling=AbsoluteScaling(scan_delay_h=0.0))
    row = result.table([structure("1.3").transformed(SHIFT, frame_of_reference_uid="1.3")])[0]
    assert (
        row.mean_gy
        == dose_image(image(None), scaling=AbsoluteScaling(scan_delay_h=0.0)).table([structure(None)])[0].mean_gy
    )
    assert result.provenance.image_transform_lps == SHIFT.tolist()
    assert dose_image(image("1.2"), scaling=AbsoluteScaling(scan_delay_h=0.0)).provenance.image_transform_lps is None


def test_transforms_are_multiplied_in_their_order() -> None:
    turn = np.eye(4)
    turn[:3, :3] = affine("oblique")[:3, :3] / np.linalg.norm(affine("oblique")[:3, :3], axis=0)
    for moved in (image("1").transformed(SHIFT).transformed(turn), structure("1").transformed(SHIFT).transformed(turn)):
        assert moved.transform_lps == pytest.approx(turn @ SHIFT)
        assert moved.affine_lps == pytest.approx(turn @ SHIFT @ affine("plain"))
        # The caller states the target space of a transform.
        assert moved.frame_of_reference_uid is None


def test_sources_of_transforms_are_listed_in_their_order() -> None:
    for moved in (image("1"), structure("1"), ContourStructure("x", [])):
        once = moved.transformed(SHIFT, source="first")
        assert once.transform_source == "first"
        assert once.transformed(SHIFT, source="second").transform_source == "first; then second"
        assert moved.transformed(SHIFT).transformed(SHIFT).transform_source is None
        assert (
            moved.transformed(SHIFT).transformed(SHIFT, source="second").transform_source == "not stated; then second"
        )
        assert copy.deepcopy(once).transform_source == "first"
        with pytest.raises(ArgumentError, match="source of a transform must be a text"):
            moved.transformed(SHIFT, source=" ")
    result = dose_image(image("1.2").transformed(SHIFT, source="first"), scaling=AbsoluteScaling(scan_delay_h=0.0))
    assert result.provenance.image_transform_source == "first"


def test_a_transform_that_shears_is_refused() -> None:
    shear = np.eye(4)
    shear[0, 1] = 0.5
    with pytest.raises(GeometryError, match="shear"):
        image(None).transformed(shear)
    with pytest.raises(GeometryError, match="4 x 4"):
        structure(None).transformed(np.eye(3))


def test_copies_keep_their_frame_of_reference() -> None:
    moved = image("1.2").transformed(SHIFT, frame_of_reference_uid="1.3")
    volume = structure("1.2").transformed(SHIFT, frame_of_reference_uid="1.3")
    for original in (moved, volume):
        for other in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
            assert other.frame_of_reference_uid == "1.3"
            assert (other.transform_lps == original.transform_lps).all()
    assert moved.to("kBq/mL").frame_of_reference_uid == "1.3"
    assert Image.from_any(moved, unit="Bq/mL").frame_of_reference_uid == "1.3"


@pytest.mark.parametrize("uid", ["", " 1.2", "1 2", 12])
def test_a_uid_is_a_text_without_blanks(uid: object) -> None:
    with pytest.raises(ArgumentError, match="frame of reference UID"):
        image(uid)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="frame of reference UID"):
        structure(uid)  # type: ignore[arg-type]
