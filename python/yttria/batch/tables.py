"""Tables of a cohort, in the order of the manifest, from the parts in which the results were written.

- `doses.parquet` has one row per case, structure and metric, with its standard uncertainty and coverage factor if the
  case states uncertainties.
- `dvh.parquet` has one row per case and structure. Value n of the list `volume_ml`, counted from 0, is the volume in mL
  that receives `n x dvh_step_gy` or more.
- `cases.parquet` has key, hashes of the inputs, advisories and provenance (JSON) of each case.
- The column `isotope` of these three is that of the dose, such as "Y-90". Doses of different isotopes are not pooled.
- `quarantine.parquet` has the cases without a result, with row and spreadsheet line in the manifest, and the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .._foundation.dose_isotope import isotope_of_dose
from .._foundation.extras import require
from .._foundation.text import encodable
from ..errors import FileFormatError
from .content_hash import Options, entry_of
from .ledger import CompletedIndex, Place, failures
from .manifest import Problem, declared_rows
from .manifest_table import Cells
from .parts import DVH, PLAIN, STRUCTURE, read_part
from .results_folder import TABLES, durable, manifest_place
from .uncertainty_columns import COVERAGE_FACTOR, metrics_of, uncertainty_of

#: Cases per row group, and largest number of parts held in memory.
_GROUP = 1024
_HELD = 16
#: Keys of the provenance whose texts may name files, times or structures of the origin.
_NAMING = ("evaluation", "image_transform_source", "density_image")
_LEFT_OUT = "left out, because the tables are anonymous"
#: Columns of the tables with their types. A table holds each word only once.
_COLUMNS = {
    "doses": (
        "case_id:word structure:word metric:word value:number unit:word method:word warnings:word "
        "standard_uncertainty:number coverage_factor:number isotope:word"
    ),
    "dvh": "case_id:word structure:word dvh_step_gy:number volume_ml:numbers isotope:word",
    "cases": (
        "row:whole case_id:text key:text method:text sha256:text advisories:text provenance:text dose_map:text "
        "picture:text isotope:word"
    ),
    "quarantine": "row:whole line:whole case_id:text error:text message:text sha256:text",
}


def unit_of(metric: str) -> str:
    """Read the unit that ends a metric's name."""
    endings = {"_gy": "Gy", "_ml": "mL", "_fraction": "fraction"}
    return next((unit for ending, unit in endings.items() if metric.endswith(ending)), "1")


def write_tables(
    manifest: Path,
    folder: Path,
    options: Options,
    bad_rows: Mapping[int, Sequence[Problem]],
    *,
    anonymous: bool = False,
) -> int | None:
    """Write the tables, and return the number of cases in quarantine.

    If a row of the manifest has neither a result nor a failure, no table is written, and None is returned.

    `bad_rows` are rows that do not declare a case, by number. They go into quarantine with their problems. If
    `anonymous` is true, rows of the manifest replace case ids, and texts that could hold a name, a path or a date are
    left out.

    The same results give the same bytes, in whatever order and on whatever machine they were computed.
    """
    index, failed, start = CompletedIndex(folder), failures(folder), manifest_place(manifest, folder)
    # The key of each row takes 16 bytes, which are zero if the row has failed.
    keys = bytearray()
    for cells, declared in declared_rows(manifest):
        key = None
        if cells.row not in bad_rows:
            name = entry_of(declared, options, start)
            key = index.key_of(name)
            if key is None and name not in failed:
                return None
        keys += bytes.fromhex(key) if key else bytes(16)
    part_of = lru_cache(_HELD)(partial(read_part, folder))
    quarantined = 0
    with ExitStack() as stack:
        add = {name: stack.enter_context(_table_writer(folder, name)) for name in TABLES}
        rows = declared_rows(manifest)
        while batch := list(islice(rows, _GROUP)):
            good: list[tuple[int, str, str, Place]] = []
            bad: list[tuple[Cells, str, dict[str, Any]]] = []
            for cells, declared in batch:
                case_id = f"case {cells.row}" if anonymous else encodable(str(declared.get("case_id", "")))
                key = keys[16 * (cells.row - 1) : 16 * cells.row].hex()
                if cells.row in bad_rows:
                    bad.append((cells, case_id, _no_case(bad_rows[cells.row])))
                elif (place := index.place_of(key)) is None:
                    bad.append((cells, case_id, failed[entry_of(declared, options, start)]))
                else:
                    good.append((cells.row, case_id, key, place))
            quarantined += len(bad)
            if good:
                results = _take(folder, part_of, [place for *_, place in good], [key for _, _, key, _ in good])
                if anonymous:
                    results = _anonymous(results)
                for name, table in _tables([row for row, *_ in good], [i for _, i, *_ in good], results).items():
                    add[name](table)
            if bad:
                lines = [(c, name, line | {"message": _LEFT_OUT}) for c, name, line in bad] if anonymous else bad
                add["quarantine"](_quarantine(lines))
    return quarantined


@contextmanager
def _table_writer(folder: Path, name: str) -> Iterator[Callable[[Any], None]]:
    """Write a table that appears when it is complete. The function that adds rows is yielded."""
    schema = _schema(name)
    with (
        durable(folder / f"{name}.parquet") as file,
        require("pyarrow.parquet", "batch").ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        yield lambda rows: writer.write_table(rows.cast(schema))


def _take(folder: Path, part_of: Callable[[str], Any], places: Sequence[Place], keys: Sequence[str]) -> Any:
    """Read the rows of parts at these places as one table, in their order. Each must have its key."""
    arrow = require("pyarrow", "batch")
    wanted: dict[str, list[int]] = {}
    for n, place in enumerate(places):
        wanted.setdefault(place.part, []).append(n)
    tables = [part_of(name).take([places[n].at for n in numbers]) for name, numbers in wanted.items()]
    order = np.argsort([n for numbers in wanted.values() for n in numbers])
    rows = arrow.concat_tables(tables, promote_options="default").take(order).combine_chunks()
    for place, found, key in zip(places, rows["key"].to_pylist(), keys, strict=True):
        if found != key:
            raise FileFormatError(
                f"{folder / 'parts' / place.part}: does not hold the result that its ledger names; remove it and run "
                "again to repeat its cases"
            )
    return rows


def _schema(name: str) -> Any:
    arrow = require("pyarrow", "batch")
    text, number = arrow.string(), arrow.float64()
    types = {
        "text": text,
        "number": number,
        "whole": arrow.int64(),
        "word": arrow.dictionary(arrow.int32(), text),
        "numbers": arrow.list_(number),
    }
    columns = (column.split(":") for column in _COLUMNS[name].split())
    return arrow.schema([(column, types[kind]) for column, kind in columns])


def columns_of(name: str) -> tuple[str, ...]:
    """Names of the columns of a table."""
    return tuple(column.partition(":")[0] for column in _COLUMNS[name].split())


def _tables(rows: Sequence[int], ids: Sequence[str], results: Any) -> dict[str, Any]:
    arrow = require("pyarrow", "batch")
    plain = {name: results[name] for name in PLAIN if name != "dvh_step_gy"}
    isotopes = [_isotope(text) for text in results["provenance"].to_pylist()]
    cases = {"row": rows, "case_id": ids} | plain | {"isotope": isotopes}

    structures = results[STRUCTURE].combine_chunks()
    of_case = np.repeat(np.arange(len(rows)), structures.value_lengths().to_numpy(zero_copy_only=False))
    names = structures.flatten()
    lengths = np.bincount(of_case, minlength=len(rows))
    of_structures = [name for name in results.column_names if name not in (*PLAIN, STRUCTURE, DVH)]
    metrics = metrics_of(of_structures)

    def values_of(columns: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        found = np.full((len(names), len(columns)), np.nan)
        for n, name in enumerate(columns):
            if name in of_structures:
                found[:, n] = _numbers(results[name].combine_chunks(), lengths)
        return found

    values, uncertainties = values_of(metrics), values_of([uncertainty_of(metric) for metric in metrics])
    factors = np.where(np.isnan(uncertainties), np.nan, values_of([COVERAGE_FACTOR] * len(metrics)))

    def words(each: Sequence[str], index: Any) -> Any:
        # A dictionary of Arrow must hold each word only once.
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
        "standard_uncertainty": arrow.array(uncertainties.ravel(), arrow.float64(), from_pandas=True),
        "coverage_factor": arrow.array(factors.ravel(), arrow.float64(), from_pandas=True),
        "isotope": words(isotopes, long),
    }
    dvh = {
        "case_id": words(ids, of_case),
        "structure": words(kinds, of_structure),
        "dvh_step_gy": np.repeat(results["dvh_step_gy"].to_numpy(), lengths),
        "volume_ml": results[DVH].combine_chunks().flatten(),
        "isotope": words(isotopes, of_case),
    }
    return {"doses": arrow.table(doses), "dvh": arrow.table(dvh), "cases": arrow.table(cases)}


def _isotope(provenance: str) -> str:
    """Read the isotope of a case from the half-life in its provenance, which identifies it."""
    found = json.loads(provenance)
    return isotope_of_dose(found["half_life_h"], found["dose_factor_gy_kg_per_gbq"])


def _numbers(lists: Any, lengths: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read the values of lists, one for each structure. A case whose part lacks the column has no values."""
    known = lists.is_valid().to_numpy(zero_copy_only=False)
    found = np.full(int(lengths.sum()), np.nan)
    found[np.repeat(known, lengths)] = lists.flatten().to_numpy(zero_copy_only=False)
    return found


def _anonymous(results: Any) -> Any:
    """Leave out the messages of advisories, and names of files and times of the scan in the provenance."""

    def advisories(text: str) -> str:
        return json.dumps([{**advisory, "message": _LEFT_OUT} for advisory in json.loads(text)], sort_keys=True)

    def provenance(text: str) -> str:
        found = {name: value for name, value in json.loads(text).items() if name not in _NAMING}
        if isinstance(found.get("scaling"), dict):
            found["scaling"].pop("time_basis", None)
        return json.dumps(found, sort_keys=True)

    arrow = require("pyarrow", "batch")
    for name, change in (("advisories", advisories), ("provenance", provenance)):
        column = arrow.array([change(each) for each in results[name].to_pylist()], arrow.string())
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


def read_rows(folder: Path, name: str, columns: Sequence[str], *, optional: Sequence[str] = ()) -> Iterator[Any]:
    """Read a table by row groups, as Arrow tables. A table without one of `columns` raises `FileFormatError`."""
    parquet = require("pyarrow.parquet", "batch")
    path = folder / f"{name}.parquet"
    with parquet.ParquetFile(path) as table:
        if missing := [column for column in columns if column not in table.schema_arrow.names]:
            raise FileFormatError(
                f"{path}: has no column {', '.join(missing)}; an earlier version wrote it, run the manifest again"
            )
        known = [column for column in optional if column in table.schema_arrow.names]
        for group in range(table.num_row_groups):
            yield table.read_row_group(group, columns=[*columns, *known])
