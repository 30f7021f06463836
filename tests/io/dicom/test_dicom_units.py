"""Units and scales of DICOM images: spellings, mappings to real world values, private factors, floating point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("highdicom")

import pydicom
from dicom_samples import write_series, write_spect
from image_samples import affine, values
from pydicom.dataset import Dataset
from test_dicom_series import codes, setting, six_slices

from yttria import read_image
from yttria.errors import ArgumentError, FileFormatError, UnitError
from yttria.io import dicom


@pytest.mark.parametrize("code", ["Bq/ml", "Bq/mL", "Bq/cm3", "Bq/cc"])
def test_spellings_of_a_mapping_of_spect_are_known(tmp_path: Path, code: str) -> None:
    array = np.rint(values(np.float64))
    image = read_image(write_spect(tmp_path / "nm.dcm", array, affine("plain"), mapping=(3.0, 1.0, code)))
    assert image.unit == "Bq/mL"
    assert image.array == pytest.approx(3 * array + 1)


@pytest.mark.parametrize(
    ("code", "unit", "factor"), [("kBq/cm3", "kBq/mL", 1), ("Bq/L", "Bq/mL", 1e-3), ("{counts}", "counts", 1)]
)
def test_a_mapping_of_spect_is_used_with_its_unit(tmp_path: Path, code: str, unit: str, factor: float) -> None:
    array = np.rint(values(np.float64))
    image = read_image(write_spect(tmp_path / "nm.dcm", array, affine("plain"), mapping=(2.5, 4.0, code)))
    assert image.unit == unit
    assert image.array == pytest.approx((2.5 * array + 4) * factor)


def test_a_mapping_of_spect_that_is_not_read_is_reported(tmp_path: Path) -> None:
    path = write_spect(tmp_path / "nm.dcm", values(), affine("plain"), mapping=(2.0, 0.0, "{SUVbw}g/ml"))
    image = read_image(path)
    assert (image.unit, codes(image)) == ("counts", {"value_mapping_unused": "warning"})


def test_units_of_spect_outside_its_standard_are_kept(tmp_path: Path) -> None:
    change = setting(Units="BQML", RescaleSlope="7", RescaleIntercept="0")
    array = np.rint(values(np.float64))
    image = read_image(write_spect(tmp_path / "nm.dcm", array, affine("plain"), change=change))
    assert (image.unit, codes(image)) == ("Bq/mL", {"units_of_nuclear_medicine": "note"})
    assert image.array == pytest.approx(7 * array)


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize("units", ["GML", "Bq", "CPM"])
def test_units_of_spect_that_are_not_read_are_reported(tmp_path: Path, units: str) -> None:
    image = read_image(write_spect(tmp_path / "nm.dcm", values(), affine("plain"), change=setting(Units=units)))
    assert (image.unit, codes(image)) == ("counts", {"units_of_nuclear_medicine": "warning"})


@pytest.mark.parametrize("units", ["CNTS", "PROPCPS", ""])
def test_counts_of_spect_give_no_advisory(tmp_path: Path, units: str) -> None:
    image = read_image(write_spect(tmp_path / "nm.dcm", values(), affine("plain"), change=setting(Units=units)))
    assert (image.unit, codes(image)) == ("counts", {})


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize(
    ("units", "unit", "factor"), [("bqml", "Bq/mL", 1), ("kBq/cc", "kBq/mL", 1), ("BQ/L", "Bq/mL", 1e-3)]
)
def test_spellings_of_the_units_of_pet_are_known(tmp_path: Path, units: str, unit: str, factor: float) -> None:
    expected = read_image(six_slices(tmp_path / "a", setting())).array
    image = read_image(six_slices(tmp_path / "b", setting(Units=units)))
    assert image.unit == unit
    assert image.array == pytest.approx(expected * factor, rel=1e-6)


@pytest.mark.parametrize("units", ["GML", "CM2ML", "PCNT"])
def test_an_uptake_image_is_read_for_relative_scaling(tmp_path: Path, units: str) -> None:
    six_slices(tmp_path, setting(Units=units))
    with pytest.raises(UnitError, match="unit='counts'"):
        read_image(tmp_path)
    image = read_image(tmp_path, unit="counts")
    assert (image.unit, codes(image)) == ("counts", {"values_not_activity": "warning"})


def test_the_philips_factor_is_used_on_request(tmp_path: Path) -> None:
    def philips(dataset: Dataset, k: int) -> None:
        dataset.Units = "CNTS"
        block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x09, "DS", "1.61")

    six_slices(tmp_path, philips)
    counts = read_image(tmp_path, unit="counts")
    with pytest.raises(UnitError, match="philips_scale_factor=True"):
        read_image(tmp_path, unit="Bq/mL")
    image = dicom.read_image(tmp_path, philips_scale_factor=True)
    assert image.unit == "Bq/mL"
    assert image.array == pytest.approx(1.61 * counts.array)
    other = six_slices(tmp_path / "other", setting(Units="CNTS"))
    with pytest.raises(FileFormatError, match=r"\(7053,1009\)"):
        dicom.read_image(other, philips_scale_factor=True)
    with pytest.raises(ArgumentError, match="CNTS"):
        dicom.read_image(six_slices(tmp_path / "bq"), philips_scale_factor=True)


def mapping(
    slope: float, unit: str = "Bq/ml", intercept: float = 0.0, **headers: object
) -> Callable[[Dataset, int], None]:
    """Map stored values, by a slope that grows by one a slice."""

    def change(dataset: Dataset, k: int) -> None:
        item, code = Dataset(), Dataset()
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope + k, intercept
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", unit
        item.MeasurementUnitsCodeSequence = [code]
        for end, value in (("First", 0), ("Last", 65535)):
            item.add_new(pydicom.tag.Tag(f"RealWorldValue{end}ValueMapped"), "US", value)
        dataset.RealWorldValueMappingSequence = [item]
        setting(**headers)(dataset, k)

    return change


def test_pet_counts_with_a_mapping_to_activity_are_mapped(tmp_path: Path) -> None:
    six_slices(tmp_path, mapping(2.0, intercept=1.0, Units="CNTS"))
    counts = read_image(tmp_path, unit="counts")
    image = read_image(tmp_path)
    assert image.unit == "Bq/mL"
    assert image.array == pytest.approx(counts.array * (2 + np.arange(6.0))[:, None, None] + 1)


def test_a_mapping_of_pet_that_contradicts_its_slope_is_reported(tmp_path: Path) -> None:
    slopes = {k: f"{2.0 + k:g}" for k in range(6)}
    expected = read_image(six_slices(tmp_path / "a", setting(RescaleSlope=slopes)))
    for name, change, told in (
        ("b", mapping(2.0, RescaleSlope=slopes), {}),
        ("c", mapping(0.002, "{SUVbw}g/ml", RescaleSlope=slopes), {}),
        ("d", mapping(3.0, RescaleSlope=slopes), {"value_mapping_contradicts": "warning"}),
        ("e", mapping(2.0, "kBq/ml", RescaleSlope=slopes), {"value_mapping_contradicts": "warning"}),
    ):
        image = read_image(six_slices(tmp_path / name, change))
        assert codes(image) == told
        np.testing.assert_array_equal(image.array, expected.array)


@pytest.mark.parametrize("bits", [32, 64])
def test_pixel_data_in_floating_point_are_read(tmp_path: Path, bits: int) -> None:
    exact = values(np.float32, (6, 5, 7))

    def floating(dataset: Dataset, k: int) -> None:
        del dataset.PixelData
        for keyword in ("BitsStored", "HighBit", "PixelRepresentation"):
            delattr(dataset, keyword)
        dataset.BitsAllocated = bits
        name = "FloatPixelData" if bits == 32 else "DoubleFloatPixelData"
        setattr(dataset, name, exact[k].astype(f"<f{bits // 8}").tobytes())

    assert np.array_equal(read_image(six_slices(tmp_path, floating)).array, exact)


@pytest.mark.parametrize("kind", ["US", "UNSPECIFIED"])
def test_ct_of_unspecified_values_is_read_if_the_caller_states_hu(tmp_path: Path, kind: str) -> None:
    six_slices(tmp_path, setting(RescaleType=kind), "CT")
    with pytest.raises(UnitError, match="pass unit='HU'"):
        read_image(tmp_path)
    image = read_image(tmp_path, unit="HU")
    assert (image.unit, codes(image)) == ("HU", {"unit_not_stated": "note"})
    with pytest.raises(UnitError, match="must be HU, got Z_EFF"):
        read_image(six_slices(tmp_path / "z", setting(RescaleType="Z_EFF"), "CT"), unit="HU")


def test_hu_in_small_letters_is_hu(tmp_path: Path) -> None:
    write_series(tmp_path, values(), affine("plain"), "CT", change=setting(RescaleType="hu"))
    assert read_image(tmp_path).unit == "HU"
