"""Names of the labels of a NIfTI labelmap: the label table of a header extension, and BIDS `dseg.tsv` beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from ..errors import FileFormatError
from .bids import inherited_files, stem_of
from .stored_values import open_regular

#: A table of names is short; what is longer is something else.
_LONGEST_TABLE = 1 << 22


def names_of_labels(path: Path, extensions: Sequence[str]) -> dict[int, str]:
    """The names that the header's extensions and a table beside the file give to label values.

    Raises
    ------
    FileFormatError
        If the two give one label two names, or if a table is damaged.
    """
    found: dict[int, str] = {}
    for text in extensions:
        if "<CaretExtension" in text:
            found |= _label_table(path, text)
    sidecar = table_of_names(path)
    if sidecar is not None:
        for label, name in _tsv(sidecar).items():
            if found.setdefault(label, name) != name:
                raise FileFormatError(f"{path}: label {label} is '{found[label]}' by its header, '{name}' by {sidecar}")
    return found


def _label_table(path: Path, text: str) -> dict[int, str]:
    """The `LabelTable` of Caret's XML, which TotalSegmentator writes."""
    # Nothing in a table of names needs a document type, and entities could grow without bound.
    if len(text) > _LONGEST_TABLE or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FileFormatError(f"{path}: the label table of its header is no plain XML")
    try:
        root = ElementTree.fromstring(text[text.index("<CaretExtension") :].rstrip("\0 \n"))
        return {int(label.attrib["Key"]): "".join(label.itertext()) for label in root.iter("Label")}
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise FileFormatError(f"{path}: the label table of its header cannot be read: {error}") from error


def table_of_names(path: Path) -> Path | None:
    """The `dseg.tsv` that names the labels of a labelmap, by the inheritance principle of BIDS: the nearest one."""
    if stem_of(path).casefold().split("_")[-1] != "dseg":
        return None
    return next(reversed(inherited_files(path, ".tsv")), None)


def _tsv(path: Path) -> dict[int, str]:
    with open_regular(path) as file:
        data = file.read(_LONGEST_TABLE + 1)
    try:
        if len(data) > _LONGEST_TABLE:
            raise ValueError(f"it is longer than {_LONGEST_TABLE} bytes")
        # With or without a byte order mark.
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter="\t")
        if not {"index", "name"} <= set(rows.fieldnames or ()):
            raise ValueError(f"its columns are {', '.join(rows.fieldnames or ())!a:.80}")
        found: dict[int, str] = {}
        for row in rows:
            label, name = int(row["index"]), row["name"] or ""
            if name == "n/a":
                continue
            if found.setdefault(label, name) != name:
                raise ValueError(f"index {label} has two names")
        return found
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise FileFormatError(f"{path}: not a table of labels with the columns index and name: {error}") from error
