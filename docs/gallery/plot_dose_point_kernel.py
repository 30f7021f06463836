"""
Dose point kernels
==================

A dose point kernel states the part of the energy of a decay that is absorbed in each spherical shell around it. Radii
are inversely proportional to the density, so that the kernel of lung reaches four times as far as that of soft
tissue.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria

figure, axes = plt.subplots()
for medium in yttria.media():
    kernel = yttria.dose_point_kernel(medium.name)
    absorbed = np.cumsum(kernel.energy_mev) / kernel.emitted_mev
    radius_mm = kernel.edge_mm[1:]
    axes.plot(radius_mm, 100 * absorbed, label=medium.name.replace("_", " "))
    r90_mm = np.interp(0.9, absorbed, radius_mm)
    print(f"{medium.name}: 90 % of the energy within {r90_mm:.2f} mm at {medium.density_g_per_ml:g} g/mL")

axes.set(xlabel="radius / mm", ylabel="energy within the radius / %", xlim=(0, 40), ylim=(0, 102))
axes.legend()
plt.show()
