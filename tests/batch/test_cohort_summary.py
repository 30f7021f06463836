"""Summary and picture of a cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq
from batch_samples import cohort, rows
from html_pages import Page

from yttria.batch import cohort_report, run_manifest, write_manifest
from yttria.errors import FileFormatError


def test_the_summary_names_unusual_cases(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from yttria.batch.figure import cohort_figure
    from yttria.batch.summary import modified_z, summarize

    manifest, results = cohort(tmp_path, 1), tmp_path / "results"
    alike = {"activity": "a0.nii.gz", "structures": "s0.nii.gz", "method": "local_deposition"}
    declared = [row | alike for row in rows(40)]
    declared[3]["activity"] = "a9.nii.gz"
    write_manifest(declared, manifest)
    assert run_manifest(manifest, results).quarantined == 1
    found = summarize(results)
    assert (found.cases, found.outliers, found.quarantined) == (39, [], {"FileNotFoundError": 1})
    declared[3]["activity"] = "a0.nii.gz"
    declared[7]["administered_activity_gbq"] = 30.0
    write_manifest(declared, manifest)
    run_manifest(manifest, results)
    found = summarize(results)
    assert (found.cases, found.quarantined) == (40, {})
    assert {o["case_id"] for o in found.outliers} == {"case 0007"}
    doses = pq.read_table(results / "doses.parquet").to_pylist()
    means = [r["value"] for r in doses if (r["structure"], r["metric"]) == ("Tumor", "mean_gy")]
    (row,) = [r for r in found.structures if (r["structure"], r["metric"]) == ("Tumor", "mean_gy")]
    assert (row["n"], row["q0"], row["q50"], row["q100"]) == (40, min(means), np.median(means), max(means))
    np.testing.assert_allclose(modified_z(np.exp([0.0, 1.0, 2.0, 3.0, 10.0])), np.array([-2, -1, 0, 1, 8]) / 1.4826)
    figure = cohort_figure(results)
    assert len(figure.axes[1].lines) == 2
    figure.savefig(tmp_path / "x.png")


@pytest.fixture(scope="module")
def of_two_nuclides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six cases of Y-90 by two dose factors, and three of Ho-166, of the same image and activity."""
    folder = tmp_path_factory.mktemp("two_nuclides")
    manifest = cohort(folder, 1)
    alike = {"activity": "a0.nii.gz", "structures": "s0.nii.gz", "method": "local_deposition"}
    nuclides = ["EANM2022", "IFU_50", "HO166"] * 3
    write_manifest([row | alike | {"nuclide": n} for row, n in zip(rows(9), nuclides, strict=True)], manifest)
    assert run_manifest(manifest, folder / "results", csv=True).quarantined == 0
    return folder / "results"


def test_doses_of_different_nuclides_are_not_pooled(of_two_nuclides: Path) -> None:
    from yttria.batch.figure import cohort_figure
    from yttria.batch.summary import summarize

    found = summarize(of_two_nuclides)
    assert (found.cases, found.isotopes) == (9, {"Y-90": 6, "Ho-166": 3})
    doses = pq.read_table(of_two_nuclides / "doses.parquet").to_pylist()
    for nuclide, count in found.isotopes.items():
        of_nuclide = [row for row in doses if row["isotope"] == nuclide]
        means = [r["value"] for r in of_nuclide if (r["structure"], r["metric"]) == ("Tumor", "mean_gy")]
        key = ("Tumor", nuclide, "mean_gy")
        (row,) = [r for r in found.structures if (r["structure"], r["isotope"], r["metric"]) == key]
        assert (row["n"], row["q0"], row["q50"], row["q100"]) == (count, min(means), np.median(means), max(means))
    # Six values of 50 Gy and three of 15 Gy in one distribution would make outliers of the three.
    assert found.outliers == []
    pytest.importorskip("matplotlib")
    figure = cohort_figure(of_two_nuclides)
    shown = {label.get_text() for label in figure.axes[0].get_yticklabels()}
    assert shown == {f"{s}, {n} (n = {c})" for s in ("Tumor", "Normal liver") for n, c in found.isotopes.items()}


def test_every_table_states_the_nuclide_of_a_case(of_two_nuclides: Path) -> None:
    cases = pq.read_table(of_two_nuclides / "cases.parquet").to_pylist()
    assert [case["isotope"] for case in cases] == ["Y-90", "Y-90", "Ho-166"] * 3
    by_case = {case["case_id"]: case["isotope"] for case in cases}
    for name in ("doses", "dvh"):
        assert all(
            row["isotope"] == by_case[row["case_id"]]
            for row in pq.read_table(of_two_nuclides / f"{name}.parquet").to_pylist()
        )
    assert (of_two_nuclides / "doses.csv").read_text().splitlines()[0].endswith(",isotope")


def test_the_command_and_the_page_state_the_cases_of_each_nuclide(of_two_nuclides: Path) -> None:
    pytest.importorskip("typer")
    pytest.importorskip("jinja2")
    from cli_runner import invoke

    text = invoke("batch", "summary", of_two_nuclides, "--figure", of_two_nuclides / "x.png")
    assert "nuclides: Y-90 in 6, Ho-166 in 3 cases; doses of different nuclides are not pooled" in " ".join(
        text.split()
    )
    assert "Nuclide" in text
    page = Page(cohort_report(of_two_nuclides))
    assert not page.faults
    statistics = next(table for table in page.tables if table.caption.startswith("Quantiles")).records()
    assert {row["Structure"].text for row in statistics} == {
        f"{structure}, {nuclide}" for structure in ("Tumor", "Normal liver") for nuclide in ("Y-90", "Ho-166")
    }


def test_tables_of_an_earlier_version_are_named(of_two_nuclides: Path, tmp_path: Path) -> None:
    from yttria.batch.summary import summarize

    for name in ("doses", "dvh", "cases", "quarantine"):
        table: pa.Table = pq.read_table(of_two_nuclides / f"{name}.parquet")
        kept = table.drop_columns([c for c in ("isotope",) if c in table.column_names])
        pq.write_table(kept, tmp_path / f"{name}.parquet")
    with pytest.raises(FileFormatError, match=r"doses\.parquet: has no column isotope"):
        summarize(tmp_path)
