"""Names from files are data. A hostile name passes through every command unchanged and without effect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("matplotlib")

from typer.testing import CliRunner

import yttria
from yttria._foundation.text import plain
from yttria.cli.app import app
from yttria.errors import OutOfRangeError
from yttria.report import dose_figure

#: Markup of the terminal library, its closing tag, a formula, mathematics, a hidden label, an escape sequence, a change
#: of direction.
NAMES = ("Tumor [left]", "Tumor [right]", "Liver [/]", "=1+1", "$x_", "_hidden", "a\x1b[2Jb", "x\u202ey")
GRID = np.diag([4.0, 4.0, 4.0, 1.0])


def invoke(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "300", "TERM": "dumb"})
    assert result.exit_code == code, result.output
    return result.output


def structures(names: tuple[str, ...]) -> list[yttria.Structure]:
    mask = np.zeros((8, 9, 10), bool)
    mask[2:7, 2:7, 2:7] = True
    return [yttria.Structure(name, mask, GRID) for name in names]


def activity() -> yttria.Image:
    array = np.zeros((8, 9, 10), np.float32)
    array[3:6, 3:6, 3:6] = np.arange(27).reshape(3, 3, 3) * 4e4
    return yttria.Image(array, GRID, "Bq/mL")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case [b]")
    yttria.write_image(activity(), folder / "[red]act.nrrd")
    yttria.write_structures(structures(NAMES[:6]), folder / "s[b].seg.nrrd")
    return folder


def test_dose_and_compare_show_every_name_as_it_is(case: Path, tmp_path: Path) -> None:
    arguments = [case / "[red]act.nrrd", "-s", case / "s[b].seg.nrrd", "--scan-delay-h", "20"]
    text = invoke("dose", *arguments, "-o", tmp_path / "[b]")
    assert all(name in text for name in NAMES[:6])
    written = json.loads((tmp_path / "[b]" / "doses.json").read_text())
    assert [row["structure"] for row in written["structures"]] == list(NAMES[:6])
    dose = tmp_path / "[b]" / "dose.nrrd"
    text = invoke("compare", dose, dose, "-s", case / "s[b].seg.nrrd", "-o", tmp_path / "compare")
    assert all(name in text for name in NAMES[:6])


def test_an_error_shows_the_file_as_it_is(tmp_path: Path) -> None:
    assert "[red].nrrd" in invoke("dose", "a.nrrd", "-s", tmp_path / "[red].nrrd", "--scan-delay-h", "1", code=1)


def test_a_picture_keeps_every_label(tmp_path: Path) -> None:
    result = yttria.dose_image(activity(), scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
    figure = dose_figure(result, structures(NAMES), title="$\\frac{$ [/] _a")
    (legend,) = (axes.get_legend() for axes in figure.axes if axes.get_legend())
    shown = [text.get_text().rsplit(":", 1)[0].strip().replace("\\$", "$") for text in legend.get_texts()]
    assert shown == [plain(name) for name in NAMES]
    figure.savefig(tmp_path / "a.png")


def _tumors(count: int, name: str = "Tumor") -> tuple[yttria.DoseResult, list[yttria.Structure]]:
    """A tumor of four voxels in every third slice, hotter one by one."""
    shape = (3 * max(count, 1), 8, 9)
    image = np.full(shape, 0.1, np.float32)
    found = []
    for n in range(count):
        mask = np.zeros(shape, bool)
        mask[3 * n + 1, 2:4, 2:4] = True
        image[mask] = 1.0 + 0.1 * n
        found.append(yttria.Structure(f"{name} {n}", mask, np.diag([4.0, 4.0, 4.0, 1.0])))
    activity = yttria.Image(image, np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
    return yttria.dose_image(activity, scaling=yttria.AbsoluteScaling(scan_delay_h=0.0)), found


@pytest.mark.parametrize("count", [0, 1, 2, 6, 13, 14])
def test_every_tumor_has_a_plane_or_the_title_counts_those_without(tmp_path: Path, count: int) -> None:
    result, found = _tumors(count)
    figure = dose_figure(result, found)
    titles = [axes.get_title() for axes in figure.axes]
    named = [n for n in range(count) if any(re.search(rf"Tumor {n}\b", title) for title in titles)]
    assert len(named) == min(count, 13)
    assert ("1 smaller tumors have no plane" in figure.get_suptitle()) == (count == 14)
    figure.savefig(tmp_path / "a.png", dpi=20)


def test_long_names_take_no_room_from_the_planes_and_none_from_the_method(tmp_path: Path) -> None:
    result, found = _tumors(3, "Tumor of a segment " * 8)
    figure = dose_figure(result, found, title="folder " * 60)
    figure.savefig(tmp_path / "a.png", dpi=20)
    assert figure.get_suptitle().endswith("Absorbed dose by local deposition, absolute scaling")
    assert len(figure.get_suptitle()) < 160
    planes = [axes.get_position().width for axes in figure.axes if axes.get_title().startswith("axial")]
    assert min(planes) > 0.1
    legend = next(axes.get_legend() for axes in figure.axes if axes.get_legend())
    assert [text.get_text().split(":")[0][-2:] for text in legend.get_texts()] == [" 0", " 1", " 2"]


def test_the_scale_reaches_the_dose_of_small_tumors_and_is_plain_without_dose() -> None:
    result, found = _tumors(1)
    mask = np.ones(result.image.shape, bool)
    whole = yttria.Structure("Liver", mask, result.image.affine_lps)
    high = next(a for a in dose_figure(result, [whole, *found]).axes if "isodose" in a.get_ylabel()).get_ylim()[1]
    assert high > 0.9 * float(result.image.array.max())
    nothing = yttria.Image(np.zeros((3, 4, 5), np.float32), np.eye(4), "MBq/mL")
    flat = dose_figure(yttria.dose_image(nothing, scaling=yttria.AbsoluteScaling(scan_delay_h=0.0)), [])
    assert next(a for a in flat.axes if "isodose" in a.get_ylabel()).get_ylim()[1] == pytest.approx(1.0)
    with pytest.raises(OutOfRangeError, match="level of an isodose line"):
        dose_figure(result, found, isodoses_gy=[-5.0])


@pytest.mark.parametrize("name", NAMES[6:])
def test_control_characters_are_spelled_out(name: str) -> None:
    shown = plain(name)
    assert shown.isprintable()
    assert "\\x1b" in shown or "\\u202e" in shown


def test_no_stale_picture_stays_if_the_new_one_fails(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [case / "[red]act.nrrd", "-s", case / "s[b].seg.nrrd", "--scan-delay-h", "20", "-o", tmp_path]
    invoke("dose", *arguments)
    assert (tmp_path / "dose.png").exists()
    monkeypatch.setattr("yttria.report.dose_figure", lambda *args, **kwargs: 1 / 0)
    assert "picture_failed" in invoke("dose", *arguments, "--overwrite")
    assert not (tmp_path / "dose.png").exists()
    assert [f["name"] for f in json.loads((tmp_path / "doses.json").read_text())["files"]] == ["dose.nrrd", "doses.csv"]


def test_inspect_shows_hostile_folders_and_files_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    folder = tmp_path / "scans [b]"
    folder.mkdir()
    (folder / "[bold]x.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    assert "[bold]x.dcm" in invoke("inspect", folder)
