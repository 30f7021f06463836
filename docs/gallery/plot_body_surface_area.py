"""
Body surface area against partition
===================================

The body surface area model depends neither on the uptake of the tumor nor on the mass of the liver. With its
activity, the normal liver can receive any dose. The partition model states that dose.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.planning import PartitionModel, Territory, Tumor, body_surface_area, bsa_activity

area_m2 = body_surface_area(172.0, 75.0).body_surface_area_m2
liver_ml = np.linspace(1000.0, 2500.0, 16)
tumor_ml = 150.0
figure, axes = plt.subplots()
for ratio in (2.0, 4.0, 8.0):
    normal_gy = []
    for volume_ml in liver_ml:
        activity = bsa_activity(area_m2, tumor_volume_ml=tumor_ml, liver_volume_incl_tumor_ml=float(volume_ml))
        liver = Territory(
            tumors=[Tumor(mass_kg=tumor_ml * 1.05e-3, tumor_to_normal_ratio=ratio)],
            normal_perfused_mass_kg=float(volume_ml - tumor_ml) * 1.05e-3,
            lung_shunt_fraction=0.05,
        )
        doses = PartitionModel(territories=[liver]).doses(activity.delivered_activity_gbq)
        normal_gy.append(doses.normal_perfused_dose_gy)
    axes.plot(liver_ml, normal_gy, label=f"tumor-to-normal ratio {ratio:g}")
    print(f"ratio {ratio:g}: normal liver from {min(normal_gy):.0f} to {max(normal_gy):.0f} Gy")

axes.set(xlabel="volume of the liver / mL", ylabel="normal liver, activity by body surface / Gy", ylim=(0, None))
axes.legend()
plt.show()
