"""Two dose maps side by side: figures by hand, equal maps, the command, refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from yttria import Image, Structure, read_image, write_image, write_structures
from yttria.errors import DuplicateNameError, GeometryError, OutOfRangeError, UnitError, UnknownNameError
from yttria.evaluation import DoseComparison, compare_doses

AFFINE = np.diag([2.0, 3.0, 5.0, 1.0])
AFFINE[:3, 3] = (-10.0, 20.0, 4.0)
SHAPE = (4, 6, 8)
VOXEL_ML = 0.03


def image(array, unit: str = "Gy") -> Image:
    return Image(np.asarray(array, float), AFFINE, unit)


def box(name: str, where, shape=SHAPE, affine=AFFINE) -> Structure:
    mask = np.zeros(shape, bool)
    mask[where] = True
    return Structure(name, mask, affine)


@pytest.fixture(scope="module")
def case() -> tuple[Image, Image, list[Structure]]:
    rng = np.random.default_rng(11)
    a = rng.uniform(20, 90, SHAPE)
    b = a + rng.normal(0, 2, SHAPE)
    b[2, 4, 5] = a[2, 4, 5] - 30.0
    return image(a), image(b), [box("Left", np.s_[:, :, :3]), box("One", np.s_[2, 4, 5])]


def row(rows, **which):
    return next(r for r in rows if all(getattr(r, k) == v for k, v in which.items()))


def test_differences_by_structure_are_those_of_numpy(case) -> None:
    a, b, structures = case
    result = compare_doses(a, b, structures, lower_dose_cutoff_fraction=0.5)
    top = a.array.max()
    for name, region in (
        ("Above cutoff", a.array >= 0.5 * top),
        ("Left", structures[0].mask),
        ("One", structures[1].mask),
    ):
        found = row(result.differences, structure=name)
        x, y = a.array[region], b.array[region]
        assert found.volume_ml == pytest.approx(region.sum() * VOXEL_ML)
        assert (found.mean_a_gy, found.mean_b_gy) == pytest.approx((x.mean(), y.mean()))
        assert found.mean_difference_gy == pytest.approx((y - x).mean())
        assert found.relative_difference == pytest.approx(y.mean() / x.mean() - 1)
        apart = np.sort(np.abs(y - x))
        assert found.maximum_gy == pytest.approx(apart[-1])
        # By rank: the least difference among the largest 25 % and 1 %.
        for key, share in (("q75_gy", 0.25), ("q99_gy", 0.01)):
            assert getattr(found, key) == pytest.approx(apart[-int(np.ceil(share * apart.size))])
        evaluated = region & ~np.isnan(result.gamma.gamma)
        expected = (result.gamma.gamma[evaluated] <= 1).mean() if evaluated.any() else None
        assert found.gamma_passing_fraction == pytest.approx(expected)
    for quantity, dose in (("mean", 50.0), ("D98", 50.0), ("D2", 50.0)):
        found = row(result.dose_volume, structure="Left", quantity=quantity)
        assert found.difference_gy == pytest.approx(found.b_gy - found.a_gy)
        assert abs(found.a_gy - dose) < 45.0
    np.testing.assert_array_equal(result.difference.array, b.array - a.array)


def test_the_largest_difference_and_its_position_are_reported(case) -> None:
    worst = compare_doses(*case[:2]).worst
    assert worst.voxel == (2, 4, 5)
    assert worst.position_lps_mm == (-10.0 + 2 * 5, 20.0 + 3 * 4, 4.0 + 5 * 2)
    assert worst.difference_gy == pytest.approx(-30.0)
    assert worst.b_gy - worst.a_gy == pytest.approx(-30.0)


def test_isodose_overlap_is_that_of_a_count_by_hand() -> None:
    a, b = np.zeros(SHAPE), np.zeros(SHAPE)
    a[0, 0, :4] = 100.0
    b[0, 0, 2:8] = 60.0
    result = compare_doses(image(a), image(b), isodoses_gy=[50.0, 80.0, 200.0])
    assert [r.dice for r in result.isodoses] == [2 * 2 / (4 + 6), 0.0, None]
    assert [r.volume_a_ml for r in result.isodoses] == pytest.approx([4 * VOXEL_ML, 4 * VOXEL_ML, 0.0])
    assert [r.level_gy for r in compare_doses(image(a), image(b)).isodoses] == [10.0, 25.0, 50.0, 75.0, 90.0]


def test_a_map_equals_itself_in_any_unit_and_precision(case) -> None:
    a, _, structures = case
    result = compare_doses(a, Image(1000 * a.array.astype(np.float32), AFFINE, "mGy"), structures)
    assert result.gamma.passing_fraction == 1.0
    assert all(abs(r.mean_difference_gy) < 1e-5 and r.maximum_gy < 1e-4 for r in result.differences)
    assert [r.dice for r in result.isodoses] == [1.0] * 5


def test_exchanging_the_maps_changes_the_sign(case) -> None:
    a, b, structures = case
    there, back = compare_doses(a, b, structures), compare_doses(b, a, structures)
    for name in ("Left", "One"):
        x, y = row(there.differences, structure=name), row(back.differences, structure=name)
        assert x.mean_difference_gy == pytest.approx(-y.mean_difference_gy)
        assert (x.q75_gy, x.maximum_gy) == pytest.approx((y.q75_gy, y.maximum_gy))
    assert there.worst.difference_gy == pytest.approx(-back.worst.difference_gy)


def test_a_structure_on_its_own_grid_weighs_by_its_voxel_fractions(case) -> None:
    a, b, _ = case
    fine = AFFINE.copy()
    fine[0, 0] = 1.0
    fine[0, 3] -= 0.5
    half = box("Half", np.s_[1, 2, 5], (4, 6, 16), fine)  # half of voxel (1, 2, 2)
    found = row(compare_doses(a, b, [half]).differences, structure="Half")
    assert found.volume_ml == pytest.approx(VOXEL_ML / 2)
    assert found.mean_difference_gy == pytest.approx(b.array[1, 2, 2] - a.array[1, 2, 2])


def test_a_structure_outside_is_left_out_and_reported(case) -> None:
    a, b, _ = case
    far = AFFINE.copy()
    far[0, 3] = 500.0
    result = compare_doses(a, b, [box("Far", np.s_[:, :, :3], affine=far)])
    assert [x.code for x in result.advisories] == ["structure_outside"]
    assert [r.structure for r in result.differences] == ["Above cutoff"]
    assert json.loads(json.dumps(result.as_dict(), allow_nan=False))["dose_volume"] == []


def test_maps_that_cannot_be_compared_are_refused(case) -> None:
    a, b, structures = case
    with pytest.raises(GeometryError, match="one grid, or resample_b"):
        compare_doses(a, Image(b.array[:3], AFFINE, "Gy"))
    moved = AFFINE.copy()
    moved[0, 3] += 0.01
    with pytest.raises(GeometryError, match="one grid"):
        compare_doses(a, Image(b.array, moved, "Gy"))
    with pytest.raises(UnitError):
        compare_doses(a, image(b.array, "Bq/mL"))
    with pytest.raises(DuplicateNameError, match="unique"):
        compare_doses(a, b, [structures[0], structures[0]])
    with pytest.raises(OutOfRangeError, match="isodose level"):
        compare_doses(a, b, isodoses_gy=[0.0])


def test_b_is_resampled_onto_the_grid_of_a_on_request() -> None:
    # A dose linear in space is kept by either method, away from the border.
    i = np.indices((8, 12, 16))[2]
    fine = AFFINE @ np.diag([0.5, 0.5, 0.5, 1.0])
    fine[:3, 3] = AFFINE[:3, 3] - AFFINE[[0, 1, 2], [0, 1, 2]] / 4
    a = image(20.0 + np.indices(SHAPE)[2])
    b = Image(20.0 + (i - 0.5) / 2, fine, "Gy")
    for method in ("average", "linear"):
        result = compare_doses(a, b, resample_b=method)
        np.testing.assert_allclose(result.difference.array, 0.0, atol=1e-9)
        assert result.resampling is not None
        assert result.resampling["method"] == method
        assert result.gamma.passing_fraction == 1.0
    with pytest.raises(UnknownNameError):
        compare_doses(a, b, resample_b="nearest")
    half = Image(b.array[:4], fine, "Gy")
    with pytest.raises(GeometryError):
        compare_doses(a, half, resample_b="average")
    result = compare_doses(a, half, resample_b="average", beyond_b_gy=0.0)
    assert result.worst.b_gy == 0.0
    assert result.gamma.evaluated_voxels < a.array.size
    assert {"outside_evaluated_grid"} <= {x.code for x in result.advisories}


@pytest.fixture(scope="module")
def files(case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    a, b, structures = case
    write_image(a, folder / "a.nrrd")
    write_image(b, folder / "b.nii.gz")
    write_image(Image(b.array[:3], AFFINE, "Gy"), folder / "short.nrrd")
    write_structures(structures[:1], folder / "s.seg.nrrd")
    return folder


def invoke(*arguments: str | Path, code: int = 0) -> str:
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from yttria.cli.app import app

    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == code, result.output
    return result.output


def test_the_command_writes_the_result_of_the_function(files: Path, case, tmp_path: Path) -> None:
    arguments = ["compare", files / "a.nrrd", files / "b.nii.gz", "-s", files / "s.seg.nrrd", "--unit-b", "Gy"]
    text = invoke(*arguments, "-o", tmp_path, "--local", "--dose-fraction", "0.05", "--isodose-gy", "40")
    assert "Largest difference: -30" in text
    written = json.loads((tmp_path / "comparison.json").read_text())
    expected: DoseComparison = compare_doses(
        *case[:2], case[2][:1], local=True, dose_difference_fraction=0.05, isodoses_gy=[40]
    )
    assert written["gamma"]["passing_fraction"] == pytest.approx(expected.gamma.passing_fraction)
    assert written["worst_voxel"]["voxel"] == [2, 4, 5]
    assert [r["level_gy"] for r in written["isodoses"]] == [40.0]
    with (tmp_path / "differences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["structure"] for r in rows] == ["Above cutoff", "Left"]
    gamma = read_image(tmp_path / "gamma.nrrd")
    assert (np.isnan(gamma.array) == np.isnan(expected.gamma.gamma)).all()
    assert read_image(tmp_path / "difference.nrrd").unit == "Gy"
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("other", ["b.nii.gz", "b.nrrd", "b.dcm"])
def test_a_dose_in_rtdose_equals_every_other_format_within_half_a_step(case, tmp_path: Path, other: str) -> None:
    """The same dose, once through a DICOM object of 32 bits: half a step of it apart at most."""
    pytest.importorskip("highdicom")
    from yttria.io.dicom import write_rtdose

    a, _, structures = case
    a = a.with_array(np.abs(a.array), "Gy")
    write_rtdose(a, tmp_path / "a.dcm", reference=None)
    if other.endswith("dcm"):
        write_rtdose(a, tmp_path / other, reference=None)
    else:
        write_image(a, tmp_path / other)
    write_structures(structures[:1], tmp_path / "s.seg.nrrd")
    out = tmp_path / "out"
    text = invoke("compare", tmp_path / "a.dcm", tmp_path / other, "-s", tmp_path / "s.seg.nrrd", "-o", out)
    written = json.loads((out / "comparison.json").read_text())
    assert {row["structure"] for row in written["differences"]} == {"Above cutoff", "Left"}
    assert max(row["maximum_gy"] for row in written["differences"]) <= 1e-9 * a.array.max()
    assert written["gamma"]["passing_fraction"] == 1.0
    assert "comparison.png" in text
    assert (out / "gamma.nrrd").is_file()
    # A budget of another dose has an advisory.
    write_image(a.with_array(1.1 * a.array, "Gy"), tmp_path / "more.nrrd")
    invoke("compare", tmp_path / "more.nrrd", tmp_path / "a.dcm", "-o", out, "--overwrite")
    (row,) = json.loads((out / "comparison.json").read_text())["differences"]
    assert row["relative_difference"] == pytest.approx(1 / 1.1 - 1)


def test_no_column_is_lost_on_a_narrow_terminal(files: Path, tmp_path: Path) -> None:
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from yttria.cli.app import app

    arguments = ["compare", str(files / "a.nrrd"), str(files / "a.nrrd"), "-o", str(tmp_path)]
    page = CliRunner().invoke(app, arguments, env={"COLUMNS": "40", "TERM": "dumb"}).output
    lines = page.splitlines()
    last = next(n for n, line in enumerate(lines) if "Structure" in line)
    # Headings of several words are on several lines. No heading and no column of values is lost.
    head = " ".join(lines[max(0, last - 2) : last + 1]).split()
    assert set(head) >= {"Structure", "mL", "Mean", "A", "B", "-", "q75", "q99", "Max", "Gamma"}
    assert lines[last + 2].rstrip().endswith("1.000")


def test_the_command_for_a_machine_and_its_refusal(files: Path, tmp_path: Path) -> None:
    text = invoke("compare", files / "a.nrrd", files / "a.nrrd", "-o", tmp_path, "--json")
    assert json.loads(text)["gamma"]["passing_fraction"] == 1.0
    assert not (tmp_path / "dose_volume.csv").exists()
    assert "one grid" in invoke("compare", files / "a.nrrd", files / "short.nrrd", "-o", tmp_path / "b", code=1)
