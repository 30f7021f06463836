"""Registrations from text, ITK and DICOM: one rotation and shift that every form must give in the same direction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registration_samples import registration

from yttria import Image, Structure
from yttria.errors import FileFormatError, GeometryError, YttriaError
from yttria.io import read_transform

#: A point of the moving space at x lies at y in the fixed space: turned by 90 degrees about z (x to y), then shifted.
KNOWN = np.array([[0.0, -1.0, 0.0, 10.0], [1.0, 0.0, 0.0, -20.0], [0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 0.0, 1.0]])
MOVING, FIXED = "1.2.3", "1.2.4"


def as_text(path: Path) -> Path:
    path.write_text("\n".join(" ".join(map(str, row)) for row in KNOWN))
    return path


def as_itk(path: Path) -> Path:
    """Written by hand: ITK's direction takes the fixed space to the moving one, x' = R (x - c) + c + t."""
    inverse = np.linalg.inv(KNOWN)
    center = np.array([7.0, -3.0, 11.0])
    shift = inverse[:3, 3] - center + inverse[:3, :3] @ center
    numbers = " ".join(map(repr, [*inverse[:3, :3].ravel().tolist(), *shift.tolist()]))
    fixed = " ".join(map(str, center))
    path.write_text(
        "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\n"
        f"Parameters: {numbers}\nFixedParameters: {fixed}\n"
    )
    return path


def as_registration(path: Path) -> Path:
    return registration(path, {FIXED: [np.eye(4)], MOVING: [KNOWN]})


@pytest.mark.claim("registration_direction")
@pytest.mark.parametrize("write", [as_text, as_itk, as_registration])
def test_every_form_takes_the_moving_space_to_the_fixed_one(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    np.testing.assert_allclose(read_transform(write(tmp_path / "transform")), KNOWN, atol=1e-9)


@pytest.mark.parametrize("write", [as_text, as_itk, as_registration])
def test_a_structure_is_moved_to_where_the_fixed_image_has_it(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    mask = np.zeros((4, 4, 4), bool)
    mask[1, 2, 3] = True
    moved = Structure("x", mask, np.eye(4)).transformed(read_transform(write(tmp_path / "transform")))
    x, y, z = (KNOWN @ [3.0, 2.0, 1.0, 1.0])[:3]  # (i, j, k) of the voxel are its millimeters
    place = np.eye(4)
    place[:3, 3] = (x, y, z)
    fixed = Image(np.zeros((1, 1, 1)), place, "Gy")
    assert moved.voxel_fractions_on(fixed).volume_ml(1.0) == pytest.approx(1.0)


@pytest.mark.claim("registration_direction")
def test_transforms_of_itk_are_read_as_itk_reads_them(tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    center, shift = (7.0, -3.0, 11.0), (1.0, 2.0, -3.0)
    euler = sitk.Euler3DTransform(center, 0.3, -0.5, 1.1, shift)
    zyx = sitk.Euler3DTransform(center, 0.3, -0.5, 1.1, shift)
    zyx.SetComputeZYX(True)
    versor = sitk.VersorRigid3DTransform((0.1, -0.2, 0.3, np.sqrt(1 - 0.14)), shift, center)
    similar = sitk.Similarity3DTransform(1.1, (0.1, -0.2, 0.3, np.sqrt(1 - 0.14)), shift, center)
    affine = sitk.AffineTransform(euler.GetMatrix(), shift, center)
    composite = sitk.CompositeTransform([euler, sitk.TranslationTransform(3, shift), versor])
    for n, transform in enumerate(
        (euler, zyx, versor, similar, affine, sitk.TranslationTransform(3, shift), composite)
    ):
        path = tmp_path / f"{n}.tfm"
        sitk.WriteTransform(transform, str(path))
        found = read_transform(path)
        for point in np.random.default_rng(n).uniform(-200, 200, (5, 3)):
            # The resampler needs the point of the moving image for each point of the fixed image.
            moving = sitk.ReadTransform(str(path)).TransformPoint(point.tolist())
            np.testing.assert_allclose((found @ [*moving, 1.0])[:3], point, atol=1e-9)


@pytest.mark.claim("registration_direction")
def test_registrations_go_from_any_frame_to_any_other(tmp_path: Path) -> None:
    other = np.eye(4)
    other[:3, 3] = (1.0, 2.0, 3.0)
    path = registration(tmp_path / "reg.dcm", {MOVING: [KNOWN], "1.2.5": [other]})
    # A point of 1.2.3 in the registered frame, and back from there to 1.2.5.
    found = read_transform(path, from_frame=MOVING, to_frame="1.2.5")
    np.testing.assert_allclose(found, np.linalg.inv(other) @ KNOWN, atol=1e-9)
    np.testing.assert_allclose(read_transform(path, from_frame=MOVING), KNOWN, atol=1e-9)
    np.testing.assert_allclose(read_transform(path, from_frame=FIXED, to_frame=MOVING), np.linalg.inv(KNOWN), atol=1e-9)
    with pytest.raises(GeometryError, match="holds 3 frames of reference"):
        read_transform(path)
    with pytest.raises(GeometryError, match=r"must hold frame of reference 9\.9"):
        read_transform(path, from_frame="9.9")
    one = registration(tmp_path / "one.dcm", {MOVING: [KNOWN]})
    np.testing.assert_allclose(read_transform(one, from_frame=FIXED), np.linalg.inv(KNOWN), atol=1e-9)


def test_several_matrices_are_one_only_if_their_order_does_not_matter(tmp_path: Path) -> None:
    shift = np.eye(4)
    shift[:3, 3] = (4.0, 0.0, 0.0)
    path = registration(tmp_path / "a.dcm", {MOVING: [shift, np.eye(4), shift]})
    assert read_transform(path)[:3, 3].tolist() == [8.0, 0.0, 0.0]
    with pytest.raises(FileFormatError, match="depends on their order"):
        read_transform(registration(tmp_path / "b.dcm", {MOVING: [shift, KNOWN]}))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "4 rows of 4 numbers"),
        ("1 0 0 0\n0 1 0 0\n0 0 1 0", "4 rows of 4 numbers"),
        ("1 0 0 x\n0 1 0 0\n0 0 1 0\n0 0 0 1", "4 rows of 4 numbers"),
        ("1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 1 1", "last row"),
        ("1 1 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1", "orthogonal"),
        ("nan 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1", "finite"),
        ("#Insight Transform File V1.0\n", "holds no transform"),
        ("#Insight Transform File V1.0\nParameters: 1\n", "before any transform"),
        ("#Insight Transform File V1.0\nTransform: BSplineTransform_double_3_3\n", "must hold transforms of Affine"),
        ("#Insight Transform File V1.0\nTransform: AffineTransform_double_2_2\n", "in 3 dimensions"),
        ("#Insight Transform File V1.0\nTransform: AffineTransform_double_3_3\nParameters: 1 2\n", "12 parameters"),
        ("#Insight Transform File V1.0\nTransform: TranslationTransform_double_3_3\nParameters: 1 2 inf\n", "finite"),
        ("#Insight Transform File V1.0\nTransform: TranslationTransform_double_3_3\nParameters: 1 2 z\n", "numbers"),
        (
            "#Insight Transform File V1.0\nTransform: AffineTransform_double_3_3\n"
            "Parameters: 0 0 0 0 0 0 0 0 0 0 0 0\nFixedParameters: 0 0 0\n",
            "no inverse",
        ),
    ],
)
def test_texts_that_are_no_transform_are_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "t.tfm").write_text(text)
    with pytest.raises(FileFormatError, match=told):
        read_transform(tmp_path / "t.tfm")


def test_binary_and_endless_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(FileFormatError, match=r"save transforms of other formats \(\.h5, \.mat\) as \.tfm"):
        read_transform(tmp_path / "t.h5")
    (tmp_path / "long.txt").write_bytes(b"1 " * 2**20)
    with pytest.raises(FileFormatError, match="too long for a transform"):
        read_transform(tmp_path / "long.txt")
    with pytest.raises(FileNotFoundError):
        read_transform(tmp_path / "absent.tfm")


def test_deformations_and_other_objects_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    import pydicom
    from dicom_samples import new_dataset

    for sop_class, told in (
        ("1.2.840.10008.5.1.4.1.1.66.3", "deformable"),
        ("1.2.840.10008.5.1.4.1.1.2", "must be a spatial"),
    ):
        pydicom.dcmwrite(tmp_path / "x.dcm", new_dataset(sop_class, "REG"))
        with pytest.raises(FileFormatError, match=told):
            read_transform(tmp_path / "x.dcm")
    with pytest.raises(FileFormatError, match="holds no matrix"):
        read_transform(registration(tmp_path / "none.dcm", {}))
    with pytest.raises(FileFormatError, match="without a matrix"):
        read_transform(registration(tmp_path / "empty.dcm", {MOVING: []}))
    with pytest.raises(FileFormatError, match="16 numbers, got 4"):
        read_transform(registration(tmp_path / "short.dcm", {MOVING: [np.ones(4)]}))
    with pytest.raises(FileFormatError, match="no inverse"):
        read_transform(registration(tmp_path / "flat.dcm", {MOVING: [np.zeros((4, 4))]}))


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_matrix_or_an_error_of_yttria(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.tfm"
    for head in (b"", b"#Insight Transform File V1.0\nTransform: "):
        path.write_bytes(head + content)
        try:
            assert read_transform(path).shape == (4, 4)
        except YttriaError:
            continue
