"""
Voxel-based plan
================

A tracer image gives the dose per GBq in each voxel, so that limits on parts of the liver can be planned. The limit
here is that at most 70 % of the normal liver receives more than 30 Gy. It determines the best D70 of the tumor.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.phantom import liver_phantom
from yttria.planning import InjectionMap, optimize_voxel_activities, voxel_plan

phantom = liver_phantom((6.0, 6.0, 6.0), blur_fwhm_mm=10.0)
counts = phantom.activity.with_array(phantom.activity.array, "counts")
tracer = InjectionMap(name="liver", image=counts, reference=phantom.structures[0], lung_shunt_fraction=0.05)
plan = voxel_plan([tracer], phantom.structures)
limit = "Normal liver: V30 <= 70 %"
best = optimize_voxel_activities(
    plan, goal="Tumor 1: D70", limits=[limit], lung_limit_gy=None, cumulative_lung_limit_gy=None
)

activities_gbq = np.linspace(0.2, 4.0, 30)
d70_gy, v30_percent = [], []
histograms = plan.dose_per_gbq[0].dose_volume_histograms(phantom.structures)
for activity in activities_gbq:
    d70_gy.append(activity * histograms["Tumor 1"].dose_at_volume_percent(70.0))
    v30_percent.append(histograms["Normal liver"].volume_at_dose_percent(30.0 / activity))

figure, axes = plt.subplots()
axes.plot(activities_gbq, d70_gy, label="D70 of tumor 1 / Gy")
axes.plot(activities_gbq, v30_percent, label="V30 of normal liver / %")
best_gbq = best.delivered_activities_gbq["liver"]
axes.axvline(best_gbq, color="k", linestyle="--", linewidth=1)
axes.set(xlabel="delivered activity / GBq", ylim=(0, None))
axes.legend()
print(f"best: {best_gbq:.2f} GBq, D70 {best.goal_value:.0f} Gy, held by {best.binding[0]}")
plt.show()
