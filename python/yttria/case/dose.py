"""Dosing of a case. `yttria dose` and the batch runner both call these functions, so that both give the same bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .._core import DoseVolumeHistogram, Nuclide, __version__
from .._foundation.choices import OnInterrupt
from .._foundation.timings import stage
from ..advisory import Advisory, advise, advise_if
from ..advisory.bounds import implausible
from ..errors import UnknownNameError
from ..evaluation import partial_volume_advisories
from ..geometry.contours import ContourStructure
from ..geometry.image import Image
from ..geometry.patient_identity import patient_doubts
from ..geometry.structure import Structure
from ..geometry.structure_selection import select_structures
from ..geometry.sub_voxel import subvoxel_counts
from ..io import dicom
from ..io.dicom.voxel_centers import contours_follow_voxel_centers
from ..kernels import VoxelSValueLibrary
from ..voxel import (
    AbsoluteScaling,
    DensityImage,
    DoseResult,
    MonteCarloProgress,
    RelativeScaling,
    density_image,
    dose_image,
)
from .budgets import CaseUncertainty, complete_rows
from .case import Case
from .checks import missing_delay
from .inputs import CaseInputs, read_case

Row = dict[str, Any]
#: Share of a structure that may lie outside the dose image without an advisory, about the accuracy of the border of a
#: mask.
_OUTSIDE_FRACTION = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class DosedCase:
    """A case with its result.

    Parameters
    ----------
    case : Case
        The declared case.
    structures : list of Structure
        The structures whose doses are reported.
    result : DoseResult
        The dose image with its provenance and advisories.
    rows : list of dict
        The table of the structures (see `DoseResult.table`).
    histograms : dict of str to DoseVolumeHistogram
        The histograms from which the rows were read, by structure.
    uncertainty : CaseUncertainty, optional
        The budgets of the rows' standard uncertainties, None if the case states no uncertainty.
    """

    case: Case
    structures: list[Structure]
    result: DoseResult
    rows: list[Row] = field(repr=False)
    histograms: dict[str, DoseVolumeHistogram] = field(repr=False)
    uncertainty: CaseUncertainty | None = field(default=None, repr=False)


def dose_case(
    case: Case,
    inputs: CaseInputs | None = None,
    *,
    kernels: VoxelSValueLibrary | None = None,
    progress: Callable[[MonteCarloProgress], object] | None = None,
    state_file: Path | None = None,
    on_interrupt: OnInterrupt = "raise",
    on_draws: Callable[[int, int], object] | None = None,
    threads: int | None = None,
) -> DosedCase:
    """Compute the dose image of a case and the doses of its structures.

    Parameters
    ----------
    case : Case
        The declared case.
    inputs : CaseInputs, optional
        Content of the case's files. They are read if it is not given.
    kernels : VoxelSValueLibrary, optional
        Voxel S values that cases share.
    progress, state_file, on_interrupt
        As for `dose_image`. Only Monte Carlo uses them.
    on_draws : callable, optional
        Called with the number of draws made and the number of draws in total, if uncertainties are drawn.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    DosedCase

    Raises
    ------
    UnknownNameError
        If `relative_to` is not one of the structures, or a pattern matches none of them.
    YttriaError
        As `read_case`, `dose_image` and `DoseResult.table` raise it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from yttria import write_image, write_structures
    >>> from yttria.case import Case
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> write_image(phantom.activity, "pet.nrrd")
    >>> write_structures(phantom.structures, "seg.seg.nrrd")
    >>> case = Case(activity=Path("pet.nrrd"), structures=(Path("seg.seg.nrrd"),), scan_delay_h=20.0)
    >>> dosed = dose_case(case)
    >>> dosed.rows[0]["structure"]
    'Liver'
    """
    inputs = read_case(case) if inputs is None else inputs
    scaling = scaling_of(case, inputs.structures, inputs.timing)
    nuclide = Nuclide(case.nuclide)
    chosen = select_structures(inputs.structures, only=patterns_of(case.only), exclude=patterns_of(case.exclude))
    with stage("dose"):
        s_values = None
        if kernels is not None and case.method == "voxel_s_values":
            s_values = kernels.get(
                inputs.activity.voxel_size_mm,
                medium=case.medium,
                density_g_per_ml=case.density_g_per_ml,
                nuclide=nuclide,
                threads=threads,
            )
        density = None if inputs.ct is None else density_of_case(case, inputs.activity, inputs.ct, threads)
        result = dose_image(
            inputs.activity,
            scaling=scaling,
            method=case.method,
            medium=None if case.method == "monte_carlo" else case.medium,
            density_g_per_ml=case.density_g_per_ml if density is None or case.method == "superposition" else None,
            density=density,
            low_density_voxels=case.low_density_voxels,
            ray_setting=case.ray_setting,
            histories=None if case.histories is None else int(case.histories),
            relative_uncertainty=case.relative_uncertainty,
            seed=int(case.seed),
            structures=chosen,
            progress=progress,
            state_file=state_file if case.method == "monte_carlo" else None,
            on_interrupt=on_interrupt,
            nuclide=nuclide,
            s_values=s_values,
            negative_voxels=case.negative_voxels,
            threads=threads,
        )
    advisories = (*result.advisories, *inputs.advisories, *_contour_advisories(case, inputs), *_doubts(inputs))
    provenance = replace(result.provenance, evaluation=_evaluation(case, inputs))
    result = replace(result, provenance=provenance)
    with stage("table"):
        evaluated, histograms = result.evaluate(chosen, sub_voxel_mm=case.sub_voxel_mm, threads=threads)
    completed, uncertainty = complete_rows(case, inputs, result, chosen, evaluated, progress=on_draws, threads=threads)
    rows = [row.as_dict() for row in completed]
    if uncertainty is not None:
        rows = [row | uncertainty.columns(str(row["structure"])) for row in rows]
    local = case.method == "local_deposition"
    of_blur = partial_volume_advisories(rows, inputs.partial_volume, local_deposition=local)
    told = (*advisories, *_row_advisories(rows), *of_blur, *([] if uncertainty is None else uncertainty.advisories))
    return DosedCase(
        case=case,
        structures=chosen,
        result=replace(result, advisories=told),
        rows=rows,
        histograms=histograms,
        uncertainty=uncertainty,
    )


def scaling_of(
    case: Case, structures: Sequence[Structure], timing: dicom.ActivityTiming | None = None
) -> AbsoluteScaling | RelativeScaling:
    """Find the scaling that the case states, or that the header's `timing` gives.

    Raises `UnknownNameError` if `relative_to` is not one of the structures, and `ArgumentError` if there is neither a
    scan delay nor a timing.
    """
    if case.relative_to is None:
        administered_activity_gbq = case.administered_activity_gbq
        if administered_activity_gbq is None and timing is not None:
            administered_activity_gbq = timing.administered_activity_gbq
        if case.scan_delay_h is not None:
            return AbsoluteScaling(
                scan_delay_h=case.scan_delay_h,
                administered_activity_gbq=administered_activity_gbq,
                time_basis="the scan delay was given by the user",
            )
        if timing is None:
            raise missing_delay()
        return AbsoluteScaling(
            scan_delay_h=timing.scan_delay_h,
            administered_activity_gbq=administered_activity_gbq,
            time_basis=timing.rule,
        )
    named = {s.name: s for s in structures}
    if case.relative_to not in named:
        raise UnknownNameError(f"reference structure must be one of {', '.join(named)}, got '{case.relative_to}'")
    assert case.lung_shunt_fraction is not None
    vial = case.residual_fraction is not None
    return RelativeScaling(
        reference=named[case.relative_to],
        lung_shunt_fraction=case.lung_shunt_fraction,
        delivered_activity_gbq=None if vial else case.administered_activity_gbq,
        vial_activity_gbq=case.administered_activity_gbq if vial else None,
        residual_fraction=case.residual_fraction,
    )


def patterns_of(text: str | None) -> list[str]:
    """Split patterns at semicolons."""
    return [pattern.strip() for pattern in (text or "").split(";") if pattern.strip()]


def _row_advisories(rows: list[Row]) -> list[Advisory]:
    """Find advisories on the table, which concern structures outside the image and implausible mean doses."""
    found: list[Advisory] = []
    for row in rows:
        name, mean_gy = row["structure"], row["mean_gy"]
        if mean_gy is not None:
            found += implausible("mean_dose_implausible", mean_gy, subject=f"'{name}'")
        found += advise_if(
            "structure_outside_image",
            "dose",
            severity="error" if mean_gy is None else "warning",
            structure=name,
            number=row["outside_fraction"],
            bound=_OUTSIDE_FRACTION,
        )
    return found


def _evaluation(case: Case, inputs: CaseInputs) -> dict[str, Any]:
    """Collect the rules by which the structures' doses are read."""
    size, drawn_on = inputs.activity.voxel_size_mm, case.contours_through_voxels_of
    sidecars = [file.name for file in inputs.files.get("activity", ()) if file.suffix == ".json"]
    return ({"activity_sidecars": sidecars} if sidecars else {}) | {
        "sub_voxel_mm": case.sub_voxel_mm,
        "subvoxel_counts": None if case.sub_voxel_mm is None else subvoxel_counts(size, case.sub_voxel_mm),
        "contours_through_voxels_of": None if drawn_on is None else drawn_on.name,
        "structures": [structure.as_dict() for structure in inputs.structures],
    }


def _contour_advisories(case: Case, inputs: CaseInputs) -> list[Advisory]:
    """Find advisories on contours, also on those that seem to run through voxel centers."""
    found: list[Advisory] = []
    for structure in inputs.structures:
        found += structure.advisories
        if not isinstance(structure, ContourStructure):
            continue
        if case.contours_through_voxels_of is None and contours_follow_voxel_centers(
            structure.contours, inputs.activity
        ):
            found.append(
                advise("contour_through_voxel_centers", structure=structure.name, volume_ml=structure.volume_ml)
            )
    # Each structure repeats the advisories of its file.
    return list(dict.fromkeys(found))


def _doubts(inputs: CaseInputs) -> list[Advisory]:
    """Find advisories on the CT, and on files that state different patients."""
    ct = [] if inputs.ct is None else [(inputs.ct, "the CT")]
    structures = [(structure, f"'{structure.name}'") for structure in inputs.structures]
    of_ct = [replace(told, message=f"CT: {told.message}") for image, _ in ct for told in image.advisories]
    return [*of_ct, *patient_doubts(inputs.activity, "the activity", [*structures, *ct])]


def density_of_case(case: Case, activity: Image, ct: Image, threads: int | None) -> DensityImage:
    """Compute the density of each voxel of the activity as the mean over the CT's voxels in it."""
    density = density_image(ct, curve=case.ct_curve, out_of_range="clamp", threads=threads)
    if ct.same_grid(activity):
        return density
    return density.resampled_on(activity, fill_value=case.density_g_per_ml, threads=threads)


def summary(result: DoseResult, rows: list[Row]) -> dict[str, Any]:
    """Return a result of dosing as plain data.

    Parameters
    ----------
    result : DoseResult
        The result.
    rows : list of dict
        Rows of its table.

    Returns
    -------
    dict
        Doses, provenance and advisories, as doses.json has them.

    Examples
    --------
    >>> from yttria import AbsoluteScaling, dose_image
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))
    >>> rows = [row.as_dict() for row in result.table(phantom.structures)]
    >>> sorted(summary(result, rows))
    ['advisories', 'provenance', 'structures', 'yttria_version']
    """
    return {
        "yttria_version": __version__,
        "structures": rows,
        "provenance": result.provenance.as_dict(),
        "advisories": [a.as_dict() for a in result.advisories],
    }
