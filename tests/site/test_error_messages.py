"""The page of error messages shows the messages of the package. Each one is made here and found there word by word."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import yttria
from conftest import ROOT
from yttria import errors, planning
from yttria.evaluation import gamma_index
from yttria.geometry import Image, Structure

PAGE = (ROOT / "docs" / "error_messages.md").read_text()
GRID = np.diag([4.0, 4.0, 3.0, 1.0])


def counts_as_activity(folder: Path) -> None:
    yttria.dose_image(Image(np.ones((2, 3, 4)), GRID, "counts"), scaling=yttria.AbsoluteScaling(20.0))


def unit_left_open(folder: Path) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(np.ones((4, 3, 2), np.float32), GRID), folder / "pet.nii")
    yttria.read_image(folder / "pet.nii")


def existing_results(folder: Path) -> None:
    from yttria.cli.result_folder import ResultFolder

    (folder / "doses.json").write_text("{}")
    ResultFolder(folder, "doses.json", (), overwrite=False)


def text_as_image(folder: Path) -> None:
    (folder / "pet.nrrd").write_text("no image")
    yttria.read_image(folder / "pet.nrrd")


def vial_without_zone(folder: Path) -> None:
    planning.vial_choice(3.0, start=datetime(2026, 11, 30, 8), end=datetime(2026, 12, 4, 16), spheres="glass")


def sheared(folder: Path) -> None:
    affine = GRID.copy()
    affine[0, 1] = 1.5
    Image(np.ones((2, 3, 4)), affine, "Bq/mL")


def other_grid(folder: Path) -> None:
    liver = Structure("Liver", np.ones((2, 3, 4), bool), GRID, frame_of_reference_uid="1.2.3")
    pet = Image(np.ones((2, 3, 4)), GRID, "Bq/mL", frame_of_reference_uid="1.2.4")
    yttria.dose_image(pet, scaling=yttria.AbsoluteScaling(20.0)).table([liver])


def zero_reference(folder: Path) -> None:
    gamma_index(np.zeros((2, 3, 4)), np.ones((2, 3, 4)), voxel_size_mm=(3.0, 4.0, 4.0))


def twice(folder: Path) -> None:
    liver = Structure("Liver", np.ones((2, 3, 4), bool), GRID)
    result = yttria.dose_image(Image(np.ones((2, 3, 4)), GRID, "Bq/mL"), scaling=yttria.AbsoluteScaling(20.0))
    result.table([liver, liver])


def without_extra(folder: Path) -> None:
    """As if nibabel were not installed."""
    from unittest.mock import patch

    with patch.dict(sys.modules, {"nibabel": None}):
        unit_file = folder / "pet.nii"
        unit_file.write_bytes(b"")
        yttria.read_image(unit_file)


CASES: dict[str, list[Callable[[Path], object]]] = {
    "ArgumentError": [lambda _: yttria.dose_image(np.ones((2, 3, 4)), scaling=yttria.AbsoluteScaling(20.0))],
    "OutOfRangeError": [
        lambda _: yttria.voxel_s_values((0.1, 4.0, 4.0), medium="liver"),
        lambda _: planning.lung_dose(2.0, lung_shunt_fraction=5.0),
    ],
    "ShapeError": [
        lambda _: yttria.absorbed_dose(np.ones((3, 4)), yttria.voxel_s_values((3.0, 4.0, 4.0), medium="liver"))
    ],
    "DTypeError": [lambda _: yttria.local_deposition(np.full((2, 3, 4), "1"), density_g_per_ml=1.05)],
    "UndefinedError": [zero_reference],
    "UnknownNameError": [lambda _: yttria.voxel_s_values((3.0, 4.0, 4.0), medium="livr")],
    "DuplicateNameError": [twice],
    "ContraindicatedError": [lambda _: planning.lung_shunt_reduction(0.25)],
    "UnitError": [counts_as_activity, unit_left_open],
    "GeometryError": [sheared, other_grid],
    "TimeZoneError": [vial_without_zone],
    "FileFormatError": [text_as_image],
    "ResultsExistError": [existing_results],
    "InsufficientMemoryError": [
        lambda _: yttria.local_deposition(np.broadcast_to(np.float32(1.0), (30_000,) * 3), density_g_per_ml=1.05)
    ],
    "MissingExtraError": [without_extra],
}


def sections() -> dict[str, str]:
    """Texts of the page by the exception that they are about."""
    found = re.split(r"^## (\w+)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def test_every_exception_has_a_section() -> None:
    public = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert set(sections()) == public
    assert set(CASES) == public - {"YttriaError", "InternalError", "ImplausibleValueWarning"}


@pytest.mark.parametrize(("name", "call"), [(name, call) for name, calls in CASES.items() for call in calls])
def test_the_page_shows_the_message_of_each_error(name: str, call: Callable[[Path], object], tmp_path: Path) -> None:
    pytest.importorskip("nibabel")
    with pytest.raises(getattr(errors, name)) as raised:
        call(tmp_path)
    said = str(raised.value).replace(f"{tmp_path}/", "").removeprefix(f"{tmp_path}: ")
    # The end of the message of the allocator depends on the system.
    assert f"```text\n{said.partition(': Unable to allocate')[0]}\n```" in sections()[name]


def test_the_page_shows_the_warning() -> None:
    with pytest.warns(errors.ImplausibleValueWarning) as raised:
        yttria.local_deposition(np.full((2, 3, 4), 5e6), density_g_per_ml=1.05)
    assert str(raised[0].message).rstrip(".") in sections()["ImplausibleValueWarning"]
