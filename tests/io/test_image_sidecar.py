"""Sidecars beside an image in NIfTI: values that are used, contradictions to the image, and unreadable files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("nibabel")

import nibabel

import yttria
from yttria.errors import UnitError, UnknownNameError
from yttria.io import read_image, read_structures
from yttria.io.bids import inherited_files
from yttria.io.opened import opened_files
from yttria.io.sources import sources_of

pytestmark = pytest.mark.thread_unsafe(reason="the fixture writes into one folder for all threads")

AFFINE = np.diag([4.0, 4.0, 3.0, 1.0])


@pytest.fixture
def pet(tmp_path: Path) -> Path:
    """An image whose header states no unit."""
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 3, 2), np.float32), AFFINE), tmp_path / "pet.nii.gz")
    return tmp_path / "pet.nii.gz"


def write(pet: Path, stated: Any) -> None:
    pet.with_name("pet.json").write_text(json.dumps(stated), encoding="utf-8")


def told(pet: Path, **options: Any) -> dict[str, str]:
    return {each.code: each.message for each in read_image(pet, **options).advisories}


def test_without_a_sidecar_nothing_changes(pet: Path) -> None:
    with pytest.raises(UnitError, match="the file states no unit"):
        read_image(pet)
    with opened_files() as opened:
        assert read_image(pet, unit="Bq/mL").advisories == ()
    assert [file.name for file in opened] == ["pet.nii.gz"]


@pytest.mark.parametrize(
    ("spelled", "unit", "factor"), [("Bq/mL", "Bq/mL", 1), ("BQML", "Bq/mL", 1), ("kBq/cc", "kBq/mL", 1)]
)
def test_the_unit_of_a_sidecar_is_that_of_the_image(pet: Path, spelled: str, unit: str, factor: float) -> None:
    write(pet, {"Units": spelled, "TracerRadionuclide": "Y90"})
    with opened_files() as opened:
        image = read_image(pet)
    assert image.unit == unit
    assert float(image.array[0, 0, 0]) == factor
    assert [(each.code, each.severity) for each in image.advisories] == [("sidecar_read", "note")]
    assert f"'{spelled}'" in image.advisories[0].message
    assert {file.name for file in opened} == {"pet.nii.gz", "pet.json"}
    assert set(opened) <= {file.absolute() for file in sources_of(pet)}


def test_a_unit_that_differs_is_an_error_that_names_the_sidecar(pet: Path) -> None:
    write(pet, {"Units": "Bq/mL"})
    with pytest.raises(UnitError, match=r"pet\.json: the file is in Bq/mL, not kBq/mL"):
        read_image(pet, unit="kBq/mL")
    yttria.write_image(yttria.Image(np.ones((2, 3, 4)), AFFINE, "kBq/mL"), pet)
    with pytest.raises(UnitError, match=r"its header states the unit 'kBq/mL', and pet\.json states 'Bq/mL'"):
        read_image(pet)
    write(pet, {"Units": "kBq/ml"})
    assert read_image(pet).unit == "kBq/mL"


@pytest.mark.parametrize("units", ["furlong", "mbq/ml"])
def test_a_unit_that_is_not_known_needs_that_of_the_caller(pet: Path, units: str) -> None:
    write(pet, {"Units": units})
    with pytest.raises(UnitError, match=r"pet\.json: the file states the unit"):
        read_image(pet)
    assert "pet.json" in told(pet, unit="Bq/mL")["unit_not_recognized"]


@pytest.mark.parametrize("stated", ["F18", "18F", "[18F]", "Tc99m", "Ho-166", "^{166}Ho"])
def test_another_nuclide_is_a_warning(pet: Path, stated: str) -> None:
    write(pet, {"Units": "Bq/mL", "TracerRadionuclide": stated})
    assert "and yttrium-90 was expected" in told(pet)["other_nuclide"]
    assert ("other_nuclide" in told(pet, isotope="Ho-166")) == ("Ho" not in stated)


def test_the_half_life_of_dcm2niix_is_compared(pet: Path) -> None:
    write(pet, {"Units": "Bq/mL", "RadionuclideHalfLife": 6586.2})
    assert "a half-life of 1.829 h" in told(pet)["other_nuclide"]
    for seconds in (230_760, 230_400.0, None, True, "6586", -1, float("nan")):
        write(pet, {"Units": "Bq/mL", "RadionuclideHalfLife": seconds})
        assert "other_nuclide" not in told(pet)


def test_an_isotope_that_is_not_known_is_refused(pet: Path) -> None:
    with pytest.raises(UnknownNameError, match="isotope must be one of Y-90"):
        read_image(pet, unit="Bq/mL", isotope="F-18")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value", "warned"),
    [
        ("AttenuationCorrection", "none", True),
        ("AttenuationCorrection", "Not corrected ", True),
        ("AttenuationCorrection", False, True),
        ("AttenuationCorrectionMethod", "NONE", True),
        ("AttenuationCorrection", "CT-based", False),
        ("AttenuationCorrection", "n/a", False),
        ("AttenuationCorrection", None, False),
        ("AttenuationCorrection", ["none"], False),
    ],
)
def test_an_image_without_attenuation_correction_is_a_warning(pet: Path, key: str, value: Any, warned: bool) -> None:
    write(pet, {"Units": "Bq/mL", key: value})
    assert ("not_attenuation_corrected" in told(pet)) == warned


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{", b"[" * 100_000, b"[]", b'"text"', b"null", b""])
def test_a_sidecar_that_is_no_json_object_is_a_warning_that_names_it(pet: Path, content: bytes) -> None:
    pet.with_name("pet.json").write_bytes(content)
    assert "The sidecar pet.json, or a part of it, was not used" in told(pet, unit="Bq/mL")["sidecar_not_used"]


@pytest.mark.parametrize(
    "stated", [{"Units": ["Bq/mL"]}, {"TracerRadionuclide": 90}, {"TracerRadionuclide": "yttrium"}]
)
def test_a_value_of_another_type_is_a_warning_that_names_the_key(pet: Path, stated: dict[str, Any]) -> None:
    write(pet, stated)
    assert next(iter(stated)) in told(pet, unit="Bq/mL")["sidecar_not_used"]


def test_a_json_file_without_keys_of_a_dose_is_ignored(pet: Path) -> None:
    write(pet, {"Modality": "PT", "Manufacturer": "any"})
    assert told(pet, unit="Bq/mL") == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_in_place_of_a_sidecar_is_not_read(pet: Path) -> None:
    os.mkfifo(pet.with_name("pet.json"))
    assert told(pet, unit="Bq/mL") == {}


def test_masks_have_no_sidecar(pet: Path) -> None:
    folder = pet.parent / "masks"
    folder.mkdir()
    mask = np.zeros((4, 3, 2), np.uint8)
    mask[1, 1, 1] = 1
    nibabel.save(nibabel.Nifti1Image(mask, AFFINE), folder / "liver.nii.gz")
    (folder / "liver.json").write_text('{"Units": "Bq/mL", "TracerRadionuclide": "F18"}')
    (structure,) = read_structures(folder)
    assert (structure.name, structure.advisories) == ("liver", ())


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_a_file_inherits_from_names_with_some_of_its_entities(tmp_path: Path, count: int) -> None:
    entities = [f"e{chr(97 + n)}-{n}" for n in range(count)]
    image = tmp_path / ("_".join([*entities, "pet"]) + ".nii.gz")
    fitting = [[], entities[:1], entities[1:], entities]
    for own in [*fitting, [*entities, "zz-9"]]:
        (tmp_path / ("_".join([*own, "pet"]) + ".json")).write_text("{}")
    (tmp_path / "ct.json").write_text("{}")
    found = inherited_files(image, ".json")
    assert {file.name for file in found} == {"_".join([*own, "pet"]) + ".json" for own in fitting}
    assert found[-1].name == image.name.replace(".nii.gz", ".json")
