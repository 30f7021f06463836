"""Recovery curves read from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yttria.errors import FileFormatError
from yttria.evaluation import fit_recovery_curve
from yttria.io import read_recovery_curve
from yttria.io.opened import opened_files
from yttria.io.recovery_curves import read_curve_file

MEASURED = {"volumes_ml": [0.5, 2.0, 8.0], "recoveries": [0.2, 0.5, 0.8], "uncertainties": [0.05, 0.05, 0.05]}


def test_parameters_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "curve.toml"
    path.write_text('b1_ml = 2\nb2 = 0.8\ncovariance = [[0.04, 0], [0, 0.01]]\nsource = "our PET, 2026"\r\n')
    with opened_files() as opened:
        curve = read_recovery_curve(path)
    assert (curve.b1_ml, curve.b2, curve.source) == (2, 0.8, "our PET, 2026")
    assert list(opened) == [path]


def test_recoveries_of_a_phantom_are_fitted(tmp_path: Path) -> None:
    path = tmp_path / "phantom.json"
    path.write_text(json.dumps(MEASURED))
    found = read_recovery_curve(path)
    expected = fit_recovery_curve(
        MEASURED["volumes_ml"], MEASURED["recoveries"], uncertainties=MEASURED["uncertainties"]
    )
    assert (found.b1_ml, found.b2, found.covariance) == (
        expected.curve.b1_ml,
        expected.curve.b2,
        expected.curve.covariance,
    )
    assert found.source == "phantom.json"


def test_a_bad_fit_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "phantom.json"
    path.write_text(json.dumps(MEASURED | {"recoveries": [0.5, 0.3, 0.9], "uncertainties": [0.01] * 3}))
    assert [told.code for told in read_curve_file(path)[1]] == ["recovery_curve_fits_badly"]


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("a.toml", "b1_ml = ", "not a TOML file"),
        ("a.json", "{", "not a JSON file"),
        ("a.json", "[1, 2]", "table of keys"),
        ("a.json", "{}", "needs b1_ml and b2"),
        ("a.toml", "b1_ml = 2\nb2 = 0.8\nb3 = 1", "got b3"),
        ("a.toml", "b1_ml = -2\nb2 = 0.8", "b1"),
        ("a.toml", 'b1_ml = "two"\nb2 = 0.8', "b1"),
        ("a.toml", "volumes_ml = 3\nrecoveries = [0.5]", "sequence"),
        ("a.json", '{"b1_ml": NaN, "b2": 1}', "b1"),
        ("a.toml", "#" * (1 << 20) + "\n", "more than"),
    ],
)
def test_a_file_without_a_curve_is_refused(tmp_path: Path, name: str, text: str, match: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FileFormatError, match=match):
        read_recovery_curve(path)


def test_a_file_of_other_bytes_or_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="not a TOML file"):
        read_recovery_curve(path)
    with pytest.raises(FileFormatError, match="regular file"):
        read_recovery_curve(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_recovery_curve(tmp_path / "none.toml")
