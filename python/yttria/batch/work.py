"""What a worker does with a case. Any executor runs these functions: they take and return plain data."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram
from ..advisory import Advisory
from ..case import Case, DosedCase, dose_case, read_case, write_case_rtdose
from ..errors import MissingExtraError, YttriaError
from ..io import write_image
from ..kernels import VoxelSValueLibrary
from .files import sync_folder
from .keys import Identity, Options, check_read, identify
from .outcome import CaseOutcome, Failure

#: Points of a cumulative histogram at most.
MAX_POINTS = 10_000
#: Voxel S values kept by one process; a cohort has few voxel sizes, and one with more starts anew now and then.
MAX_KERNELS = 64

_kernels = VoxelSValueLibrary()


@dataclass(frozen=True, kw_only=True)
class Task:
    """A case to be dosed: its row in the manifest (from 1), and what its files are where that is known."""

    row: int
    case: Case
    identity: Identity | None = None


def identify_all(tasks: Sequence[Task], options: Options) -> list[Identity | CaseOutcome]:
    """What each case is, or the outcome that says why that cannot be known."""
    found: list[Identity | CaseOutcome] = []
    for task in tasks:
        try:
            found.append(identify(task.case, options))
        except BaseException as error:
            found.append(_failed(task, error, None))
    return found


def dose_all(tasks: Sequence[Task], options: Options, folder: Path | None) -> list[CaseOutcome]:
    """The outcome of each case. Dose maps go to `folder`; where one cannot be written, that `OSError` is raised."""
    return [_dose(task, options, folder) for task in tasks]


def _dose(task: Task, options: Options, folder: Path | None) -> CaseOutcome:
    identity = task.identity
    clock = [time.perf_counter()]
    try:
        identity = identify(task.case, options) if identity is None else identity
        clock.append(time.perf_counter())
        inputs = read_case(task.case)
        check_read(task.case, identity, (file for found in inputs.files.values() for file in found))
        clock.append(time.perf_counter())
        dosed = dose_case(task.case, inputs, kernels=_shared_kernels(), threads=1)
        curves = {name: _curve(dvh, options.dvh_step_gy) for name, dvh in dosed.histograms.items()}
        clock.append(time.perf_counter())
        # A panic of compiled code is no Exception, and is one case's failure all the same.
    except BaseException as error:
        return _failed(task, error, identity)
    try:
        dose_map, advisories = _write_map(dosed, identity.key, options, folder)
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, YttriaError):
            raise  # a full disk is no fault of the case
        return _failed(task, error, identity)
    clock.append(time.perf_counter())
    spent = dict(zip(("hash", "read", "compute", "write"), np.diff(clock).tolist(), strict=True))
    return CaseOutcome(
        row=task.row,
        case_id=task.case.case_id,
        key=identity.key,
        sha256=identity.sha256,
        rows=dosed.rows,
        dvh_step_gy=options.dvh_step_gy,
        dvh_volume_ml=curves,
        advisories=[a.as_dict() for a in (*dosed.result.advisories, *advisories)],
        provenance=dosed.result.provenance.as_dict(),
        dose_map=dose_map,
        signature=identity.signature,
        seconds=spent,
    )


def _shared_kernels() -> VoxelSValueLibrary:
    global _kernels
    if len(_kernels) >= MAX_KERNELS:
        _kernels = VoxelSValueLibrary()
    return _kernels


def _curve(histogram: DoseVolumeHistogram, step_gy: float) -> NDArray[np.float64]:
    last = min(max(math.floor(histogram.maximum_gy / step_gy) + 1, 0), MAX_POINTS - 1)
    return histogram.curve(doses_gy=np.arange(last + 1) * step_gy)[1]


def _write_map(
    dosed: DosedCase, key: str, options: Options, folder: Path | None
) -> tuple[str | None, tuple[Advisory, ...]]:
    if options.maps is None or folder is None:
        return None, ()
    name = f"maps/{key[:2]}/{key}.{options.maps}"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    advisories: tuple[Advisory, ...] = ()
    if options.maps == "dcm":
        advisories = write_case_rtdose(dosed, path)
    elif path.exists():
        return name, ()  # whole or not there: what has the name needs no second writing
    else:
        write_image(dosed.result.image, path)
    sync_folder(path.parent)
    return name, advisories


def _failed(task: Task, error: BaseException, identity: Identity | None) -> CaseOutcome:
    """The failure of a case as texts, which cross to another process whatever class the error is of."""
    if isinstance(error, KeyboardInterrupt | MissingExtraError):
        raise error  # every case would fail alike
    try:
        message = str(error)
    except Exception:
        message = ""
    return CaseOutcome(
        row=task.row,
        case_id=task.case.case_id,
        key=identity.key if identity else None,
        sha256=identity.sha256 if identity else {},
        failure=Failure(error=type(error).__name__, message=message or type(error).__name__),
    )
