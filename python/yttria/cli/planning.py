"""`yttria plan`: comparison of the models, from a patient file or from images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .. import planning
from .._foundation.choices import (
    DEVICES,
    DISEASES,
    INTENTS,
    NUCLIDE_PRESETS,
    OBJECTIVES,
    TRACERS,
    UNIT_NAMES,
    Device,
    Disease,
    Intent,
    NuclidePreset,
    Objective,
    Tracer,
    Unit,
)
from ..errors import ArgumentError
from ..planning.lung import CUMULATIVE_LUNG_LIMIT_GY
from ..planning.microsphere_nuclide import in_words
from ..planning.plan_uncertainty import DRAWS, SEED
from . import uncertainty_options as stated
from .image_planning import PLANNED_ROLES, ImageOptions, measure, print_measured
from .options import choice
from .output import as_json, print_written, progress
from .prior_folder import read_prior_doses
from .report import check_extra, write_page

_IMAGES, _PLAN = "From images", "Information that images do not hold"


def plan(
    patient: Annotated[
        Path | None, typer.Argument(help="Patient file (TOML); --example shows the schema.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the JSON here.", show_default=False)] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a page of HTML here, to read, print and file.", show_default=False),
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="Print a commented patient file and exit.")] = False,
    territories: Annotated[
        bool, typer.Option("--territories", help="With --example: the file of a patient with several territories.")
    ] = False,
    prior: Annotated[
        Path | None,
        typer.Option(help="Folder of `yttria accumulate`: doses of earlier treatments.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
    scans: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="[NAME=]PATH",
            help="Scan of the tracer (MAA); NAME=PATH for each territory that has its own scan.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    structures: Annotated[
        list[Path] | None,
        typer.Option(
            "--structures",
            "-s",
            help="Segmentation: liver, tumors, perfused volumes, lungs; repeat for more.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    patient_file: Annotated[
        Path, typer.Option("--patient-file", help="Patient file to write.", rich_help_panel=_IMAGES)
    ] = Path("patient.toml"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing patient file.", rich_help_panel=_IMAGES)
    ] = False,
    ct: Annotated[
        Path | None,
        typer.Option("--ct", help="CT, for the mass of the lungs.", show_default=False, rich_help_panel=_IMAGES),
    ] = None,
    mass_from_ct: Annotated[
        bool,
        typer.Option(
            "--mass-from-ct", help="Compute the masses of the liver from the CT too.", rich_help_panel=_IMAGES
        ),
    ] = False,
    density_g_per_ml: Annotated[
        float | None,
        typer.Option(help="Density of liver and tumors; 1.05 if not given.", rich_help_panel=_IMAGES),
    ] = None,
    structures_transform: Annotated[
        Path | None,
        typer.Option(
            help="Registration of the segmentation to the scan: 4 x 4 matrix as text (LPS mm), ITK .tfm or DICOM REG.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    unit: Annotated[
        Unit | None, choice(UNIT_NAMES, "Unit of the scan, if its file states none, such as counts.", _IMAGES)
    ] = None,
    define: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME = EXPRESSION'",
            help="Derived structure, such as 'Normal = Liver - Tumors'; repeat for more.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=PATTERN",
            help=f"Structures of a role, if not clear from names; ROLE: {', '.join(PLANNED_ROLES)}. Repeat for more.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    territory: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATTERN",
            help="Perfused volume of a territory with its name; repeat for more.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    lung_shunt_fraction: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FRACTION",
            help="Known lung shunt fraction, of all or of a territory; repeat for more.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    planar: Annotated[
        list[Path] | None,
        typer.Option(
            help="Planar views, DICOM NM or two slices; repeat for more.", show_default=False, rich_help_panel=_IMAGES
        ),
    ] = None,
    planar_regions: Annotated[
        Path | None,
        typer.Option(
            help="Regions of lungs and liver (and Background) on the planar views.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    lung_transmission: Annotated[
        float, typer.Option(help="Share of photons that the chest transmits.", rich_help_panel=_IMAGES)
    ] = 1.0,
    liver_transmission: Annotated[
        float, typer.Option(help="Share of photons that the abdomen transmits.", rich_help_panel=_IMAGES)
    ] = 1.0,
    tracer: Annotated[
        Tracer | None,
        choice(
            TRACERS, "Tracer of the planar views, whose decay between them is corrected; Tc-99m if not given.", _IMAGES
        ),
    ] = None,
    lung_mass_kg: Annotated[
        float | None, typer.Option(help="Mass of the lungs.", show_default=False, rich_help_panel=_IMAGES)
    ] = None,
    resolution_fwhm_mm: Annotated[
        float | None,
        typer.Option(
            help="Resolution of the scan, for the transfer matrix (0: voxels only); no correction if not given.",
            show_default=False,
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    device: Annotated[Device | None, choice(DEVICES, "Microspheres.", _PLAN)] = None,
    nuclide: Annotated[
        NuclidePreset | None,
        choice(NUCLIDE_PRESETS, "Dose factor and half-life; those of the microspheres if not given.", _PLAN),
    ] = None,
    name: Annotated[str, typer.Option(help="Name or identifier of the patient to show.", rich_help_panel=_PLAN)] = "",
    target_perfused_dose_gy: Annotated[
        float | None, typer.Option(help="Target mean dose to all perfused tissue.", rich_help_panel=_PLAN)
    ] = None,
    target_tumor_dose_gy: Annotated[
        float | None, typer.Option(help="Target mean dose of every tumor.", rich_help_panel=_PLAN)
    ] = None,
    normal_perfused_limit_gy: Annotated[
        float | None, typer.Option(help="Limit of the perfused normal liver of each territory.", rich_help_panel=_PLAN)
    ] = None,
    normal_whole_limit_gy: Annotated[
        float | None, typer.Option(help="Limit of all normal liver.", rich_help_panel=_PLAN)
    ] = None,
    lung_limit_gy: Annotated[float, typer.Option(help="Limit of the lungs.", rich_help_panel=_PLAN)] = 30.0,
    objective: Annotated[
        Objective, choice(OBJECTIVES, "Objective of the optimum of several territories.", _PLAN)
    ] = OBJECTIVES[0],
    disease: Annotated[Disease | None, choice(DISEASES, "Disease, for the limits of the guideline.", _PLAN)] = None,
    intent: Annotated[Intent | None, choice(INTENTS, "Intent, for the limits of the guideline.", _PLAN)] = None,
    residual_fraction: Annotated[
        float, typer.Option(help="Share of the vial activity that is not delivered.", rich_help_panel=_PLAN)
    ] = 0.0,
    start: Annotated[
        str | None,
        typer.Option(
            help="Start of the treatment window, ISO 8601 with a zone, for the vials of several territories.",
            show_default=False,
            rich_help_panel=_PLAN,
        ),
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="End of the treatment window.", show_default=False, rich_help_panel=_PLAN)
    ] = None,
    lung_shunt_uncertainty: stated.LungShunt = None,
    tumor_mass_uncertainty: stated.TumorMass = None,
    tumor_to_normal_ratio_uncertainty: stated.Ratio = None,
    normal_mass_uncertainty: stated.NormalMass = None,
    common_mass_uncertainty: stated.CommonMass = None,
    perfused_mass_uncertainty: stated.PerfusedMass = None,
    lung_mass_uncertainty: stated.LungMass = None,
    administered_activity_uncertainty: stated.ActivityMeter = None,
    residual_uncertainty: stated.Residual = None,
    method_uncertainty: stated.Method = None,
    draws: stated.Draws = DRAWS,
    seed: stated.Seed = SEED,
) -> None:
    """Compare the models that can be run for one patient: activity, doses, limits, warnings, and why they differ.

    yttria plan --example > patient.toml; yttria plan patient.toml

    From images, with a patient file written on the way: yttria plan --from MAA.nrrd -s SEG.seg.nrrd --device glass
    """
    if example:
        typer.echo(planning.example_patient_file(several_territories=territories), nl=False)
        return
    if report is not None:
        check_extra()
    uncertainties = {
        "lung_shunt_uncertainty": lung_shunt_uncertainty,
        "tumor_mass_uncertainty": tumor_mass_uncertainty,
        "tumor_to_normal_ratio_uncertainty": tumor_to_normal_ratio_uncertainty,
        "normal_mass_uncertainty": normal_mass_uncertainty,
        "common_mass_uncertainty": common_mass_uncertainty,
        "perfused_mass_uncertainty": perfused_mass_uncertainty,
        "lung_mass_uncertainty": lung_mass_uncertainty,
        "administered_activity_uncertainty": administered_activity_uncertainty,
        "residual_uncertainty": residual_uncertainty,
        "method_uncertainty": method_uncertainty,
    }
    options = ImageOptions(
        scans=scans or (),
        structures=structures or (),
        ct=ct,
        structures_transform=structures_transform,
        unit=unit,
        define=define or (),
        role=role or (),
        territory=territory or (),
        lung_shunt_fraction=lung_shunt_fraction or (),
        planar=planar or (),
        planar_regions=planar_regions,
        lung_transmission=lung_transmission,
        liver_transmission=liver_transmission,
        tracer=tracer,
        lung_mass_kg=lung_mass_kg,
        density_g_per_ml=density_g_per_ml,
        mass_from_ct=mass_from_ct,
        resolution_fwhm_mm=resolution_fwhm_mm,
    )
    measured: planning.ImagePlan | None = None
    files: dict[str, Any] = {}
    if options.given():
        if patient is not None:
            raise ArgumentError("give either a patient file or images (--from)")
        if not options.scans:
            raise ArgumentError("a plan from images needs a scan of the tracer (--from)")
        if device is None:
            raise ArgumentError(f"a plan from images needs the microspheres (--device {in_words(DEVICES)})")
        settings = planning.PlanSettings(
            device=device,
            nuclide=nuclide,
            name=name,
            limits=planning.PartitionLimits(
                normal_perfused_limit_gy=normal_perfused_limit_gy,
                normal_whole_limit_gy=normal_whole_limit_gy,
                lung_limit_gy=lung_limit_gy,
                cumulative_lung_limit_gy=CUMULATIVE_LUNG_LIMIT_GY,
            ),
            objective=objective,
            target_perfused_dose_gy=target_perfused_dose_gy,
            target_tumor_dose_gy=target_tumor_dose_gy,
            disease=disease,
            intent=intent,
            residual_fraction=residual_fraction,
            treatment_start=start,
            treatment_end=end,
            uncertainties=planning.PlanUncertaintyInputs().updated(uncertainties, basis="stated by the caller"),
        )
        with progress("Measuring", quiet=json):
            measured, files = measure(options, settings)
        measured.write(patient_file, overwrite=overwrite)
        patient = patient_file
    if patient is None:
        raise typer.BadParameter("give a patient file, images (--from), or --example", param_hint="patient")
    earlier = None if prior is None else read_prior_doses(prior)
    comparison = planning.plan_patient_file(
        patient,
        json_path=out,
        prior=earlier,
        uncertainties=uncertainties,
        draws=draws,
        seed=seed,
    )
    written = [] if out is None else [out]
    if report is not None:
        from ..report import html_report

        written.append(write_page(html_report(plan=comparison.as_dict()), report))
    if json:
        found = comparison.as_dict()
        typer.echo(
            as_json(found if measured is None else {"images": measured.as_dict() | {"files": files}, "plan": found})
        )
        return
    console = Console()
    if measured is not None:
        print_measured(measured)
        print_written([patient_file])
        typer.echo("")
    # In a pipe, a sentence stays on one line, so that it can be searched.
    typer.echo(comparison.table(min(console.width, 120) if console.is_terminal else None))
    print_written(written)
