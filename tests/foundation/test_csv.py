"""CSV files: no cell is a formula, numbers stay numbers, and a file that cannot be written leaves the old one whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria._foundation.csv_tables import as_written, csv_records, neutral, write_csv

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "'=1",
    "\uff1d1+1",
    "=cmd|' /C calc'!A0",
    "-nan x",
)


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("one_line", [False, True])
def test_a_text_that_could_be_a_formula_is_neutralized(tmp_path: Path, text: str, one_line: bool) -> None:
    write_csv(tmp_path / "a.csv", [{text: text}], one_line=one_line)
    cells = [cell for (cell,) in read(tmp_path / "a.csv")]
    assert len(cells) == 2
    assert all(cell.startswith(("'", "\\x0")) for cell in cells)
    assert one_line or as_written(cells[0]) == text


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    row = {"a": -0.1, "b": -3, "c": None, "d": 1e-300, "e": "-12.5", "f": "+1e3", "g": 0.1 + 0.2}
    assert write_csv(tmp_path / "a.csv", [row]) == 1
    assert read(tmp_path / "a.csv")[1] == ["-0.1", "-3", "", "1e-300", "-12.5", "+1e3", "0.30000000000000004"]


@given(st.text())
def test_a_neutralized_text_is_read_back(text: str) -> None:
    assert as_written(neutral(text)) == text


def test_every_row_is_one_line(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"name": "Liver\nlobe\x1b[2J\0\udcff"}, {"name": 'a,"b"'}])
    assert (tmp_path / "a.csv").read_bytes().count(b"\n") == 3
    assert read(tmp_path / "a.csv")[1:] == [["Liver\\x0alobe\\x1b[2J\\x00\\udcff"], ['a,"b"']]


def test_a_table_that_fails_leaves_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [{"a": 1}])
    before = path.read_bytes()

    def rows():  # type: ignore[no-untyped-def]
        yield {"a": 2}
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_csv(path, rows(), ["a"])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_an_empty_table_is_an_empty_header(tmp_path: Path) -> None:
    assert write_csv(tmp_path / "a.csv", []) == 0
    write_csv(tmp_path / "b.csv", [], ["x", "y"])
    assert read(tmp_path / "b.csv") == [["x", "y"]]


def test_null_characters_and_line_ends_are_read_back(tmp_path: Path) -> None:
    row = {"a\0": "nul\0.nii", "b": "\0", "c": 'two\nlines, "quoted"'}
    write_csv(tmp_path / "a.csv", [row], one_line=False)
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv_records(file)) == [list(row), list(row.values())]
