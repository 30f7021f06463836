"""The manual holds every page, and its checks find broken links; `make docs` itself is run in `.ci/run`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from conftest import ROOT

TOOLS = ROOT / "tools" / "site"


def tool(name: str) -> ModuleType:
    """Import a file of tools/site, which is no package."""
    spec = importlib.util.spec_from_file_location(f"site_{name}", TOOLS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


contents, check_links = tool("contents"), tool("check_links")


def test_every_page_of_the_documents_stands_in_the_manual_once() -> None:
    groups = contents.groups_of(ROOT / "docs", made=set())
    shown = [name for names in groups.values() for name in names]
    pages = {p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "docs").rglob("*.md")}
    assert sorted(shown) == sorted(pages - {"docs/index"})


def test_no_line_of_a_document_begins_with_a_percent_sign() -> None:
    """MyST takes such a line for a comment, and shows nothing of it."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    lines = [(path.name, line) for path in documents for line in path.read_text().splitlines()]
    assert [found for found in lines if found[1].lstrip().startswith("%")] == []


def test_a_new_page_appears_by_itself_and_a_lost_one_is_named(tmp_path: Path) -> None:
    listed = [name for names in contents.GROUPS.values() for name in names]
    for name in [*listed, "a_new_page", "theory/new"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{name}.md").write_text("# A page\n")
    groups = contents.groups_of(tmp_path, made=set())
    assert groups[contents.REST] == ["docs/a_new_page"]
    assert groups["Theory"][-1] == "docs/theory/new"
    (tmp_path / f"{listed[0]}.md").unlink()
    with pytest.raises(SystemExit, match=listed[0]):
        contents.groups_of(tmp_path, made=set())


def test_broken_links_lost_anchors_and_fetched_addresses_are_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<h1 id="top">Title</h1><a href="bad.html#x">on</a><a href="#top">up</a>')
    (tmp_path / "bad.html").write_text(
        '<p id="x"><a href="good.html#none">1</a><a href="lost.html">2</a><script src="https://example.org/a.js"></script>'
        '<a href="https://example.org">outside</a>'
    )
    assert check_links.problems(tmp_path) == [
        "bad.html leads to good.html#none, which has no such anchor",
        "bad.html fetches https://example.org/a.js",
        "bad.html leads to lost.html, which does not exist",
    ]


def test_links_to_scripts_lead_to_their_pages_and_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    source = tool("source")
    text = b"See [gamma](../gallery/plot_gamma_index.py).\n\nFigure: [what it is](../gallery/plot_gamma_index.py)\n"
    assert source.with_scripts(text).decode().splitlines() == [
        "See [gamma](/gallery/plot_gamma_index.rst).",
        "",
        "![what it is](/gallery/images/sphx_glr_plot_gamma_index_001.png)",
        "",
        "[what it is](/gallery/plot_gamma_index.rst)",
    ]


def test_words_for_the_search_become_index_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    text = b"# Partition model\n\n<!-- index: ! T/N ratio, ! TNR -->\n\nThe ratio.\n"
    written = tool("source").with_targets(text).decode()
    assert written == "# Partition model\n\n```{index} ! T/N ratio, ! TNR\n```\n\nThe ratio.\n"


def test_options_in_the_help_of_commands_are_code_in_the_manual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    plain = tool("command_page")._plain
    assert plain("With --propagate 1000 and `--seed 1`, a_b [bold]x[/bold]") == (
        "With `--propagate` 1000 and `--seed 1`, a\\_b x"
    )
    assert plain("one--two, -s and --scan-delay-h.") == "one--two, -s and `--scan-delay-h`."


def test_every_script_of_an_order_exists() -> None:
    for folder in ("gallery", "tutorials"):
        scripts = {path.stem for path in (ROOT / "docs" / folder).glob("*.py")}
        listed = (ROOT / "docs" / folder / "order.txt").read_text().split()
        assert len(listed) == len(set(listed))
        assert set(listed) <= scripts


def test_the_package_never_imports_the_tools_of_the_manual() -> None:
    used = ("import sphinx", "from sphinx", "import numpydoc", "from numpydoc", "import myst_parser", "import furo")
    for path in (ROOT / "python").rglob("*.py"):
        assert not any(word in path.read_text() for word in used), path
