"""
Superposition at the border of the lung
=======================================

Electrons that leave the liver travel four times as far in lung. Superposition takes the density along their path into
account. Voxel S values of one medium do not, and lung beside the liver receives too little.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria

edge_mm, cells = 3.0, 30
position_mm = edge_mm * (np.arange(cells) - 14.5)
density_g_per_ml = np.where(position_mm < 0, 1.06, 0.26)[:, None, None] * np.ones((cells, 14, 14))
activity_mbq_per_ml = np.where(density_g_per_ml > 1, 2.0, 0.0)

superposed_gy = yttria.superposed_dose(activity_mbq_per_ml, density_g_per_ml, (edge_mm,) * 3)
s_values = yttria.voxel_s_values((edge_mm,) * 3, medium="liver")
convolved_gy = yttria.absorbed_dose(activity_mbq_per_ml, s_values)

figure, axes = plt.subplots()
axes.semilogy(position_mm, superposed_gy[:, 7, 7], label="superposition")
axes.semilogy(position_mm, np.maximum(convolved_gy[:, 7, 7], 1e-3), label="voxel S values of liver")
axes.axvspan(0, position_mm[-1], color="0.92", zorder=0)
axes.set(xlabel="distance into the lung / mm", ylabel="absorbed dose / Gy", ylim=(0.1, 200))
axes.legend()
near = (position_mm > 0) & (position_mm < 6)
ratio = convolved_gy[near, 7, 7].mean() / superposed_gy[near, 7, 7].mean()
print(f"lung within 6 mm: voxel S values give {100 * (1 - ratio):.0f} % less than superposition")
plt.show()
