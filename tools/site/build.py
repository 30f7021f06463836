"""Build the manual into out/site/html: `make docs`. A warning is an error, and so is a link that leads nowhere."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import check_links  # noqa: E402
import check_pages  # noqa: E402
from source import ROOT, prepare, prune  # noqa: E402
from sphinx.cmd.build import build_main  # noqa: E402

OUT = ROOT / "out" / "site"


def timed(name: str, step: Callable[[], int]) -> int:
    """Run a step, and print how long it took."""
    start = time.perf_counter()
    status = step()
    print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return status


def sphinx(options: list[str]) -> int:
    """Run Sphinx on the prepared folder; the status is not 0 if there was any warning."""
    source, html = OUT / "source", OUT / "html"
    strict = ["-W", "--keep-going", "--quiet", "-j", str(os.cpu_count() or 1)]
    return build_main([*strict, *options, "-c", str(HERE), "-d", str(OUT / "doctrees"), str(source), str(html)])


def main() -> int:
    """Prepare, build and check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="build everything again")
    parser.add_argument("--no-run", action="store_true", help="do not run the tutorials and the gallery")
    given = parser.parse_args()
    options = ["-E", "-a"] if given.fresh else []
    options += ["-D", "plot_gallery=0"] if given.no_run else []
    os.environ.setdefault("MPLBACKEND", "agg")
    OUT.mkdir(parents=True, exist_ok=True)
    status = timed("sources", lambda: prepare(OUT / "source") or 0)
    status = timed("Sphinx", lambda: sphinx(options)) or status
    prune(OUT / "html", OUT / "source")
    status = timed("links", lambda: check_links.main(OUT / "html")) or status
    status = timed("pages", lambda: check_pages.main(OUT / "html")) or status
    if not status:
        print(f"the manual: {OUT / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
