"""The tables of a cohort, in the order of the manifest, from the parts in which the results were written.

`doses.parquet`: case_id, structure, metric, value, unit, method, warnings. `dvh.parquet`: case_id, structure,
dvh_step_gy, volume_ml, a list whose n-th value is the volume that receives `n x dvh_step_gy` or more. `cases.parquet`:
key, hashes of the inputs, advisories and provenance (JSON) of each case. `quarantine.parquet`: the cases without a
result, with row and spreadsheet line in the manifest, and why.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .._foundation.extras import require
from .._foundation.text import encodable
from ..errors import FileFormatError
from .anonymity import anonymous_advisories, anonymous_failure, anonymous_provenance, case_name
from .files import durable
from .folder import TABLES, place_of
from .keys import Options, entry
from .ledger import Known, Place, failures
from .manifest import Problem, declared_rows
from .manifest_table import Cells
from .parts import DVH, PLAIN, STRUCTURE, read_part

#: Cases per row group, and parts that are held open.
_GROUP = 1024
_OPEN = 16


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What was written: cases with a result, and those in quarantine."""

    cases: int
    quarantined: int


def unit_of(metric: str) -> str:
    """The unit that ends a metric's name."""
    endings = {"_gy": "Gy", "_ml": "mL", "_fraction": "fraction"}
    return next((unit for ending, unit in endings.items() if metric.endswith(ending)), "1")


def write_tables(
    manifest: Path,
    folder: Path,
    options: Options,
    bad_rows: Mapping[int, Sequence[Problem]],
    *,
    anonymous: bool = False,
) -> Tables | None:
    """Write the tables; None, and nothing is written, while a row of the manifest has neither a result nor a failure.

    `bad_rows`: rows that are no cases, by number, which go into quarantine with what is wrong with them. `anonymous`:
    rows of the manifest stand for case ids, and texts that could hold a name, a path or a date are left out.

    The same results give the same bytes, whoever computed them and in which order.
    """
    known, failed, place_ = Known(folder), failures(folder), place_of(manifest, folder)
    # The key of each row, or zeros where it has failed: 16 bytes a row.
    keys = bytearray()
    for cells, declared in declared_rows(manifest):
        key = None
        if cells.row not in bad_rows:
            name = entry(declared, options, place_)
            key = known.key_of(name)
            if key is None and name not in failed:
                return None
        keys += bytes.fromhex(key) if key else bytes(16)
    parts = _Parts(folder)
    cases = quarantined = 0
    with ExitStack() as stack:
        write = {name: stack.enter_context(_Table(folder / f"{name}.parquet", _schema(name))) for name in TABLES}
        rows = declared_rows(manifest)
        while batch := list(islice(rows, _GROUP)):
            good: list[tuple[int, str, str, Place]] = []
            bad: list[tuple[Cells, str, dict[str, Any]]] = []
            for cells, declared in batch:
                case_id = case_name(cells.row) if anonymous else encodable(str(declared.get("case_id", "")))
                key = keys[16 * (cells.row - 1) : 16 * cells.row].hex()
                if cells.row in bad_rows:
                    bad.append((cells, case_id, _no_case(bad_rows[cells.row])))
                elif (place := known.place_of(key)) is None:
                    bad.append((cells, case_id, failed[entry(declared, options, place_)]))
                else:
                    good.append((cells.row, case_id, key, place))
            cases, quarantined = cases + len(good), quarantined + len(bad)
            if good:
                results = parts.take([place for *_, place in good], [key for _, _, key, _ in good])
                if anonymous:
                    results = _anonymous(results)
                for name, table in _tables([row for row, *_ in good], [i for _, i, *_ in good], results).items():
                    write[name].add(table)
            if bad:
                lines = [(c, name, anonymous_failure(line)) for c, name, line in bad] if anonymous else bad
                write["quarantine"].add(_quarantine(lines))
    return Tables(cases=cases, quarantined=quarantined)


class _Table:
    """A Parquet file that appears when all of it is written."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._stack = ExitStack()
        self._path, self._schema = path, schema

    def __enter__(self) -> _Table:
        parquet = require("pyarrow.parquet", "batch")
        file = self._stack.enter_context(durable(self._path))
        self._writer = self._stack.enter_context(parquet.ParquetWriter(file, self._schema, compression="zstd"))
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.__exit__(*details)

    def add(self, table: Any) -> None:
        self._writer.write_table(table.cast(self._schema))


class _Parts:
    """Rows of parts, by place; the parts used last are held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: OrderedDict[str, Any] = OrderedDict()

    def take(self, places: Sequence[Place], keys: Sequence[str]) -> Any:
        """The rows at these places, one after another, as one table."""
        arrow = require("pyarrow", "batch")
        wanted: dict[str, list[int]] = {}
        for n, place in enumerate(places):
            wanted.setdefault(place.part, []).append(n)
        tables = [self._part(name).take([places[n].at for n in numbers]) for name, numbers in wanted.items()]
        order = np.argsort([n for numbers in wanted.values() for n in numbers])
        rows = arrow.concat_tables(tables, promote_options="default").take(order).combine_chunks()
        for n, (found, key) in enumerate(zip(rows["key"].to_pylist(), keys, strict=True)):
            if found != key:
                raise FileFormatError(
                    f"{self._folder / 'parts' / places[n].part}: holds another result than its ledger says; remove it "
                    "and run again to repeat its cases"
                )
        return rows

    def _part(self, name: str) -> Any:
        if name not in self._held:
            self._held[name] = read_part(self._folder, name)
            while len(self._held) > _OPEN:
                self._held.popitem(last=False)
        self._held.move_to_end(name)
        return self._held[name]


def _schema(name: str) -> Any:
    arrow = require("pyarrow", "batch")
    text, number, whole = arrow.string(), arrow.float64(), arrow.int64()
    word = arrow.dictionary(arrow.int32(), text)
    columns: dict[str, dict[str, Any]] = {
        "doses": {
            "case_id": word,
            "structure": word,
            "metric": word,
            "value": number,
            "unit": word,
            "method": word,
            "warnings": word,
        },
        "dvh": {"case_id": word, "structure": word, "dvh_step_gy": number, "volume_ml": arrow.list_(number)},
        "cases": {
            "row": whole,
            "case_id": text,
            "key": text,
            "method": text,
            "sha256": text,
            "advisories": text,
            "provenance": text,
            "dose_map": text,
        },
        "quarantine": {"row": whole, "line": whole, "case_id": text, "error": text, "message": text, "sha256": text},
    }
    return arrow.schema(list(columns[name].items()))


def _tables(rows: Sequence[int], ids: Sequence[str], results: Any) -> dict[str, Any]:
    arrow = require("pyarrow", "batch")
    plain = {name: results[name] for name in PLAIN if name != "dvh_step_gy"}
    cases = {"row": rows, "case_id": ids} | plain

    structures = results[STRUCTURE].combine_chunks()
    of_case = np.repeat(np.arange(len(rows)), structures.value_lengths().to_numpy(zero_copy_only=False))
    names = structures.flatten()
    metrics = [name for name in results.column_names if name not in (*PLAIN, STRUCTURE, DVH)]
    values = np.empty((len(names), len(metrics)))
    for column, name in enumerate(metrics):
        values[:, column] = results[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)

    def words(each: Sequence[str], index: Any) -> Any:
        # A dictionary must hold each word once.
        numbers = {word: n for n, word in enumerate(dict.fromkeys(each))}
        codes = np.array([numbers[word] for word in each], np.int32)[index]
        return arrow.DictionaryArray.from_arrays(codes, arrow.array(list(numbers), arrow.string()))

    warnings = [";".join(dict.fromkeys(a["code"] for a in json.loads(t))) for t in results["advisories"].to_pylist()]
    long = np.repeat(of_case, len(metrics))
    coded = names.dictionary_encode()
    kinds, of_structure = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    doses = {
        "case_id": words(ids, long),
        "structure": words(kinds, np.repeat(of_structure, len(metrics))),
        "metric": words(metrics, np.tile(np.arange(len(metrics)), len(names))),
        "value": arrow.array(values.ravel(), arrow.float64(), from_pandas=True),
        "unit": words([unit_of(m) for m in metrics], np.tile(np.arange(len(metrics)), len(names))),
        "method": words(results["method"].to_pylist(), long),
        "warnings": words(warnings, long),
    }
    dvh = {
        "case_id": words(ids, of_case),
        "structure": words(kinds, of_structure),
        "dvh_step_gy": np.repeat(results["dvh_step_gy"].to_numpy(), np.bincount(of_case, minlength=len(rows))),
        "volume_ml": results[DVH].combine_chunks().flatten(),
    }
    return {"doses": arrow.table(doses), "dvh": arrow.table(dvh), "cases": arrow.table(cases)}


def _anonymous(results: Any) -> Any:
    text = require("pyarrow", "batch").string()
    for name, change in (("advisories", anonymous_advisories), ("provenance", anonymous_provenance)):
        column = require("pyarrow", "batch").array([change(each) for each in results[name].to_pylist()], text)
        results = results.set_column(results.column_names.index(name), name, column)
    return results


def _no_case(problems: Sequence[Problem]) -> dict[str, Any]:
    message = "; ".join(f"{problem.column}: {problem.message}" for problem in problems)
    return {"error": "ManifestError", "message": message, "sha256": {}}


def _quarantine(bad: Sequence[tuple[Cells, str, dict[str, Any]]]) -> Any:
    columns: dict[str, list[Any]] = {
        "row": [cells.row for cells, _, _ in bad],
        "line": [cells.line for cells, _, _ in bad],
        "case_id": [case_id for _, case_id, _ in bad],
        **{name: [encodable(line[name]) for *_, line in bad] for name in ("error", "message")},
        "sha256": [json.dumps(line["sha256"], sort_keys=True) for *_, line in bad],
    }
    return require("pyarrow", "batch").table(columns)


def read_rows(folder: Path, name: str, columns: Sequence[str]) -> Iterator[Any]:
    """A table by row groups, as Arrow tables."""
    parquet = require("pyarrow.parquet", "batch")
    with parquet.ParquetFile(folder / f"{name}.parquet") as table:
        for group in range(table.num_row_groups):
            yield table.read_row_group(group, columns=list(columns))
