"""Parts, which are small Parquet files of results with one row per case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from .._foundation.extras import require
from .._foundation.text import encodable
from ..errors import FileFormatError
from .results_folder import durable
from .worker import CaseOutcome

#: Columns of a part that hold one value per structure, in addition to the metrics of `DoseResult.table`.
STRUCTURE = "structure"
DVH = "dvh_volume_ml"
PLAIN = ("key", "method", "dvh_step_gy", "sha256", "advisories", "provenance", "dose_map", "picture")


@contextmanager
def new_part(folder: Path, outcomes: Sequence[CaseOutcome]) -> Iterator[str]:
    """Write the results of some cases, and yield the name of the part, which follows from their keys.

    The part appears when the block has ended. The ledger names it inside the block, and an entry without its part
    counts as not done. Therefore every part has its entries.
    """
    parquet = require("pyarrow.parquet", "batch")
    name = hashlib.blake2b("".join(str(o.key) for o in outcomes).encode(), digest_size=12).hexdigest()
    name = f"{name[:2]}/{name}.parquet"
    with durable(folder / "parts" / name) as file:
        parquet.write_table(_table(outcomes), file, compression="zstd", write_page_checksum=True)
        yield name


def read_part(folder: Path, name: str) -> Any:
    """Read a part as an Arrow table.

    The checksums of its pages are verified. A damaged part is set aside, and `FileFormatError` is raised. The next run
    repeats only its cases.
    """
    arrow, parquet = require("pyarrow", "batch"), require("pyarrow.parquet", "batch")
    path = folder / "parts" / name
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as part:
            return part.read()
    except (arrow.ArrowException, OSError, ValueError) as error:
        # An error of the system is not damage. Examples are too many open files, or a disk that is not mounted.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        aside = path.with_name(f"{path.name}.damaged")
        with suppress(OSError):
            path.replace(aside)
        raise FileFormatError(
            f"{path}: results on the disk were damaged ({error}); they are set aside as {aside.name}, run again to "
            "repeat their cases"
        ) from error


def _table(outcomes: Sequence[CaseOutcome]) -> Any:
    arrow = require("pyarrow", "batch")
    # Cases may differ in their columns. Those of uncertainty exist if a case states any.
    columns_of_rows = dict.fromkeys(name for outcome in outcomes for row in outcome.rows for name in row)
    metrics = [name for name in columns_of_rows if name != STRUCTURE]
    offsets = arrow.array(np.cumsum([0, *(len(o.rows) for o in outcomes)]), arrow.int32())
    columns: dict[str, Any] = {
        "key": arrow.array([o.key for o in outcomes], arrow.string()),
        "method": arrow.array([o.provenance.get("method") for o in outcomes], arrow.string()),
        "dvh_step_gy": arrow.array([o.dvh_step_gy for o in outcomes], arrow.float64()),
        "sha256": arrow.array([_json(o.sha256) for o in outcomes], arrow.string()),
        "advisories": arrow.array([_json(o.advisories) for o in outcomes], arrow.string()),
        "provenance": arrow.array([_json(o.provenance) for o in outcomes], arrow.string()),
        "dose_map": arrow.array([o.dose_map for o in outcomes], arrow.string()),
        "picture": arrow.array([o.picture for o in outcomes], arrow.string()),
    }
    rows = [row for o in outcomes for row in o.rows]
    columns[STRUCTURE] = _lists(
        arrow, offsets, arrow.array([encodable(row[STRUCTURE]) for row in rows], arrow.string())
    )
    for name in metrics:
        columns[name] = _lists(arrow, offsets, arrow.array([row.get(name) for row in rows], arrow.float64()))
    curves = [o.dvh_volume_ml.get(row[STRUCTURE], _NO_CURVE) for o in outcomes for row in o.rows]
    inner = arrow.array(np.cumsum([0, *map(len, curves)]), arrow.int32())
    values = arrow.array(np.concatenate([_NO_CURVE, *curves]), arrow.float64())
    columns[DVH] = _lists(arrow, offsets, _lists(arrow, inner, values))
    return arrow.table(columns)


def _lists(arrow: Any, offsets: Any, values: Any) -> Any:
    return arrow.ListArray.from_arrays(offsets, values)


def _json(value: object) -> str:
    return encodable(json.dumps(value, sort_keys=True, ensure_ascii=False))


_NO_CURVE = np.zeros(0)
