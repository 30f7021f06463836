"""The documents: every block of code in them runs, and every command that they name exists."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

pytest.importorskip("typer")

DOCUMENTS = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
#: Compiles or runs `program.cpp`, which may hold any of these languages.
PROGRAMS = {
    "cpp": ["g++", "-std=c++11", "-Wall", "-Werror", "-o", "program", "program.cpp"],
    "matlab": ["octave", "--no-gui", "--no-window-system", "--norc", "program.cpp"],
}
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def blocks(path: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a document, as (language, text)."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `yttria demo` has run, as the documents assume."""
    folder = tmp_path_factory.mktemp("documents")
    run(["demo", "--json"], folder)
    write_patient(folder / "patient")
    return folder


def write_patient(folder: Path) -> None:
    """A folder as a scanner exports it: a PET, a CT on the same grid, and a segmentation."""
    pytest.importorskip("highdicom")
    from dicom_samples import write_seg, write_series
    from image_samples import affine, values

    write_series(folder / "pet", values() * 1e4, affine("plain"), slopes=[20.0, 17.3, 30.1, 25.7])
    write_series(folder / "ct", values() - 50, affine("plain"), "CT", series="2")
    write_seg(folder / "seg.dcm", {"Liver": values() > 40, "Tumor": values() > 80}, folder / "pet")


def run(arguments: list[str], folder: Path) -> str:
    command = [sys.executable, "-c", "from yttria.cli import main; main()", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"yttria {shlex.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_block_runs(path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    scope: dict[str, object] = {"__name__": path.stem}
    for language, text in blocks(path):
        if language == "python":
            exec(compile(text, str(path), "exec"), scope)
        elif language == "sh":
            for line in text.splitlines():
                run_line(shlex.split(line, comments=True), demo_folder)
        else:
            other = ("text", "toml", "json", *PROGRAMS)
            assert language in other, f"{path.name}: a block in '{language}' that no test runs"


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_in_another_language_gives_the_right_answer(tmp_path: Path, language: str) -> None:
    if shutil.which(PROGRAMS[language][0]) is None:
        pytest.skip(f"{PROGRAMS[language][0]} is not installed")
    programs = [text for path in DOCUMENTS for name, text in blocks(path) if name == language]
    assert programs
    run(["conformance", "export", "suite"], tmp_path)
    for text in programs:
        (tmp_path / "program.cpp").write_text(text)
        subprocess.run(PROGRAMS[language], cwd=tmp_path, check=True, capture_output=True, timeout=120)
        if language == "cpp":
            subprocess.run(["./program"], cwd=tmp_path, check=True, timeout=60)
        assert "1 pass, 0 fail" in run(["conformance", "score", "results.json"], tmp_path)


#: Commands that have run with these words in this folder. What they wrote is still there.
HAVE_RUN: set[tuple[Path | str, ...]] = set()


def run_line(words: list[str], folder: Path) -> None:
    if not words or (folder, *words) in HAVE_RUN:
        return
    HAVE_RUN.add((folder, *words))
    if words[0] == "make":
        # The tests do not run themselves. It is checked that the target exists.
        assert set(words[1:]) <= TARGETS
    else:
        assert words[0] == "yttria", f"no test knows how to run: {shlex.join(words)}"
        run(words[1:], folder)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_link_leads_to_an_existing_file_and_heading(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def modules_with_examples() -> list[str]:
    """Names of the modules whose docstrings hold examples."""
    package = ROOT / "python"
    found = (path for path in (package / "yttria").rglob("*.py") if ">>> " in path.read_text())
    return sorted(".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__") for path in found)


@pytest.mark.parametrize("name", modules_with_examples())
def test_every_example_of_a_docstring_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed, f"{name}: see the output"


def test_every_file_states_the_same_version() -> None:
    import yttria

    found = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), flags=re.MULTILINE)
    assert found
    version = found[1]
    assert yttria.__version__ == version
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()
