"""References of an RTSTRUCT to the images of its contours, which other systems require before they show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import numpy.typing as npt

from ...errors import YttriaError
from .dataset import Dataset, text, whole
from .geometry import MAX_GAP, plane
from .nuclear_medicine import spect_grid

#: Class of the reference to the study; the standard no longer has a class for studies.
_DETACHED_STUDY_MANAGEMENT = "1.2.840.10008.3.1.2.3.1"
#: Largest distance in mm of a contour from a single image, which has no neighbor that would give a slice distance.
_ROUNDING_MM = 1e-2


@dataclass(frozen=True, kw_only=True)
class SourceImage:
    """One slice: a file, or a frame (counted from 1) of a file."""

    series_uid: str
    class_uid: str
    instance_uid: str
    frame: int | None
    position: npt.NDArray[np.float64] = field(repr=False)
    normal: npt.NDArray[np.float64] = field(repr=False)


def source_images(datasets: Sequence[Dataset]) -> list[SourceImage]:
    """Return the slices of these headers by series; objects that are not planar images are left out."""
    found: list[SourceImage] = []
    for dataset in datasets:
        uids = [text(dataset, keyword) for keyword in ("SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")]
        series, class_, instance = (uid or "" for uid in uids)
        if series and class_ and instance:
            found += [
                SourceImage(
                    series_uid=series,
                    class_uid=class_,
                    instance_uid=instance,
                    frame=frame,
                    position=position,
                    normal=normal,
                )
                for frame, position, normal in _places(dataset)
            ]
    return sorted(found, key=lambda image: image.series_uid)


def _places(dataset: Dataset) -> Iterator[tuple[int | None, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Yield frame, position and normal of each slice; a slice without them in the header is left out."""
    try:
        count = whole(dataset, "NumberOfFrames", 1, 65535, default=1)
        if count == 1 and "SliceVector" not in dataset:
            only = plane(dataset)
            yield None, only.position, only.normal
            return
        affine, order = spect_grid(dataset, count)
    except YttriaError:
        return
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    for frame, k in enumerate(order, 1):
        yield frame, affine[:3, 3] + k * affine[:3, 2], normal / np.linalg.norm(normal)


def images_of(points: npt.NDArray[np.float64], images: Sequence[SourceImage]) -> list[SourceImage]:
    """Find the image of each series on which a contour lies, within 1 % of the distance between neighbors."""
    found = []
    for _, group in groupby(images, key=lambda image: image.series_uid):
        slices = list(group)
        normal = slices[0].normal
        heights = np.array([image.position @ normal for image in slices])
        off = np.abs(points @ normal - heights[:, None]).max(axis=1)
        distances = np.diff(np.sort(heights))
        limit = MAX_GAP * float(np.median(distances)) if len(distances) else _ROUNDING_MM
        nearest = int(off.argmin())
        if off[nearest] <= limit:
            found.append(slices[nearest])
    return found


def referenced_study(study_uid: str, images: Sequence[SourceImage], item: type[Dataset]) -> Dataset:
    """Make an item of RTReferencedStudySequence with the study, its series and their images."""
    study = item()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _DETACHED_STUDY_MANAGEMENT, study_uid
    study.RTReferencedSeriesSequence = []
    for uid, group in groupby(images, key=lambda image: image.series_uid):
        series = item()
        series.SeriesInstanceUID = uid
        series.ContourImageSequence = [referenced_image(image, item) for image in group]
        study.RTReferencedSeriesSequence.append(series)
    return study


def referenced_image(image: SourceImage, item: type[Dataset]) -> Dataset:
    """Make an item of ContourImageSequence for one image."""
    found = item()
    found.ReferencedSOPClassUID, found.ReferencedSOPInstanceUID = image.class_uid, image.instance_uid
    if image.frame is not None:
        found.ReferencedFrameNumber = image.frame
    return found
