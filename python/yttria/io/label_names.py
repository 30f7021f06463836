"""Names of the labels of a NIfTI labelmap, from a label table in its header or a BIDS `dseg.tsv` beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from ..errors import FileFormatError
from .bids import inherited_files, stem_of
from .stored_values import open_regular

#: Largest size of a table of names. A longer file is something else.
_LONGEST_TABLE = 1 << 22


def names_of_labels(path: Path, extensions: Sequence[str]) -> dict[int, str]:
    """Read the names of label values from the header's extensions and from a table beside the file.

    Raises
    ------
    FileFormatError
        If the two give different names to one label, or if a table is damaged.
    """
    found: dict[int, str] = {}
    for text in extensions:
        if "<CaretExtension" in text:
            found |= _label_table(path, text)
    sidecar = table_of_names(path)
    if sidecar is not None:
        for label, name in _tsv(sidecar).items():
            if found.setdefault(label, name) != name:
                raise FileFormatError(
                    f"{path}: label {label} is '{found[label]}' in its header but '{name}' in {sidecar}"
                )
    return found


def _label_table(path: Path, text: str) -> dict[int, str]:
    """Read the `LabelTable` of Caret's XML, which TotalSegmentator writes."""
    # A table of names needs no document type, and entities could expand without bound.
    if len(text) > _LONGEST_TABLE or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FileFormatError(f"{path}: the label table of its header is not plain XML")
    try:
        root = ElementTree.fromstring(text[text.index("<CaretExtension") :].rstrip("\0 \n"))
        return {int(label.attrib["Key"]): "".join(label.itertext()) for label in root.iter("Label")}
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise FileFormatError(f"{path}: the label table of its header cannot be read: {error}") from error


def table_of_names(path: Path) -> Path | None:
    """Find the nearest `dseg.tsv` with the names of a labelmap's labels, by the inheritance principle of BIDS."""
    if stem_of(path).casefold().split("_")[-1] != "dseg":
        return None
    return next(reversed(inherited_files(path, ".tsv")), None)


def _tsv(path: Path) -> dict[int, str]:
    with open_regular(path) as file:
        data = file.read(_LONGEST_TABLE + 1)
    try:
        if len(data) > _LONGEST_TABLE:
            raise ValueError(f"it is longer than {_LONGEST_TABLE} bytes")
        # The file may begin with a byte order mark.
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
