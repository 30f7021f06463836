"""
Spread by the number of microspheres
====================================

In a voxel with few microspheres, the dose is random. A resin microsphere has 50 Bq, and a glass microsphere has 2500
Bq or less. The same dose therefore needs fifty times as many microspheres of resin.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria
from yttria.voxel import microsphere_spread

dose_gy = np.linspace(10.0, 200.0, 20)
figure, axes = plt.subplots()
for name, sphere_activity_bq in (("resin, 50 Bq", 50.0), ("glass, 625 Bq", 625.0), ("glass, 2500 Bq", 2500.0)):
    percent = []
    for dose in dose_gy:
        mbq_per_ml = dose * 1.05 / 49.67
        image = yttria.Image(np.full((20, 20, 20), mbq_per_ml), np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
        result = yttria.dose_image(image, scaling=yttria.AbsoluteScaling(scan_delay_h=0.0))
        spread = microsphere_spread(result, sphere_activity_bq=sphere_activity_bq)
        percent.append(100 / np.sqrt(spread.spheres.array[10, 10, 10]))
    axes.plot(dose_gy, percent, label=name)
    print(f"{name} a sphere: {percent[-1]:.1f} % spread of the number in a voxel of 4 mm at {dose_gy[-1]:.0f} Gy")

axes.set(xlabel="absorbed dose / Gy", ylabel="relative spread of the number of spheres / %", ylim=(0, None))
axes.legend()
plt.show()
