"""Reader of structures in DICOM: segmentations (SEG) and contours (RTSTRUCT)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from filecmp import cmp
from typing import Any

from ..._foundation.choices import END_CAPS, INTERPOLATIONS, EndCaps, Interpolation
from ...advisory.warning_filters import quiet
from ...errors import ArgumentError
from ...geometry.image import Image
from ...geometry.structure import Structure
from ...geometry.structure_selection import Patterns
from .._common import decoding
from .rtstruct_reader import read_rtstruct
from .segmentation import read_segmentation
from .series import Paths, choose, files, root, scan

_AS_DRAWN = {"end_caps": END_CAPS[0], "interpolation": INTERPOLATIONS[0]}


def read_structures(
    paths: Paths,
    names: Sequence[str] | None = None,
    labels: Mapping[int, str] | None = None,
    *,
    series: str | None = None,
    only: Patterns = None,
    exclude: Patterns = None,
    end_caps: EndCaps = END_CAPS[0],
    interpolation: Interpolation = INTERPOLATIONS[0],
    slice_thickness_mm: float | None = None,
    through_voxel_centers_of: Image | None = None,
    refuse_unused_rules: bool = True,
) -> list[Structure]:
    """Read the structures of one SEG or RTSTRUCT.

    Parameters
    ----------
    paths : path or sequence of path
        A folder (with the folders in it), a file, or several.
    names : sequence of str, optional
        Names of the structures to read, in the order wanted.
    labels : mapping, optional
        An error if given, because SEG and RTSTRUCT have their own names.
    series : str, optional
        UID or number of one series; needed if there are several.
    only, exclude : str or sequence of str, optional
        Patterns of names, as in `yttria.select_structures`.
    end_caps, interpolation, slice_thickness_mm, through_voxel_centers_of : optional
        As for `read_rtstruct`. For a SEG only `slice_thickness_mm` is used, as the distance between its slices.
    refuse_unused_rules : bool
        Whether a rule that does not apply to a SEG is an error.

    Returns
    -------
    list of Structure
        The structures. Copies of one file count as one. Defects of contours are reported in
        `ContourStructure.advisories`.

    Raises
    ------
    UndefinedError
        If there is no file or more than one, or if a rule for contours is given for a SEG.
    UnknownNameError
        If `labels` is given, or no structure has a wanted name.
    FileFormatError, GeometryError
        As for `read_rtstruct`.
    MissingExtraError
        If the extra `dicom` is not installed.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> [structure.name for structure in read_structures("study/structures.dcm", only="Tumor*")]
    ['Tumor 1', 'Tumor 2']
    """
    chosen_by: dict[str, Any] = {"only": only, "exclude": exclude, "slice_thickness_mm": slice_thickness_mm}
    rules: dict[str, Any] = {
        "end_caps": end_caps,
        "interpolation": interpolation,
        "through_voxel_centers_of": through_voxel_centers_of,
    }
    with decoding(root(paths), "DICOM"):
        if labels is not None:
            raise ArgumentError("DICOM structures have their own names: select them by names=, not labels=")
        with quiet():
            chosen = choose(scan(files(paths)), series, ("SEG", "RTSTRUCT"), "the structures")
        header, *others = chosen.headers
        if not all(cmp(header.path, other.path, shallow=False) for other in others):
            raise ArgumentError(f"structures must be in one file, got several that differ in one series: {chosen}")
        with decoding(header.path, "DICOM"):
            if chosen.modality == "RTSTRUCT":
                return list(read_rtstruct(header.path, names, **chosen_by, **rules))
            given = [name for name, rule in rules.items() if rule != _AS_DRAWN.get(name)]
            if given and refuse_unused_rules:
                named = ", ".join(f"{name}=" for name in given)
                raise ArgumentError(f"{named} applies only to contours, but the structures are a segmentation (SEG)")
            return read_segmentation(header.path, names, **chosen_by)
