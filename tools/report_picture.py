"""Draw docs/report.png: two printed pages of the demo's report, side by side. `python tools/report_picture.py`

Needs Chromium, and pdftoppm of poppler-utils.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).resolve().parent.parent / "docs" / "report.png"
_DOTS_PER_INCH = 84
_PAGES = (1, 2)
_COMMANDS = (
    "demo -o demo",
    "dose demo/activity.nrrd -s demo/structures.seg.nrrd --scan-delay-h 20 --administered-activity-gbq 2"
    " --method voxel-s-values --background demo/ct.nrrd --report -o dose",
)


def draw(target: Path) -> None:
    """Compute the demo and its report in a folder of its own, print it, and join the pages."""
    chromium = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), "chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for command in _COMMANDS:
            code = "from yttria.cli import main; main()"
            subprocess.run([sys.executable, "-c", code, *command.split()], cwd=folder, check=True)
        page = folder / "dose" / "report.html"
        page.write_text(page.read_text(encoding="utf-8").replace("@page {", "@page { size: A4;"), encoding="utf-8")
        flags = (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--print-to-pdf=report.pdf",
        )
        subprocess.run([chromium, *flags, page.as_uri()], cwd=folder, check=True)
        subprocess.run(["pdftoppm", "-r", str(_DOTS_PER_INCH), "-png", "report.pdf", "page"], cwd=folder, check=True)
        pages = [Image.open(path).convert("RGB") for path in sorted(folder.glob("page-*.png"))]
        chosen = [pages[n - 1] for n in _PAGES]
        gap = 12
        joined = Image.new(
            "RGB",
            (sum(page.width for page in chosen) + gap * (len(chosen) + 1), chosen[0].height + 2 * gap),
            "#d9dde2",
        )
        for n, page in enumerate(chosen):
            joined.paste(page, (gap + n * (page.width + gap), gap))
        joined.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    draw(TARGET)
