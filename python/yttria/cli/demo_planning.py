"""First step of `yttria demo`: from the images before treatment to a plan, compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import planning
from ..geometry import PlanarViews
from ..io import write_image, write_structures
from ..phantom import PlanningPhantom, planning_phantom
from .output import Row, print_line, print_table
from .result_folder import ResultFolder

#: Files written to the folder of results, ready for `yttria plan --from`.
FILES = (
    "maa.nrrd",
    "planning_ct.nrrd",
    "planning.seg.nrrd",
    "planar.nrrd",
    "planar_regions.seg.nrrd",
    "patient.toml",
    "plan.json",
)
#: Blur of the SPECT in mm, if the images are blurred.
_SPECT_FWHM_MM = 12.0
#: With this limit and objective, the optimum gives all parts of the normal liver the same dose, as in the phantom's
#: treatment.
_SETTINGS = planning.PlanSettings(
    device="glass",
    name="Digital phantom",
    limits=planning.PartitionLimits(normal_perfused_limit_gy=45.0, lung_limit_gy=30.0, cumulative_lung_limit_gy=50.0),
    objective="max_tumor_energy",
    treatment_start="2026-03-03T08:00:00+01:00",
    treatment_end="2026-03-06T16:00:00+01:00",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class DemoPlan:
    """The phantom before treatment with its measurements, planar shunt and plan."""

    phantom: PlanningPhantom
    measured: planning.ImagePlan
    planar: planning.LungShunt
    plan: planning.TerritoryPlan
    fwhm_mm: float

    def rows(self) -> list[Row]:
        """Return the truth with the measurements from the images."""
        phantom, measured = self.phantom, self.measured
        masses = phantom.mass_kg
        right, left = measured.territories
        found: list[tuple[str, float, float]] = [
            (
                "Lung shunt by SPECT / %",
                100.0 * phantom.combined_lung_shunt_fraction,
                100.0 * right.lung_shunt_fraction,
            ),
            (
                "Lung shunt by planar views / %",
                100.0 * phantom.combined_lung_shunt_fraction,
                100.0 * self.planar.lung_shunt_fraction,
            ),
            ("Lungs / kg", masses["Lungs"], measured.lung_mass_kg),
        ]
        for name, territory in (("right", right), ("left", left)):
            found.append((f"Normal liver, {name} / kg", masses[f"Normal {name}"], territory.normal_mass_kg))
            for tumor in territory.tumors:
                ratio = tumor.tumor_to_normal_ratio or 0.0
                found.append((f"{tumor.name} / kg", masses[tumor.name], tumor.mass_kg))
                found.append((f"Ratio of {tumor.name}", phantom.tumor_to_normal_ratio[tumor.name], ratio))
        return [{"quantity": name, "truth": truth, "measured": value} for name, truth, value in found]

    def planned_mean_gy(self) -> dict[str, float | None]:
        """Return the mean doses that were planned, by the names of the structures after treatment."""
        doses, liver_kg = self.plan["optimum"].doses, self.plan.patient.liver_mass_kg
        assert liver_kg is not None
        return {
            "Liver": sum(doses.liver_energies_j) / liver_kg,
            "Normal liver": doses.normal_whole_dose_gy,
            **{tumor.tumor: tumor.perfused_mean_dose_gy for tumor in doses.tumors},
        }

    def as_dict(self) -> dict[str, Any]:
        """Return measurements with their truth, and the plan, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        return {
            "resolution_fwhm_mm": self.fwhm_mm,
            "truth": self.rows(),
            "images": self.measured.as_dict(),
            "plan": self.plan.as_dict(),
        }


def plan_phantom(folder: ResultFolder, *, blurred: bool) -> DemoPlan:
    """Measure the phantom before treatment, write its images and its patient file, and plan from that file."""
    fwhm = _SPECT_FWHM_MM if blurred else 0.0
    phantom = planning_phantom(blur_fwhm_mm=fwhm)
    lungs, liver = phantom.planar_regions
    planar = planning.planar_lung_shunt(PlanarViews.from_image(phantom.planar), lungs=lungs, liver=liver)
    measured = planning.from_images(
        phantom.maa_of_all,
        phantom.structures,
        settings=_SETTINGS,
        ct=phantom.ct,
        planar=planar,
        resolution_fwhm_mm=fwhm,
        inputs={
            "tracer scan": "maa.nrrd",
            "segmentation": "planning.seg.nrrd",
            "CT": "planning_ct.nrrd",
            "planar views": "planar.nrrd",
        },
    )
    write_image(phantom.maa_of_all, folder.path("maa.nrrd"))
    write_image(phantom.ct, folder.path("planning_ct.nrrd"))
    write_structures(phantom.structures, folder.path("planning.seg.nrrd"))
    write_image(phantom.planar, folder.path("planar.nrrd"))
    write_structures(phantom.planar_regions, folder.path("planar_regions.seg.nrrd"))
    patient_file: Path = folder.path("patient.toml")
    measured.write(patient_file, overwrite=True)
    plan = planning.plan_patient_file(patient_file, json_path=folder.path("plan.json"))
    assert isinstance(plan, planning.TerritoryPlan)
    return DemoPlan(phantom=phantom, measured=measured, planar=planar, plan=plan, fwhm_mm=fwhm)


def print_plan(demo: DemoPlan) -> None:
    """Print the truth with the measurements, the planned activities, the binding limits, and the vials."""
    blur = f"{demo.fwhm_mm:g} mm of blur, corrected by the transfer matrix" if demo.fwhm_mm else "no blur"
    print_table(
        demo.rows(),
        title=f"Before treatment: MAA SPECT with {blur}",
        headings={"quantity": "Quantity", "truth": "Truth", "measured": "From the images"},
    )
    planned = demo.plan["optimum"]
    activities = zip(demo.plan.patient.names, planned.doses.delivered_activities_gbq, strict=True)
    listed = " and ".join(f"{activity:.3f} GBq into {name}" for name, activity in activities)
    assert demo.plan.optimum is not None
    reached, binds = planning.optimum_in_words(demo.plan.optimum)[:2]
    print_line("plan:", f"{listed}; lungs {planned.doses.lung_dose_gy:.1f} Gy. {reached} {binds}", wrap=True)
    for name, choice in planned.vials.items():
        best = choice.options[0]
        print_line(
            f"vial for {name}:",
            f"{best.vial_size_gbq:g} GBq calibrated {best.calibration_time:%a %d %b %H:%M %z}, holds "
            f"{best.vial_activity_gbq:.3f} GBq on {best.time:%a %d %b %H:%M %z}",
            wrap=True,
        )
