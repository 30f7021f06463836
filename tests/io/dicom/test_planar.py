"""Planar nuclear medicine: views by their codes, energy windows, two files, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom")

from dicom_samples import new_dataset, set_pixels  # noqa: E402
from pydicom.dataset import Dataset  # noqa: E402
from pydicom.uid import NuclearMedicineImageStorage  # noqa: E402

from yttria.errors import ArgumentError, FileFormatError  # noqa: E402
from yttria.io.dicom import read_planar  # noqa: E402
from yttria.io.opened import opened_files  # noqa: E402

SHAPE = (5, 4)
VIEWS = {"anterior": ("R-10206", "Anterior"), "posterior": ("R-10214", "Posterior")}


def frame(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 500, SHAPE)


def coded(code: tuple[str, str] | None) -> Dataset:
    """Make a detector with its view, without one if there is no code."""
    detector = Dataset()
    if code is not None:
        item = Dataset()
        item.CodeValue, item.CodeMeaning = code
        item.CodingSchemeDesignator = "SNM3"
        detector.ViewCodeSequence = [item]
    return detector


def write(
    path: Path,
    frames: list[np.ndarray[Any, Any]],
    views: list[tuple[str, str] | None],
    *,
    kind: str = "WHOLE BODY",
    windows: list[int] | None = None,
    change: Callable[[Any], None] | None = None,
) -> Path:
    dataset = new_dataset(NuclearMedicineImageStorage, "NM")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", kind, "EMISSION"]
    set_pixels(dataset, np.stack(frames).astype("<u2"))
    dataset.DetectorInformationSequence = [coded(view) for view in views]
    dataset.DetectorVector = [n % len(views) + 1 for n in range(len(frames))]
    dataset.EnergyWindowVector = windows or [1] * len(frames)
    names = []
    for n in range(max(dataset.EnergyWindowVector) if windows else 1):
        item = Dataset()
        item.EnergyWindowName = f"Tc99m_{n}"
        names.append(item)
    dataset.EnergyWindowInformationSequence = names
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20260301", "140000"
    if change:
        change(dataset)
    pydicom.dcmwrite(path, dataset)
    return path


def test_views_are_told_apart_by_their_codes(tmp_path: Path) -> None:
    path = write(tmp_path / "wb.dcm", [frame(1), frame(2)], [VIEWS["posterior"], VIEWS["anterior"]])
    with opened_files() as opened:
        views = read_planar(path)
    np.testing.assert_array_equal(views.anterior, frame(2))
    np.testing.assert_array_equal(views.posterior, frame(1))
    assert (views.posterior_delay_h, views.source, views.advisories) == (0.0, "wb.dcm", ())
    assert list(opened) == [path]


def test_views_are_told_apart_by_other_codes_through_their_meaning(tmp_path: Path) -> None:
    codes = [("399033003", "posterior projection"), ("399348003", "Anterior projection")]
    views = read_planar(write(tmp_path / "s.dcm", [frame(1), frame(2)], codes, kind="STATIC"))  # type: ignore[arg-type]
    np.testing.assert_array_equal(views.anterior, frame(2))


def test_two_files_have_the_delay_between_their_acquisitions(tmp_path: Path) -> None:
    def later(dataset: Any) -> None:
        dataset.AcquisitionTime = "143000"

    write(tmp_path / "a.dcm", [frame(1)], [VIEWS["anterior"]], kind="STATIC")
    write(tmp_path / "p.dcm", [frame(2)], [VIEWS["posterior"]], kind="STATIC", change=later)
    views = read_planar(tmp_path)
    assert views.posterior_delay_h == pytest.approx(0.5)
    np.testing.assert_array_equal(views.posterior, frame(2))


def test_one_of_several_energy_windows_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "w.dcm", [frame(n) for n in range(4)], [VIEWS["anterior"], VIEWS["posterior"]], windows=[1, 1, 2, 2]
    )
    with pytest.raises(ArgumentError, match=r"the file has 1 \(Tc99m_0\), 2 \(Tc99m_1\)"):
        read_planar(path)
    np.testing.assert_array_equal(read_planar(path, energy_window=2).anterior, frame(2))
    with pytest.raises(ArgumentError, match="energy_window must be one of 1"):
        read_planar(path, energy_window=3)


def test_the_caller_names_views_that_the_file_does_not_state(tmp_path: Path) -> None:
    path = write(tmp_path / "n.dcm", [frame(1), frame(2)], [None, None])
    with pytest.raises(FileFormatError, match=r"1 \(n.dcm, view not stated, window 1\); 2"):
        read_planar(path)
    views = read_planar(path, view_frames=(2, 1))
    np.testing.assert_array_equal(views.anterior, frame(2))
    assert [advisory.code for advisory in views.advisories] == ["planar_views_stated"]
    with pytest.raises(ArgumentError, match="view_frames must be the numbers"):
        read_planar(path, view_frames=(1, 3))


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    def rescaled(dataset: Any) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.5", "0"

    path = write(tmp_path / "r.dcm", [frame(1), frame(2)], [VIEWS["anterior"], VIEWS["posterior"]], change=rescaled)
    np.testing.assert_allclose(read_planar(path).anterior, 0.5 * frame(1))


def test_a_file_that_is_not_planar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="STATIC or WHOLE BODY, got NM TOMO"):
        read_planar(write(tmp_path / "t.dcm", [frame(1), frame(2)], [VIEWS["anterior"]] * 2, kind="TOMO"))
    with pytest.raises(FileFormatError, match="one anterior and one posterior view"):
        read_planar(write(tmp_path / "aa.dcm", [frame(1), frame(2)], [VIEWS["anterior"]] * 2))

    def other(dataset: Any) -> None:
        dataset.PatientID = "another"

    folder = tmp_path / "two"
    folder.mkdir()
    write(folder / "a.dcm", [frame(1)], [VIEWS["anterior"]])
    write(folder / "p.dcm", [frame(2)], [VIEWS["posterior"]], change=other)
    with pytest.raises(FileFormatError, match="of one patient"):
        read_planar(folder)
    (tmp_path / "cut.dcm").write_bytes((tmp_path / "aa.dcm").read_bytes()[:-20])
    with pytest.raises(FileFormatError):
        read_planar(tmp_path / "cut.dcm", view_frames=(1, 2))
    with pytest.raises(FileNotFoundError):
        read_planar(tmp_path / "none.dcm")
