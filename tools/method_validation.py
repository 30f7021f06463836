"""Write data/method_validation.json from VALIDATION.md: the rows that a report shows beside a dose model.

`python tools/method_validation.py`, after a change of those rows; a test compares the file with VALIDATION.md.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "python" / "yttria" / "data" / "method_validation.json"
_BESIDE_LUNG = "Homogeneous kernels are wrong at a lung"
#: The claims that concern each dose model, by the beginning of their sentence in VALIDATION.md.
CLAIMS = {
    "local_deposition": ("A uniform infinite medium receives", _BESIDE_LUNG),
    "voxel_s_values": ("Voxel S values follow Monte Carlo", "Convolution is the definition", _BESIDE_LUNG),
    "superposition": ("Superposition is its definition", "Beside lung it follows", "Beside bone it follows"),
    "monte_carlo": (
        "Monte Carlo transport follows EGSnrc at a point",
        "Monte Carlo transport follows EGSnrc in voxels",
        "The stated standard error is",
    ),
}


def method_validation(text: str) -> str:
    """JSON of the rows, from the text of VALIDATION.md; `ValueError` for a claim that it does not hold once."""
    lines = [line.strip("| \n") for line in text.splitlines() if line.startswith("| ")]
    rows = [[_plain(cell) for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    methods = {}
    for method, claims in CLAIMS.items():
        methods[method] = []
        for claim in claims:
            found = [row for row in rows if row[0].startswith(claim)]
            if len(found) != 1:
                raise ValueError(f"VALIDATION.md must hold one row that begins with '{claim}', has {len(found)}")
            methods[method].append(dict(zip(("claim", "acceptance", "measured", "limit"), found[0], strict=True)))
    return json.dumps({"source": "VALIDATION.md", "methods": methods}, indent=2, ensure_ascii=False) + "\n"


def _plain(cell: str) -> str:
    """A cell without the names of tests and files, and without marks of Markdown."""
    without = re.sub(r"\s*\((?:`[^`]*`[;,]?\s*|same file|same)+[^()]*\)", "", cell)
    return re.sub(r"\s+", " ", without.replace("`", "").replace("\\|", "|")).strip().removesuffix(", below")


if __name__ == "__main__":
    TARGET.write_text(method_validation((ROOT / "VALIDATION.md").read_text(encoding="utf-8")), encoding="utf-8")
