"""
X90 of four nuclides
====================

X90 is the radius of the sphere around a point source in which 90 % of its energy is absorbed. The curves of water
differ because the energies of the beta particles differ.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria

figure, axes = plt.subplots()
for isotope in ("Y-90", "P-32", "Ho-166", "Re-188"):
    kernel = yttria.dose_point_kernel("water", isotope=isotope)
    radius_mm = kernel.edge_mm
    absorbed = np.concatenate([[0.0], np.cumsum(kernel.energy_mev)]) / kernel.emitted_mev
    x90_mm = float(np.interp(0.9, absorbed, radius_mm))
    (line,) = axes.plot(radius_mm, 100 * absorbed, label=f"{isotope}, X90 {x90_mm:.2f} mm")
    axes.plot([x90_mm, x90_mm], [0, 90], color=line.get_color(), linestyle=":", linewidth=1.0)
    print(f"{isotope}: X90 {x90_mm:.2f} mm")

axes.axhline(90, color="0.5", linestyle="--", linewidth=1.0)
axes.set(xlabel="radius in water / mm", ylabel="energy within the radius / %", xlim=(0, 12), ylim=(0, 102))
axes.legend()
plt.show()
