"""Names of the labels of a NIfTI labelmap: the label table of a header extension, and BIDS `dseg.tsv` beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from ..errors import FileFormatError
from .stored_values import open_regular

#: A table of names is short; what is longer is something else.
_LONGEST_TABLE = 1 << 22
#: The file that marks the folder of a data set in BIDS, and how many folders above a file it may lie.
_DATA_SET, _DEEPEST = "dataset_description.json", 6


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
    sidecar = _sidecar(path)
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


def _sidecar(path: Path) -> Path | None:
    """The table for a file, by the inheritance principle of BIDS.

    It is named like the file, or with some of the entities of its name. It lies beside the file, or above it up to the
    folder with `dataset_description.json`; the nearest one counts, and of two the one with more entities.
    """
    stem = path.name.removesuffix(".gz").removesuffix(".GZ").rsplit(".", 1)[0]
    *entities, suffix = stem.split("_")
    if suffix.casefold() != "dseg":
        return None
    folders = list(path.absolute().parents)[:_DEEPEST]
    data_set = next((n for n, folder in enumerate(folders) if (folder / _DATA_SET).is_file()), 0)
    for folder in [path.parent, *folders[1 : data_set + 1]]:
        tables = [table for table in folder.glob("*dseg.tsv") if table.is_file()]
        named = {table: table.stem.split("_") for table in tables}
        fitting = [t for t, (*own, end) in named.items() if end == "dseg" and set(own) <= set(entities)]
        if fitting:
            return max(fitting, key=lambda table: (table.stem == stem, len(named[table]), table.name))
    return None


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
