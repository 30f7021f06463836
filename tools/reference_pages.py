"""Write docs/advisories.md, docs/sources.md and docs/case.md from the package: `python tools/reference_pages.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from yttria.advisory import AdvisoryKind, advisory_kinds
from yttria.case import FIELDS
from yttria.case.fields import Field
from yttria.sources import sources

DOCS = Path(__file__).resolve().parent.parent / "docs"
_RELATIONS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_READ = {"primary": "read", "secondary": "read in a text that quotes it", "no": "not read", "own": "no publication"}


def advisories_page() -> str:
    """Make the page of all codes, by subject."""
    return "\n".join(_advisories()) + "\n"


def _advisories() -> Iterator[str]:
    yield "# Advisories: codes and remedies"
    yield ""
    yield "<!-- Written by tools/reference_pages.py from python/yttria/data/advisories.json. -->"
    yield ""
    yield "Every result has `advisories`. Each advisory has a code, a severity ([results.md](results.md)) and a"
    yield "sentence. Many have a value, its limit, and the key of the limit's source in the [table of"
    yield "sources](sources.md). The key [yttria-choice](sources.md#yttria-choice) marks a limit that this project"
    yield "chose, because no published value was found. In the sentences below, a word in braces stands for the name"
    yield "or the number that was found."
    yield ""
    yield "```python"
    yield "from yttria.advisory import advisory_kinds"
    yield ""
    yield 'print(advisory_kinds()["lung_shunt_above_20_percent"].what_to_do)'
    yield "```"
    for group, kinds in groupby(advisory_kinds().values(), key=lambda kind: kind.group):
        yield ""
        yield f"## {group}"
        yield ""
        yield "| code | severity | sentence | limit | what to do |"
        yield "|---|---|---|---|---|"
        for kind in kinds:
            sentences = "<br>".join(map(_plain, kind.sentences.values()))
            severity = " or ".join(kind.severities)
            yield f"| `{kind.code}` | {severity} | {sentences} | {_limit(kind)} | {kind.what_to_do} |"


def _plain(sentence: str) -> str:
    """The sentence with its fields' names alone, as Markdown."""
    shown = ""
    for piece in sentence.replace("|", "\\|").split("{"):
        name, closed, rest = piece.partition("}")
        shown += f"{{{name.split(':')[0].split('!')[0]}}}{rest}" if closed else name
    return shown


def _limit(kind: AdvisoryKind) -> str:
    if kind.limit == "":
        return ""
    limit = "as given" if isinstance(kind.limit, str) else f"{kind.limit:g}"
    unit = "" if kind.unit in ("", "1") else f" {kind.unit}"
    source = "" if kind.source in ("", "given") else f" ({_linked(kind.source)})"
    return f"{kind.relation} {limit}{unit}{source}".strip()


def _linked(text: str) -> str:
    """The text with each key of a source as a link to its row."""
    return re.sub(r"[\w.-]+", lambda m: f"[{m[0]}](sources.md#{_anchor(m[0])})" if m[0] in sources() else m[0], text)


def _anchor(key: str) -> str:
    """The anchor of a source, which may have no dot."""
    return key.replace(".", "-")


def sources_page() -> str:
    """Make the page of all sources."""
    return "\n".join(_sources()) + "\n"


def _sources() -> Iterator[str]:
    yield "# Sources: every citation key"
    yield ""
    yield "<!-- Written by tools/reference_pages.py from python/yttria/data/sources.json. -->"
    yield ""
    yield "Docstrings, tables, pages and results cite these keys. The column *read* states whether the source itself"
    yield "was read. If it was not, check the value in the source before you use it. Results mark such values: their"
    yield "`source_read` is `no`. The row *yttria-choice* stands for values that this project chose, because no"
    yield "published value was found."
    yield ""
    yield "```python"
    yield "import yttria.sources"
    yield ""
    yield 'print(yttria.sources.source("kao2014").citation)'
    yield "```"
    yield ""
    yield "| key | citation | read | checked |"
    yield "|---|---|---|---|"
    for source in sources().values():
        key = f'<a id="{_anchor(source.key)}"></a>`{source.key}`'
        yield f"| {key} | {source.citation} | {_READ[source.read]} | {source.checked} |"


def case_page() -> str:
    """Make the page of the fields of a case."""
    return "\n".join(_case()) + "\n"


def _case() -> Iterator[str]:
    yield "# A case: every field"
    yield ""
    yield "<!-- Written by tools/reference_pages.py from python/yttria/case/case.py. -->"
    yield ""
    yield "`yttria dose` takes these fields as options, a manifest of `yttria batch` takes them as columns"
    yield "([batch.md](batch.md)), and `yttria.case.Case` takes them as arguments. An empty cell of a manifest"
    yield "states nothing. A relative path in a manifest starts at the folder of the manifest. A choice can be"
    yield "written with hyphens or with underscores."
    yield ""
    yield "```python"
    yield "from yttria.case import Case"
    yield ""
    yield 'case = Case(activity="pet.nrrd", structures="liver.seg.nrrd", unit="Bq/mL", scan_delay_h=20.4)'
    yield 'assert case.method == "local_deposition"'
    yield "```"
    for group, fields in groupby(FIELDS.values(), key=lambda field: field.group):
        yield ""
        yield f"## {group}"
        yield ""
        yield "| field | option | value | default | meaning |"
        yield "|---|---|---|---|---|"
        yield from map(_field, fields)


def _field(field: Field) -> str:
    option = "an argument" if field.form == "argument" else ", ".join(f"`{each}`" for each in field.options)
    default = "" if field.default in (None, "") else f"`{field.default}`"
    meaning = field.help.format_map({each: f"`{each}`" for each in FIELDS})
    if field.separator:
        meaning = f"{meaning.removesuffix('.')}; `{field.separator}` separates several in a column."
    return f"| `{field.name}` | {option} | {_value(field)} | {default} | {meaning} |"


def _value(field: Field) -> str:
    if field.kind == "number":
        limits = " and ".join(f"{_RELATIONS[word]} {limit:g}" for word, limit in field.limits.items())
        return f"number{'' if field.unit == '1' else f' in {field.unit}'}, {limits}"
    if field.choices:
        return ", ".join(f"`{each}`" for each in field.choices)
    return f"{field.kind} or paths" if field.form == "repeated" and field.kind == "path" else field.kind


if __name__ == "__main__":
    (DOCS / "advisories.md").write_text(advisories_page(), encoding="utf-8")
    (DOCS / "case.md").write_text(case_page(), encoding="utf-8")
    (DOCS / "sources.md").write_text(sources_page(), encoding="utf-8")
