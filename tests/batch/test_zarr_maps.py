"""Dose maps of a cohort in one zarr store, read with zarr alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("zarr", minversion="3.0.8")

import pyarrow.parquet as pq
import zarr
from batch_samples import rows, write_files
from cli_runner import invoke

import yttria
from yttria.batch import run_manifest, write_manifest, write_zarr, zarr_maps
from yttria.errors import ArgumentError, FileFormatError, ResultsExistError
from yttria.phantom import liver_phantom

COUNT = 7


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven cases on one grid, and one on another with values of twice the width."""
    folder = tmp_path_factory.mktemp("zarr")
    write_files(folder)
    phantom = liver_phantom((10.0, 10.0, 10.0))
    other = phantom.activity.with_array(phantom.activity.array.astype(np.float64), phantom.activity.unit)
    yttria.write_image(other, folder / "other.nrrd")
    yttria.write_structures(phantom.structures, folder / "other.seg.nrrd")
    declared = rows(COUNT)
    declared.insert(2, {"activity": "other.nrrd", "structures": "other.seg.nrrd", "scan_delay_h": 20.0})
    declared[2]["case_id"] = "\u00e4nders"
    write_manifest(declared, folder / "manifest.csv")
    run_manifest(folder / "manifest.csv", folder / "results", maps="nii.gz")
    return folder / "results"


@pytest.mark.claim("zarr_maps")
def test_the_store_holds_every_map_in_few_files(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: Any
) -> None:
    monkeypatch.setattr(zarr_maps, "_FILE_MAPS", 3)
    store = tmp_path / "doses.zarr"
    assert write_zarr(results, store) == COUNT + 1
    stored: dict[str, tuple[Any, ...]] = {}
    for _, group in zarr.open_group(store, mode="r").groups():
        columns = (group[name][:] for name in ("case_id", "row", "key", "affine_lps", "dose_gy"))
        stored |= {str(case_id): rest for case_id, *rest in zip(*columns, strict=True)}
        assert (group["dose_gy"].attrs["units"], group["affine_lps"].attrs["units"]) == ("Gy", "mm")
        assert {str(isotope) for isotope in group["isotope"][:]} == {"Y-90"}
    difference = 0.0
    cases = pq.read_table(results / "cases.parquet").to_pylist()
    assert set(stored) == {case["case_id"] for case in cases}
    for case in cases:
        row, key, affine_lps, dose_gy = stored[case["case_id"]]
        expected = yttria.read_image(results / case["dose_map"])
        assert (row, key) == (case["row"], case["key"])
        assert dose_gy.dtype == expected.array.dtype
        np.testing.assert_array_equal(affine_lps, expected.affine_lps)
        difference = max(difference, float(np.abs(dose_gy - expected.array).max()))
    assert difference == 0.0
    names = sorted(name for name, _ in zarr.open_group(store, mode="r").groups())
    assert len(names) == 2
    assert {name.rpartition("_")[2] for name in names} == {"float32", "float64"}
    (small,) = (name for name in names if name.endswith("float32"))
    files = sum(path.is_file() for path in (store / small / "dose_gy" / "c").rglob("*"))
    assert files == math.ceil(COUNT / 3)
    measured("largest difference from the maps", difference, "Gy")


def test_a_store_is_replaced_only_if_yttria_wrote_it_and_only_on_request(results: Path, tmp_path: Path) -> None:
    store = tmp_path / "doses.zarr"
    write_zarr(results, store)
    with pytest.raises(ResultsExistError, match="exists already"):
        write_zarr(results, store)
    assert write_zarr(results, store, overwrite=True) == COUNT + 1
    zarr.create_group(tmp_path / "other.zarr")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("other.zarr", "folder", "file"):
        with pytest.raises(ResultsExistError, match="no store of doses that yttria wrote"):
            write_zarr(results, tmp_path / name, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["doses.zarr", "file", "folder", "other.zarr"]


def test_an_incomplete_store_is_removed(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_zarr(results, tmp_path / "doses.zarr")
    before = zarr.open_group(tmp_path / "doses.zarr", mode="r").attrs.asdict()

    def fail(*arguments: Any, **keywords: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zarr_maps, "read_image", fail)
    with pytest.raises(OSError, match="No space left"):
        write_zarr(results, tmp_path / "doses.zarr", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["doses.zarr"]
    assert zarr.open_group(tmp_path / "doses.zarr", mode="r").attrs.asdict() == before


def test_results_without_maps_are_refused(results: Path, tmp_path: Path) -> None:
    run_manifest(results.parent / "manifest.csv", tmp_path / "no maps")
    with pytest.raises(ArgumentError, match="wrote no dose maps"):
        write_zarr(tmp_path / "no maps", tmp_path / "doses.zarr")
    with pytest.raises(FileFormatError, match="no such folder of results"):
        write_zarr(tmp_path / "nothing", tmp_path / "doses.zarr")
    assert not (tmp_path / "doses.zarr").exists()


def test_the_command_exports_to_zarr_and_bids(results: Path, tmp_path: Path) -> None:
    text = invoke("batch", "export", results, "--zarr", tmp_path / "d.zarr", "--bids-derivatives", tmp_path / "bids")
    assert text.count(f"{COUNT + 1} cases") == 2
    assert "give --bids-derivatives" in invoke("batch", "export", results, code=2)
