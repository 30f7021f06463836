"""Tables of outcomes: reading and writing, and messages on mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import ROOT
from yttria.batch import ManifestError
from yttria.errors import FileFormatError
from yttria.outcomes import Outcome, read_outcomes, write_outcomes
from yttria.outcomes.table import COLUMNS

HEADER = ",".join(COLUMNS)


def table(folder: Path, text: str, name: str = "outcomes.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def problems(path: Path) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        read_outcomes(path)
    return [str(problem) for problem in refused.value.problems]


def test_a_table_of_outcomes_is_read(tmp_path: Path) -> None:
    rows = read_outcomes(table(tmp_path, f"{HEADER}\na,Tumor 1,p1,pr,,,,,\na,,p1,,3,12.5,1,4,0\nb,,,,0,,,,\n"))
    assert rows[0] == Outcome(case_id="a", structure="Tumor 1", patient_id="p1", response="PR")
    assert rows[1].toxicity_grade == 3
    assert (rows[1].survival_months, rows[1].survival_event) == (12.5, True)
    assert (rows[1].progression_months, rows[1].progression_event) == (4.0, False)
    assert (rows[1].patient, rows[2].patient) == ("p1", "b")
    assert rows[2].toxicity_grade == 0


def test_columns_may_be_few_and_in_any_order(tmp_path: Path) -> None:
    assert read_outcomes(table(tmp_path, "response,case_id\nCR,a\n")) == [Outcome(case_id="a", response="CR")]


def test_a_table_of_a_spreadsheet_with_decimal_commas_is_read(tmp_path: Path) -> None:
    path = table(tmp_path, "case_id;survival_months;survival_event\na;12,5;1\n")
    assert read_outcomes(path)[0].survival_months == 12.5


def test_a_written_table_is_read_back(tmp_path: Path) -> None:
    rows = [
        Outcome(case_id="=1+1", structure="Tumor", response="NE"),
        Outcome(case_id="b", survival_months=3.25, survival_event=False, toxicity_grade=0),
    ]
    assert write_outcomes(rows, tmp_path / "o.csv") == 2
    assert read_outcomes(tmp_path / "o.csv") == rows


def test_parquet_is_read(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {
        "case_id": ["a", "b"],
        "response": ["CR", None],
        "toxicity_grade": [None, 2],
        "survival_months": [1.5, float("nan")],
        "survival_event": [True, None],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "o.parquet")
    assert read_outcomes(tmp_path / "o.parquet") == [
        Outcome(case_id="a", response="CR", survival_months=1.5, survival_event=True),
        Outcome(case_id="b", toxicity_grade=2),
    ]


def test_every_mistake_is_named_with_its_place(tmp_path: Path) -> None:
    text = (
        f"{HEADER},weight\n"
        "a,Tumor,,XX,,,,,,\n"
        "a,Tumor,,CR,7,,,,,\n"
        ",Tumor,,CR,,,,,,\n"
        "b,,,,,12,,,,\n"
        "c,,,,,,1,,,\n"
        "d,,,,,-1,1,,,\n"
        "e,,,,,5000,0,,,\n"
        "f,,,,,12,2,,,\n"
        "g,,,,,twelve,0,,,\n"
    )
    found = problems(table(tmp_path, text))
    assert "header, weight: unknown column" in found[0]
    expected = [
        "line 2 (case 'a'), response: response must be one of CR, PR, SD, PD, NE, got 'XX'",
        "line 3 (case 'a'), toxicity_grade: must be a grade from 0 to 5, got 7",
        "line 4, case_id: must be given",
        "line 5 (case 'b'), survival_event: must be given with survival_months",
        "line 6 (case 'c'), survival_months: must be given with survival_event",
        "line 7 (case 'd'), survival_months: must be within [0, 1200] months, got -1",
        "line 8 (case 'e'), survival_months: must be within [0, 1200] months, got 5000",
        "line 9 (case 'f'), survival_event: must be 0 or 1, got 2",
        "line 10 (case 'g'), survival_months: must be a number, got 'twelve'",
    ]
    assert found[1:] == expected


def test_the_same_lesion_twice_is_a_mistake(tmp_path: Path) -> None:
    found = problems(table(tmp_path, "case_id,structure,response\na,T,CR\na,U,CR\na,T,PD\n"))
    assert found == ["line 4 (case 'a'), structure: case 'a' and structure 'T' has a row already, row 1"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("structure,response\nT,CR\n", "case_id: column must be there"),
        ("case_id,case_id\na,b\n", "column must occur once"),
        ("case_id,response\na,CR,more\n", "as many cells as the header"),
    ],
)
def test_a_file_that_is_no_table_of_outcomes_is_refused(tmp_path: Path, text: str, part: str) -> None:
    assert any(part in problem for problem in problems(table(tmp_path, text)))


def test_an_empty_table_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no row of outcomes"):
        read_outcomes(table(tmp_path, "case_id,response\n"))
    with pytest.raises(FileFormatError, match=r"\.csv or \.parquet"):
        read_outcomes(table(tmp_path, "case_id\na\n", "outcomes.xlsx"))
    with pytest.raises(FileFormatError, match=r"must be named \.csv"):
        write_outcomes([], tmp_path / "o.parquet")


def test_the_page_lists_the_columns() -> None:
    page = (ROOT / "docs" / "outcomes.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, flags=re.MULTILINE))
    assert listed == COLUMNS
