"""Write VALIDATION.md and docs/validation/*.md from the claims and from what the tests measured.

`python tools/validation.py MEASURED` takes the figures of `pytest --claims --measured MEASURED` in (`make validation`).
Without an argument the pages are written from docs/validation/measured.json as it stands.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "validation"
MEASURED = FOLDER / "measured.json"
SUMMARY = ROOT / "VALIDATION.md"
OF_METHODS = ROOT / "python" / "yttria" / "data" / "method_validation.json"
#: The topics, in the order of the summary.
TOPICS = ("kernels", "dose", "geometry", "dicom", "planning", "evaluation", "batch")

#: A report has no room for more of one claim.
FIGURES_OF_A_REPORT = 8


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim as its topic's file declares it.

    `by_hand` holds figures that no test measures, with their date. `rust` names modules of the core whose tests check
    the claim. `headline` labels the figure that the summary shows. `methods` are the dose models that the claim
    concerns.
    """

    id: str
    claim: str
    tolerance: str
    compared_with: str
    limit: str = ""
    by_hand: str = ""
    rust: list[str] = field(default_factory=list)
    headline: str = ""
    methods: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Claims of one subject, and what is to be said beside them."""

    title: str
    about: str
    claim: list[Claim]
    notes: str = ""

    @classmethod
    def read(cls, name: str) -> Topic:
        """The topic of that name."""
        declared = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        return cls(**{**declared, "claim": [Claim(**each) for each in declared["claim"]]})


def measured_now() -> dict[str, Any]:
    """What the tests measured, by claim, with the machine that they ran on."""
    return json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {"machine": "", "claims": {}}


def taken_in(found: dict[str, Any]) -> dict[str, Any]:
    """The kept figures with those of a new run; a claim whose tests did not run keeps its earlier ones."""
    kept = measured_now()["claims"]
    today = date.today().isoformat()
    for claim, new in found.items():
        kept[claim] = {"date": today, **new}
    known = {claim.id for name in TOPICS for claim in Topic.read(name).claim}
    return {"machine": machine(), "claims": {claim: kept[claim] for claim in sorted(kept) if claim in known}}


def machine() -> str:
    """Processor and Python of this machine, in a few words."""
    models = re.findall(r"model name\s*:\s*(.+)", _text("/proc/cpuinfo"))
    return f"{models[0] if models else platform.machine()}, Python {platform.python_version()}"


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def figure(label: str, kept: dict[str, Any]) -> str:
    """One figure in words: label, value, unit, and how many it is the largest of."""
    value = f"{kept['value']:+g}" if kept.get("signed") else f"{kept['value']:g}"
    spread = f" ± {kept['plus_minus']:g}" if "plus_minus" in kept else ""
    of = f" (largest of {kept['of']})" if kept["of"] > 1 else ""
    return f"{label}: {value}{spread}{' ' if kept['unit'] else ''}{kept['unit']}{of}"


def figures(claim: Claim, measured: dict[str, Any], most: int | None = None) -> str:
    """Figures of a claim in words, at most so many; what is known of it if no test recorded one."""
    of_claim = measured["claims"].get(claim.id, {})
    shown = "; ".join(figure(*each) for each in list(of_claim.get("figures", {}).items())[:most])
    return shown or ("holds, asserted by the tests" if of_claim or claim.rust else "not measured by a test")


def topic_page(name: str) -> str:
    """The page of one topic."""
    return "\n".join(_topic_lines(name)) + "\n"


def _topic_lines(name: str) -> Iterator[str]:
    topic, measured = Topic.read(name), measured_now()
    yield f"# Validation: {topic.title}"
    yield ""
    yield f"<!-- Written by `make validation` from docs/validation/{name}.toml and measured.json. -->"
    yield ""
    yield topic.about
    for claim in topic.claim:
        run = measured["claims"].get(claim.id, {})
        yield ""
        yield f"## {claim.claim}"
        yield ""
        yield f"- **Must hold:** {claim.tolerance}"
        yield f"- **Compared with:** {claim.compared_with}"
        yield f"- **Measured{' on ' + run['date'] if run.get('figures') else ''}:** {figures(claim, measured)}"
        if claim.by_hand:
            yield f"- **Measured by hand, not in a test:** {claim.by_hand}"
        if claim.limit:
            yield f"- **Limit:** {claim.limit}"
        tests = [*(f"`{test}`" for test in run.get("tests", ())), *(f"`cargo test {each}`" for each in claim.rust)]
        yield f"- **Tests:** {', '.join(tests) if tests else 'none'}"
    if topic.notes:
        yield ""
        yield topic.notes.strip()


def summary_page() -> str:
    """The summary of all topics."""
    return "\n".join(_summary_lines()) + "\n"


def _summary_lines() -> Iterator[str]:
    measured = measured_now()
    topics = {name: Topic.read(name) for name in TOPICS}
    yield "# Validation"
    yield ""
    yield "<!-- Written by `make validation`. -->"
    yield ""
    yield "Each claim below states its tolerance, the comparison, the measured figures and the limits that remain."
    yield "`make validation` runs the tests and writes every measured figure. A figure that no test measures is marked"
    yield "as measured by hand. Some tests need data that may not be distributed. They find these data through"
    yield "`$YTTRIA_TEST_DATA`."
    yield ""
    yield "| topic | claims | with measured figures | asserted only | by hand only |"
    yield "|---|---|---|---|---|"
    for name, topic in topics.items():
        counts = [_kind(claim, measured) for claim in topic.claim]
        cells = " | ".join(str(counts.count(kind)) for kind in ("figures", "asserted", "by hand"))
        yield f"| [{topic.title}](docs/validation/{name}.md) | {len(counts)} | {cells} |"
    yield ""
    yield "The figures that matter most:"
    yield ""
    yield "| claim | must hold | measured |"
    yield "|---|---|---|"
    for name, topic in topics.items():
        for claim in topic.claim:
            kept = measured["claims"].get(claim.id, {}).get("figures", {})
            if label := kept.get(claim.headline):
                shown = figure(claim.headline, label)
                yield f"| [{claim.claim}](docs/validation/{name}.md) | {claim.tolerance} | {shown} |"
    yield ""
    yield f"Measured on: {measured['machine']}. Times are in [docs/speed.md](docs/speed.md). Times are not claims."


def _kind(claim: Claim, measured: dict[str, Any]) -> str:
    run = measured["claims"].get(claim.id, {})
    if run.get("figures"):
        return "figures"
    return "asserted" if run or claim.rust else "by hand"


def of_methods() -> str:
    """The claims that a report shows beside a dose model, as JSON."""
    measured = measured_now()
    methods: dict[str, list[dict[str, str]]] = {}
    for name in TOPICS:
        for claim in Topic.read(name).claim:
            shown = {
                "claim": claim.claim,
                "acceptance": claim.tolerance,
                "measured": figures(claim, measured, FIGURES_OF_A_REPORT),
                "limit": claim.limit or "-",
            }
            for method in claim.methods:
                methods.setdefault(method, []).append({key: text.replace("`", "") for key, text in shown.items()})
    return json.dumps({"source": "VALIDATION.md", "methods": methods}, indent=2, ensure_ascii=False) + "\n"


def written() -> dict[Path, str]:
    """Every file that is written, with its text."""
    pages = {FOLDER / f"{name}.md": topic_page(name) for name in TOPICS}
    return {SUMMARY: summary_page(), OF_METHODS: of_methods(), **pages}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        figures_found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        MEASURED.write_text(json.dumps(taken_in(figures_found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
