"""
Voxel S values
==============

A voxel S value is the dose to a target voxel per decay in a source voxel. The value is a mean over the whole voxel. A
smaller source voxel therefore keeps less of its energy.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria

figure, axes = plt.subplots()
for edge_mm in (2.0, 4.0, 8.0):
    s_values = yttria.voxel_s_values((edge_mm,) * 3, medium="liver")
    values = s_values.values
    middle = [n // 2 for n in values.shape]
    along = values[middle[0], middle[1], middle[2] :]
    axes.semilogy(edge_mm * np.arange(along.size), along, "o-", markersize=4, label=f"{edge_mm:g} mm voxels")
    print(f"{edge_mm:g} mm: {100 * along[0] / values.sum():.0f} % of the energy stays in the source voxel")

axes.set(xlabel="distance of voxel centers along an axis / mm", ylabel="voxel S value / mGy/(MBq s)", xlim=(-0.5, 20))
axes.legend()
plt.show()
