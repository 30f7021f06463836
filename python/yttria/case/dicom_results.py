"""Dose of a case as RTDOSE, and its table as a DICOM structured report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..advisory import Advisory
from ..errors import ArgumentError, YttriaError
from ..evaluation import DoseMetric
from ..geometry.contours import ContourStructure
from ..io import dicom
from ..io.files import may_be_dicom
from .case import Case
from .dose import DosedCase


def write_case_rtdose(dosed: DosedCase, path: Path) -> tuple[Advisory, ...]:
    """Write the dose of a case as RTDOSE.

    Parameters
    ----------
    dosed : DosedCase
        The case with its result. Patient and frame of reference are those of its activity or CT, if one is DICOM.
    path : Path
        The file. Negative doses are written as 0. It holds the histograms of the structures if these are the regions of
        one RTSTRUCT in the same frame of reference.

    Returns
    -------
    tuple of Advisory
        As `write_rtdose` returns them.

    Raises
    ------
    YttriaError
        As `write_rtdose` raises it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from yttria.case import Case, CaseInputs, dose_case
    >>> from yttria.io.dicom import read_rtdose
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> case = Case(activity=Path("pet.nrrd"), structures=(Path("seg.seg.nrrd"),), scan_delay_h=20.0)
    >>> dosed = dose_case(case, CaseInputs(activity=phantom.activity, structures=phantom.structures))
    >>> _ = write_case_rtdose(dosed, Path("dose.dcm"))
    >>> read_rtdose("dose.dcm").unit
    'Gy'
    """
    case, reference = dosed.case, None
    if may_be_dicom(case.activity):
        reference = dicom.first_file(case.activity, case.series, dicom.ACTIVITY_MODALITIES)
    elif case.ct is not None and may_be_dicom(case.ct):
        reference = dicom.first_file(case.ct, case.ct_series, ("CT",))
    structure_set = _structure_set(dosed)
    contours = [each.name for each in dosed.structures if isinstance(each, ContourStructure)]
    histograms = {name: dosed.histograms[name] for name in contours if name in dosed.histograms}
    return dicom.write_rtdose(
        dosed.result,
        path,
        reference=reference,
        negative_doses="clip",
        histograms=None if structure_set is None else histograms,
        structure_set=structure_set,
    ).advisories


def write_case_report(dosed: DosedCase, path: Path, metrics: Sequence[DoseMetric] = ()) -> tuple[Advisory, ...]:
    """Write the doses of a case as a DICOM structured report that refers to its segmentation.

    Parameters
    ----------
    dosed : DosedCase
        The case with its result. Its rows may hold further columns.
    path : Path
        The file.
    metrics : sequence of DoseMetric, optional
        Further columns of the rows.

    Returns
    -------
    tuple of Advisory
        As `write_dose_report` returns them.

    Raises
    ------
    ArgumentError
        If the structures do not come from exactly one SEG.
    YttriaError
        As `write_dose_report` raises it.

    Examples
    --------
    See `dose_case` for a result. The structures must come from one DICOM SEG.
    """
    segmentation = segmentation_of_case(dosed.case)
    report = dicom.write_dose_report(
        dosed.rows, path, segmentation=segmentation, metrics=metrics, provenance=dosed.result.provenance
    )
    return report.advisories


def segmentation_of_case(case: Case) -> Path:
    """Find the SEG that contains the structures of a case.

    Parameters
    ----------
    case : Case
        The declared case.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        If there is no SEG, or more than one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from yttria.case import Case
    >>> case = Case(activity=Path("pet.nrrd"), structures=(Path("seg.seg.nrrd"),), scan_delay_h=20.0)
    >>> segmentation_of_case(case)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    yttria.errors.ArgumentError: ...
    """
    found = _files_of(case, "SEG")
    if len(found) != 1:
        raise ArgumentError(
            f"structures of a structured report must come from one DICOM SEG, got {len(found) or 'none'}"
        )
    return found[0]


def _files_of(case: Case, modality: str) -> list[Path]:
    """List the structure files of a case that have a given DICOM modality."""
    found = []
    for file in filter(may_be_dicom, case.structure_files):
        with suppress(YttriaError):
            found.append(dicom.first_file(file, case.structures_series, (modality,)))
    return found


def _structure_set(dosed: DosedCase) -> Path | None:
    """Find the one RTSTRUCT of all contours of a case, None if there is none, several, or one that was transformed."""
    case = dosed.case
    if case.structures_transform is not None or not any(isinstance(s, ContourStructure) for s in dosed.structures):
        return None
    found = _files_of(case, "RTSTRUCT")
    return found[0] if len(found) == 1 else None
