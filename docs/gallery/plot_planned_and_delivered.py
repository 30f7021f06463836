"""
Planned and delivered
=====================

The change of a mean dose from plan to treatment is split into its causes, whose contributions add up to the whole
change. In this example, less activity was given than planned, and a larger part of it reached the first tumor.
"""

import matplotlib.pyplot as plt

import yttria
from yttria.phantom import liver_phantom
from yttria.planning import compare_plan

results = []
for activity_gbq, ratios in ((2.0, (5.0, 3.0)), (1.6, (7.0, 3.0))):
    phantom = liver_phantom((6.0, 6.0, 6.0), tumor_to_normal_ratio=ratios)
    scaling = yttria.RelativeScaling(
        phantom.structures[0], lung_shunt_fraction=0.05, delivered_activity_gbq=activity_gbq
    )
    results.append(yttria.dose_image(phantom.activity, scaling=scaling))
found = compare_plan(*results, phantom.structures)

figure, axes = plt.subplots()
names = [row.structure for row in found.structures]
for offset, cause in enumerate(("activity", "uptake")):
    parts_gy = [row.change.parts_gy[cause] for row in found.structures]
    axes.bar([n + 0.35 * offset for n in range(len(names))], parts_gy, width=0.35, label=cause)
axes.set_xticks([n + 0.18 for n in range(len(names))], names)
axes.axhline(0.0, color="k", linewidth=0.8)
axes.set(ylabel="part of the change / Gy")
axes.legend()
tumor = found.structures[names.index("Tumor 1")].change
print(f"Tumor 1: factor {tumor.ratios['activity']:.2f} by activity, {tumor.ratios['uptake']:.2f} by uptake")
plt.show()
