"""Options: one value is one value, hyphens and underscores are one spelling, and messages name options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

import yttria
from yttria.cli.app import app
from yttria.cli.options import in_option_names, option_names
from yttria.phantom import liver_phantom


def invoke(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((9.0, 7.0, 8.0))
    yttria.write_image(phantom.activity, folder / "activity.nrrd")
    yttria.write_structures(phantom.structures[:2], folder / "liver.seg.nrrd")
    yttria.write_structures(phantom.structures[2:], folder / "tumors.seg.nrrd")
    return folder


@pytest.mark.parametrize(
    ("command", "option", "values"),
    [("dose", "--unit", ("Bq/mL", "kBq/mL")), ("dose", "--scan-delay-h", ("2", "20")), ("dose", "-o", ("a", "b"))],
)
def test_an_option_given_twice_is_refused(case: Path, command: str, option: str, values: tuple[str, str]) -> None:
    arguments = [part for value in values for part in (option, value)]
    text = invoke(command, case / "activity.nrrd", "-s", case / "liver.seg.nrrd", *arguments, code=2)
    assert "must be given once, got 2 times" in text


def test_structures_of_two_files_are_all_dosed(case: Path, tmp_path: Path) -> None:
    arguments = ["dose", case / "activity.nrrd", "--scan-delay-h", "20", "--overwrite", "-o", tmp_path]
    text = invoke(*arguments, "-s", case / "liver.seg.nrrd", "-s", case / "tumors.seg.nrrd")
    assert all(name in text for name in ("Liver", "Normal liver", "Tumor 1", "Tumor 2"))
    text = invoke(*arguments, "-s", case / "liver.seg.nrrd", "-s", case / "liver.seg.nrrd", code=1)
    assert "structure names must be unique, got 'Liver' in" in text


def test_structures_are_chosen_by_patterns(case: Path, tmp_path: Path) -> None:
    arguments = ["dose", case / "activity.nrrd", "-s", case / "liver.seg.nrrd", "-s", case / "tumors.seg.nrrd"]
    arguments += ["--scan-delay-h", "20", "--overwrite", "-o", tmp_path]
    text = invoke(*arguments, "--only", "tumor*", "--except", "*2")
    assert "Tumor 1" in text
    assert "Tumor 2" not in text
    assert "Liver" not in text
    assert "--only 'spleen' matches no structure" in invoke(*arguments, "--only", "spleen", code=1)


@pytest.mark.parametrize("spelling", ["voxel-s-values", "voxel_s_values"])
def test_hyphens_and_underscores_are_one_spelling(case: Path, tmp_path: Path, spelling: str) -> None:
    arguments = [case / "activity.nrrd", "-s", case / "liver.seg.nrrd", "--scan-delay-h", "20", "-o", tmp_path]
    assert "voxel S values" in invoke("dose", *arguments, "--method", spelling)
    activity = yttria.read_image(case / "activity.nrrd")
    result = yttria.dose_image(activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0), method=spelling)
    assert result.provenance.method == "voxel_s_values"


@pytest.mark.parametrize("spelling", ["soft-tissue", "soft_tissue"])
def test_a_medium_has_both_spellings_too(case: Path, tmp_path: Path, spelling: str) -> None:
    arguments = [case / "activity.nrrd", "-s", case / "liver.seg.nrrd", "--scan-delay-h", "20", "-o", tmp_path]
    invoke("dose", *arguments, "--method", "voxel-s-values", "--medium", spelling)
    assert json.loads((tmp_path / "doses.json").read_text())["settings"]["medium"] == "soft_tissue"
    assert json.loads(invoke("kernel", "4", "4", "4", "--medium", spelling, "--json"))["medium"] == "soft_tissue"
    assert yttria.voxel_s_values((4.0, 4.0, 4.0), medium=spelling).medium == "soft_tissue"


def test_an_unknown_choice_lists_the_known_ones(case: Path) -> None:
    text = invoke("dose", case / "activity.nrrd", "-s", case / "liver.seg.nrrd", "--method", "mird", code=2)
    assert "must be one of local-deposition, voxel-s-values, superposition, monte-carlo, got 'mird'" in text


def test_messages_name_options_and_leave_words_and_values_alone() -> None:
    from yttria.cli.dose import dose

    with option_names(dose):
        for message, expected in (
            ("the file states no unit; pass unit= one of Bq/mL", "the file states no unit; pass --unit one of Bq/mL"),
            ("give scan_delay_h or relative_to", "give --scan-delay-h or --relative-to"),
            ("low_density_voxels='zero' settles them", "--low-density-voxels 'zero' settles them"),
            ("series= is for DICOM", "--series is for DICOM"),
            ("name one by its UID (series): 1.2", "name one by its UID (--series): 1.2"),
            ("a series (of five), unit (MBq)", "a series (of five), unit (MBq)"),
            ("or use RelativeScaling", "or use --relative-to"),
            ("the unit of the series; exclude='BODY'", "the unit of the series; --except 'BODY'"),
            ("pass slice_thickness_mm, the", "pass --contour-slice-thickness-mm, the"),
            ("local_deposition", "local_deposition"),
            ("my_scan_delay_h.nrrd and scan_delay_h.nrrd", "my_scan_delay_h.nrrd and scan_delay_h.nrrd"),
        ):
            assert in_option_names(message) == expected
    assert in_option_names("unit= stays") == "unit= stays"
