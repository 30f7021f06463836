"""
Two territories and several tumors
==================================

Two injections share the limits of the patient. The shaded area contains the activities within all limits. The mark on
its border is the best plan for the tumor that receives least.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.planning import PartitionModel, Territory, Tumor, optimize_activities

right = Territory(
    name="right",
    tumors=[
        Tumor(name="A", mass_kg=0.20, tumor_to_normal_ratio=5.0),
        Tumor(name="B", mass_kg=0.05, tumor_to_normal_ratio=3.0),
    ],
    normal_perfused_mass_kg=0.9,
    lung_shunt_fraction=0.08,
)
left = Territory(
    name="left",
    tumors=[Tumor(name="C", mass_kg=0.10, tumor_to_normal_ratio=4.0)],
    normal_perfused_mass_kg=0.5,
    lung_shunt_fraction=0.15,
)
model = PartitionModel(territories=[right, left], overlap="disjoint")
best = optimize_activities(model, objective="max_min_tumor_dose", normal_perfused_limit_gy=60.0, lung_limit_gy=15.0)

grid_gbq = np.linspace(0.0, 4.0, 81)
inside = np.zeros((81, 81), bool)
for m, left_gbq in enumerate(grid_gbq):
    for n, right_gbq in enumerate(grid_gbq):
        doses = model.doses([float(right_gbq), float(left_gbq)])
        inside[m, n] = doses.lung_dose_gy <= 15.0 and max(doses.normal_perfused_doses_gy) <= 60.0

figure, axes = plt.subplots()
axes.contourf(grid_gbq, grid_gbq, inside, levels=[0.5, 1.5], colors=["0.85"])
axes.plot(*best.delivered_activities_gbq, "o", color="C3", label="optimum")
axes.set(xlabel="activity into the right lobe / GBq", ylabel="activity into the left lobe / GBq")
axes.legend()
given = " and ".join(f"{activity:.2f} GBq" for activity in best.delivered_activities_gbq)
print(f"{given}; least tumor dose {best.objective_value:.0f} Gy; limited by {', '.join(best.binding)}")
plt.show()
