"""Stated uncertainties from TOML and JSON, and files that hold something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yttria.errors import FileFormatError
from yttria.evaluation import UncertaintyInputs
from yttria.io import read_uncertainty_inputs

STATED = UncertaintyInputs(
    fwhm_mm=6.0,
    count_uncertainty={"Tumor 1": 0.05},
    correlations={("volume", "recovery"): -0.3},
    basis={"fwhm_mm": "line source"},
    coverage_factor=2.0,
)


def test_json_of_as_dict_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "stated.json"
    path.write_text(json.dumps(STATED.as_dict()))
    found = read_uncertainty_inputs(path)
    assert found.basis == {"fwhm_mm": "line source", "count_uncertainty": "stated.json"}
    assert found.replaced(basis=STATED.basis) == STATED


def test_toml_takes_tables_and_a_recovery_curve_of_a_phantom(tmp_path: Path) -> None:
    path = tmp_path / "stated.toml"
    path.write_text(
        "calibration_uncertainty = 0.05\n[recovery]\nvolumes_ml = [0.5, 1.2, 2.6, 5.6, 11.5, 26.5]\n"
        "recoveries = [0.22, 0.36, 0.5, 0.64, 0.78, 0.88]\nuncertainties = [0.03, 0.03, 0.03, 0.03, 0.03, 0.03]\n"
    )
    curve = read_uncertainty_inputs(path).recovery
    assert curve is not None
    assert curve.b1_ml == pytest.approx(2.53, abs=0.01)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.toml", "fwhm = 6.0", "did you mean fwhm_mm"),
        ("a.toml", "fwhm_mm = 'six'", "real number"),
        ("a.toml", "calibration_uncertainty = 5", "did you mean 0.05"),
        ("a.toml", "fwhm_mm = ", "not a TOML file"),
        ("a.json", "[1, 2]", "table of keys"),
        ("a.json", '{"fwhm_mm": NaN}', "finite"),
        ("a.json", "{", "not a JSON file"),
        ("a.toml", "[fwhm_mm]\nTumor = 6.0", "must be one number"),
        ("a.toml", "correlations = [['volume', 'volume', 0.5]]", "two different sources"),
        ("a.toml", "basis = 'meter'", "basis"),
        ("a.toml", "x = " + "[" * 5000, "TOML"),
    ],
)
def test_another_content_is_refused_with_the_files_name(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FileFormatError, match=words) as refused:
        read_uncertainty_inputs(path)
    assert str(path) in str(refused.value)


def test_a_folder_and_a_large_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="regular file"):
        read_uncertainty_inputs(tmp_path)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(FileFormatError, match="more than"):
        read_uncertainty_inputs(large)
    with pytest.raises(FileNotFoundError):
        read_uncertainty_inputs(tmp_path / "none.toml")
