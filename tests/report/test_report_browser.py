"""Reports in a browser do not overflow, fail or fetch, on a screen, on a telephone and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("contourpy")

from browser import Browser, browser, chromium
from report_samples import dosed, hostile_structures, planned

from yttria.report import html_report

PROGRAM = chromium()
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.thread_unsafe(reason="one browser is driven through one pipe"),
]
#: Elements that reach beyond the page and do not lie in something that scrolls.
OVERFLOWING = """
[...document.querySelectorAll('body *')].filter((element) => {
  const box = element.getBoundingClientRect();
  const inside = element.closest('.scroll, svg, .skip') && !element.matches('.scroll');
  return box.width > 0 && box.right > document.documentElement.clientWidth + 1 && !inside;
}).map((element) => element.tagName + ' ' + element.className)
"""
A4_MM, LETTER_MM = (210.0, 297.0), (215.9, 279.4)


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    assert PROGRAM is not None
    with browser(PROGRAM) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    (doses, drawn), (hostile, hostile_map) = dosed(), dosed(hostile_structures())
    made = {
        "dose": html_report(doses, plan=planned(), dose_map=drawn),
        "plan": html_report(plan=planned()),
        "hostile": html_report(hostile, plan=planned("W" * 300, "<b>" + "W" * 300), dose_map=hostile_map),
        "without map": html_report(doses),
    }
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.mark.claim("report_text")
@pytest.mark.parametrize("name", ["dose", "plan", "hostile", "without map"])
@pytest.mark.parametrize(("width", "media"), [(1280, "screen"), (400, "screen"), (718, "print")])
def test_a_page_fits_the_screen_without_messages_of_the_browser(
    tab: Browser, pages: dict[str, Path], name: str, width: int, media: str
) -> None:
    tab.open(pages[name], width, media=media)
    assert tab.messages() == []
    assert [url for url in tab.requests() if not url.startswith("file://")] == []
    assert len(tab.requests()) == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(OVERFLOWING) == []
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_page_is_the_same_without_scripts(tab: Browser, pages: dict[str, Path]) -> None:
    shown = []
    for scripts in (True, False):
        tab.open(pages["dose"], 1280, scripts=scripts)
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
        shown.append(tab.evaluate("[...document.querySelectorAll('table, dl')].map((part) => part.innerText)"))
        hidden = tab.evaluate("document.querySelector('.reading').hidden")
        assert hidden is not scripts
    assert shown[0] == shown[1]


def test_the_dose_under_the_pointer_and_on_the_slider_is_read_from_the_curves(
    tab: Browser, pages: dict[str, Path]
) -> None:
    _, drawn = dosed()
    tab.open(pages["dose"], 1280)
    for dose_gy in (10.0, 40.0, 150.0):
        tab.evaluate(
            "(() => { const slider = document.getElementById('dvh-dose');"
            f"slider.step = 'any'; slider.value = {dose_gy};"
            "slider.dispatchEvent(new Event('input')); })()"
        )
        cells = tab.evaluate("[...document.querySelectorAll('[data-curve]')].map((cell) => cell.innerText)")
        for cell, histogram in zip(cells, drawn.histograms.values(), strict=True):
            assert float(cell.removesuffix(" %")) == pytest.approx(histogram.volume_at_dose_percent(dose_gy), abs=1.0)
    box = tab.evaluate(
        "(() => { const b = document.querySelector('[data-dvh] svg').getBoundingClientRect();"
        "return [b.left, b.top, b.width, b.height]; })()"
    )
    tab.evaluate("scrollTo(0, document.querySelector('[data-dvh]').offsetTop - 50)")
    x, y = tab.evaluate(
        "(() => { const b = document.querySelector('[data-dvh] svg').getBoundingClientRect();"
        "return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )
    assert box[2] > 300
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert re.fullmatch(r"[\d.]+ Gy", tab.evaluate("document.querySelector('.reading output').innerText"))
    assert tab.evaluate("document.querySelector('.cursor').getAttribute('visibility')") is None


@pytest.mark.parametrize("name", ["dose", "plan", "hostile"])
@pytest.mark.parametrize("size_mm", [A4_MM, LETTER_MM])
def test_printed_pages_are_whole(
    tab: Browser, pages: dict[str, Path], tmp_path: Path, name: str, size_mm: tuple[float, float]
) -> None:
    tab.open(pages[name], 794, media="print")
    content = tab.pdf(tmp_path / "report.pdf", *size_mm).read_bytes()
    assert content.startswith(b"%PDF")
    count = len(re.findall(rb"/Type\s*/Page\b", content))
    # More pages would mean that parts are separated from their headings.
    assert 2 <= count <= 8
    assert tab.messages() == []


def test_text_has_the_contrast_that_readers_need(tab: Browser, pages: dict[str, Path]) -> None:
    tab.open(pages["dose"], 1280)
    colors = tab.evaluate(
        "[...new Set([...document.querySelectorAll('main *, header *, footer *')]"
        ".filter((e) => e.childNodes.length && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())"
        " && !e.closest('svg')).map((e) => getComputedStyle(e).color))]"
    )
    assert colors
    for color in colors:
        red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", color)[:3])
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        # On the gray of a warning, the darkest background of the page, as WCAG 2 asks for small text.
        assert (0.9 + 0.05) / (luminance + 0.05) >= 4.5, color
