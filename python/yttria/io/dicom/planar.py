"""Planar scans (static and whole-body) with an anterior and a posterior view (DICOM PS3.3 C.8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...advisory import advise
from ...advisory.warning_filters import quiet
from ...errors import ArgumentError, FileFormatError
from ...geometry.planar_views import PlanarViews
from .._common import decoding
from .dataset import Dataset, Header, items, numbers, read_header, text, whole
from .pixels import plan
from .rescale import modality_rescale
from .series import Paths, files
from .times import date_and_time, hours_between

#: Kinds of planar scans by the third value of ImageType.
_PLANAR = ("STATIC", "WHOLE BODY")
#: Codes of SNM3, which most cameras write. Codes of other schemes are read by their meaning.
_CODES = {"R-10206": "anterior", "R-10214": "posterior"}
_VIEWS = ("anterior", "posterior")


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """One frame of a file with its number from 1 over all files, its view if it is stated, and its energy window."""

    number: int
    header: Header
    index: int
    view: str | None
    window: int
    window_name: str

    def __str__(self) -> str:
        return f"{self.number} ({self.header.path.name}, {self.view or 'view not stated'}, window {self.window})"


def read_planar(
    paths: Paths, *, view_frames: tuple[int, int] | None = None, energy_window: int | None = None
) -> PlanarViews:
    """Read the anterior and the posterior view of a planar scan.

    Parameters
    ----------
    paths : path or sequence of paths
        One NM file with both views, two files with one each, or a folder of these.
    view_frames : (int, int), optional
        Numbers of the anterior and the posterior frame, if the header does not state the views. They begin with 1 and
        continue from file to file.
    energy_window : int, optional
        Number of the energy window, needed if there are several.

    Returns
    -------
    PlanarViews
        Counts, rescaled if the header has a rescale. For two files, the delay follows from their acquisition times.

    Raises
    ------
    FileFormatError
        If a file is damaged, not planar, or does not state two views. The message lists the frames.
    ArgumentError
        If there are several energy windows and none is named, or if no frame has a given number.
    FileNotFoundError, MissingExtraError
        If a file is absent, or the extra `dicom` is not installed.

    Warns
    -----
    planar_views_stated
        A note that the caller named the views.

    Examples
    --------
    See `yttria.planning.planar_lung_shunt`, which uses the views.
    """
    headers = [header for path in files(paths) if (header := _header(path)) is not None]
    if not headers:
        raise FileFormatError(f"{paths}: there is no DICOM file")
    frames: list[_Frame] = []
    for header in headers:
        with decoding(header.path, "DICOM"), quiet():
            frames += _frames(header, first=len(frames) + 1)
    frames = _of_window(frames, energy_window)
    front, behind = _stated(frames, view_frames) if view_frames is not None else _recognized(frames)
    found = (advise("planar_views_stated", anterior=str(front), posterior=str(behind)),) if view_frames else ()
    identities = {text(each.header.dataset, "PatientID") for each in (front, behind)}
    if len(identities) > 1:
        raise FileFormatError(f"both views must be of one patient, but {front} and {behind} are not")
    return PlanarViews(
        anterior=_values(front),
        posterior=_values(behind),
        posterior_delay_h=_delay_h(front.header, behind.header),
        patient_id=identities.pop(),
        source=", ".join(dict.fromkeys(each.header.path.name for each in (front, behind))),
        advisories=found,
    )


def _header(path: Path) -> Header | None:
    with decoding(path, "DICOM"), quiet():
        return read_header(path)


def _frames(header: Header, *, first: int) -> list[_Frame]:
    dataset = header.dataset
    kind = (text(dataset, "ImageType") or "").split("\\")
    if text(dataset, "Modality") != "NM" or len(kind) < 3 or kind[2] not in _PLANAR:
        raise FileFormatError(
            f"a planar scan must be an NM image of type {' or '.join(_PLANAR)}, got {text(dataset, 'Modality')} "
            f"{' '.join(kind[2:3])}".rstrip()
        )
    count = whole(dataset, "NumberOfFrames", 1, 4096, default=1)
    detectors, windows = _vector(dataset, "DetectorVector", count), _vector(dataset, "EnergyWindowVector", count)
    views = [_view(item) for item in items(dataset, "DetectorInformationSequence")]
    names = [text(item, "EnergyWindowName") or "" for item in items(dataset, "EnergyWindowInformationSequence")]
    return [
        _Frame(
            number=first + n,
            header=header,
            index=n,
            view=views[detectors[n] - 1] if detectors[n] <= len(views) else None,
            window=windows[n],
            window_name=names[windows[n] - 1] if windows[n] <= len(names) else "",
        )
        for n in range(count)
    ]


def _vector(dataset: Dataset, keyword: str, count: int) -> list[int]:
    """Read the number of each frame's detector or window; 1 for all if the header has no such vector."""
    if text(dataset, keyword) is None:
        return [1] * count
    found = numbers(dataset, keyword, count)
    if not all(value == int(value) and 1 <= value <= 4096 for value in found):
        raise FileFormatError(f"{keyword} must hold whole numbers from 1, got {found!r:.80}")
    return [int(value) for value in found]


def _view(detector: Dataset) -> str | None:
    for code in items(detector, "ViewCodeSequence"):
        known = _CODES.get(text(code, "CodeValue") or "")
        meaning = (text(code, "CodeMeaning") or "").casefold()
        stated = [view for view in _VIEWS if meaning == view or meaning.startswith(f"{view} ")]
        if known or stated:
            return known or stated[0]
    return None


def _of_window(frames: list[_Frame], window: int | None) -> list[_Frame]:
    windows = {each.window: each.window_name for each in frames}
    listed = ", ".join(f"{n} ({name})" if name else f"{n}" for n, name in sorted(windows.items()))
    if window is None and len(windows) > 1:
        raise ArgumentError(f"name one energy window by its number (energy_window); the file has {listed}")
    if window is not None and window not in windows:
        raise ArgumentError(f"energy_window must be one of {listed}, got {window}")
    return [each for each in frames if window is None or each.window == window]


def _stated(frames: Sequence[_Frame], numbers_: tuple[int, int]) -> tuple[_Frame, _Frame]:
    by_number = {each.number: each for each in frames}
    if len(numbers_) != 2 or numbers_[0] == numbers_[1] or not set(numbers_) <= set(by_number):
        raise ArgumentError(
            f"view_frames must be the numbers of an anterior and a posterior frame, got {numbers_}; the frames are "
            f"{'; '.join(map(str, frames))}"
        )
    return by_number[numbers_[0]], by_number[numbers_[1]]


def _recognized(frames: Sequence[_Frame]) -> tuple[_Frame, _Frame]:
    found = {view: [each for each in frames if each.view == view] for view in _VIEWS}
    if any(len(each) != 1 for each in found.values()):
        raise FileFormatError(
            "the header must state one anterior and one posterior view (ViewCodeSequence); name the frames by "
            f"view_frames; the frames are {'; '.join(map(str, frames))}"
        )
    return found["anterior"][0], found["posterior"][0]


def _values(frame: _Frame) -> npt.NDArray[Any]:
    with decoding(frame.header.path, "DICOM"), quiet():
        rescale = modality_rescale(frame.header.dataset, optional=True)
        stored = plan(frame.header).read()[frame.index]
        out, scratch = np.empty(stored.shape, np.float32), np.empty(stored.shape, np.float64)
        rescale.into(out, stored, scratch)
        return out


def _delay_h(front: Header, behind: Header) -> float:
    if front is behind:
        return 0.0
    times: list[datetime] = []
    for header in (front, behind):
        with decoding(header.path, "DICOM"), quiet():
            time = date_and_time(header.dataset, "AcquisitionDate", "AcquisitionTime")
            if time is None:
                raise FileFormatError("a view in a file of its own must state when it was acquired (AcquisitionTime)")
            times.append(time)
    return hours_between(times[0], times[1], ("the anterior view", "the posterior view"))
