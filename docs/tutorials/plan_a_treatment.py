"""
Plan a treatment from images
============================

This tutorial leads from a tracer scan, a segmentation and a CT to activities under limits, and to the vials. The true
values of the phantom are known.
"""

# %%
# Images before treatment
# -----------------------

import tempfile
from pathlib import Path

import yttria
from yttria import planning
from yttria.phantom import planning_phantom, write_planning_dicom_study

phantom = planning_phantom(blur_fwhm_mm=10.0)
folder = Path(tempfile.mkdtemp())
write_planning_dicom_study(phantom, folder)
maa = yttria.read_image(folder / "maa.dcm")
structures = yttria.read_structures(folder / "structures.dcm")
print(maa.unit, maa.array.shape, [structure.name for structure in structures])

# %%
# Measure
# -------
#
# Roles are recognized by name. ``resolution_fwhm_mm`` corrects the counts for the blur of the SPECT.

settings = planning.PlanSettings(
    device="glass",
    limits=planning.PartitionLimits(normal_perfused_limit_gy=45.0, lung_limit_gy=30.0),
    objective="max_min_tumor_dose",
    treatment_start="2026-03-03T08:00:00+01:00",
    treatment_end="2026-03-06T16:00:00+01:00",
)
measured = planning.from_images(
    maa,
    structures,
    settings=settings,
    ct=yttria.read_image(folder / "ct"),
    resolution_fwhm_mm=10.0,
)
for territory in measured.territories:
    for tumor in territory.tumors:
        true = phantom.tumor_to_normal_ratio[tumor.name]
        print(f"{tumor.name}: ratio {tumor.tumor_to_normal_ratio:.2f} (true {true:g}), {1000 * tumor.mass_kg:.0f} g")
print(f"lung shunt {100 * measured.territories[0].lung_shunt_fraction:.2f} %")

# %%
# The advisories state the assumptions. One scan of two injections gives the same shunt for both.

for advisory in measured.advisories:
    print(f"{advisory.severity}: {advisory.message}")

# %%
# Plan
# ----
#
# The patient file states every number with its origin. You can edit it by hand before you plan it.

patient_file = folder / "patient.toml"
measured.write(patient_file)
plan = planning.plan_patient_file(patient_file)
for sentence in planning.optimum_in_words(plan.optimum):
    print(sentence)

# %%
# The next block prints the doses of the optimum, and the activity of each territory.

best = plan["optimum"]
for name, activity in zip(plan.patient.names, best.doses.delivered_activities_gbq, strict=True):
    print(f"{name}: {activity:.3f} GBq")
for tumor in best.doses.tumors:
    print(f"{tumor.tumor}: {tumor.perfused_mean_dose_gy:.0f} Gy")
print(f"normal liver {best.doses.normal_whole_dose_gy:.1f} Gy, lungs {best.doses.lung_dose_gy:.1f} Gy")

# %%
# Order the vials
# ---------------

for name, choice in best.vials.items():
    option = choice.options[0]
    time = f"{option.time:%a %d %b %H:%M}"
    print(f"{name}: {option.vial_size_gbq:g} GBq, holds {option.vial_activity_gbq:.3f} GBq on {time}")

# %%
# A picture of the effect of a limit
# ----------------------------------

import matplotlib.pyplot as plt

model = plan.patient.model()
limits_gy = range(20, 75, 5)
least_gy = [
    planning.optimize_activities(
        model, objective="max_min_tumor_dose", normal_perfused_limit_gy=float(limit), lung_limit_gy=30.0
    ).objective_value
    for limit in limits_gy
]
figure, axes = plt.subplots()
axes.plot(limits_gy, least_gy, "o-")
axes.set(xlabel="limit of the perfused normal liver / Gy", ylabel="smallest tumor dose / Gy")
plt.show()
