"""3ddose of DOSXYZnrc: boundaries in cm, a dose and an uncertainty for each voxel, and damaged files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import SHAPE, SIZE, values

from yttria import read_image, read_structures
from yttria.errors import FileFormatError, GeometryError, UnitError, YttriaError
from yttria.io import read_3ddose


def written(path: Path, *, edges_cm: dict[int, list[float]] | None = None, cut: int = 0, more: str = "") -> Path:
    edges = [-2.0 + size / 10 * np.arange(n + 1) for n, size in zip(SHAPE[::-1], SIZE, strict=True)]
    for axis, changed in (edges_cm or {}).items():
        edges[axis] = np.array(changed)
    rows = [SHAPE[::-1], *edges, values("f8").ravel(), values("f8").ravel() / 1000]
    text = "\n".join(" ".join(repr(float(x)) if n else str(x) for x in row) for n, row in enumerate(rows)) + "\n"
    path.write_text(text[: len(text) - cut] + more)
    return path


@pytest.mark.claim("interfile")
def test_doses_and_uncertainties_are_read_on_their_grid(tmp_path: Path) -> None:
    path = written(tmp_path / "x.3ddose")
    found = read_3ddose(path, unit="Gy", orientation="LPS")
    np.testing.assert_array_equal(found.dose.array, values("f8"))
    np.testing.assert_array_equal(found.relative_uncertainty.array, values("f8") / 1000)
    assert (found.dose.unit, found.relative_uncertainty.unit) == ("Gy", "fraction")
    np.testing.assert_allclose(found.dose.voxel_size_mm, SIZE[::-1])
    np.testing.assert_allclose(found.dose.affine_lps[:3, 3], [-20 + size / 2 for size in SIZE])
    assert [(a.code, a.severity) for a in found.dose.advisories] == [("dose_per_history", "note")]


def test_an_image_of_doses_needs_a_unit_and_states_its_assumptions(tmp_path: Path) -> None:
    path = written(tmp_path / "x.3ddose")
    with pytest.raises(UnitError, match="states no unit"):
        read_image(path)
    image = read_image(path, unit="1")
    assert [a.code for a in image.advisories] == ["dose_per_history", "orientation_assumed"]
    assert read_image(path, unit="1", orientation="RAS").affine_lps[0, 3] == pytest.approx(20 - 0.75)
    with pytest.raises(FileFormatError, match="holds doses, not structures"):
        read_structures(path)


@pytest.mark.parametrize(
    "edges", [{2: [0, 1, 2, 3, 5]}, {2: [0, -1, -2, -3, -4]}, {2: [0, 0, 0, 0, 0]}, {2: [0, 1, 2, 3, np.nan]}]
)
def test_a_grid_that_is_not_even_is_no_image(tmp_path: Path, edges: dict[int, list[float]]) -> None:
    with pytest.raises(GeometryError, match=r"x\.3ddose: the voxels along z must be of one size"):
        read_image(written(tmp_path / "x.3ddose", edges_cm=edges), unit="Gy")


def test_damaged_files_are_errors_that_name_them(tmp_path: Path) -> None:
    path = tmp_path / "x.3ddose"
    for cut, more in ((30, ""), (4000, ""), (0, "1 2"), (0, "x")):
        with pytest.raises(FileFormatError, match=r"x\.3ddose: "):
            read_image(written(path, cut=cut, more=more), unit="Gy")
    for text in ("", "4 5", "-1 5 4", "0 0 0", "2000 2000 2000 1 2 3", "99999999999 9 9", "1e400 1 1", "nan 1 1"):
        path.write_text(text)
        with pytest.raises(FileFormatError, match=r"x\.3ddose: "):
            read_image(path, unit="Gy")


def test_doses_without_uncertainties_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "x.3ddose")
    path.write_text("\n".join(path.read_text().splitlines()[:5]))
    np.testing.assert_array_equal(read_image(path, unit="Gy").array, values("f8"))
    with pytest.raises(FileFormatError, match="holds no uncertainties"):
        read_3ddose(path, unit="Gy")


@given(st.text("0123456789. e-\nnaif", max_size=200))
@settings(max_examples=100)
def test_any_text_is_an_image_or_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("dose") / "x.3ddose"
    path.write_text(text)
    try:
        read_image(path, unit="1")
    except YttriaError as error:
        assert str(error).startswith(str(path))  # noqa: PT017
