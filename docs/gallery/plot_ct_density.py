"""
Density from a CT
=================

A curve converts CT numbers into density. Densities below 0.05 g/mL and CT numbers beyond the curve are refused,
unless the caller states how to treat them.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.voxel import ct_density_curve, ct_density_curves

figure, axes = plt.subplots()
for name in ct_density_curves():
    curve = ct_density_curve(name)
    low, high = curve.range_hu
    axes.plot(curve.hounsfield_units, curve.density_g_per_ml, label=name.replace("_", " "))
    liver = np.interp(55.0, curve.hounsfield_units, curve.density_g_per_ml)
    print(f"{name}: {low:g} to {high:g} HU; liver of 55 HU has {liver:.3f} g/mL")
axes.set(xlabel="CT number / HU", ylabel="density / g/mL")
axes.legend()
plt.show()
