"""
Partition model
===============

The partition model divides the activity between tumor, normal liver and lungs. With a larger tumor-to-normal ratio,
the tumor receives more at the same dose to normal liver.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.planning import PartitionModel, Territory, Tumor

ratios = np.linspace(1.0, 10.0, 19)
tumor_gy, normal_gy, lung_gy = [], [], []
for ratio in ratios:
    lobe = Territory(
        tumors=[Tumor(mass_kg=0.2, tumor_to_normal_ratio=float(ratio))],
        normal_perfused_mass_kg=1.0,
        lung_shunt_fraction=0.05,
    )
    doses = PartitionModel(territories=[lobe]).doses(2.0)
    tumor_gy.append(doses.tumors[0].perfused_mean_dose_gy)
    normal_gy.append(doses.normal_perfused_dose_gy)
    lung_gy.append(doses.lung_dose_gy)

figure, axes = plt.subplots()
axes.plot(ratios, tumor_gy, label="tumor")
axes.plot(ratios, normal_gy, label="perfused normal liver")
axes.plot(ratios, lung_gy, label="lungs")
axes.set(xlabel="tumor-to-normal ratio", ylabel="mean absorbed dose of 2 GBq / Gy", ylim=(0, None))
axes.legend()
print(f"ratio {ratios[6]:g}: tumor {tumor_gy[6]:.0f} Gy, normal liver {normal_gy[6]:.0f} Gy, lungs {lung_gy[6]:.1f} Gy")
plt.show()
