"""Groups of the manual's pages. A new page in `docs/` needs no entry: it appears in the last group by itself."""

from __future__ import annotations

from pathlib import Path

#: Pages of `docs/` by the heading that they stand under, in reading order.
GROUPS: dict[str, tuple[str, ...]] = {
    "Start": (
        "start/dose_a_patient",
        "start/plan_a_treatment",
        "start/use_it_in_my_program",
        "start/run_a_cohort",
        "start/check_my_implementation",
    ),
    "Dose": (
        "case",
        "dicom",
        "files",
        "structures",
        "density",
        "nuclides",
        "monte_carlo",
        "uncertainty",
        "partial_volume",
        "guests",
        "browser",
        "results",
        "report",
    ),
    "Plan": ("planning", "voxel_plan", "retreatment", "case_series"),
    "Compare and collect": ("compare", "batch", "outcomes"),
    "Verify": ("conformance", "reference", "peers"),
    "Speed": ("speed", "convolution"),
    "Theory": ("theory/kernels", "theory/partition", "theory/superposition", "theory/monte_carlo", "theory/gamma"),
    "Validation": (),
    "Look up": ("error_messages", "glossary", "advisories", "sources"),
}
#: Headings under which pages of the build follow those of `docs/`.
MADE = {"Look up": ("api/index", "command_line"), "Validation": ("VALIDATION",)}
#: Folders whose pages find their own heading.
FOLDERS = {"theory/": "Theory", "validation/": "Validation"}
#: Pages of the repository's root that stand first, and the heading of pages of `docs/` that no group names.
PROJECT = ("README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")
REST = "More"


def groups_of(docs: Path, made: set[str]) -> dict[str, list[str]]:
    """Return the documents under each heading, with the pages of `docs` that no group names in the last one.

    Raises `SystemExit` with a sentence if a group names a page that does not exist.
    """
    found = {path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")}
    listed = [name for names in GROUPS.values() for name in names]
    if missing := [name for name in listed if name not in found]:
        raise SystemExit(f"tools/site/contents.py lists pages that docs/ does not have: {', '.join(missing)}")
    if twice := {name for name in listed if listed.count(name) > 1}:
        raise SystemExit(f"tools/site/contents.py lists pages twice: {', '.join(sorted(twice))}")
    groups = {
        heading: [f"docs/{name}" for name in names] + [name for name in MADE.get(heading, ()) if name in made]
        for heading, names in GROUPS.items()
    }
    groups[REST] = []
    for name in sorted(found - set(listed) - {"index"}):
        heading = next((heading for folder, heading in FOLDERS.items() if name.startswith(folder)), REST)
        groups[heading].append(f"docs/{name}")
    return {heading: names for heading, names in groups.items() if names}
