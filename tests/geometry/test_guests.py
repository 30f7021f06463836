"""Images and arrays of other libraries: the same values at the same places, in and out, and clear refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from image_samples import KINDS, affine, values

import yttria
from yttria import Image, geometry, local_deposition
from yttria.errors import ArgumentError, DTypeError, GeometryError, ShapeError, UnitError

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
#: Libraries that no import of yttria may import.
GUESTS = ("SimpleITK", "dask", "highdicom", "itk", "monai", "nibabel", "torch", "torchio", "xarray")


def simpleitk_image(array: Any, matrix: Any) -> Any:
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.GetImageFromArray(array)
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    image.SetSpacing(size.tolist())
    image.SetDirection((matrix[:3, :3] / size).ravel().tolist())
    image.SetOrigin(matrix[:3, 3].tolist())
    return image


def itk_image(array: Any, matrix: Any) -> Any:
    itk = pytest.importorskip("itk")
    image = itk.image_from_array(np.ascontiguousarray(array))
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    image.SetSpacing(size.tolist())
    image.SetDirection(matrix[:3, :3] / size)
    image.SetOrigin(matrix[:3, 3].tolist())
    return image


def itk_xarray(array: Any, matrix: Any) -> Any:
    pytest.importorskip("xarray")
    itk = pytest.importorskip("itk")
    return itk.xarray_from_image(itk_image(array, matrix))


def nibabel_image(array: Any, matrix: Any) -> Any:
    return pytest.importorskip("nibabel").Nifti1Image(array.T, FLIP @ matrix)


def highdicom_volume(array: Any, matrix: Any) -> Any:
    highdicom = pytest.importorskip("highdicom")
    return highdicom.Volume(array=array, affine=matrix[:, [2, 1, 0, 3]], coordinate_system="PATIENT")


def xarray_image(array: Any, matrix: Any) -> Any:
    xarray = pytest.importorskip("xarray")
    return xarray.DataArray(array.T, dims=("i", "j", "k"), attrs={"affine_lps": matrix.tolist()})


def dask_xarray(array: Any, matrix: Any) -> Any:
    dask_array = pytest.importorskip("dask.array")
    xarray = pytest.importorskip("xarray")
    lazy = dask_array.from_array(array, chunks=2)
    return xarray.DataArray(
        lazy, dims=("k", "j", "i"), attrs={"affine_lps": matrix.ravel().tolist(), "units": "MBq/mL"}
    )


def monai_tensor(array: Any, matrix: Any) -> Any:
    torch = pytest.importorskip("torch")
    data = pytest.importorskip("monai.data")
    return data.MetaTensor(torch.tensor(array.T.copy())[None], affine=torch.tensor(FLIP @ matrix))


def monai_tensor_in_lps(array: Any, matrix: Any) -> Any:
    torch = pytest.importorskip("torch")
    data = pytest.importorskip("monai.data")
    return data.MetaTensor(torch.tensor(array.T.copy()), affine=torch.tensor(matrix), meta={"space": "LPS"})


def torchio_image(array: Any, matrix: Any) -> Any:
    torchio = pytest.importorskip("torchio")
    return torchio.ScalarImage(tensor=array.T[None].astype(np.float32), affine=FLIP @ matrix)


def read_by_itself(array: Any, matrix: Any) -> Any:
    return SimpleNamespace(array=array, affine_lps=matrix)


#: Warnings of the libraries themselves when they are imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore:builtin type .* has no __module__:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(itk|torch|monai|torchio).*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:(itk|torch|monai|torchio).*"),
]
MAKERS = (
    simpleitk_image, itk_image, itk_xarray, nibabel_image, highdicom_volume, xarray_image, dask_xarray, monai_tensor,
    monai_tensor_in_lps, torchio_image, read_by_itself,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("maker", MAKERS)
def test_a_guest_keeps_its_values_and_its_place(maker: Callable[..., Any], kind: str) -> None:
    if maker is highdicom_volume and kind == "sheared":
        pytest.skip("highdicom has no sheared volumes")
    array, matrix = values().astype(np.float32), affine(kind)
    image = Image.from_any(maker(array, matrix), unit="MBq/mL")
    assert image.unit == "MBq/mL"
    np.testing.assert_array_equal(image.array, array)
    np.testing.assert_allclose(image.affine_lps, matrix, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_itk_states_the_same_place_of_a_voxel(kind: str) -> None:
    guest = itk_image(values(), affine(kind))
    image = Image.from_any(guest, unit="MBq/mL")
    point = guest.TransformIndexToPhysicalPoint((2, 1, 3))
    np.testing.assert_allclose((image.affine_lps @ (2, 1, 3, 1))[:3], list(point), atol=1e-9)
    assert image.array[3, 1, 2] == guest.GetPixel((2, 1, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_highdicom_states_the_same_place_of_a_voxel(kind: str) -> None:
    guest = highdicom_volume(values(), affine(kind))
    image = Image.from_any(guest, unit="MBq/mL")
    point = guest.map_indices_to_reference(np.array([[3, 1, 2]]))[0]
    np.testing.assert_allclose((image.affine_lps @ (2, 1, 3, 1))[:3], point, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("library", "export"),
    [
        ("SimpleITK", geometry.to_simpleitk), ("nibabel", geometry.to_nibabel), ("xarray", geometry.to_xarray),
        ("highdicom", geometry.to_highdicom),
    ],
)  # fmt: skip
def test_an_image_given_to_a_library_is_read_back_the_same(library: str, export: Callable[..., Any], kind: str) -> None:
    pytest.importorskip(library)
    image = Image(values().astype(np.float32), affine(kind), "Gy")
    back = Image.from_any(export(image), unit="Gy")
    np.testing.assert_array_equal(back.array, image.array)
    assert back.array.dtype == np.float32
    np.testing.assert_allclose(back.affine_lps, image.affine_lps, atol=2e-5)


def test_unit_and_frame_of_reference_go_out_where_the_library_has_room() -> None:
    image = Image(values(), affine("oblique"), "Gy", frame_of_reference_uid="1.2.3")
    if xarray := sys.modules.get("xarray") or pytest.importorskip("xarray"):
        out = geometry.to_xarray(image)
        assert isinstance(out, xarray.DataArray)
        assert out.attrs["units"] == "Gy"
        assert Image.from_any(out, unit="Gy").frame_of_reference_uid == "1.2.3"
    pytest.importorskip("SimpleITK")
    assert geometry.to_simpleitk(image).GetMetaData("unit") == "Gy"
    pytest.importorskip("highdicom")
    assert Image.from_any(geometry.to_highdicom(image), unit="Gy").frame_of_reference_uid == "1.2.3"


@pytest.mark.parametrize("export", [geometry.to_simpleitk, geometry.to_nibabel])
@pytest.mark.parametrize("dtype", [np.float16, np.bool_, ">f4", np.uint8])
def test_every_type_of_values_goes_out(export: Callable[..., Any], dtype: Any) -> None:
    pytest.importorskip("SimpleITK")
    pytest.importorskip("nibabel")
    array = (values() > 50).astype(dtype)
    back = Image.from_any(export(Image(array, affine("plain"), "1")), unit="1")
    np.testing.assert_array_equal(back.array.astype(float), array.astype(float))


def test_arrays_of_other_libraries_are_arrays() -> None:
    expected = local_deposition(values(), density_g_per_ml=1.06)
    for name, make in (
        ("dask.array", lambda dask: dask.from_array(values(), chunks=3)),
        ("torch", lambda torch: torch.tensor(values())),
        ("xarray", lambda xarray: xarray.DataArray(values())),
    ):
        try:
            guest = make(pytest.importorskip(name))
        except pytest.skip.Exception:
            continue
        np.testing.assert_array_equal(local_deposition(guest, density_g_per_ml=1.06), expected)


class OnlyDlpack:
    """Array that offers only the DLPack protocol, as in some libraries."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._array.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


class OnAccelerator(OnlyDlpack):
    """The same on a device that NumPy cannot reach."""

    def __dlpack_device__(self) -> Any:
        return (2, 0)

    def __dlpack__(self, **keywords: Any) -> Any:
        raise BufferError("the array is on device 2")


def test_dlpack_on_the_processor_is_taken_and_elsewhere_refused() -> None:
    array = values()
    np.testing.assert_array_equal(
        local_deposition(OnlyDlpack(array), density_g_per_ml=1.06),  # type: ignore[call-overload]
        local_deposition(array, density_g_per_ml=1.06),
    )
    assert np.shares_memory(Image(OnlyDlpack(array), affine("plain"), "Gy").array, array)  # type: ignore[arg-type]
    with pytest.raises(DTypeError, match="got OnAccelerator"):
        local_deposition(OnAccelerator(array), density_g_per_ml=1.06)  # type: ignore[call-overload]


def test_a_simpleitk_image_is_no_array() -> None:
    with pytest.raises(DTypeError, match=r"got a SimpleITK image: yttria\.Image\.from_any reads it"):
        local_deposition(simpleitk_image(values(), affine("plain")), density_g_per_ml=1.06)


def test_guests_without_a_place_or_of_another_shape_are_refused() -> None:
    xarray = pytest.importorskip("xarray")
    for guest, error, words in (
        (values(), ArgumentError, "a bare array does not state its position"),
        (object(), ArgumentError, "give an image of SimpleITK"),
        (xarray.DataArray(values(), dims=("k", "j", "i")), GeometryError, r"attrs\['affine_lps'\]"),
        (xarray.DataArray(values()), ShapeError, r"dimensions \(k, j, i\) or \(z, y, x\), got \(dim_0"),
        (xarray.DataArray(values(), dims=("k", "j", "i"), attrs={"units": "mGy"}), UnitError, "states the units 'mGy'"),
        (xarray.DataArray(values(), dims=("k", "j", "i"), attrs={"affine_lps": [1.0]}), GeometryError, "4 x 4"),
    ):
        with pytest.raises(error, match=words):
            Image.from_any(guest, unit="Gy")


def test_coordinates_that_are_uneven_or_single_are_refused() -> None:
    xarray = pytest.importorskip("xarray")
    array = np.ones((2, 3, 4))
    for z, words in (([0.0, 1.0], None), ([0.0], "at least two coordinates z")):
        coords = {"z": z, "y": [0.0, 1.0, 2.5], "x": [0.0, 1.0, 2.0, 3.0]}
        guest = xarray.DataArray(array[: len(z)], coords, ("z", "y", "x"), attrs={"direction": np.eye(3)})
        with pytest.raises(GeometryError, match=words or "coordinates y of the xarray must be evenly spaced"):
            Image.from_any(guest.assign_coords(y=[0.0, 1.0, 2.0]) if words else guest, unit="Gy")


def test_several_channels_and_slides_are_refused() -> None:
    highdicom = pytest.importorskip("highdicom")
    slide = highdicom.Volume(array=np.ones((1, 3, 4)), affine=np.eye(4), coordinate_system="SLIDE")
    with pytest.raises(GeometryError, match="coordinate system PATIENT, got SLIDE"):
        Image.from_any(slide, unit="Gy")
    colors = highdicom.Volume(
        array=np.ones((2, 3, 4, 2)),
        affine=np.eye(4),
        coordinate_system="PATIENT",
        channels={"OpticalPathIdentifier": ["a", "b"]},
    )
    with pytest.raises(ShapeError, match="no channels"):
        Image.from_any(colors, unit="Gy")


def test_tensors_of_several_channels_are_refused() -> None:
    torchio = pytest.importorskip("torchio")
    with pytest.raises(ShapeError, match="or 1 channel before them"):
        Image.from_any(torchio.ScalarImage(tensor=np.ones((2, 3, 4, 5), np.float32)), unit="Gy")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(yttria.errors.MissingExtraError, match="xarray is not installed: pip install xarray"):
        geometry.to_xarray(Image(values(), affine("plain"), "Gy"))


def test_no_guest_is_imported_unless_it_is_handed_in() -> None:
    code = (
        "import sys, numpy as np, yttria\n"
        "from yttria import geometry\n"
        "image = yttria.Image(np.ones((2, 3, 4)), np.eye(4), 'MBq/mL')\n"
        "image = geometry.Image.from_any(image, unit='MBq/mL')\n"
        "yttria.dose_image(image, scaling=yttria.AbsoluteScaling(scan_delay_h=0))\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(GUESTS) & set(done.stdout.split())
