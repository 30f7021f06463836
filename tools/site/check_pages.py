"""Check every page of the built manual in headless Chromium. No page is wider than the screen, and the search works."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from browser import Browser, browser, chromium  # noqa: E402

WIDTHS = (1280, 400)
#: Words of the search, and the page that must be among the results.
SEARCHES = {
    "gamma": "yttria.evaluation.gamma_index.html",
    "partition": "plot_partition_model.html",
    "T/N ratio": "theory/partition.html",
    "rtstruct": "structures.html",
}
_WIDEST = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
_FOUND = "[...document.querySelectorAll('#search-results li a')].map(a => a.href.split('#')[0].split('?')[0]).join(' ')"
_ENDED = "document.querySelector('#search-results p.search-summary')?.innerText ?? ''"


def too_wide(tab: Browser, page: Path, name: str) -> list[str]:
    """Return a sentence for each width at which a page is wider than the screen, and each message of its console."""
    tab.open(page, WIDTHS[0])
    found = []
    for width in WIDTHS:
        tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        if (widest := int(tab.evaluate(_WIDEST))) > width:
            found.append(f"{name} is {widest} pixels wide on a screen of {width}")
    found += [f"{name} has the message {each}" for each in tab.messages()]
    return found + [f"{name} asks for {url}" for url in tab.requests() if not url.startswith("file:")]


def not_found(tab: Browser, folder: Path) -> list[str]:
    """Return a sentence for each search that does not find its page, in files opened without a server."""
    problems = []
    for words, wanted in SEARCHES.items():
        tab.open_url(f"{(folder / 'search.html').absolute().as_uri()}?q={quote(words)}", WIDTHS[0])
        wait = "new Promise(done => setTimeout(done, 100))"
        for _ in range(100):
            tab.evaluate(wait)
            if wanted in tab.evaluate(_FOUND):
                break
        else:
            problems.append(f"the search for {words!r} does not find {wanted}: {tab.evaluate(_ENDED)}")
    return problems


def main(folder: Path) -> int:
    """Print the problems of a built manual; 1 if there is any. Without Chromium no page is checked."""
    program = chromium()
    if program is None:
        print("pages: Chromium is not installed, so that their width and the search were not checked")
        return 0
    pages = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    count = os.cpu_count() or 1

    def problems_of(share: int) -> list[str]:
        """Check each `count`-th page in a browser of its own, and the search in the first."""
        with browser(program) as tab:
            names = ((page, page.relative_to(folder).as_posix()) for page in pages[share::count])
            found = [problem for page, name in names for problem in too_wide(tab, page, name)]
            return found if share else found + not_found(tab, folder)

    with ThreadPoolExecutor(count) as pool:
        problems = [each for found in pool.map(problems_of, range(count)) for each in found]
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    print(f"{len(pages)} pages checked, {len(problems)} problems")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
