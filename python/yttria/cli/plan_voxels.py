"""`yttria plan-voxels`: voxel-based plans from tracer images, forward and inverse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from .._core import Nuclide
from .._foundation.choices import (
    MEDIA,
    METHODS,
    NEGATIVE_VOXELS,
    NUCLIDE_PRESETS,
    RAY_SETTINGS,
    Device,
    IsotopeName,
    MediumName,
    Method,
    NegativeVoxels,
    NuclidePreset,
    RaySetting,
)
from .._foundation.extras import import_ahead
from ..advisory import Advisory
from ..case.record import describe_inputs, utc_now
from ..errors import ArgumentError, DuplicateNameError, UnitError, UnknownNameError
from ..geometry import Structure, derive_structures
from ..geometry.image import Image
from ..io import read_image, read_structures
from ..io.opened import opened_files
from ..planning import (
    DoseLimit,
    InjectionMap,
    VoxelPlan,
    delivered_roles,
    dose_limits,
    guideline_limits,
    optimize_voxel_activities,
    split_by_territories,
    voxel_plan,
)
from ..planning.microsphere_nuclide import device_nuclide, device_of_dose
from ..voxel import density_image
from .evaluation_options import stated_roles
from .options import choice
from .output import progress
from .plan_voxels_output import FILES, Planned, print_plan, write_plan
from .result_folder import ResultFolder

_GOAL, _LUNGS, _DOSE, _GUIDELINE = "Goal and limits", "Lungs", "Dose model", "Limits of a guideline"


def _given(help: str, panel: str | None = None) -> Any:
    """Option whose default is not shown."""
    return typer.Option(help=help, show_default=False, rich_help_panel=panel)


def plan_voxels(
    maps: Annotated[
        list[Path],
        typer.Argument(help="Tracer image (MAA SPECT), one for all injections or one for each.", show_default=False),
    ],
    structures: Annotated[
        list[Path],
        typer.Option(
            "--structures",
            "-s",
            help="Segmentation of liver, tumors and territories; repeat for more.",
            show_default=False,
        ),
    ],
    lung_shunt_fraction: Annotated[
        list[float],
        _given("Lung shunt fraction, one for all injections or one for each, in their order."),
    ],
    territory: Annotated[
        list[str] | None,
        _given("Structure that an injection reaches; repeat for more injections. One image is divided among them."),
    ] = None,
    relative_to: Annotated[
        str | None,
        _given("Structure with all activity outside the lungs, for one injection without a territory."),
    ] = None,
    define: Annotated[
        list[str] | None,
        _given('Derived structure, such as "Normal = Liver - Tumors"; repeat for more.'),
    ] = None,
    unit: Annotated[
        str | None,
        _given("Unit of the tracer images, if the file states none; counts if it is not given."),
    ] = None,
    activity_gbq: Annotated[
        list[float] | None,
        _given("Delivered activity of each injection, in their order, instead of a goal."),
    ] = None,
    goal: Annotated[
        list[str] | None,
        _given(
            'Quantity to maximize: "Tumor: mean", "Tumor: D70", "Tumor: EUD(alpha_per_gy=0.03)"; of several, the '
            "smallest.",
            _GOAL,
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        _given(
            'Limit or target: "Normal: mean <= 40 Gy", "Liver: V30 <= 70 %", "Tumor: D70 >= 100 Gy"; repeat for more.',
            _GOAL,
        ),
    ] = None,
    activity_limit_gbq: Annotated[
        float | None,
        _given("Largest activity of each injection.", _GOAL),
    ] = None,
    quantity: Annotated[
        list[str] | None,
        _given("Further quantity to report, as in a goal; repeat for more.", _GOAL),
    ] = None,
    relative_gap: Annotated[
        float,
        typer.Option(
            help="Share of the goal by which another plan may still be better when the search ends.",
            rich_help_panel=_GOAL,
        ),
    ] = 1e-3,
    lung_mass_kg: Annotated[float, typer.Option(help="Mass of the lungs.", rich_help_panel=_LUNGS)] = 1.0,
    prior_lung_dose_gy: Annotated[
        float, typer.Option(help="Lung dose of earlier treatments.", rich_help_panel=_LUNGS)
    ] = 0.0,
    lung_limit_gy: Annotated[
        float, typer.Option(help="Limit of the lungs in this treatment.", rich_help_panel=_LUNGS)
    ] = 30.0,
    cumulative_lung_limit_gy: Annotated[
        float, typer.Option(help="Limit of the lungs with earlier treatments.", rich_help_panel=_LUNGS)
    ] = 50.0,
    limits: Annotated[
        str | None,
        _given("Guideline whose limits are used, such as EANM2022.", _GUIDELINE),
    ] = None,
    device: Annotated[
        str | None,
        _given("Microspheres: glass, resin, holmium or custom.", _GUIDELINE),
    ] = None,
    disease: Annotated[str | None, _given("HCC, ICC or mCRC.", _GUIDELINE)] = None,
    intent: Annotated[
        str | None,
        _given("segmentectomy, lobectomy, unilobar or bilobar.", _GUIDELINE),
    ] = None,
    bilirubin_mg_per_dl: Annotated[float | None, _given("Total bilirubin in mg/dL.", _GUIDELINE)] = None,
    pretreated_or_impaired: Annotated[
        bool | None,
        typer.Option(
            "--impaired/--not-impaired",
            help="Pretreated or compromised liver.",
            show_default=False,
            rich_help_panel=_GUIDELINE,
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        _given("ROLE=PATTERN if not clear from names, such as normal_whole=Normal*. Repeat for more.", _GUIDELINE),
    ] = None,
    method: Annotated[Method, choice(METHODS, "Dose model.", _DOSE)] = METHODS[0],
    nuclide: Annotated[
        NuclidePreset | None,
        choice(NUCLIDE_PRESETS, "Dose factor and half-life; those of the microspheres if not given.", _DOSE),
    ] = None,
    medium: Annotated[MediumName | None, choice(MEDIA, "Medium of the kernel.", _DOSE)] = None,
    density_g_per_ml: Annotated[
        float | None,
        _given("Density of the tissue, 1.05 if not given.", _DOSE),
    ] = None,
    ct: Annotated[Path | None, _given("CT for the density of each voxel.", _DOSE)] = None,
    negative_voxels: Annotated[
        NegativeVoxels, choice(NEGATIVE_VOXELS, "Treatment of negative voxels of the tracer images.", _DOSE)
    ] = NEGATIVE_VOXELS[0],
    ray_setting: Annotated[
        RaySetting | None, choice(RAY_SETTINGS, "Number of rays of the superposition.", _DOSE)
    ] = None,
    histories: Annotated[
        int | None,
        _given("Monte Carlo: decays to simulate for each injection.", _DOSE),
    ] = None,
    relative_uncertainty: Annotated[
        float | None,
        _given("Monte Carlo: simulate until the relative uncertainty of hot voxels is this.", _DOSE),
    ] = None,
    seed: Annotated[
        int | None,
        _given("Monte Carlo: seed of the first injection.", _DOSE),
    ] = None,
    rtdose: Annotated[
        bool,
        typer.Option("--rtdose", help="Also write dose.dcm, with patient and frame of reference of the DICOM images."),
    ] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the existing results of the folder as a whole set.")
    ] = False,
    threads: Annotated[int | None, _given("Threads; all processors if not given.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Plan activities on tracer images voxel by voxel: the best ones under limits, or the doses of given ones.

    Writes dose.nrrd (or dose.nii.gz for a NIfTI image), doses.csv, dose.png and plan.json; with --rtdose dose.dcm.

    Inverse: yttria plan-voxels MAA.nrrd -s SEG.seg.nrrd --relative-to Liver --lung-shunt-fraction 0.05
    --goal "Tumor 1: D70" --limit "Normal liver: mean <= 40 Gy"

    Forward: the same with --activity-gbq 1.8 instead of goal and limits

    Two territories: --territory Left --territory Right --lung-shunt-fraction 0.05 --lung-shunt-fraction 0.08
    """
    if bool(activity_gbq) == bool(goal):
        raise ArgumentError("give either a goal (--goal), or the activity of each injection (--activity-gbq)")
    if activity_gbq and (limit or limits):
        raise ArgumentError("limits need a goal (--goal); with --activity-gbq, request quantities instead (--quantity)")
    carried = None if nuclide is None else Nuclide(nuclide)
    if device is not None:
        carried = device_nuclide(cast("Device", device), carried)
    folder = ResultFolder(out, "plan.json", FILES, overwrite=overwrite)
    import_ahead("matplotlib.figure", "matplotlib.backends.backend_agg")
    with progress("Reading", quiet=json), opened_files() as opened:
        drawn = derive_structures(_structures(structures), define or [])
        images = [_tracer_image(path, unit, "Y-90" if carried is None else carried.isotope) for path in maps]
        density = None if ct is None else _density(ct, images[0], density_g_per_ml, threads)
        files = tuple(opened)
    with progress("Computing the absorbed dose of each injection", quiet=json):
        settings: dict[str, Any] = {"method": method, "medium": medium, "negative_voxels": negative_voxels}
        chosen: dict[str, Any] = {"ray_setting": ray_setting, "histories": histories, "seed": seed}
        chosen["relative_uncertainty"] = relative_uncertainty
        settings |= {name: value for name, value in chosen.items() if value is not None}
        settings["density_g_per_ml"] = density_g_per_ml if density is None or method == "superposition" else None
        # The lung dose is computed from shunt and mass. A map with the density of liver has a wrong dose, or none, in
        # their voxels.
        lungs = delivered_roles(drawn, stated_roles(role or [])).lungs
        plan = voxel_plan(
            _injections(images, drawn, territory or [], relative_to, lung_shunt_fraction, threads),
            [structure for structure in drawn if structure.name not in lungs],
            lung_mass_kg=lung_mass_kg,
            prior_lung_dose_gy=prior_lung_dose_gy,
            nuclide=carried,
            threads=threads,
            density=density,
            **settings,
        )
    with progress("Planning", quiet=json):
        planned = Planned(files=describe_inputs({"inputs": files}), created=utc_now(), quantities=tuple(quantity or ()))
        if activity_gbq:
            planned = planned.with_doses(plan.doses(activity_gbq, quantities=quantity or []))
        else:
            of_guideline, told = _guideline(
                plan, limits, role or [], device=device, disease=disease, intent=intent,
                bilirubin_mg_per_dl=bilirubin_mg_per_dl, pretreated_or_impaired=pretreated_or_impaired,
            )  # fmt: skip
            best = optimize_voxel_activities(
                plan,
                goal=goal or [],
                limits=[*(limit or []), *of_guideline],
                lung_limit_gy=lung_limit_gy,
                cumulative_lung_limit_gy=cumulative_lung_limit_gy,
                activity_limit_gbq=activity_limit_gbq,
                relative_gap=relative_gap,
            )
            further = plan.doses(dict(best.delivered_activities_gbq), quantities=quantity or [])
            planned = planned.with_optimum(best, further, told)
    with progress("Writing", quiet=json):
        planned, written = write_plan(planned, plan.structures, folder, like=maps[0], rtdose=rtdose)
    print_plan(planned, written, json=json)


def _structures(paths: list[Path]) -> list[Structure]:
    found: dict[str, Path] = {}
    structures: list[Structure] = []
    for path in paths:
        for structure in read_structures(path):
            if structure.name in found:
                raise DuplicateNameError(
                    f"structure names must be unique, got '{structure.name}' in {found[structure.name]} and {path}"
                )
            found[structure.name] = path
            structures.append(structure)
    return structures


def _tracer_image(path: Path, unit: str | None, isotope: IsotopeName) -> Image:
    """Read the image in its unit; a file that states none holds counts, because only proportions matter."""
    given: Any = unit
    try:
        return read_image(path, unit=given, isotope=isotope)
    except UnitError:
        if unit is not None:
            raise
        return read_image(path, unit="counts", isotope=isotope)


def _density(ct: Path, grid: Image, fill: float | None, threads: int | None) -> Any:
    density = density_image(read_image(ct, unit="HU"), out_of_range="clamp", threads=threads)
    if density.image.same_grid(grid):
        return density
    return density.resampled_on(grid, fill_value=1.05 if fill is None else fill, threads=threads)


def _injections(
    images: list[Image],
    structures: list[Structure],
    territories: list[str],
    relative_to: str | None,
    shunts: list[float],
    threads: int | None,
) -> list[InjectionMap]:
    """Make one injection for each territory, or a single one relative to a structure."""
    named = {structure.name: structure for structure in structures}
    for name in (*territories, *([relative_to] if relative_to else [])):
        if name not in named:
            raise UnknownNameError(f"structure must be one of {', '.join(named)}, got '{name}'")
    if bool(territories) == bool(relative_to):
        raise ArgumentError("give either territories (--territory), or one structure of reference (--relative-to)")
    count = len(territories) or 1
    if len(shunts) not in (1, count):
        raise ArgumentError(f"lung shunt fractions must be 1 or {count}, one for each injection, got {len(shunts)}")
    if len(images) not in (1, count):
        raise ArgumentError(f"tracer images must be 1 or {count}, one for each injection, got {len(images)}")
    each = shunts if len(shunts) == count else shunts * count
    if len(images) == 1 and territories:
        given = dict(zip(territories, each, strict=True))
        return split_by_territories(
            images[0], [named[name] for name in territories], lung_shunt_fraction=given, threads=threads
        )
    references = [named[name] for name in territories or [str(relative_to)]]
    return [
        InjectionMap(name=reference.name, image=image, reference=reference, lung_shunt_fraction=shunt)
        for image, reference, shunt in zip(images, references, each, strict=True)
    ]


def _guideline(
    plan: VoxelPlan, guideline: str | None, roles: list[str], **facts: Any
) -> tuple[tuple[DoseLimit, ...], tuple[Advisory, ...]]:
    """Return the limits of a guideline on the structures with the tissue's role, and the limits that are left out."""
    if guideline is None:
        return (), ()
    found = delivered_roles(plan.structures, stated_roles(roles))
    facts["device"] = device_of_dose(facts["device"], plan.nuclide)
    query = dose_limits(guideline=guideline, **facts)  # type: ignore[arg-type]
    made = guideline_limits(
        query,
        {
            "perfused": found.territories,
            "normal_perfused": found.normal_perfused,
            "normal_whole": found.normal_whole,
        },
    )
    # An open condition is reported with the limit that is left out.
    told = (each for each in query.advisories if each.code != "condition_not_given")
    return made.limits, (*made.advisories, *told)
