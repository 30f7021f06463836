"""Files of other systems that are legal but unusual: the values that other readers give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measured_figures import Measured

pytest.importorskip("pydicom")

from yttria import read_image
from yttria.errors import UnitError
from yttria.evaluation import gamma_index


@pytest.fixture(scope="module")
def unusual(shared_data: Path) -> Path:
    return shared_data / "failing"


@pytest.mark.claim("bed_joint")
def test_a_bed_joint_of_ge_pet_is_read_with_its_distance(unusual: Path, measured: Measured) -> None:
    """Ten slices of TCIA Soft-tissue-Sarcoma STS_001; one distance is 3.19 mm among 3.27."""
    folder = unusual / "01_ge_pet_bed_gap"
    image = read_image(folder)
    measured("sum, relative", image.array.sum(dtype=np.float64) / 118372087.82354599 - 1)
    assert image.array.sum(dtype=np.float64) == pytest.approx(118372087.82354599, rel=1e-8)
    assert image.array.max() == pytest.approx(39257.59992, rel=1e-7)
    assert image.voxel_size_mm == pytest.approx((3.26110778, 4.6875, 4.6875), abs=1e-7)
    assert image.affine_lps[:3, 3] == pytest.approx([-297.65625, -297.65625, -465.97])
    told = {advisory.code: advisory for advisory in image.advisories}
    assert told["uneven_slices"].value == pytest.approx(0.0355, abs=1e-3)
    assert "18F" in told["other_nuclide"].message


@pytest.mark.claim("bed_joint")
def test_simpleitk_reads_the_same_values_at_a_bed_joint(unusual: Path, measured: Measured) -> None:
    sitk = pytest.importorskip("SimpleITK")
    folder = unusual / "01_ge_pet_bed_gap"
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetOutputPixelType(sitk.sitkFloat64)
    expected = sitk.GetArrayFromImage(reader.Execute())
    measured("voxels, relative", np.abs(read_image(folder).array - expected).max() / expected.max())
    assert read_image(folder).array == pytest.approx(expected, rel=1e-6)


@pytest.mark.claim("compressed_pixels")
def test_jpeg_lossless_is_bit_for_bit_the_uncompressed_series(unusual: Path, shared_data: Path) -> None:
    compressed = read_image(unusual / "08_jpeg_lossless" / "three_slices")
    plain = read_image(shared_data / "dicom" / "dcmqi_liver", series=_ct_series(shared_data))
    assert np.array_equal(compressed.array, plain.array)
    assert compressed.same_grid(plain)


def _ct_series(shared_data: Path) -> str:
    import pydicom

    return str(pydicom.dcmread(shared_data / "dicom" / "dcmqi_liver" / "01.dcm").SeriesInstanceUID)


@pytest.mark.claim("ct_of_us")
def test_ct_of_unspecified_values_is_read_as_the_caller_states(unusual: Path) -> None:
    with pytest.raises(UnitError, match="pass unit='HU'"):
        read_image(unusual / "11_ct_rescale_type_us")
    image = read_image(unusual / "11_ct_rescale_type_us", unit="HU")
    assert (image.shape, float(image.array.sum())) == ((3, 38, 23), 310.0)


@pytest.mark.claim("gamma_agnew")
@pytest.mark.parametrize(
    ("pixels", "dose_fraction", "distance_mm", "percent"),
    [
        ("1mm", 0.01, 1.0, 93.99),
        ("0_25mm", 0.01, 1.0, 97.17),
        ("0_25mm", 0.002, 1.0, 94.60),
        ("0_25mm", 0.002, 4.0, 99.70),
    ],
)
def test_local_gamma_of_agnew_and_mcgarry_is_that_of_pymedphys(
    shared_data: Path, pixels: str, dose_fraction: float, distance_mm: float, percent: float, measured: Measured
) -> None:
    """Planar RTDOSE of ARIA without SliceThickness, H&N VMAT, 20 % cutoff; pymedphys: 93.6, 96.9, 94.4, 99.7."""
    folder = shared_data / "gamma_agnew_mcgarry"
    reference, evaluated = (
        read_image(folder / f"H&N_VMAT_{kind}_{pixels}Px.dcm") for kind in ("Reference", "Evaluated")
    )
    assert {advisory.code for advisory in reference.advisories} == {"planar_dose"}
    found = gamma_index(
        reference,
        evaluated,
        dose_difference_fraction=dose_fraction,
        distance_mm=distance_mm,
        local=True,
        lower_dose_cutoff_fraction=0.2,
    )
    label = f"{pixels} pixels, {100 * dose_fraction:g} %/{distance_mm:g} mm"
    measured(label, 100 * (found.passing_fraction or 0.0), "%", digits=4)
    assert 100 * (found.passing_fraction or 0.0) == pytest.approx(percent, abs=0.01)


def test_every_plane_of_agnew_and_mcgarry_is_read(shared_data: Path) -> None:
    files = sorted((shared_data / "gamma_agnew_mcgarry").glob("*.dcm"))
    assert len(files) == 14
    for path in files:
        assert read_image(path).shape[0] == 1
