"""Work on single cases, in functions that take and return plain data so that any executor can run them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram
from ..advisory import Advisory, advise
from ..case import Case, DosedCase, dose_case, read_case, write_case_rtdose
from ..case.drawable import on_grid_of
from ..errors import MissingExtraError, YttriaError
from ..geometry.image import Image
from ..io import write_image
from ..kernels import VoxelSValueLibrary
from .content_hash import Identity, Options, check_read, identify
from .results_folder import durable, sync_folder

#: Largest number of points of a cumulative histogram.
MAX_POINTS = 10_000
#: Largest number of sets of voxel S values in one process. With more voxel sizes, the collection is emptied when full.
MAX_KERNELS = 64

_kernels = VoxelSValueLibrary()
_drawing = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Reason why a case has no result.

    Parameters
    ----------
    error : str
        Class of the error.
    message : str
        Message of the error.
    """

    error: str
    message: str


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseOutcome:
    """Result of one case, or its failure.

    Parameters
    ----------
    row : int
        Number of the case, from 1.
    case_id : str
        Name of the case.
    key : str, optional
        Hash of files, settings, options and version; None if the files could not be hashed.
    sha256 : dict of str to str
        Hash of the content of each file, by the field that names it.
    rows : list of dict
        Table of the structures from `DoseResult.table`.
    dvh_step_gy : float
        Step of the cumulative histograms in Gy.
    dvh_volume_ml : dict of str to ndarray, shape (n,)
        Volume in mL that receives `n x dvh_step_gy` or more, by structure. The last value is 0 unless the dose exceeds
        the range of 10 000 points.
    advisories : list of dict
        Advisories as plain data.
    provenance : dict
        Provenance as plain data.
    dose_map, picture : str, optional
        Paths of the dose map and of the picture, relative to the folder of results.
    signature : str, optional
        Hash of sizes and times of the files, None if a file was too young to be identified by them.
    failure : Failure, optional
        Reason why there is no result.
    seconds : dict of str to float
        Time in s by stage. It is not part of the result.
    """

    row: int
    case_id: str
    key: str | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    dvh_step_gy: float = 1.0
    dvh_volume_ml: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    advisories: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    dose_map: str | None = None
    picture: str | None = None
    signature: str | None = None
    failure: Failure | None = None
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """Case to be dosed, with its row in the manifest (from 1), the hash of that row, and its identity if known."""

    row: int
    case: Case
    entry: str = ""
    identity: Identity | None = None


def identify_all(tasks: Sequence[Task], options: Options) -> list[Identity | CaseOutcome]:
    """Identify cases. If the files of a case cannot be hashed, its outcome states why."""
    found: list[Identity | CaseOutcome] = []
    for task in tasks:
        try:
            found.append(identify(task.case, options))
        except BaseException as error:
            found.append(failed(task, error))
    return found


def dose_all(tasks: Sequence[Task], options: Options, folder: Path | None) -> list[CaseOutcome]:
    """Dose each case. Dose maps go to `folder`. If one cannot be written, that `OSError` is raised."""
    return [_dose(task, options, folder) for task in tasks]


def failed(task: Task, error: BaseException, identity: Identity | None = None) -> CaseOutcome:
    """Describe the failure of a case as texts. An error of any class can then pass to another process."""
    if isinstance(error, KeyboardInterrupt | MissingExtraError):
        raise error  # every case would fail in the same way
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
    except BaseException as error:
        # A panic of compiled code, which is not an Exception, is also the failure of one case.
        return failed(task, error, identity)
    try:
        dose_map, advisories = _write_map(dosed, identity.key, options, folder)
        picture, on_picture = _write_picture(dosed, inputs.ct, identity.key, options, folder)
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, YttriaError):
            raise  # a full disk is not a failure of the case
        return failed(task, error, identity)
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
        advisories=[a.as_dict() for a in (*dosed.result.advisories, *advisories, *on_picture)],
        provenance=dosed.result.provenance.as_dict(),
        dose_map=dose_map,
        picture=picture,
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
    name, path = _file_of(folder, "maps", key, options.maps)
    advisories: tuple[Advisory, ...] = ()
    if options.maps == "dcm":
        advisories = write_case_rtdose(dosed, path)
    elif path.exists():
        return name, ()  # equal keys have equal maps, and an existing file is complete
    else:
        write_image(dosed.result.image, path)
    sync_folder(path.parent)
    return name, advisories


def _write_picture(
    dosed: DosedCase, ct: Image | None, key: str, options: Options, folder: Path | None
) -> tuple[str | None, tuple[Advisory, ...]]:
    """Draw the dose over the CT, or on black; a picture that cannot be drawn is a warning beside the numbers."""
    if not options.pictures or folder is None:
        return None, ()
    name, path = _file_of(folder, "pictures", key, "png")
    if path.exists():
        return name, ()
    from ..report import dose_figure, save_figure

    try:
        # Matplotlib's fonts are shared between threads, and are not made for that.
        with _drawing, TemporaryDirectory() as drawn:
            beneath = None if ct is None else on_grid_of(dosed.result.image, ct, threads=1)
            # No name of the case or its files: they are not part of the key, and may change.
            figure = dose_figure(dosed.result, dosed.structures, background=beneath, title=f"Result {key[:12]}")
            png = save_figure(figure, Path(drawn, "dose.png")).read_bytes()
    except Exception as error:
        if isinstance(error, MissingExtraError):
            raise
        return None, (advise("picture_failed", reason=str(error) or type(error).__name__),)
    with durable(path) as file:
        file.write(png)
    return name, ()


def _file_of(folder: Path, room: str, key: str, ending: str) -> tuple[str, Path]:
    """Name and path of a file of a result, in one of 256 folders."""
    name = f"{room}/{key[:2]}/{key}.{ending}"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    return name, folder / name
